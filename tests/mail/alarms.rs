//! Alarms: sent once for each problem, without personal data.

use crate::{
    databases::{Kind, fresh},
    delivery::{retry_policy, worker_of},
    smtp_server::{At, Encryption, Fault, Server},
    support::clinic::TIMEOUT,
    test_outbox::{TestOutbox, held, later, new, options, put, start},
};
use relationship_clinic::{
    config::{Alarm, Tls},
    mail::{
        alarm::{AlarmChannel, Notifier as _},
        delivery::Step,
        health::ProblemKind,
        health_watch::HealthWatch,
        mailer::Mailer,
        outbox::Outbox,
    },
};
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

/// A second relay for alarms, and the setting that leads to it.
pub async fn second_relay() -> (Server, Alarm) {
    let second = Server::start(Encryption::Plain).await;
    let alarm = Alarm::Relay(second.relay(Tls::Loopback), "owner@elsewhere.example".parse().unwrap());
    (second, alarm)
}

fn channel(alarm: &Alarm) -> AlarmChannel {
    AlarmChannel::new(alarm, "website@clinic.example".parse().unwrap(), "https://clinic.example").unwrap()
}

pub fn watch(outbox: &Outbox, alarm: &Alarm) -> HealthWatch {
    HealthWatch::new(outbox.clone(), Some(channel(alarm)), retry_policy())
}

#[tokio::test]
async fn a_failed_letter_causes_one_alarm_from_all_copies_and_another_after_it_was_delivered() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (test, server) = (TestOutbox::new(kind).await, Server::start(Encryption::Plain).await);
        let (second, alarm) = second_relay().await;
        let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", Duration::from_secs(2)).unwrap();
        let worker = worker_of(&test.outbox, mailer, 1000);
        let copy = test.copy().await;
        let (one, two) = (watch(&test.outbox, &alarm), watch(&copy, &alarm));
        test.put(new("Ann Unmistakable")).await;
        one.check(start()).await;
        assert_eq!(second.mails().len(), 0, "{kind:?}: a waiting letter is no problem");
        server.fail(At::Rcpt, Fault::Answer("550 never"));
        assert_eq!(worker.step(start()).await, Step::Failed(1));
        tokio::join!(one.check(later(1)), two.check(later(1)));
        one.check(later(2)).await;
        two.check(later(86_400)).await;
        assert_eq!(second.mails().len(), 1, "{kind:?}: sent once");
        let health = test.outbox.health(later(2)).await;
        assert!(health.reasons().iter().any(|reason| reason.contains("1 failed")), "{:?}", health.reasons());
        server.clear_fault();
        test.outbox.resend(None, later(90_000)).await.unwrap();
        assert_eq!(worker.step(later(90_000)).await, Step::Delivered(1));
        two.check(later(90_001)).await;
        assert!(copy.health(later(90_001)).await.is_well());
        server.fail(At::Rcpt, Fault::Answer("550 never"));
        test.put(new("Bob")).await;
        assert_eq!(worker.step(later(90_002)).await, Step::Failed(2));
        one.check(later(90_003)).await;
        assert_eq!(second.mails().len(), 2, "{kind:?}: a new problem is sent");
    }
}

#[tokio::test]
async fn letters_that_fail_later_cause_another_alarm_after_a_quarter_of_an_hour() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (test, server) = (TestOutbox::new(kind).await, Server::start(Encryption::Plain).await);
        let (second, alarm) = second_relay().await;
        let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", TIMEOUT).unwrap();
        let (worker, copy) = (worker_of(&test.outbox, mailer, 1000), test.copy().await);
        let (one, two) = (watch(&test.outbox, &alarm), watch(&copy, &alarm));
        let fail = async |name: &str, seconds| {
            server.fail(At::Rcpt, Fault::Answer("550 never"));
            test.put(new(name)).await;
            assert!(matches!(worker.step(later(seconds)).await, Step::Failed(_)));
            server.clear_fault();
        };
        let notices = async |seconds| {
            one.check(later(seconds)).await;
            two.check(later(seconds)).await;
            second.mails().len()
        };
        fail("Ann", 0).await;
        assert_eq!(notices(1).await, 1, "{kind:?}");
        fail("Bob", 60).await;
        assert_eq!((notices(70).await, notices(900).await, notices(901).await), (1, 1, 2), "{kind:?}: a second one");
        fail("Cy", 1000).await;
        fail("Dee", 1010).await;
        assert_eq!((notices(1800).await, notices(1801).await), (2, 3), "{kind:?}: two more");
        assert_eq!(notices(90_000).await, 3, "{kind:?}: nothing new");
        test.outbox.resend(Some(&test.outbox.list().await.unwrap()[0].reference), later(90_001)).await.unwrap();
        assert_eq!(worker.step(later(90_001)).await, Step::Delivered(1));
        assert_eq!(notices(90_002).await, 3, "{kind:?}: one less");
        fail("Eve", 90_003).await;
        assert_eq!(notices(90_004).await, 4, "{kind:?}: as many as before, but another one");
    }
}

#[tokio::test]
async fn a_letter_older_than_an_hour_causes_an_alarm_and_a_held_one_does_not() {
    let test = TestOutbox::new(Kind::Sqlite).await;
    let (second, alarm) = second_relay().await;
    let watch = watch(&test.outbox, &alarm);
    test.put(held("Seller")).await;
    watch.check(later(400_000)).await;
    assert_eq!(second.mails().len(), 0);
    test.put(new("Ann Unmistakable")).await;
    watch.check(later(3599)).await;
    assert_eq!(second.mails().len(), 0);
    watch.check(later(3600)).await;
    let notice = second.mails().remove(0).text;
    assert!(notice.contains("letters-late"), "{notice}");
    for personal in ["Ann", "Unmistakable", "555", "staff@", &test.outbox.list().await.unwrap()[1].reference] {
        assert!(!notice.contains(personal), "{personal} in {notice}");
    }
}

#[tokio::test]
async fn a_failed_alarm_is_sent_again_after_a_wait() {
    for (at, fault) in
        [(At::Rcpt, Fault::Answer("550 never")), (At::Dot, Fault::Answer("451 later")), (At::Banner, Fault::Cut)]
    {
        let test = TestOutbox::new(Kind::Sqlite).await;
        let (second, alarm) = second_relay().await;
        second.fail(at, fault);
        let watch = watch(&test.outbox, &alarm);
        test.put(new("Ann")).await;
        watch.check(later(3600)).await;
        watch.check(later(3610)).await;
        assert_eq!(second.connections(), 1, "{at:?}: not before the wait is over");
        watch.check(later(3700)).await;
        assert_eq!(second.connections(), 2, "{at:?}: again after a minute");
    }
}

#[tokio::test]
async fn a_second_relay_receives_the_alarm_as_mail() {
    let test = TestOutbox::new(Kind::Sqlite).await;
    let (second, alarm) = second_relay().await;
    test.put(new("Ann Unmistakable")).await;
    watch(&test.outbox, &alarm).check(later(3600)).await;
    let mail = second.mails().remove(0);
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("website@clinic.example", "owner@elsewhere.example"));
    assert!(mail.text.contains("Subject: Website alarm: letters-late") && mail.text.contains("Auto-Submitted"));
    assert!(!mail.text.contains("Ann"), "{}", mail.text);
}

fn program(test: &TestOutbox, script: &str) -> Alarm {
    let file = test.fresh.folder.path().join("alarm.sh");
    fs::write(&file, script.replace("HERE", test.fresh.folder.path().to_str().unwrap())).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
    Alarm::Command(file)
}

#[tokio::test]
async fn a_command_reads_the_notice_and_its_exit_status_counts() {
    let test = TestOutbox::new(Kind::Sqlite).await;
    let good = program(&test, "#!/bin/sh\ncat >HERE/notice\nenv >HERE/env\n");
    channel(&good).notify(ProblemKind::NotStored, start()).await.unwrap();
    let read = |name: &str| fs::read_to_string(test.fresh.folder.path().join(name)).unwrap();
    assert!(
        read("notice").starts_with("https://clinic.example The website cannot keep enquiries."),
        "{}",
        read("notice")
    );
    assert!(!read("env").contains("CARGO"), "the environment is not passed on");
    let bad = program(&test, "#!/bin/sh\nexit 3\n");
    assert!(channel(&bad).notify(ProblemKind::Late, start()).await.unwrap_err().to_string().contains('3'));
    let missing = Alarm::Command(PathBuf::from("/nowhere/alarm"));
    assert!(channel(&missing).notify(ProblemKind::Late, start()).await.is_err());
}

#[tokio::test]
async fn a_writer_that_does_not_run_is_reported_by_health_and_alarm() {
    let fresh = fresh(Kind::Sqlite);
    let outbox = Outbox::open(fresh.place.clone(), options(&["staff@clinic.example"])).await;
    let (second, alarm) = second_relay().await;
    let watch = watch(&outbox, &alarm);
    assert!(outbox.health(start()).await.reasons()[0].contains("cannot be kept"));
    watch.check(start()).await;
    assert_eq!(second.mails().len(), 1);
    tokio::spawn(outbox.clone().write());
    assert!(outbox.health(later(10)).await.is_well());
    watch.check(later(10)).await;
    put(&outbox, &new("Ann")).await;
}

#[tokio::test]
async fn enquiries_that_cannot_be_stored_cause_an_alarm_without_a_database() {
    let test = TestOutbox::new(Kind::Sqlite).await;
    let (second, alarm) = second_relay().await;
    let watch = watch(&test.outbox, &alarm);
    test.put(new("Ann")).await;
    let folder = test.fresh.folder.path().join("data");
    let away = test.fresh.folder.path().join("away");
    for round in 1..=2 {
        fs::rename(&folder, &away).unwrap();
        assert!(test.outbox.put(&new("Bob")).await.is_err());
        watch.check(later(10)).await;
        watch.check(later(20)).await;
        let notices = second.mails();
        assert_eq!(notices.len(), round, "sent once");
        assert!(notices[round - 1].text.contains("enquiries-not-kept"), "{notices:?}");
        assert!(test.outbox.health(later(20)).await.reasons()[0].contains("cannot be kept"));
        fs::rename(&away, &folder).unwrap();
        test.put(new(&format!("Cy {round}"))).await;
        watch.check(later(30)).await;
        assert!(test.outbox.health(later(30)).await.is_well());
    }
}
