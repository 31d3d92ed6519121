//! A relay that refuses the program or cannot be reached for days: letters wait, staff are alerted, and everything is
//! delivered when the cause is gone, without a restart.

use crate::{
    alarms::{second_relay, watch},
    databases::Kind,
    delivery::worker_of,
    smtp_server::{At, Encryption, Fault, Server},
    support::{clinic::TIMEOUT, message_builder::message_builder},
    test_outbox::{TestOutbox, new},
};
use jiff::{SignedDuration, Timestamp};
use relationship_clinic::{
    config::Tls,
    mail::{
        delivery::{DeliveryWorker, Step},
        mailer::Mailer,
        message::MessageBuilder,
        outbox::{NewEnquiry, RelayStore as _},
    },
};

/// Friday evening at the clinic.
fn friday() -> Timestamp {
    "2026-11-28T02:00:00Z".parse().unwrap()
}

fn after(hours: i64) -> Timestamp {
    friday() + SignedDuration::from_hours(hours)
}

async fn put(test: &TestOutbox, name: &str, received: Timestamp) {
    test.put(NewEnquiry { received, ..new(name) }).await;
}

fn worker(test: &TestOutbox, server: &Server) -> DeliveryWorker {
    let mailer = Mailer::relay(server.relay_with_login(Tls::Loopback), "clinic.example", TIMEOUT).unwrap();
    worker_of(&test.outbox, mailer, 1000)
}

/// Steps until `end`, or until no letter is left; the time goes on when there is nothing to do. Returns the numbers of
/// failed letters.
pub async fn work(worker: &DeliveryWorker, mut now: Timestamp, end: Timestamp) -> Vec<i64> {
    let mut failed = Vec::new();
    while now < end {
        match worker.step(now).await {
            Step::Failed(number) => failed.push(number),
            Step::Delivered(_) | Step::Retry(..) => {}
            Step::Paused(until) | Step::RateLimited(until) | Step::Idle(Some(until)) => now = until,
            Step::Idle(None) => break,
            Step::Unavailable(cause) => panic!("{cause}"),
        }
    }
    failed
}

async fn states(test: &TestOutbox) -> Vec<String> {
    test.outbox.list().await.unwrap().into_iter().map(|entry| entry.state).collect()
}

#[tokio::test]
async fn a_password_that_expired_on_friday_and_is_mended_on_monday_delays_letters_and_loses_none() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let (second, alarm) = second_relay().await;
    let (worker, watch) = (worker(&test, &server), watch(&test.outbox, &alarm));
    server.fail(At::Auth, Fault::Answer("535 5.7.8 password expired"));
    let mut now = friday();
    for hours in [0, 9, 20, 38, 62] {
        assert!(work(&worker, now, after(hours)).await.is_empty());
        now = after(hours);
        put(&test, &format!("Ann {hours}"), now).await;
        watch.check(now).await;
        let health = test.outbox.health(now).await;
        assert_eq!(hours > 0, health.reasons().iter().any(|reason| reason.contains("refuses")), "{hours}");
    }
    assert!(server.mails().is_empty());
    let refusals = second.mails().iter().filter(|mail| mail.text.contains("relay-refuses")).count();
    assert_eq!(refusals, 1, "one alarm for the whole outage");
    server.clear_fault();
    assert!(work(&worker, now, after(64)).await.is_empty());
    assert_eq!(states(&test).await, ["delivered"; 5]);
    assert_eq!(server.mails().len(), 5, "one copy each");
    assert!(test.outbox.health(after(64)).await.is_well());
}

#[tokio::test]
async fn a_refusal_before_any_letter_was_offered_fails_no_letter() {
    for (at, answer) in [(At::Banner, "554 no"), (At::Ehlo, "550 never"), (At::Auth, "535 wrong"), (At::Auth, "534 no")]
    {
        let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
        let worker = worker(&test, &server);
        put(&test, "Ann", friday()).await;
        server.fail(at, Fault::Answer(answer));
        assert!(matches!(worker.step(friday()).await, Step::Retry(1, _)), "{answer} at {at:?}");
        assert!(matches!(worker.step(friday()).await, Step::Paused(_)), "{answer} at {at:?}");
        server.clear_fault();
        work(&worker, friday(), after(1)).await;
        assert_eq!(states(&test).await, ["delivered"], "{answer} at {at:?}");
    }
}

#[tokio::test]
async fn a_letter_that_failed_by_its_age_while_the_relay_was_down_is_sent_when_it_works_again() {
    let (test, mut server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let worker = worker(&test, &server);
    put(&test, "Ann", friday()).await;
    server.close().await;
    assert_eq!(work(&worker, friday(), after(6 * 24)).await, [1]);
    assert_eq!(states(&test).await, ["failed"]);
    server.reopen().await;
    work(&worker, after(6 * 24), after(7 * 24)).await;
    assert_eq!((states(&test).await, server.mails().len()), (vec!["delivered".to_owned()], 1));
}

#[tokio::test]
async fn an_enquiry_that_cannot_be_decoded_fails_and_delays_no_other() {
    for content in ["'{\"enquiry\": 1}'", "'no JSON'", "x'00ff'"] {
        let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
        let (second, alarm) = second_relay().await;
        put(&test, "Ann", friday()).await;
        put(&test, "Bob", friday()).await;
        let pool = sqlx::AnyPool::connect(&test.fresh.url).await.unwrap();
        let damage = format!("UPDATE enquiry SET content = {content} WHERE number = 1");
        sqlx::raw_sql(sqlx::AssertSqlSafe(damage)).execute(&pool).await.unwrap();
        let failed = work(&worker(&test, &server), friday(), after(1)).await;
        assert_eq!((failed, server.mails().len()), (vec![1], 1), "{content}");
        watch(&test.outbox, &alarm).check(friday()).await;
        assert_eq!(second.mails().len(), 1, "{content}: an alarm");
    }
}

#[tokio::test]
async fn a_letter_that_cannot_be_built_fails_and_is_no_sign_that_the_relay_works() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let worker = worker(&test, &server);
    server.fail(At::Banner, Fault::Cut);
    put(&test, "Ann", friday()).await;
    assert!(matches!(worker.step(friday()).await, Step::Retry(1, _)));
    // lettre panics on a control character in a display name.
    let unusable = || MessageBuilder { sender_name: "The clinic\0".into(), ..message_builder() };
    worker.set_message_builder(unusable());
    assert_eq!(worker.step(after(1)).await, Step::Failed(1));
    assert_eq!(test.outbox.relay().await.unwrap().failures, 1);
    server.clear_fault();
    worker.set_message_builder(message_builder());
    put(&test, "Bob", after(1)).await;
    assert!(work(&worker, after(1), after(2)).await.is_empty());
    assert_eq!((states(&test).await, server.mails().len()), (vec!["failed".to_owned(), "delivered".to_owned()], 1));
}
