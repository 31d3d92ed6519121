//! The clock is set by a month while letters and alarms wait: nothing waits for a month, and nothing fails by its age.

use crate::{
    alarms::{second_relay, watch},
    databases::Kind,
    delivery::worker_of,
    smtp_server::{At, Encryption, Fault, Server},
    support::clinic::TIMEOUT,
    test_outbox::{TestOutbox, later, new, start},
};
use jiff::Timestamp;
use relationship_clinic::{
    config::Tls,
    mail::{
        delivery::{DeliveryWorker, Step},
        mailer::Mailer,
    },
};
use std::time::Duration;

fn a_month_ago() -> Timestamp {
    later(-30 * 86_400)
}

fn worker(test: &TestOutbox, server: &Server, limit: Duration, per_minute: u32) -> DeliveryWorker {
    worker_of(&test.outbox, Mailer::relay(server.relay(Tls::Loopback), "clinic.example", limit).unwrap(), per_minute)
}

async fn one_letter() -> (TestOutbox, Server) {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    test.put(new("Ann")).await;
    (test, server)
}

#[tokio::test]
async fn a_letter_queued_before_the_clock_was_set_back_is_due() {
    let (test, server) = one_letter().await;
    assert_eq!(worker(&test, &server, TIMEOUT, 9).step(a_month_ago()).await, Step::Delivered(1));
}

#[tokio::test]
async fn a_wait_that_began_before_the_clock_was_set_back_is_over() {
    // One wait is the letter's, the other the relay's.
    for (at, fault) in [(At::Rcpt, Fault::Answer("450 later")), (At::Banner, Fault::Answer("421 later"))] {
        let (test, server) = one_letter().await;
        let worker = worker(&test, &server, TIMEOUT, 9);
        server.fail(at, fault);
        assert!(matches!(worker.step(start()).await, Step::Retry(1, _)));
        server.clear_fault();
        assert_eq!(worker.step(a_month_ago()).await, Step::Delivered(1), "{at:?}");
    }
}

#[tokio::test]
async fn a_letter_does_not_fail_by_its_age_when_the_clock_is_set_forward_or_the_relay_was_away() {
    let (test, server) = one_letter().await;
    let worker = worker(&test, &server, TIMEOUT, 9);
    server.fail(At::Rcpt, Fault::Answer("450 greylisted"));
    let in_a_month = later(30 * 86_400);
    let Step::Retry(1, again) = worker.step(in_a_month).await else { panic!("it is tried again") };
    server.clear_fault();
    assert_eq!(worker.step(again).await, Step::Delivered(1));
}

#[tokio::test]
async fn a_lease_of_before_the_clock_was_set_back_has_ended() {
    let (test, server) = one_letter().await;
    let worker = worker(&test, &server, TIMEOUT, 9);
    server.fail(At::Banner, Fault::Silence);
    let step = worker.step(start());
    tokio::select! {
        step = step => panic!("{step:?}"),
        () = async { while server.connections() == 0 { tokio::task::yield_now().await } } => {}
    }
    server.clear_fault();
    assert!(matches!(worker.step(later(1)).await, Step::Idle(_)), "the lease of the canceled step lasts");
    assert_eq!(worker.step(a_month_ago()).await, Step::Delivered(1));
}

#[tokio::test]
async fn letters_sent_before_the_clock_was_set_back_count_for_no_later_minute() {
    let (test, server) = one_letter().await;
    let worker = worker(&test, &server, TIMEOUT, 1);
    test.put(new("Bob")).await;
    assert_eq!(worker.step(start()).await, Step::Delivered(1));
    assert!(matches!(worker.step(start()).await, Step::RateLimited(_)));
    assert_eq!(worker.step(a_month_ago()).await, Step::Delivered(2));
}

#[tokio::test]
async fn an_alarm_that_was_to_be_repeated_is_repeated_when_the_clock_was_set_back() {
    let (test, _server) = one_letter().await;
    let (second, alarm) = second_relay().await;
    let watch = watch(&test.outbox, &alarm);
    second.fail(At::Banner, Fault::Cut);
    watch.check(later(3600)).await;
    second.clear_fault();
    // The letter was queued then, so that it is late also by the new clock.
    let pool = sqlx::AnyPool::connect(&test.fresh.url).await.unwrap();
    sqlx::raw_sql("UPDATE letter SET queued_at = 0").execute(&pool).await.unwrap();
    watch.check(a_month_ago()).await;
    assert_eq!(second.mails().len(), 1);
}
