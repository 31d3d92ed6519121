//! Everything that a relay can do wrong, at every step of a session: when the relay is mended, every letter is delivered,
//! without a restart. There is no copy but after an acknowledgment that was lost, and no letter fails but by a permanent
//! refusal of the letter itself, which raises an alarm.

use crate::{
    databases::Kind,
    delivery::worker_of,
    outage::work,
    smtp_server::{At, Authority, Encryption, Fault, Server},
    support::clinic::{Clinic, TIMEOUT, valid_form, wait_for},
    test_outbox::{TestOutbox, later, new},
};
use jiff::{SignedDuration, Timestamp};
use relationship_clinic::{
    config::{Relay, Tls},
    mail::{
        delivery::Step,
        health::LATE,
        mailer::Mailer,
        outbox::{NewEnquiry, ProblemStore as _},
    },
};
use std::time::Duration;

/// Codes of RFC 5321, 4954, 7504 and others that relays send.
const CODES: [u16; 29] = [
    421, 422, 431, 432, 441, 450, 451, 452, 454, 455, 500, 501, 502, 503, 504, 521, 523, 525, 530, 534, 535, 538, 550,
    551, 552, 553, 554, 555, 556,
];
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What fails at each step.
fn faults(at: At) -> Vec<Fault> {
    let mut faults = vec![Fault::Cut, Fault::Silence];
    if at == At::During {
        return faults;
    }
    faults.push(Fault::Drip);
    faults.extend(CODES.map(|code| Fault::Answer(format!("{code} no").leak())));
    faults.extend(["", "HTTP/1.1 400 Bad Request", "\u{fffd}\u{0}\u{ffff}", "999 no"].map(Fault::Answer));
    match at {
        At::StartTls => faults.extend([Fault::Stripped, Fault::Injected]),
        At::Auth => faults.push(Fault::NoAuth),
        At::Dot => faults.extend([Fault::TakenAndCut, Fault::TakenAndSilent]),
        _ => {}
    }
    faults
}

/// One outbox and one relay, to which all faults of one step happen one after another.
struct Case {
    test: TestOutbox,
    server: Server,
    relay: Relay,
    at: At,
    now: Timestamp,
    failed: u64,
}

impl Case {
    async fn new(at: At, tls: Tls) -> Self {
        let test = TestOutbox::new(Kind::Sqlite).await;
        let (authority, ca) = (Authority::new(), test.fresh.folder.path().join("ca.pem"));
        authority.write(&ca);
        let server = Server::start(match tls {
            Tls::Loopback => Encryption::Plain,
            Tls::Required => Encryption::start_tls(&authority, "localhost"),
            Tls::Implicit => Encryption::implicit(&authority, "localhost"),
        });
        let server = server.await;
        let relay = Relay { ca: Some(ca), ..server.relay_with_login(tls) };
        Self { test, server, relay, at, now: later(0), failed: 0 }
    }

    async fn suffer(&mut self, fault: Fault) {
        let (case, began) = (format!("{fault:?} at {:?}", self.at), self.now);
        let waits = matches!(fault, Fault::Silence | Fault::Drip | Fault::TakenAndSilent);
        let limit = if waits { Duration::from_secs(2) } else { TIMEOUT };
        let worker =
            worker_of(&self.test.outbox, Mailer::relay(self.relay.clone(), "clinic.example", limit).unwrap(), 1000);
        let receipt = self.test.put(NewEnquiry { received: began, ..new(&case) }).await;
        self.server.fail(self.at, fault);
        let failed = work(&worker, began, began + SignedDuration::from_mins(5)).await;
        let counts = self.test.outbox.letter_counts(began, LATE).await.unwrap();
        let refused = matches!(fault, Fault::Answer(text) if text.starts_with('5'));
        let of_letter = matches!(self.at, At::Mail | At::Rcpt | At::Data | At::Dot);
        self.failed += u64::from(refused && of_letter);
        assert_eq!(failed, vec![receipt.number; usize::from(refused && of_letter)], "{case}");
        assert_eq!(counts.failed, self.failed, "{case}: an alarm for each letter that failed");
        assert_eq!(counts.relay_refuses, refused && !of_letter, "{case}: an alarm when the relay refuses the program");
        self.server.clear_fault();
        assert!(work(&worker, began + SignedDuration::from_mins(5), began + HOUR).await.is_empty(), "{case}");
        self.now = began + HOUR;
        let state = self.test.outbox.entry(&receipt.reference).await.unwrap().unwrap().state;
        assert_eq!(state, if failed.is_empty() { "delivered" } else { "failed" }, "{case}");
        assert!(!self.test.outbox.letter_counts(self.now, LATE).await.unwrap().relay_refuses, "{case}: it is mended");
        self.count_copies(&receipt.reference, failed.is_empty(), &case);
    }

    /// Every copy but the last is one whose acknowledgment was lost, and all are the same.
    fn count_copies(&self, reference: &str, delivered: bool, case: &str) {
        let mails: Vec<_> = self.server.mails().into_iter().filter(|mail| mail.text.contains(reference)).collect();
        let acknowledged = mails.iter().filter(|mail| mail.acknowledged).count();
        assert_eq!(acknowledged, usize::from(delivered), "{case}");
        assert!(case.starts_with("Taken") || mails.len() == acknowledged, "{case}: {} copies", mails.len());
        assert!(mails.iter().all(|mail| mail.text == mails[0].text), "{case}: a copy differs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_letter_is_delivered_once_when_a_relay_with_any_fault_is_mended() {
    let steps = [At::Banner, At::Ehlo, At::Auth, At::Mail, At::Rcpt, At::Data, At::During, At::Dot];
    let plain = steps.map(|at| (at, Tls::Loopback));
    let encrypted = [(At::StartTls, Tls::Required), (At::Ehlo, Tls::Required), (At::Banner, Tls::Implicit)];
    let cases = plain.into_iter().chain(encrypted).map(|(at, tls)| {
        tokio::spawn(async move {
            let mut case = Case::new(at, tls).await;
            for fault in faults(at) {
                case.suffer(fault).await;
            }
        })
    });
    for case in cases.collect::<Vec<_>>() {
        case.await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_certificate_delays_letters_until_it_is_mended() {
    let authority = Authority::new();
    let wrong = [
        ("expired", authority.for_days("localhost", -3, -1)),
        ("not yet valid", authority.for_days("localhost", 1, 3)),
        ("of another name", Encryption::start_tls(&authority, "other.example")),
        ("of another authority", Encryption::start_tls(&Authority::new(), "localhost")),
        ("none", Encryption::Plain),
    ];
    for (case, encryption) in wrong {
        let test = TestOutbox::new(Kind::Sqlite).await;
        let ca = test.fresh.folder.path().join("ca.pem");
        authority.write(&ca);
        let mut server = Server::start(encryption).await;
        let relay = Relay { ca: Some(ca), ..server.relay_with_login(Tls::Required) };
        let worker = worker_of(&test.outbox, Mailer::relay(relay, "clinic.example", TIMEOUT).unwrap(), 1000);
        test.put(new("Ann")).await;
        assert!(matches!(worker.step(later(0)).await, Step::Retry(1, _)), "{case}");
        server.close().await;
        server.encryption = Encryption::start_tls(&authority, "localhost");
        server.reopen().await;
        assert!(work(&worker, later(0), later(3600)).await.is_empty(), "{case}");
        assert_eq!(server.mails().len(), 1, "{case}");
        assert!(server.mails()[0].encrypted, "{case}");
    }
}

/// One session hangs at each step when the program is killed.
#[tokio::test(flavor = "multi_thread")]
async fn every_letter_is_delivered_once_when_the_program_is_killed_at_any_step_of_a_session() {
    let server = Server::start(Encryption::Plain).await;
    let mut hangs = vec![(At::Dot, Fault::TakenAndSilent)];
    hangs.extend(
        [At::Banner, At::Ehlo, At::Auth, At::Mail, At::Rcpt, At::Data, At::During].map(|at| (at, Fault::Silence)),
    );
    let count = hangs.len();
    let mails = tokio::task::block_in_place(|| {
        server.draw_faults(Box::new(move || hangs.pop()));
        let staff = (0..count).map(|i| format!("staff-{i}@clinic.example")).collect::<Vec<_>>().join(",");
        let relay = format!("smtp://clinic:secret@{}", server.address);
        let settings = [
            ("CLINIC_SMTP_URL", relay.as_str()),
            ("CLINIC_MAIL_TO", &staff),
            ("CLINIC_MAIL_TIMEOUT", "20s"),
            ("CLINIC_RETRY", "1s"),
        ];
        let mut clinic = Clinic::with(&settings);
        clinic.store(&valid_form());
        wait_for(|| (server.hanging() == count).then_some(())).expect("every session hangs");
        clinic.kill_and_restart();
        wait_for(|| clinic.output_of(&["enquiries", "list"]).contains("delivered").then_some(())).expect("delivered");
        server.mails()
    });
    let lost = mails.iter().find(|mail| !mail.acknowledged).expect("one acknowledgment is lost");
    for i in 0..count {
        let to = format!("staff-{i}@clinic.example");
        let copies: Vec<_> = mails.iter().filter(|mail| mail.to == to).collect();
        assert_eq!(copies.len(), if to == lost.to { 2 } else { 1 }, "{to}");
        assert!(copies.iter().all(|mail| mail.text == copies[0].text), "{to}: a copy differs");
    }
}
