//! The acknowledgment to a visitor, which is off by default.

use crate::{
    databases::Kind,
    notes::{deliver, worker},
    smtp_server::{At, Encryption, Fault, Server},
    support::message_builder::message_builder,
    test_outbox::{TestOutbox, by_email, enquiry, held, later, new, start},
};
use jiff::SignedDuration;
use relationship_clinic::{
    enquiry::{Action, SpamScore},
    mail::{
        delivery::Step,
        health::{LATE, LetterCounts},
        letter::{Letter, acknowledged},
        message::MessageBuilder,
        outbox::{NewEnquiry, ProblemStore as _, StoredEnquiry},
    },
};

const ZOE: &str = "zoe@example.org";

#[test]
fn only_a_chosen_private_mailbox_without_spam_signals_gets_an_acknowledgment() {
    let deliver = SpamScore::default();
    let label = SpamScore { action: Action::Label, ..SpamScore::default() };
    let mut also = enquiry("Zoë");
    also.email = by_email("Zoë", ZOE, true).email;
    for (case, enquiry, spam, expected) in [
        ("private", by_email("Zoë", ZOE, true), &deliver, Some(ZOE)),
        ("not private", by_email("Zoë", ZOE, false), &deliver, None),
        ("telephone chosen", also, &deliver, None),
        ("labeled", by_email("Zoë", ZOE, true), &label, None),
        ("held", by_email("Zoë", ZOE, true), &held("x").spam, None),
        ("unusual letters", by_email("Zoë", "zoë@example.org", true), &deliver, None),
    ] {
        assert_eq!(acknowledged(&enquiry, spam).map(|to| to.to_string()).as_deref(), expected, "{case}");
    }
}

#[tokio::test]
async fn an_acknowledgment_names_neither_clinic_nor_message_and_has_the_null_sender() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (test, server) = (TestOutbox::new(kind).await, Server::start(Encryption::Plain).await);
        let receipt = test.put(NewEnquiry { enquiry: by_email("Zoë", ZOE, true), ..new("") }).await;
        assert!(test.outbox.queue_acknowledgement(&receipt.reference, &ZOE.parse().unwrap(), start()).await.unwrap());
        let again = test
            .outbox
            .queue_acknowledgement(&receipt.reference, &"Zoe@Example.org".parse().unwrap(), later(3600))
            .await;
        assert!(!again.unwrap(), "one for each address and day");
        deliver(&worker(&test.outbox, &server), start()).await;
        let mails = server.mails();
        let mail = mails.iter().find(|mail| mail.to == ZOE).expect("it was sent");
        assert_eq!(mail.from, "", "the null sender");
        let shown = mail.text.lines().filter(|line| !line.starts_with("Message-ID")).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!("acknowledgement", shown);
        for secret in ["Clinic website", "Relationship", "Zoë", "stopped talking", &receipt.reference] {
            assert!(!mail.text.contains(secret), "{secret}");
        }
        assert!(
            test.outbox.queue_acknowledgement("X", &ZOE.parse().unwrap(), later(86_400)).await.unwrap(),
            "another day"
        );
    }
}

#[tokio::test]
async fn a_failed_acknowledgment_raises_no_alarm_and_leaves_no_address() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let worker = worker(&test.outbox, &server);
    let bad = "bad@example.org";
    test.outbox.queue_acknowledgement("K7MWPX3D", &bad.parse().unwrap(), start()).await.unwrap();
    server.fail(At::Rcpt, Fault::BadRecipient("451 later"));
    assert!(matches!(worker.step(start()).await, Step::Retry(0, _)));
    let letters = test.outbox.letter_counts(later(7200), LATE).await.unwrap();
    assert_eq!(letters, LetterCounts::default(), "an acknowledgment does not count as a problem");
    server.fail(At::Rcpt, Fault::BadRecipient("550 no such user"));
    assert_eq!(worker.step(later(70)).await, Step::Failed(0));
    assert!(test.outbox.undelivered(later(7200), LATE).await.unwrap().is_empty());
    assert!(test.outbox.resend(None, later(80)).await.is_err(), "nothing to send again");
    assert!(
        !test.outbox.queue_acknowledgement("K7MWPX3D", &bad.parse().unwrap(), later(90)).await.unwrap(),
        "no second one on the same day"
    );
    test.outbox.scrub().await.unwrap();
    assert!(!test.fresh.is_on_disk(bad));
}

#[tokio::test]
async fn an_acknowledgment_is_dropped_after_a_day_or_when_its_enquiry_is_erased() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    test.outbox.queue_acknowledgement("K7MWPX3D", &ZOE.parse().unwrap(), start()).await.unwrap();
    let next_day = start() + SignedDuration::from_hours(25);
    assert_eq!(worker(&test.outbox, &server).step(next_day).await, Step::Failed(0));
    let receipt = test.put(NewEnquiry { enquiry: by_email("Zoë", ZOE, true), ..new("") }).await;
    test.outbox.queue_acknowledgement(&receipt.reference, &ZOE.parse().unwrap(), next_day).await.unwrap();
    test.outbox.erase(&receipt.reference, next_day).await.unwrap();
    deliver(&worker(&test.outbox, &server), next_day).await;
    assert!(server.mails().is_empty());
    test.outbox.scrub().await.unwrap();
    assert!(!test.fresh.is_on_disk(ZOE), "the address is erased with the text");
}

#[test]
fn the_letter_to_staff_states_whether_an_acknowledgment_was_sent() {
    let stored = |private| StoredEnquiry {
        reference: "K7MWPX3D".into(),
        number: 41,
        received: start(),
        enquiry: by_email("Zoë", ZOE, private),
        spam: SpamScore::default(),
        previous: None,
        corrects: None,
    };
    let on = MessageBuilder { acknowledges: true, ..message_builder() };
    let sent = "emails this person that a message arrived";
    let nothing = "has sent nothing to this person";
    for (builder, private, status) in [(&on, true, sent), (&on, false, nothing), (&message_builder(), true, nothing)] {
        let letter = Letter::new(&stored(private), builder).unwrap();
        assert!(letter.text.contains(status) && letter.html.contains(status), "{private}: {}", letter.text);
    }
}
