//! What the templates of notes see.

use super::{Week, note};
use crate::{
    content::Clinic,
    enquiry::{link::Deed, promise, retention},
    mail::{
        counts::{Rounded, Total},
        letter::Letterhead,
        outbox::{Counts, HeldEnquiry, Note, OpenEnquiry, StuckLetter},
    },
};
use askama::Template;
use jiff::{SignedDuration, Timestamp, civil::Date};

/// Days after the promised time during which an enquiry is named every morning; after that it is only counted, so that
/// the note stays worth reading.
const NAMED_DAYS: i64 = 14;
/// Links of a note are good for as long as a held enquiry may be kept, and a few days more.
const LINK_DAYS: i64 = retention::HELD_DAYS + 5;

/// How an article fared in a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArticleCount {
    /// Its title.
    pub(super) title: String,
    /// How often its page was shown, as words, since small numbers are rounded.
    pub(super) views: String,
    /// How many enquiries were sent from its foot this month, as words.
    pub(super) enquiries: String,
}

impl ArticleCount {
    pub(super) fn new(title: String, total: &Total) -> Self {
        let enquiries = total.enquiries.unwrap_or_else(|| Rounded::new(0));
        Self { title, views: total.views.to_string(), enquiries: enquiries.to_string() }
    }
}

pub(super) struct Held {
    pub(super) number: u64,
    pub(super) reference: String,
    pub(super) received: String,
    pub(super) reasons: Vec<String>,
    /// The day on which its words may be erased.
    pub(super) until: String,
    pub(super) release: String,
    pub(super) spam: String,
}

pub(super) struct Open {
    pub(super) number: u64,
    pub(super) reference: String,
    pub(super) received: String,
    pub(super) due: String,
    pub(super) answered: String,
    pub(super) spam: String,
}

pub(super) struct Stuck {
    pub(super) enquiry: Option<(u64, String)>,
    pub(super) recipient: String,
    pub(super) since: String,
    pub(super) set_aside: bool,
    pub(super) fault: String,
}

/// The note of a day.
pub(super) struct Daily {
    pub(super) day: String,
    pub(super) held: Vec<Held>,
    pub(super) open: Vec<Open>,
    /// Past their time for so long that they are only counted.
    pub(super) older: usize,
    pub(super) stuck: Vec<Stuck>,
    /// The clinic promises a time in its facts; if not, two weekdays are counted.
    pub(super) promised: bool,
}

#[derive(Template)]
#[template(path = "mail/daily.txt", escape = "none")]
struct DailyText<'a>(&'a Daily);

#[derive(Template)]
#[template(path = "mail/daily.html")]
struct DailyHtml<'a>(&'a Daily);

impl Daily {
    pub(super) fn new(
        head: &Letterhead,
        clinic: &Clinic,
        (held, open, stuck): (Vec<HeldEnquiry>, Vec<OpenEnquiry>, Vec<StuckLetter>),
        day: Date,
        now: Timestamp,
    ) -> Self {
        let (named, older): (Vec<_>, Vec<_>) =
            late(head, clinic, &open, now).partition(|(_, by)| now.duration_since(*by) <= days(NAMED_DAYS));
        Self {
            day: day.strftime("%A, %B %-d, %Y").to_string(),
            held: held.into_iter().map(|one| Held::new(head, one, now)).collect(),
            open: named.into_iter().map(|(one, by)| Open::new(head, one, by, now)).collect(),
            older: older.len(),
            stuck: stuck.into_iter().map(|one| Stuck::new(head, one)).collect(),
            promised: clinic.reply.is_some(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.open.is_empty() && self.stuck.is_empty()
    }

    pub(super) fn note(&self, day: Date, held: Vec<u64>) -> Note {
        Note { day: day.to_string(), held, ..note(&DailyText(self), &DailyHtml(self)) }
    }
}

/// Open enquiries whose time is over, each with that time.
pub(super) fn late<'a>(
    head: &'a Letterhead,
    clinic: &'a Clinic,
    open: &'a [OpenEnquiry],
    now: Timestamp,
) -> impl Iterator<Item = (&'a OpenEnquiry, Timestamp)> {
    let by = |one: &OpenEnquiry| {
        let local = promise::expected_by(clinic, head.zone.to_datetime(one.received));
        head.zone.to_ambiguous_timestamp(local).compatible().unwrap_or(Timestamp::MAX)
    };
    open.iter().map(move |one| (one, by(one))).filter(move |(_, by)| *by < now)
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn after(at: Timestamp, count: i64) -> Timestamp {
    at.saturating_add(days(count)).unwrap_or(Timestamp::MAX)
}

impl Held {
    fn new(head: &Letterhead, one: HeldEnquiry, now: Timestamp) -> Self {
        let link = |deed| head.links.to(deed, &one.reference, after(now, LINK_DAYS));
        let until = after(one.told.unwrap_or(now), retention::HELD_DAYS);
        Self {
            number: one.number,
            received: head.when(one.received),
            until: head.zone.to_datetime(until).strftime("%B %-d").to_string(),
            release: link(Deed::Release),
            spam: link(Deed::Spam),
            reasons: one.reasons,
            reference: one.reference,
        }
    }
}

impl Open {
    fn new(head: &Letterhead, one: &OpenEnquiry, by: Timestamp, now: Timestamp) -> Self {
        let link = |deed| head.links.to(deed, &one.reference, after(now, LINK_DAYS));
        Self {
            number: one.number,
            reference: one.reference.clone(),
            received: head.when(one.received),
            due: head.when(by),
            answered: link(Deed::Answered),
            spam: link(Deed::Spam),
        }
    }
}

impl Stuck {
    fn new(head: &Letterhead, one: StuckLetter) -> Self {
        Self {
            enquiry: one.enquiry,
            recipient: one.recipient,
            since: head.when(one.since),
            set_aside: one.set_aside,
            fault: one.fault.unwrap_or_default(),
        }
    }
}

/// The note of a week.
pub(super) struct Weekly {
    pub(super) week: Week,
    pub(super) counts: Counts,
    /// Held now.
    pub(super) held: usize,
    /// Not marked as answered now.
    pub(super) open: usize,
    /// Of these, past their time.
    pub(super) late: usize,
    /// Letters that do not leave now.
    pub(super) stuck: usize,
    pub(super) articles: Vec<ArticleCount>,
}

#[derive(Template)]
#[template(path = "mail/weekly.txt", escape = "none")]
struct WeeklyText<'a>(&'a Weekly);

#[derive(Template)]
#[template(path = "mail/weekly.html")]
struct WeeklyHtml<'a>(&'a Weekly);

impl Weekly {
    pub(super) fn is_well(&self) -> bool {
        self.late == 0 && self.stuck == 0 && self.held == 0
    }

    fn first(&self) -> String {
        self.week.first.strftime("%B %-d").to_string()
    }

    fn last(&self) -> String {
        self.week.last.strftime("%B %-d, %Y").to_string()
    }

    pub(super) fn note(&self) -> Note {
        note(&WeeklyText(self), &WeeklyHtml(self))
    }
}

/// What an editor must mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as the editor would open it.
    pub file: String,
    /// Line and column, from 1, where there is one.
    pub place: Option<(u32, u32)>,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

/// The note to the editor.
pub(super) struct Editor<'a> {
    pub(super) mistakes: &'a [Mistake],
}

#[derive(Template)]
#[template(path = "mail/editor.txt", escape = "none")]
struct EditorText<'a>(&'a Editor<'a>);

#[derive(Template)]
#[template(path = "mail/editor.html")]
struct EditorHtml<'a>(&'a Editor<'a>);

impl Editor<'_> {
    pub(super) fn note(&self) -> Note {
        note(&EditorText(self), &EditorHtml(self))
    }
}
