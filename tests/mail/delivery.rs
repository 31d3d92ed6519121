//! Delivery: order, waits, limits, and what is recorded.

use crate::{
    databases::Kind,
    smtp_server::{At, Encryption, Fault, Server},
    support::{clinic::TIMEOUT, message_builder::message_builder},
    test_outbox::{TestOutbox, later, new, start},
};
use jiff::Timestamp;
use relationship_clinic::{
    config::Tls,
    mail::{
        delivery::{DeliveryWorker, Step},
        mailer::Mailer,
        outbox::Outbox,
        retry_policy::RetryPolicy,
    },
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Time limit of one SMTP session; short, since a silent relay is tried at every step.
const LIMIT: Duration = Duration::from_secs(3);

pub fn retry_policy() -> RetryPolicy {
    let minutes = |m: u64| Duration::from_secs(60 * m);
    RetryPolicy { waits: [1, 5, 15, 30, 60].map(minutes).to_vec(), give_up: minutes(5 * 24 * 60) }
}

pub fn worker_of(outbox: &Outbox, mailer: Mailer, per_minute: u32) -> DeliveryWorker {
    DeliveryWorker::new(outbox.clone(), mailer, message_builder(), retry_policy(), per_minute)
}

/// As many workers as `serve` runs.
fn run(worker: &Arc<DeliveryWorker>, stop: &CancellationToken) -> JoinSet<()> {
    (0..worker.workers()).map(|_| Arc::clone(worker).run(stop.clone(), Timestamp::now)).collect()
}

fn worker(test: &TestOutbox, server: &Server) -> DeliveryWorker {
    let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", LIMIT).unwrap();
    worker_of(&test.outbox, mailer, 1000)
}

async fn state(test: &TestOutbox) -> String {
    test.outbox.list().await.unwrap()[0].state.clone()
}

#[tokio::test]
async fn a_failure_after_the_acknowledgment_sends_no_second_copy() {
    for fault in [Fault::Cut, Fault::Silence, Fault::Answer("550 never"), Fault::Answer("garbage")] {
        let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
        test.put(new("Ann")).await;
        server.fail(At::Quit, fault);
        assert_eq!(worker(&test, &server).step(start()).await, Step::Delivered(1), "{fault:?} at QUIT");
        assert_eq!(state(&test).await, "delivered", "{fault:?} at QUIT");
    }
}

#[tokio::test]
async fn a_refusal_counts_even_if_the_relay_does_not_answer_quit() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    test.put(new("Ann")).await;
    server.fail(At::Rcpt, Fault::Answer("550 never\r\n"));
    assert_eq!(worker(&test, &server).step(start()).await, Step::Failed(1));
}

#[tokio::test]
async fn a_relay_that_refuses_connections_is_tried_by_the_retry_policy_only() {
    let (test, mut server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let worker = worker(&test, &server);
    for i in 0..5 {
        test.put(new(&format!("Ann {i}"))).await;
    }
    server.close().await;
    let mut tries = Vec::new();
    let mut now = start();
    while now < later(4 * 3600) {
        match worker.step(now).await {
            Step::Retry(number, _) => tries.push((number, now.duration_since(start()).as_mins())),
            Step::Paused(until) => now = until,
            other => panic!("{other:?}"),
        }
    }
    assert!(tries.iter().all(|(number, _)| *number == 1), "only the first letter is tried: {tries:?}");
    assert!((6..=9).contains(&tries.len()), "waits follow the schedule: {tries:?}");
    server.reopen().await;
    let mut delivered = Vec::new();
    loop {
        match worker.step(now).await {
            Step::Delivered(number) => delivered.push(number),
            Step::Paused(until) => now = until,
            Step::Idle(None) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(delivered, [1, 2, 3, 4, 5], "the backlog drains in order of arrival");
}

#[tokio::test]
async fn a_restart_tries_at_once_and_keeps_every_place() {
    let (test, mut server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    for i in 0..3 {
        test.put(new(&format!("Ann {i}"))).await;
    }
    server.close().await;
    assert!(matches!(worker(&test, &server).step(start()).await, Step::Retry(1, _)));
    server.reopen().await;
    let restarted = worker(&test, &server);
    for number in 1..=3 {
        assert_eq!(restarted.step(later(5)).await, Step::Delivered(number));
    }
}

#[tokio::test]
async fn letters_wait_while_the_relay_refuses_the_log_in_and_are_sent_at_once_after_a_restart() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let login = || Mailer::relay(server.relay_with_login(Tls::Loopback), "clinic.example", LIMIT).unwrap();
    let worker = worker_of(&test.outbox, login(), 1000);
    test.put(new("Ann")).await;
    test.put(new("Bob")).await;
    server.fail(At::Auth, Fault::Answer("535 wrong"));
    assert!(matches!(worker.step(start()).await, Step::Retry(1, _)));
    assert!(matches!(worker.step(start()).await, Step::Paused(_)), "the second letter waits");
    server.clear_fault();
    let restarted = worker_of(&test.outbox, login(), 1000);
    assert_eq!(restarted.step(later(5)).await, Step::Delivered(1));
    assert_eq!(restarted.step(later(5)).await, Step::Delivered(2));
    assert!(server.state.lock().unwrap().seen.logins.len() >= 3);
}

#[tokio::test]
async fn a_relay_without_auth_gets_no_letter_from_a_worker_with_a_login() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let mailer = Mailer::relay(server.relay_with_login(Tls::Loopback), "clinic.example", LIMIT).unwrap();
    test.put(new("Ann")).await;
    server.fail(At::Auth, Fault::NoAuth);
    assert!(matches!(worker_of(&test.outbox, mailer, 1000).step(start()).await, Step::Retry(1, _)));
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_refused_recipient_does_not_delay_the_others() {
    let addresses = ["bad@clinic.example", "good@clinic.example"];
    for answer in ["550 nobody", "450 greylisted"] {
        let (test, server) = (TestOutbox::with(Kind::Sqlite, &addresses).await, Server::start(Encryption::Plain).await);
        let worker = worker(&test, &server);
        server.fail(At::Rcpt, Fault::BadRecipient(answer));
        test.put(new("Ann")).await;
        test.put(new("Bob")).await;
        for _ in 0..4 {
            worker.step(start()).await;
        }
        let mails: Vec<_> = server.mails().into_iter().map(|mail| mail.to).collect();
        assert_eq!(mails, ["good@clinic.example"; 2], "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_that_the_relay_answers_slowly_does_not_delay_the_others() {
    let test = TestOutbox::with(Kind::Sqlite, &["bad@clinic.example", "good@clinic.example"]).await;
    let server = Server::start(Encryption::Plain).await;
    server.fail(At::Rcpt, Fault::SlowRecipient);
    let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", 2 * TIMEOUT).unwrap();
    let worker = Arc::new(worker_of(&test.outbox, mailer, 1000));
    let stop = CancellationToken::new();
    let running = run(&worker, &stop);
    for i in 0..5 {
        test.put(now(&format!("Ann {i}"))).await;
    }
    eventually(|| server.mails().len() == 5).await;
    drop(running);
    stop.cancel();
}

fn now(name: &str) -> relationship_clinic::mail::outbox::NewEnquiry {
    relationship_clinic::mail::outbox::NewEnquiry { received: Timestamp::now(), ..new(name) }
}

async fn eventually(mut true_at_last: impl FnMut() -> bool) {
    let began = Instant::now();
    while !true_at_last() {
        assert!(began.elapsed() < TIMEOUT, "it did not become true within {TIMEOUT:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_begins_within_a_tenth_of_a_second_and_stops_when_canceled() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let worker = Arc::new(worker(&test, &server));
    let stop = CancellationToken::new();
    let running = run(&worker, &stop);
    test.put(now("warm up")).await;
    eventually(|| server.mails().len() == 1).await;
    let mut waits = Vec::new();
    for i in 0..10 {
        let before = server.connections();
        test.put(now(&format!("Ann {i}"))).await;
        let kept = Instant::now();
        eventually(|| server.connections() > before).await;
        waits.push(kept.elapsed());
    }
    waits.sort();
    // Without a signal it would begin at the next look into the database, up to 15 seconds later.
    assert!(waits[3] < Duration::from_millis(100), "{waits:?}");
    eventually(|| server.mails().len() == 11).await;
    stop.cancel();
    tokio::time::timeout(TIMEOUT, running.join_all()).await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enquiry_is_stored_without_delay_while_the_relay_does_not_answer() {
    for at in [At::Banner, At::Ehlo, At::Mail, At::Rcpt, At::Data, At::During, At::Dot] {
        let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
        server.fail(at, Fault::Silence);
        let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", 2 * TIMEOUT).unwrap();
        let stop = CancellationToken::new();
        let running = run(&Arc::new(worker_of(&test.outbox, mailer, 1000)), &stop);
        test.put(now("the first")).await;
        eventually(|| server.connections() > 0).await;
        let mut waits = Vec::new();
        for i in 0..11 {
            let began = Instant::now();
            test.put(now(&format!("Ann {i}"))).await;
            waits.push(began.elapsed());
        }
        waits.sort();
        // Waiting for the relay would take minutes; a commit takes milliseconds, or seconds on a busy machine.
        assert!(waits[5] < Duration::from_secs(5), "{at:?}: half of the enquiries waited {:?}", waits[5]);
        drop(running);
        stop.cancel();
    }
}

#[tokio::test]
async fn no_more_letters_are_sent_in_a_minute_than_allowed() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", LIMIT).unwrap();
    let worker = worker_of(&test.outbox, mailer, 3);
    for i in 0..7 {
        test.put(new(&format!("Ann {i}"))).await;
    }
    let mut times = Vec::new();
    let mut now = start();
    loop {
        match worker.step(now).await {
            Step::Delivered(_) => times.push(now.duration_since(start()).as_secs()),
            Step::RateLimited(until) => now = until,
            Step::Idle(None) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(times, [0, 0, 0, 60, 60, 60, 120]);
}

#[tokio::test]
async fn a_letter_fails_at_its_age_and_is_never_deleted() {
    let (test, mut server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let worker = worker(&test, &server);
    test.put(new("Ann")).await;
    server.close().await;
    let mut now = start();
    let aside = loop {
        match worker.step(now).await {
            Step::Retry(..) => {}
            Step::Paused(until) => now = until,
            Step::Failed(1) => break now,
            other => panic!("{other:?}"),
        }
    };
    let days = aside.duration_since(start()).as_hours() / 24;
    assert_eq!(days, 5, "failed after {days} days");
    assert_eq!(test.outbox.apply_retention(later(400 * 86_400)).await.unwrap().erased, 0);
    assert!(!test.outbox.health(aside).await.is_well());
}

#[tokio::test]
async fn a_delivery_that_could_not_be_recorded_is_not_sent_again_by_the_same_worker() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let worker = worker(&test, &server);
    test.put(new("Ann")).await;
    // The relay accepts the letter; the trigger prevents the record.
    let pool = sqlx::AnyPool::connect(&test.fresh.url).await.unwrap();
    server.fail(At::Quit, Fault::Answer("221 bye"));
    sqlx::raw_sql("CREATE TRIGGER block BEFORE UPDATE OF state ON letter WHEN NEW.state = 'delivered' BEGIN SELECT RAISE(ABORT, 'no'); END")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(worker.step(start()).await, Step::Delivered(1));
    assert!(matches!(worker.step(later(3600)).await, Step::Unavailable(_)), "the record comes before the next letter");
    sqlx::raw_sql("DROP TRIGGER block").execute(&pool).await.unwrap();
    assert_eq!(worker.step(later(3601)).await, Step::Idle(None));
    assert_eq!((server.mails().len(), state(&test).await.as_str()), (1, "delivered"));
}

#[tokio::test]
async fn messages_without_a_relay_become_files_that_only_their_owner_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let test = TestOutbox::with(Kind::Sqlite, &["a@clinic.example", "b@clinic.example"]).await;
    let folder = test.fresh.folder.path().join("mail");
    let worker = worker_of(&test.outbox, Mailer::folder(folder.clone()), 1000);
    let receipt = test.put(new("Ann")).await;
    assert_eq!(worker.step(start()).await, Step::Delivered(1));
    assert_eq!(worker.step(start()).await, Step::Delivered(1));
    let mut names: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, [format!("1-{}-2.eml", receipt.reference), format!("1-{}.eml", receipt.reference)]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join(&names[0]))), (0o700, 0o600));
}
