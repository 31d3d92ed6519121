//! Enquiries from the form to erasure, with every letter and note that is sent.
//!
//! The real router, outbox, worker and relay; only the clock is the test's.

use crate::{
    databases::{Fresh, Kind, fresh},
    notes::{clinic, deliver, note_writer, read, same, worker},
    smtp_server::{Encryption, Server},
    support::{edition::edition, message_builder::message_builder},
    test_outbox::{TestOutbox, open_outbox},
};
use arc_swap::ArcSwap;
use axum::{Router, body::Body};
use http::{Request, header};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp, civil::date};
use relationship_clinic::{
    mail::{
        delivery::DeliveryWorker,
        notes::NoteWriter,
        outbox::{BackupError, Outbox},
    },
    web::{self, App, Parts, Quotas},
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tower::ServiceExt as _;

const SECRET: &str = "a secret of at least thirty-two characters";
const PROMISE: &str = "\n[reply]\nworking_days = 1\n[reply.hours]\nmonday = \"09:00-17:00\"\ntuesday = \"09:00-17:00\"\n\
                       wednesday = \"09:00-17:00\"\nthursday = \"09:00-17:00\"\nfriday = \"09:00-17:00\"\n";

static NOW: AtomicI64 = AtomicI64::new(0);

fn now() -> Timestamp {
    Timestamp::from_second(NOW.load(Ordering::SeqCst)).unwrap()
}

/// A time of the clinic in November 2026, `24 15:12`.
fn set_clock(day_and_time: &str) {
    let (day, time) = day_and_time.split_once(' ').unwrap();
    let at: Timestamp = format!("2026-11-{day}T{time}:00-08:00").parse().unwrap();
    NOW.store(at.as_second(), Ordering::SeqCst);
}

struct Clinic {
    fresh: Fresh,
    outbox: Outbox,
    worker: Arc<DeliveryWorker>,
    note_writer: NoteWriter,
    server: Server,
    router: Router,
    read: usize,
}

impl Clinic {
    async fn open() -> Self {
        let fresh = fresh(Kind::Sqlite);
        let outbox = open_outbox(fresh.place.clone(), &["staff@clinic.example"]).await;
        let server = Server::start(Encryption::Plain).await;
        let worker = Arc::new(worker(&outbox, &server));
        let edition = edition(Path::new("content"), "https://www.clinic.example", date(2026, 11, 24));
        let parts = Parts {
            edition: Arc::new(ArcSwap::from_pointee(edition)),
            outbox: outbox.clone(),
            counters: Arc::default(),
            cards: Arc::default(),
            quotas: Quotas::default(),
            trusted_proxies: Vec::new(),
            links: message_builder().links,
            clock: now,
            reloads: None,
        };
        let router = web::router(Arc::new(App::new(parts, SECRET)));
        let note_writer = note_writer(&outbox, &["staff@clinic.example"]);
        Self { fresh, outbox, worker, note_writer, server, router, read: 0 }
    }

    async fn ask(&self, request: http::request::Builder, body: String) -> (u16, String) {
        let request: Request<Body> = request
            .header(header::HOST, "www.clinic.example")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn token(&self) -> String {
        self.ask(Request::get("/contact/token"), String::new()).await.1
    }

    /// Sends the form a minute after it was opened.
    async fn post(&self, token: &str, fields: &[(&str, &str)]) {
        NOW.fetch_add(60, Ordering::SeqCst);
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields).append_pair("consent", "yes").append_pair("token", token);
        assert_eq!(self.ask(Request::post("/contact"), body.finish()).await.0, 303, "{fields:?}");
    }

    /// Staff open a link, and press its button if there is one; a mail scanner opened it before them.
    async fn follow(&self, link: &str, heading: &str) {
        let path = link.strip_prefix("https://www.clinic.example").unwrap();
        let (_, scanned) = self.ask(Request::get(path), String::new()).await;
        let (_, asked) = self.ask(Request::get(path), String::new()).await;
        assert_eq!(scanned, asked, "opening changes nothing");
        let shown = if asked.contains("<form") { self.ask(Request::post(path), String::new()).await.1 } else { asked };
        assert!(shown.contains(&format!("<h1 class=\"page-head__title\">{heading}</h1>")), "{heading}: {shown}");
    }

    /// Sends the notes that are due and the letters that wait.
    async fn work(&self) {
        let clinic = clinic(PROMISE);
        self.note_writer.daily(&clinic, now()).await.unwrap();
        self.note_writer.weekly(&clinic, |_| None, now()).await.unwrap();
        deliver(&self.worker, now()).await;
        self.outbox.apply_retention(now()).await.unwrap();
    }

    /// The mails that arrived since the last call, as staff read them.
    fn mailbox(&mut self) -> Vec<String> {
        let mails: Vec<String> = self.server.mails().iter().skip(self.read).map(read).collect();
        self.read += mails.len();
        mails
    }

    async fn states(&self) -> Vec<String> {
        self.outbox.list().await.unwrap().into_iter().map(|entry| entry.state).collect()
    }
}

/// The first link after `label`.
fn link(mail: &str, label: &str) -> String {
    let rest = &mail[mail.find(label).unwrap_or_else(|| panic!("{label}: {mail}"))..];
    let rest = &rest[rest.find("https://").unwrap()..];
    rest.split_whitespace().next().unwrap().to_owned()
}

fn by_phone<'a>(name: &'a str, number: &'a str, message: &'a str) -> Vec<(&'a str, &'a str)> {
    let fields = [("channel", "phone"), ("voicemail", "unnamed"), ("for_whom", "couple"), ("times", "after six")];
    let mut fields = fields.to_vec();
    fields.extend([("name", name), ("phone", number), ("message", message)]);
    fields
}

const PITCH: &str = "Dear website owner, we sell backlinks and guest posts. Our SEO experts get your website to page one of \
                     Google, guaranteed. Prices: https://a.example https://b.example https://c.example";
const OFFER_AND_REQUEST: &str = "I offer bookkeeping to therapists and other small businesses. My work is at https://a.example and \
                     https://b.example, and the first month is free. My wife and I would also like to talk with somebody.";
const QUARREL: &str = "We keep having the same quarrel, and it tires us both.";

#[tokio::test]
async fn an_enquiry_goes_from_the_form_to_erasure_and_every_letter_has_its_text() {
    let mut clinic = Clinic::open().await;
    let mut mails = Vec::new();

    // Tuesday afternoon: Ana writes, and corrects her number; two more come, one of them an offer.
    set_clock("24 15:11");
    let token = clinic.token().await;
    clinic.post(&token, &by_phone("Ana", "(650) 555-0132", QUARREL)).await;
    clinic.work().await;
    set_clock("24 15:20");
    clinic.post(&token, &by_phone("Ana", "(650) 555-0123", QUARREL)).await;
    let mut unclear = by_phone("Bo", "(650) 555-0177", OFFER_AND_REQUEST);
    unclear.push(("reason_code", "filled by a password manager"));
    clinic.post(&clinic.token().await, &unclear).await;
    let mut pitch = by_phone("Nicole Adams", "(650) 555-0188", PITCH);
    pitch.push(("reason_code", "filled by a program"));
    clinic.post(&clinic.token().await, &pitch).await;
    clinic.work().await;
    assert_eq!(clinic.states().await, ["delivered", "delivered", "delivered", "held"]);
    let letters = clinic.mailbox();
    assert_eq!(letters.len(), 3);
    assert!(letters[2].contains("Read this one with care:"), "{}", letters[2]);
    mails.extend(["1_letter", "2_correction", "3_labeled"].into_iter().zip(letters.clone()));

    // Wednesday morning: the note lists the held enquiry; staff release it, and mark Ana's as answered.
    set_clock("25 08:00");
    clinic.work().await;
    let note = clinic.mailbox().remove(0);
    clinic.follow(&link(&note, "Send it to the mailbox"), "No. 4 is on its way").await;
    clinic.follow(&link(&note, "Send it to the mailbox"), "No. 4 was already sent").await;
    clinic.follow(&link(&letters[1], "mark No. 2 as answered"), "No. 2 is marked as answered").await;
    clinic.work().await;
    let released = clinic.mailbox().remove(0);
    mails.extend([("4_note_of_a_held_one", note), ("5_released", released)]);

    // Thursday morning: an enquiry whose reply was promised for Wednesday is not marked.
    set_clock("26 08:00");
    clinic.work().await;
    let reminder = clinic.mailbox().remove(0);
    let bo = &reminder[reminder.find("No. 3").unwrap()..];
    let seller = &reminder[reminder.find("No. 4").unwrap()..];
    clinic.follow(&link(bo, "Mark as answered"), "No. 3 is marked as answered").await;
    clinic.follow(&link(seller, "Mark as advertising"), "No. 4 is marked as advertising").await;
    mails.push(("6_reminder", reminder));
    set_clock("27 08:00");
    clinic.work().await;
    assert!(clinic.mailbox().is_empty(), "nothing to report on Friday");

    // A day after they were marked as answered, texts are erased; the others wait for the answer, or two weeks.
    assert_eq!(clinic.states().await, ["delivered", "erased", "erased", "delivered"]);

    // Monday morning: the week.
    set_clock("30 08:00");
    clinic.work().await;
    mails.push(("7_week", clinic.mailbox().remove(0)));

    let entries = clinic.outbox.list().await.unwrap();
    let references: Vec<&str> = entries.iter().map(|entry| entry.reference.as_str()).collect();
    for (name, mail) in &mails {
        insta::assert_snapshot!(*name, same(mail, &references));
    }

    // After two weeks all text is erased from the disk, after ninety days the enquiries are removed, and old links are too old.
    assert!(clinic.fresh.is_on_disk(QUARREL));
    NOW.store((now() + SignedDuration::from_hours(24 * 100)).as_second(), Ordering::SeqCst);
    clinic.outbox.apply_retention(now()).await.unwrap();
    assert!(!clinic.fresh.is_on_disk(QUARREL) && !clinic.fresh.is_on_disk("555-0123"));
    assert_eq!(clinic.outbox.list().await.unwrap(), []);
    clinic.follow(&link(&mails[0].1, "as answered here"), "This link has expired").await;
}

#[tokio::test]
async fn a_backup_of_postgresql_is_refused_and_names_pg_dump() {
    let test = TestOutbox::new(Kind::Postgres).await;
    let file = test.fresh.folder.path().join("copy.sqlite");
    let error = test.outbox.backup(&file).await.unwrap_err();
    assert!(matches!(error, BackupError::Server) && error.to_string().contains("pg_dump"), "{error}");
    assert!(!file.exists());
}
