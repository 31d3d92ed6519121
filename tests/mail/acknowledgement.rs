//! The note to whoever wrote: off by default, and careful when it is on.

use crate::{
    databases::Kind,
    delivery::letterhead,
    house::{House, by_email, enquiry, held, later, new, start},
    notes::{deliver, worker},
    smtp_server::{At, Encryption, Fault, Server},
};
use jiff::SignedDuration;
use relationship_clinic::{
    enquiry::{Action, SpamScore},
    mail::{
        delivery::Step,
        health::{LATE, Letters},
        letter::{Letter, acknowledged},
        message::MessageBuilder,
        outbox::{NewEnquiry, Stored},
    },
};

const ZOE: &str = "zoe@example.org";

#[test]
fn only_a_chosen_private_mailbox_gets_one_and_only_without_a_doubt() {
    let deliver = SpamScore::default();
    let label = SpamScore { action: Action::Label, ..SpamScore::default() };
    let mut also = enquiry("Zoë");
    also.email = by_email("Zoë", ZOE, true).email;
    for (case, enquiry, spam, expected) in [
        ("private", by_email("Zoë", ZOE, true), &deliver, Some(ZOE)),
        ("not private", by_email("Zoë", ZOE, false), &deliver, None),
        ("telephone chosen", also, &deliver, None),
        ("labelled", by_email("Zoë", ZOE, true), &label, None),
        ("held", by_email("Zoë", ZOE, true), &held("x").spam, None),
        ("unusual letters", by_email("Zoë", "zoë@example.org", true), &deliver, None),
    ] {
        assert_eq!(acknowledged(&enquiry, spam).map(|to| to.to_string()).as_deref(), expected, "{case}");
    }
}

#[tokio::test]
async fn it_says_nothing_of_the_clinic_or_the_message_and_comes_back_to_nobody() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (house, server) = (House::new(kind).await, Server::start(Encryption::Plain).await);
        let receipt = house.put(NewEnquiry { enquiry: by_email("Zoë", ZOE, true), ..new("") }).await;
        assert!(house.outbox.acknowledge(&receipt.reference, &ZOE.parse().unwrap(), start()).await.unwrap());
        let again =
            house.outbox.acknowledge(&receipt.reference, &"Zoe@Example.org".parse().unwrap(), later(3600)).await;
        assert!(!again.unwrap(), "one an address and day");
        deliver(&worker(&house.outbox, &server), start()).await;
        let mails = server.mails();
        let mail = mails.iter().find(|mail| mail.to == ZOE).expect("it was sent");
        assert_eq!(mail.from, "", "the null sender");
        let shown = mail.text.lines().filter(|line| !line.starts_with("Message-ID")).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!("acknowledgement", shown);
        for told in ["Clinic website", "Relationship", "Zoë", "stopped talking", &receipt.reference] {
            assert!(!mail.text.contains(told), "{told}");
        }
        assert!(house.outbox.acknowledge("X", &ZOE.parse().unwrap(), later(86_400)).await.unwrap(), "another day");
    }
}

#[tokio::test]
async fn one_that_fails_alarms_nobody_and_leaves_no_address_behind() {
    let (house, server) = (House::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let worker = worker(&house.outbox, &server);
    let bad = "bad@example.org";
    house.outbox.acknowledge("K7MWPX3D", &bad.parse().unwrap(), start()).await.unwrap();
    server.fail(At::Rcpt, Fault::BadRecipient("451 later"));
    assert!(matches!(worker.step(start()).await, Step::Retry(0, _)));
    let letters = house.outbox.letters(later(7200), LATE).await.unwrap();
    assert_eq!(letters, Letters::default(), "it is nobody's trouble");
    server.fail(At::Rcpt, Fault::BadRecipient("550 no such user"));
    assert_eq!(worker.step(later(70)).await, Step::Failed(0));
    assert!(house.outbox.stuck(later(7200), LATE).await.unwrap().is_empty());
    assert!(house.outbox.resend(None, later(80)).await.is_err(), "nothing to send again");
    assert!(!house.outbox.acknowledge("K7MWPX3D", &bad.parse().unwrap(), later(90)).await.unwrap(), "left in peace");
    house.outbox.scrub_now().await.unwrap();
    assert!(!on_disk(&house, bad));
}

#[tokio::test]
async fn one_that_waited_for_a_day_is_dropped_and_erasing_takes_a_waiting_one_along() {
    let (house, server) = (House::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    house.outbox.acknowledge("K7MWPX3D", &ZOE.parse().unwrap(), start()).await.unwrap();
    let next_day = start() + SignedDuration::from_hours(25);
    assert_eq!(worker(&house.outbox, &server).step(next_day).await, Step::Failed(0));
    let receipt = house.put(NewEnquiry { enquiry: by_email("Zoë", ZOE, true), ..new("") }).await;
    house.outbox.acknowledge(&receipt.reference, &ZOE.parse().unwrap(), next_day).await.unwrap();
    house.outbox.erase(&receipt.reference, next_day).await.unwrap();
    deliver(&worker(&house.outbox, &server), next_day).await;
    assert!(server.mails().is_empty());
    house.outbox.scrub_now().await.unwrap();
    assert!(!on_disk(&house, ZOE), "the address is gone with the words");
}

fn on_disk(house: &House, words: &str) -> bool {
    let folder = house.fresh.folder.path().join("data");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(words.len()).any(|window| window == words.as_bytes()))
}

#[test]
fn the_letter_to_staff_says_what_this_person_was_told() {
    let stored = |private| Stored {
        reference: "K7MWPX3D".into(),
        number: 41,
        received: start(),
        enquiry: by_email("Zoë", ZOE, private),
        spam: SpamScore::default(),
        previous: None,
        corrects: None,
    };
    let on = MessageBuilder { acknowledges: true, ..letterhead() };
    let sent = "tells this person by email that a message arrived";
    let nothing = "has sent nothing to this person";
    for (head, private, words) in [(&on, true, sent), (&on, false, nothing), (&letterhead(), true, nothing)] {
        let letter = Letter::new(&stored(private), head).unwrap();
        assert!(letter.text.contains(words) && letter.html.contains(words), "{private}: {}", letter.text);
    }
}
