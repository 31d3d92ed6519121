//! The notes that the website sends: to staff on days with something to do, to staff each week, and to the editor when a
//! change of the content cannot be served.
//!
//! Invariant: each is written once, by one copy of the program; whether it is due is decided by data and time alone. The
//! text is in the templates.
//!
//! Never: the clock, a transport, what a visitor wrote.

mod due;

pub use due::{Week, day_of_note, week_of_note};

use crate::{
    content::Clinic,
    enquiry::{link::LinkAction, response_time, retention},
    mail::{
        health::LATE,
        message::MessageBuilder,
        outbox::{
            Counts, HeldEnquiry, Note, OpenEnquiry, Outbox, ProblemStore as _, Unavailable, UndeliveredLetter,
            counts::{Rounded, Total},
        },
    },
};
use askama::Template;
use jiff::{SignedDuration, Timestamp};
use lettre::Address;

/// Days after the promised time during which an enquiry is named every morning; after that it is only counted, so that
/// the note stays short.
const NAMED: SignedDuration = SignedDuration::from_hours(24 * 14);
/// Links of a note are valid for as long as a held enquiry may be kept, and five days more.
const LINKS: SignedDuration = SignedDuration::from_hours(24 * (retention::HELD_DAYS + 5));
/// How long a held enquiry is kept after staff were first notified of it.
const HELD: SignedDuration = SignedDuration::from_hours(24 * retention::HELD_DAYS);

/// Writes notes and queues them.
#[derive(Debug, Clone)]
pub struct NoteWriter {
    outbox: Outbox,
    builder: MessageBuilder,
    staff: Vec<Address>,
}

impl NoteWriter {
    /// Each of `staff` gets a copy of the daily and the weekly note.
    pub fn new(outbox: Outbox, builder: MessageBuilder, staff: Vec<Address>) -> Self {
        Self { outbox, builder, staff }
    }

    /// Queues the note of the day once its hour has come, if there is something to report; true if it did.
    pub async fn daily(&self, clinic: &Clinic, now: Timestamp) -> Result<bool, Unavailable> {
        let Some(day) = day_of_note(now, &self.builder.zone) else { return Ok(false) };
        let once = format!("daily {day}");
        if self.outbox.has_note(&once).await? {
            return Ok(false);
        }
        let open = self.outbox.open_enquiries().await?;
        let (open, older) = self.late(clinic, &open, now).partition(|(_, due)| now.duration_since(*due) <= NAMED);
        let older: Vec<_> = older;
        let daily = Daily {
            builder: &self.builder,
            now,
            day: day.strftime("%A, %B %-d, %Y").to_string(),
            held: self.outbox.held().await?,
            held_in_all: self.outbox.letter_counts(now, LATE).await?.held,
            open,
            older: older.len(),
            undelivered: self.outbox.undelivered(now, LATE).await?,
            promised: clinic.reply.is_some(),
        };
        let note = (!daily.is_empty()).then(|| {
            let held = daily.held.iter().map(|held| held.number).collect();
            Note { day: day.to_string(), held, ..note(&DailyText(&daily), &DailyHtml(&daily)) }
        });
        Ok(self.outbox.queue_note(&once, &self.staff, note.as_ref(), now).await? && note.is_some())
    }

    /// Queues the note of the week on its Monday or as soon as possible after; true if it did. The first week of an
    /// outbox has none. `title` names an article by its slug; an article without a title is left out.
    pub async fn weekly(
        &self,
        clinic: &Clinic,
        title: impl Fn(&str) -> Option<String>,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let week = week_of_note(now, &self.builder.zone);
        let once = format!("weekly {}", week.monday);
        if self.outbox.has_note(&once).await? {
            return Ok(false);
        }
        if !self.outbox.has_notes_of("weekly").await? {
            self.outbox.queue_note(&once, &self.staff, None, now).await?;
            return Ok(false);
        }
        let open = self.outbox.open_enquiries().await?;
        let read = self.outbox.totals(week.first, week.last).await?;
        let article = |total: Total| Some((title(&total.article)?, total.views, total.enquiries));
        let weekly = Weekly {
            first: week.first.strftime("%B %-d").to_string(),
            last: week.last.strftime("%B %-d, %Y").to_string(),
            counts: self.outbox.counts(week.from, week.to).await?,
            held: self.outbox.letter_counts(now, LATE).await?.held,
            open: open.len(),
            late: self.late(clinic, &open, now).count(),
            undelivered: self.outbox.undelivered(now, LATE).await?.len(),
            articles: read.into_iter().filter_map(article).collect(),
        };
        let note = note(&WeeklyText(&weekly), &WeeklyHtml(&weekly));
        self.outbox.queue_note(&once, &self.staff, Some(&note), now).await
    }

    /// Reports faults to the editor, the same ones once until there are none; true if it did.
    pub async fn editor(&self, editor: &Address, faults: &[ContentFault], now: Timestamp) -> Result<bool, Unavailable> {
        if faults.is_empty() {
            self.outbox.remove_notes_of("editor").await?;
            return Ok(false);
        }
        let note = note(&EditorText(faults), &EditorHtml(faults));
        let once = format!("editor {}", &blake3::hash(note.text.as_bytes()).to_hex()[..16]);
        self.outbox.queue_note(&once, std::slice::from_ref(editor), Some(&note), now).await
    }

    /// Open enquiries past their reply deadline, each with that deadline.
    fn late<'a>(
        &'a self,
        clinic: &'a Clinic,
        open: &'a [OpenEnquiry],
        now: Timestamp,
    ) -> impl Iterator<Item = (&'a OpenEnquiry, Timestamp)> {
        let zone = &self.builder.zone;
        let due = |one: &OpenEnquiry| {
            let local = response_time::expected_by(clinic, zone.to_datetime(one.received));
            zone.to_ambiguous_timestamp(local).compatible().unwrap_or(Timestamp::MAX)
        };
        open.iter().map(move |one| (one, due(one))).filter(move |(_, due)| *due < now)
    }
}

/// The first line of the text is the subject.
fn note(text: &impl Template, html: &impl Template) -> Note {
    let render = "a template that only chooses and repeats can be rendered";
    let whole = text.render().expect(render);
    let (subject, text) = whole.split_once("\n\n").unwrap_or((&whole, ""));
    let html = html.render().expect(render);
    Note { subject: subject.trim().to_owned(), text: text.to_owned(), html, day: String::new(), held: Vec::new() }
}

/// The note of a day.
struct Daily<'a> {
    builder: &'a MessageBuilder,
    now: Timestamp,
    day: String,
    /// Those that are named.
    held: Vec<HeldEnquiry>,
    held_in_all: u64,
    /// Each with its reply deadline.
    open: Vec<(&'a OpenEnquiry, Timestamp)>,
    /// Enquiries past the deadline for so long that they are only counted.
    older: usize,
    undelivered: Vec<UndeliveredLetter>,
    /// The clinic's facts promise a time; if not, two weekdays are counted.
    promised: bool,
}

#[derive(Template)]
#[template(path = "mail/daily.txt", escape = "none")]
struct DailyText<'a>(&'a Daily<'a>);

#[derive(Template)]
#[template(path = "mail/daily.html")]
struct DailyHtml<'a>(&'a Daily<'a>);

impl Daily<'_> {
    fn is_empty(&self) -> bool {
        self.held.is_empty() && self.open.is_empty() && self.undelivered.is_empty()
    }

    fn when(&self, at: &Timestamp) -> String {
        self.builder.when(*at)
    }

    /// The day on which a held enquiry may be erased.
    fn erasure(&self, one: &HeldEnquiry) -> String {
        let day = one.notified.unwrap_or(self.now).saturating_add(HELD).unwrap_or(Timestamp::MAX);
        self.builder.zone.to_datetime(day).strftime("%B %-d").to_string()
    }

    fn answered(&self, reference: &str) -> String {
        self.link(LinkAction::Answered, reference)
    }

    fn release(&self, reference: &str) -> String {
        self.link(LinkAction::Release, reference)
    }

    fn spam(&self, reference: &str) -> String {
        self.link(LinkAction::Spam, reference)
    }

    fn link(&self, action: LinkAction, reference: &str) -> String {
        self.builder.links.to(action, reference, self.now.saturating_add(LINKS).unwrap_or(Timestamp::MAX))
    }
}

/// The note of a week.
struct Weekly {
    first: String,
    last: String,
    counts: Counts,
    /// Held now.
    held: u64,
    /// Not marked as answered now.
    open: usize,
    /// Open enquiries past their reply deadline.
    late: usize,
    /// Letters that cannot be delivered now.
    undelivered: usize,
    /// Title, views and enquiries of each article that was read.
    articles: Vec<(String, Rounded, Rounded)>,
}

#[derive(Template)]
#[template(path = "mail/weekly.txt", escape = "none")]
struct WeeklyText<'a>(&'a Weekly);

#[derive(Template)]
#[template(path = "mail/weekly.html")]
struct WeeklyHtml<'a>(&'a Weekly);

impl Weekly {
    fn is_well(&self) -> bool {
        self.late == 0 && self.undelivered == 0 && self.held == 0
    }
}

/// What an editor must correct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentFault {
    /// The file, as the editor would open it.
    pub file: String,
    /// Line and column, from 1, where there is one.
    pub place: Option<(u32, u32)>,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

#[derive(Template)]
#[template(path = "mail/editor.txt", escape = "none")]
struct EditorText<'a>(&'a [ContentFault]);

#[derive(Template)]
#[template(path = "mail/editor.html")]
struct EditorHtml<'a>(&'a [ContentFault]);
