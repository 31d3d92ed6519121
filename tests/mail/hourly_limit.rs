//! Many posts from many addresses: their letters leave after those of a lower score, and those above the limit are held.

use crate::{
    databases::Kind,
    test_outbox::{TestOutbox, held, later, new, options, scored, start},
};
use jiff::{SignedDuration, Timestamp};
use relationship_clinic::{
    enquiry::Action,
    mail::outbox::{LetterStore as _, NewEnquiry, Options},
};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

#[tokio::test]
async fn letters_leave_by_score_and_those_of_the_same_score_in_the_order_of_arrival() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let test = TestOutbox::new(kind).await;
        for (name, score) in [("Ann", 7), ("Bob", 0), ("Cy", 3), ("Dee", 0)] {
            test.put(scored(new(name), score)).await;
        }
        let mut order = Vec::new();
        while let Some(letter) = test.outbox.claim(start(), MINUTE, Timestamp::MAX, &[]).await.unwrap() {
            order.push(letter.number);
        }
        assert_eq!(order, [2, 4, 3, 1], "{kind:?}");
    }
}

#[tokio::test]
async fn above_the_limit_of_an_hour_enquiries_are_held_with_the_reason_and_can_be_released() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let options = Options { max_per_hour: 3, ..options(&["staff@clinic.example"]) };
        let test = TestOutbox::with_options(kind, options).await;
        let at = |name: &str, seconds| NewEnquiry { received: later(seconds), ..new(name) };
        assert!(test.put(held("Seller")).await.held, "{kind:?}: it takes up no room");
        for name in ["Ann", "Bob"] {
            assert!(!test.put(at(name, 0)).await.held, "{kind:?}: {name}");
        }
        let (one, two, three) = (at("Cy", 60), at("Dee", 60), at("Eve", 60));
        let together = tokio::join!(test.put(one.clone()), test.put(two), test.put(three));
        let together = [together.0, together.1, together.2];
        let surplus: Vec<_> = together.iter().filter(|receipt| receipt.held).collect();
        assert_eq!(surplus.len(), 2, "{kind:?}: posts that came together");
        assert!(!test.put(one).await.held, "{kind:?}: a duplicate");
        let reference = &surplus[0].reference;
        let (entry, content, letters) = test.outbox.show(reference).await.unwrap();
        let spam = content.unwrap().spam;
        assert_eq!((entry.state.as_str(), spam.action, letters.len()), ("held", Action::Hold, 0), "{kind:?}");
        assert_eq!(spam.reasons, ["More than 3 messages came within an hour, so that this one waits here"]);
        test.outbox.release(reference, later(120)).await.unwrap();
        assert_eq!(test.outbox.show(reference).await.unwrap().2.len(), 1, "{kind:?}: its letter");
        assert!(test.put(at("Fay", 3599)).await.held, "{kind:?}");
        for name in ["Gus", "Hal"] {
            assert!(!test.put(at(name, 3600)).await.held, "{kind:?}: {name}, the hour is over");
        }
        assert!(test.put(at("Ida", 3600)).await.held, "{kind:?}: Cy or another came within the hour");
        assert!(!test.put(at("Jo", -86_400)).await.held, "{kind:?}: the clock was set back");
    }
}
