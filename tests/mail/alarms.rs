//! The second door: it opens once per trouble, and nothing personal goes through it.

use crate::{
    databases::Kind,
    delivery::{letterhead, schedule},
    house::{House, held, later, new, start},
    relay::{At, Fault, Server, Wire},
};
use relationship_clinic::{
    config::{Alarm, Tls},
    mail::{
        alarm::Door,
        courier::{Courier, Step},
        health::TroubleKind,
        mailer::Mailer,
        outbox::Outbox,
    },
};
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

/// Takes posts and answers each with the same status.
async fn webhook(status: &'static str) -> (url::Url, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook/secret-path", listener.local_addr().unwrap()).parse().unwrap();
    let (told, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = String::new();
            let mut bytes = [0; 4096];
            while !request.contains("\r\n\r\n") || !request.ends_with('}') {
                let length = socket.read(&mut bytes).await.unwrap();
                request.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
            }
            told.send(request).unwrap();
            let answer = format!("HTTP/1.1 {status}\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, heard)
}

fn door(alarm: &Alarm) -> Door {
    Door::new(alarm, "website@clinic.example".parse().unwrap(), "https://clinic.example").unwrap()
}

fn courier(outbox: &Outbox, server: &Server, alarm: &Alarm) -> Courier {
    let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", Duration::from_secs(2)).unwrap();
    Courier::new(outbox.clone(), mailer, letterhead(), schedule(), 1000, Some(door(alarm)))
}

fn count(heard: &mut mpsc::UnboundedReceiver<String>) -> usize {
    std::iter::from_fn(|| heard.try_recv().ok()).count()
}

#[tokio::test]
async fn a_letter_set_aside_is_told_once_by_one_copy_and_again_after_it_was_mended() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (house, server) = (House::new(kind).await, Server::start(Wire::Plain).await);
        let (url, mut heard) = webhook("204 No Content").await;
        let alarm = Alarm::Webhook(url);
        let one = courier(&house.outbox, &server, &alarm);
        let two = courier(&house.copy().await, &server, &alarm);
        house.put(new("Ann Unmistakable")).await;
        one.look_around(start()).await;
        assert_eq!(count(&mut heard), 0, "{kind:?}: a letter in line is no trouble");
        server.fail(At::Rcpt, Fault::Answer("550 never"));
        assert_eq!(one.step(start()).await, Step::SetAside(1));
        tokio::join!(one.look_around(later(1)), two.look_around(later(1)));
        one.look_around(later(2)).await;
        two.look_around(later(86_400)).await;
        assert_eq!(count(&mut heard), 1, "{kind:?}: told once");
        let health = one.health(later(2)).await;
        assert!(health.reasons().iter().any(|reason| reason.contains("1 set aside")), "{:?}", health.reasons());
        server.behave();
        house.outbox.resend(None, later(90_000)).await.unwrap();
        assert_eq!(two.step(later(90_000)).await, Step::Delivered(1));
        two.look_around(later(90_001)).await;
        assert!(two.health(later(90_001)).await.is_well());
        server.fail(At::Rcpt, Fault::Answer("550 never"));
        house.put(new("Bob")).await;
        assert_eq!(one.step(later(90_002)).await, Step::SetAside(2));
        one.look_around(later(90_003)).await;
        assert_eq!(count(&mut heard), 1, "{kind:?}: a new trouble is told");
    }
}

#[tokio::test]
async fn a_letter_older_than_an_hour_is_told_and_a_held_one_is_not() {
    let (house, server) = (House::new(Kind::Sqlite).await, Server::start(Wire::Plain).await);
    let (url, mut heard) = webhook("200 OK").await;
    let courier = courier(&house.outbox, &server, &Alarm::Webhook(url));
    house.put(held("Seller")).await;
    courier.look_around(later(400_000)).await;
    assert_eq!(count(&mut heard), 0);
    house.put(new("Ann Unmistakable")).await;
    courier.look_around(later(3599)).await;
    assert_eq!(count(&mut heard), 0);
    courier.look_around(later(3600)).await;
    let notice = heard.try_recv().unwrap();
    assert!(notice.starts_with("POST /hook/secret-path HTTP/1.1\r\n"), "{notice}");
    assert!(notice.contains(r#""trouble":"letters-late""#) && notice.contains("application/json"), "{notice}");
    for personal in ["Ann", "Unmistakable", "555", "staff@", &house.outbox.list().await.unwrap()[1].reference] {
        assert!(!notice.contains(personal), "{personal} in {notice}");
    }
}

#[tokio::test]
async fn an_alarm_that_does_not_get_through_is_tried_again_later() {
    for status in ["500 Oops", "302 Found", "404 Not Found"] {
        let (house, server) = (House::new(Kind::Sqlite).await, Server::start(Wire::Plain).await);
        let (url, mut heard) = webhook(status).await;
        let courier = courier(&house.outbox, &server, &Alarm::Webhook(url));
        house.put(new("Ann")).await;
        courier.look_around(later(3600)).await;
        courier.look_around(later(3610)).await;
        assert_eq!(count(&mut heard), 1, "{status}: not hammered, not followed");
        courier.look_around(later(3700)).await;
        assert_eq!(count(&mut heard), 1, "{status}: again after a minute");
    }
}

#[tokio::test]
async fn a_second_relay_gets_a_mail_of_its_own() {
    let (house, server, second) =
        (House::new(Kind::Sqlite).await, Server::start(Wire::Plain).await, Server::start(Wire::Plain).await);
    let alarm = Alarm::Relay(second.relay(Tls::Loopback), "owner@elsewhere.example".parse().unwrap());
    house.put(new("Ann Unmistakable")).await;
    courier(&house.outbox, &server, &alarm).look_around(later(3600)).await;
    let mail = second.mails().remove(0);
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("website@clinic.example", "owner@elsewhere.example"));
    assert!(mail.text.contains("Subject: Website alarm: letters-late") && mail.text.contains("Auto-Submitted"));
    assert!(!mail.text.contains("Ann"), "{}", mail.text);
}

fn program(house: &House, script: &str) -> Alarm {
    let file = house.fresh.folder.path().join("alarm.sh");
    fs::write(&file, script.replace("HERE", house.fresh.folder.path().to_str().unwrap())).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
    Alarm::Command(file)
}

#[tokio::test]
async fn a_command_reads_the_notice_and_its_exit_status_counts() {
    let house = House::new(Kind::Sqlite).await;
    let good = program(&house, "#!/bin/sh\ncat >HERE/notice\nenv >HERE/env\n");
    door(&good).tell(TroubleKind::NotKept, start()).await.unwrap();
    let read = |name: &str| fs::read_to_string(house.fresh.folder.path().join(name)).unwrap();
    assert!(
        read("notice").starts_with("https://clinic.example The website cannot keep enquiries."),
        "{}",
        read("notice")
    );
    assert!(!read("env").contains("CARGO"), "secrets in the environment stay here");
    let bad = program(&house, "#!/bin/sh\nexit 3\n");
    assert!(door(&bad).tell(TroubleKind::Late, start()).await.unwrap_err().to_string().contains('3'));
    let missing = Alarm::Command(PathBuf::from("/nowhere/alarm"));
    assert!(door(&missing).tell(TroubleKind::Late, start()).await.is_err());
}

#[tokio::test]
async fn enquiries_that_cannot_be_kept_are_told_although_the_outbox_is_away() {
    let (house, server) = (House::new(Kind::Sqlite).await, Server::start(Wire::Plain).await);
    let (url, mut heard) = webhook("200 OK").await;
    let courier = courier(&house.outbox, &server, &Alarm::Webhook(url));
    house.put(new("Ann")).await;
    let folder = house.fresh.folder.path().join("data");
    let away = house.fresh.folder.path().join("away");
    for round in 1..=2 {
        fs::rename(&folder, &away).unwrap();
        assert!(house.outbox.put(new("Bob")).await.is_err());
        courier.look_around(later(10)).await;
        courier.look_around(later(20)).await;
        let notice = heard.try_recv().unwrap();
        assert!(notice.contains("enquiries-not-kept"), "{notice}");
        assert_eq!(count(&mut heard), 0, "round {round}: told once");
        assert!(courier.health(later(20)).await.reasons()[0].contains("cannot be kept"));
        fs::rename(&away, &folder).unwrap();
        house.put(new(&format!("Cy {round}"))).await;
        courier.look_around(later(30)).await;
        assert!(courier.health(later(30)).await.is_well());
    }
}
