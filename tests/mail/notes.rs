//! Notes: when they are due, their text, and that each is sent once by one copy.

use crate::{
    databases::Kind,
    delivery::worker_of,
    letters::{shown, words},
    smtp_server::{At, Encryption, Fault, Mail, Server},
    support::message_builder::message_builder,
    test_outbox::{TestOutbox, held, later, new, scored, start, with_nonce},
};
use jiff::{SignedDuration, Timestamp};
use mail_parser::MessageParser;
use relationship_clinic::{
    config::Tls,
    content::Clinic,
    mail::{
        delivery::{DeliveryWorker, Step},
        mailer::Mailer,
        notes::{ContentFault, NoteWriter},
        outbox::{NewEnquiry, Outbox},
    },
};
use std::time::Duration;

/// The clinic's facts in the repository, and more if given.
pub fn clinic(more: &str) -> Clinic {
    toml::from_str(&format!("{}{more}", include_str!("../../content/clinic.toml"))).unwrap()
}

const PROMISE: &str = "\n[reply]\nworking_days = 1\n[reply.hours]\nmonday = \"09:00-17:00\"\ntuesday = \"09:00-17:00\"\n\
                       wednesday = \"09:00-17:00\"\nthursday = \"09:00-17:00\"\nfriday = \"09:00-17:00\"\n";

pub fn note_writer(outbox: &Outbox, staff: &[&str]) -> NoteWriter {
    NoteWriter::new(outbox.clone(), message_builder(), staff.iter().map(|address| address.parse().unwrap()).collect())
}

pub fn worker(outbox: &Outbox, server: &Server) -> DeliveryWorker {
    let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", Duration::from_secs(5)).unwrap();
    worker_of(outbox, mailer, 1000)
}

/// Delivers all that is due.
pub async fn deliver(worker: &DeliveryWorker, now: Timestamp) {
    while let Step::Delivered(_) = worker.step(now).await {}
}

/// A morning at eight in California; `start` is a Tuesday afternoon.
pub fn morning(days: i64) -> Timestamp {
    "2026-11-24T16:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * days)
}

/// Subject and text of a mail.
pub fn read(mail: &Mail) -> String {
    let parsed = MessageParser::default().parse(mail.text.as_bytes()).unwrap();
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    format!("Subject: {}\n\n{text}", parsed.subject().unwrap())
}

fn html(mail: &Mail) -> String {
    MessageParser::default().parse(mail.text.as_bytes()).unwrap().body_html(0).unwrap().replace("\r\n", "\n")
}

/// Replaces references and signed links, which differ at every run.
pub fn same(text: &str, references: &[&str]) -> String {
    let mut text = text.to_owned();
    for (index, reference) in references.iter().enumerate() {
        text = text.replace(reference, &format!("REFRNCE{}", index + 1));
    }
    let mut out = String::new();
    for part in text.split_inclusive(['\n', '"', ' ']) {
        match part.find("/t/") {
            Some(at) => {
                out.push_str(&part[..at + 3]);
                out.push('…');
                out.push_str(&part[part.trim_end_matches(['\n', '"', ' ']).len()..]);
            }
            None => out.push_str(part),
        }
    }
    out
}

#[tokio::test]
async fn a_day_without_anything_to_report_has_no_note_and_later_events_are_in_the_next_one() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (test, server) = (TestOutbox::new(kind).await, Server::start(Encryption::Plain).await);
        let note_writer = note_writer(&test.outbox, &["staff@clinic.example"]);
        let early = morning(0) - SignedDuration::from_secs(1);
        assert!(!note_writer.daily(&clinic(""), early).await.unwrap(), "before eight");
        assert!(!note_writer.daily(&clinic(""), morning(0)).await.unwrap(), "nothing to report");
        test.put(held("Seller")).await;
        assert!(!note_writer.daily(&clinic(""), start()).await.unwrap(), "the day's note is done");
        assert!(note_writer.daily(&clinic(""), morning(1)).await.unwrap());
        assert!(!note_writer.daily(&clinic(""), morning(1)).await.unwrap(), "once a day");
        deliver(&worker(&test.outbox, &server), morning(1)).await;
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_copy_sends_the_note_and_every_recipient_gets_it() {
    const STAFF: [&str; 2] = ["a@clinic.example", "b@clinic.example"];
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (test, server) = (TestOutbox::new(kind).await, Server::start(Encryption::Plain).await);
        test.put(held("Seller")).await;
        let mut writing = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let note_writer = note_writer(&test.copy().await, &STAFF);
            writing.spawn(async move { note_writer.daily(&clinic(""), morning(1)).await });
        }
        let mut wrote = 0;
        for result in writing.join_all().await {
            // A copy that finds the file locked by another tries again in a minute.
            wrote += u32::from(result == Ok(true));
        }
        assert_eq!(wrote, 1, "{kind:?}");
        deliver(&worker(&test.outbox, &server), morning(1)).await;
        let to: Vec<_> = server.mails().into_iter().map(|mail| mail.to).collect();
        assert_eq!(to, STAFF, "{kind:?}");
    }
}

#[tokio::test]
async fn a_delivered_note_counts_once_a_day_and_three_days_and_a_month_erase_a_held_enquiry() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (test, server) = (TestOutbox::new(kind).await, Server::start(Encryption::Plain).await);
        let note_writer = note_writer(&test.outbox, &["a@clinic.example", "b@clinic.example"]);
        let worker = worker(&test.outbox, &server);
        test.put(held("Seller")).await;
        let notified = async || test.outbox.held().await.unwrap().first().and_then(|held| held.notified);
        assert!(note_writer.daily(&clinic(""), morning(1)).await.unwrap());
        server.fail(At::Dot, Fault::Answer("451 later"));
        worker.step(morning(1)).await;
        worker.step(morning(1)).await;
        assert_eq!(notified().await, None, "it is not delivered yet");
        server.clear_fault();
        let arrived = morning(1) + SignedDuration::from_mins(2);
        deliver(&worker, arrived).await;
        assert_eq!((notified().await, server.mails().len()), (Some(arrived), 2));
        for day in [2, 3] {
            assert_eq!(
                test.outbox.apply_retention(arrived + SignedDuration::from_hours(24 * 30)).await.unwrap().erased,
                0
            );
            assert!(note_writer.daily(&clinic(""), morning(day)).await.unwrap(), "it is listed every morning");
            deliver(&worker, morning(day)).await;
        }
        assert_eq!(notified().await, Some(arrived), "the first time counts");
        let month = arrived + SignedDuration::from_hours(24 * 30);
        assert_eq!(
            test.outbox.apply_retention(month - SignedDuration::from_secs(1)).await.unwrap().erased,
            0,
            "{kind:?}"
        );
        assert_eq!(test.outbox.apply_retention(month).await.unwrap().erased, 1, "{kind:?}");
        assert!(!note_writer.daily(&clinic(""), morning(35)).await.unwrap(), "what is erased is not listed");
    }
}

/// Numbers of the held enquiries in a note, in its order.
fn named(mail: &Mail) -> Vec<i64> {
    let text = read(mail);
    let numbers = text.lines().filter_map(|line| line.strip_prefix("No. ")?.split(',').next()?.parse().ok());
    numbers.collect()
}

#[tokio::test]
async fn a_note_names_fifty_held_enquiries_lowest_score_first_and_the_next_ones_on_the_next_day() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (test, server) = (TestOutbox::new(kind).await, Server::start(Encryption::Plain).await);
        let (note_writer, worker) =
            (note_writer(&test.outbox, &["staff@clinic.example"]), worker(&test.outbox, &server));
        for number in 1..=60 {
            test.put(scored(held(&format!("Seller {number}")), 100 - number)).await;
        }
        for day in 1..=3 {
            assert!(note_writer.daily(&clinic(""), morning(day)).await.unwrap());
            deliver(&worker, morning(day)).await;
        }
        let mails = server.mails();
        assert!(read(&mails[0]).starts_with("Subject: Website, Wednesday, November 25, 2026: 60 held\n"), "{kind:?}");
        assert_eq!(named(&mails[0]), (11..=60).rev().collect::<Vec<_>>(), "{kind:?}");
        // Ten were not named before; of the others, those with the lowest score are named again.
        assert_eq!(named(&mails[1]), (21..=60).rev().chain((1..=10).rev()).collect::<Vec<_>>(), "{kind:?}");
        let month = morning(3) + SignedDuration::from_hours(24 * 31);
        let erased = test.outbox.apply_retention(month).await.unwrap().erased;
        let thrice = (1..=60).filter(|number| mails.iter().all(|mail| named(mail).contains(number))).count();
        assert_eq!((erased, thrice), (30, 30), "{kind:?}: only those that three notes named");
    }
}

#[tokio::test]
async fn an_enquiry_marked_as_advertising_is_not_listed_and_is_erased_a_day_later() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let test = TestOutbox::new(kind).await;
        let receipt = test.put(held("Seller")).await;
        test.outbox.spam(&receipt.reference, later(0)).await.unwrap();
        assert_eq!(test.outbox.held().await.unwrap(), []);
        assert_eq!(test.outbox.apply_retention(later(86_399)).await.unwrap().erased, 0);
        assert_eq!(test.outbox.apply_retention(later(86_400)).await.unwrap().erased, 1);
        let mistaken = test.put(held("Person")).await;
        test.outbox.spam(&mistaken.reference, later(0)).await.unwrap();
        test.outbox.release(&mistaken.reference, later(10)).await.unwrap();
        assert_eq!(
            test.outbox.apply_retention(later(86_500)).await.unwrap().erased,
            0,
            "a released enquiry is not advertising"
        );
    }
}

#[tokio::test]
async fn a_reminder_comes_after_the_promised_time_and_not_for_what_was_corrected_or_marked() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let note_writer = note_writer(&test.outbox, &["staff@clinic.example"]);
    let worker = worker(&test.outbox, &server);
    test.put(with_nonce("Ann", "n1")).await;
    let corrected = test.put(with_nonce("Anne", "n1")).await;
    let answered = test.put(new("Bob")).await;
    let seller = test.put(new("Cy")).await;
    test.outbox.answered(&answered.reference, later(60)).await.unwrap();
    test.outbox.spam(&seller.reference, later(60)).await.unwrap();
    deliver(&worker, start()).await;
    let open: Vec<_> = test.outbox.open_enquiries().await.unwrap().into_iter().map(|open| open.number).collect();
    assert_eq!(open, [2]);
    // Received on Tuesday; an answer was promised by Wednesday, five o'clock.
    assert!(!note_writer.daily(&clinic(PROMISE), morning(1)).await.unwrap());
    assert!(note_writer.daily(&clinic(PROMISE), morning(2)).await.unwrap());
    deliver(&worker, morning(2)).await;
    assert!(!note_writer.daily(&clinic(PROMISE), morning(16)).await.unwrap(), "after two weeks it is only counted");
    let note = read(server.mails().last().unwrap());
    insta::assert_snapshot!("reminder", same(&note, &[&corrected.reference]));
}

async fn outbox_with_everything_to_report() -> (TestOutbox, Vec<String>) {
    let test = TestOutbox::with(Kind::Sqlite, &["staff@clinic.example", "office@clinic.example"]).await;
    let server = Server::start(Encryption::Plain).await;
    let worker = worker(&test.outbox, &server);
    let mut references = vec![test.put(new("Ann")).await.reference];
    deliver(&worker, start()).await;
    references.push(test.put(held("Seller")).await.reference);
    let mut second = held("Other");
    second.spam.reasons.push("The message offers something for sale (+4)".into());
    references.push(test.put(second).await.reference);
    references.push(test.put(NewEnquiry { received: morning(3), ..new("Dee") }).await.reference);
    server.fail(At::Rcpt, Fault::Answer("550 no such user"));
    worker.step(morning(3)).await;
    server.fail(At::Rcpt, Fault::Answer("451 later"));
    worker.step(morning(3)).await;
    (test, references)
}

#[tokio::test]
async fn a_full_daily_and_weekly_note_match_the_snapshots() {
    let (test, references) = outbox_with_everything_to_report().await;
    let references: Vec<&str> = references.iter().map(String::as_str).collect();
    let server = Server::start(Encryption::Plain).await;
    let note_writer = note_writer(&test.outbox, &["staff@clinic.example"]);
    let now = morning(3) + SignedDuration::from_hours(2);
    assert!(note_writer.daily(&clinic(""), now).await.unwrap());
    assert!(!note_writer.weekly(&clinic(""), |_| None, now).await.unwrap(), "the first week has no note");
    let counts = [("when-a-partner-shuts-down".to_owned(), 38, 1), ("an-article-of-the-past".to_owned(), 20, 0)];
    test.outbox.add_counts(&counts, now).await.unwrap();
    let title = |slug: &str| (slug == "when-a-partner-shuts-down").then(|| "When a partner shuts down".to_owned());
    assert!(note_writer.weekly(&clinic(""), title, morning(6)).await.unwrap());
    assert!(!note_writer.weekly(&clinic(""), |_| None, morning(7)).await.unwrap(), "once a week");
    deliver(&worker(&test.outbox, &server), morning(6)).await;
    let mails: Vec<Mail> = server.mails().into_iter().filter(|mail| mail.text.contains("Subject: Website")).collect();
    for (mail, name) in mails.iter().zip(["daily", "weekly"]) {
        insta::assert_snapshot!(format!("{name}.txt"), same(&read(mail), &references));
        insta::assert_snapshot!(format!("{name}.html"), same(&html(mail), &references));
        assert!(mail.text.contains("Auto-Submitted: auto-generated"));
        let text = words(&read(mail));
        let head_of_a_table = ["title"];
        for word in words(&shown(&html(mail))).iter().filter(|word| !head_of_a_table.contains(&word.as_str())) {
            assert!(text.contains(word), "{name}: {word:?} is in the HTML part only");
        }
        for remote in ["src=", "url(", "@import", "http://", "<link", "<form", "<script"] {
            assert!(!html(mail).contains(remote), "{name}: {remote}");
        }
        for personal in ["Ann", "Seller", "555-0123", "stopped talking"] {
            assert!(!mail.text.contains(personal), "{name}: {personal}");
        }
    }
    assert_eq!(mails.len(), 2);
}

#[tokio::test]
async fn the_note_of_a_week_without_problems_matches_the_snapshot() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let note_writer = note_writer(&test.outbox, &["staff@clinic.example"]);
    assert!(!note_writer.weekly(&clinic(""), |_| None, morning(0)).await.unwrap());
    let receipt = test.put(new("Ann")).await;
    test.outbox.answered(&receipt.reference, later(60)).await.unwrap();
    deliver(&worker(&test.outbox, &server), start()).await;
    assert!(note_writer.weekly(&clinic(""), |_| None, morning(6)).await.unwrap());
    deliver(&worker(&test.outbox, &server), morning(6)).await;
    insta::assert_snapshot!("quiet_week", read(server.mails().last().unwrap()));
}

#[tokio::test]
async fn a_fault_is_reported_to_the_editor_once_until_it_is_corrected() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let note_writer = note_writer(&test.outbox, &["staff@clinic.example"]);
    let editor = "editor@clinic.example".parse().unwrap();
    let fault = |line| ContentFault {
        file: "content/articles/trust-after-betrayal/index.md".into(),
        place: Some((line, 1)),
        problem: "`descripton` is not a key of this kind of file".into(),
        remedy: "did you mean `description`?".into(),
    };
    assert!(note_writer.editor(&editor, &[fault(3)], start()).await.unwrap());
    assert!(
        !note_writer.editor(&editor, &[fault(3)], later(60)).await.unwrap(),
        "the same fault is not reported twice"
    );
    assert!(note_writer.editor(&editor, &[fault(3), fault(9)], later(61)).await.unwrap());
    deliver(&worker(&test.outbox, &server), later(61)).await;
    assert!(!note_writer.editor(&editor, &[], later(65)).await.unwrap(), "corrected");
    assert!(note_writer.editor(&editor, &[fault(3)], later(70)).await.unwrap(), "it came back");
    let mails = server.mails();
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["editor@clinic.example"; 2]);
    insta::assert_snapshot!("editor.txt", read(&mails[1]));
    insta::assert_snapshot!("editor.html", html(&mails[1]));
}

#[tokio::test]
async fn a_refused_note_fails_and_is_sent_again_on_request() {
    let (test, server) = (TestOutbox::new(Kind::Sqlite).await, Server::start(Encryption::Plain).await);
    let note_writer = note_writer(&test.outbox, &["staff@clinic.example"]);
    let worker = worker(&test.outbox, &server);
    test.put(held("Seller")).await;
    assert!(note_writer.daily(&clinic(""), morning(1)).await.unwrap());
    server.fail(At::Rcpt, Fault::Answer("550 no such user"));
    assert_eq!(worker.step(morning(1)).await, Step::Failed(0));
    server.clear_fault();
    assert_eq!(test.outbox.resend(None, morning(1)).await.unwrap(), 1);
    assert_eq!(worker.step(morning(1)).await, Step::Delivered(0));
    assert_eq!(server.mails().len(), 1);
}
