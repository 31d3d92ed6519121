//! An outbox in memory, with the rules of the one on a database in their plainest form.
//!
//! Every method has the name and the meaning of the method of `Outbox`. References are made from numbers.

mod letters;
mod staff;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use relationship_clinic::{
    enquiry::Action,
    mail::{
        health::ProblemKind,
        outbox::{ClaimedLetter, ClaimedProblem, Content, Entry, MessageKind, NewEnquiry, REPEAT, Receipt, RelayState},
    },
};
use std::collections::BTreeMap;

/// Enquiries of an hour that are not held for their number.
pub const MAX_PER_HOUR: u32 = 5;

/// The whole state of an outbox.
#[derive(Debug, Clone)]
pub struct Model {
    pub recipients: Vec<String>,
    pub enquiries: BTreeMap<i64, ModelEnquiry>,
    pub letters: BTreeMap<i64, ModelLetter>,
    pub problems: BTreeMap<&'static str, Problem>,
    pub relay: RelayState,
    /// The clock of a database server; leases use it instead of the program's.
    pub server_clock: Option<Timestamp>,
    last_number: i64,
    last_letter: i64,
    last_claim: i64,
}

/// A row of the table of enquiries. The state of its entry is the stored one.
#[derive(Debug, Clone)]
pub struct ModelEnquiry {
    pub entry: Entry,
    pub content: Option<Content>,
    nonce: Option<String>,
    day: String,
    notified: Option<Notified>,
}

/// When staff were notified of a held enquiry.
#[derive(Debug, Clone)]
struct Notified {
    first: Timestamp,
    days: u32,
    last_day: String,
}

/// A row of the table of letters.
#[derive(Debug, Clone)]
pub struct ModelLetter {
    pub letter: ClaimedLetter,
    pub state: State,
    pub due: Timestamp,
    pub leased_until: Timestamp,
    pub fault: Option<String>,
    score: u32,
    claimed: bool,
    failed_at_relay: bool,
    done: Option<Timestamp>,
    once: Option<String>,
    /// Of the enquiry that an acknowledgment is about.
    reference: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting,
    Delivered,
    Failed,
    Discarded,
}

/// A row of the table of problems.
#[derive(Debug, Clone)]
pub struct Problem {
    pub reported: Option<Timestamp>,
    since: Timestamp,
    due: Timestamp,
    leased_until: Timestamp,
    attempts: u32,
    pub letters: i64,
}

/// What is due later than `latest` was stored before the clock was set back.
fn is_due(due: Timestamp, now: Timestamp, latest: Timestamp) -> bool {
    due <= now || due > latest
}

/// So is a lease that ends more than an hour later than a new one.
fn has_ended(leased_until: Timestamp, now: Timestamp, lease: SignedDuration) -> bool {
    is_due(leased_until, now, now + lease + SignedDuration::from_hours(1))
}

pub fn reference(number: i64) -> String {
    format!("R{number:07}")
}

/// The day at the clinic.
pub fn day(at: Timestamp) -> String {
    TimeZone::get("America/Los_Angeles").unwrap().to_datetime(at).date().to_string()
}

impl Model {
    pub fn new(recipients: &[&str]) -> Self {
        Self {
            recipients: recipients.iter().map(ToString::to_string).collect(),
            enquiries: BTreeMap::new(),
            letters: BTreeMap::new(),
            problems: BTreeMap::new(),
            relay: RelayState { failures: 0, paused_until: Timestamp::UNIX_EPOCH },
            server_clock: None,
            last_number: 0,
            last_letter: 0,
            last_claim: 0,
        }
    }

    pub fn put(&mut self, new: &NewEnquiry) -> Receipt {
        let day = day(new.received);
        let same_form = |earlier: &&ModelEnquiry| new.nonce.is_some() && earlier.nonce == new.nonce;
        let same_answers =
            |earlier: &&ModelEnquiry| earlier.content.as_ref().is_some_and(|content| content.enquiry == new.enquiry);
        let mut earlier = self.enquiries.values();
        if let Some(same) = earlier.clone().filter(same_answers).find(|e| same_form(e) || e.day == day) {
            let number = same.entry.number;
            return Receipt { reference: reference(number), number, duplicate: true, held: false };
        }
        let corrects = earlier.rfind(same_form).map(|earlier| earlier.entry.number);
        self.last_number += 1;
        let number = self.last_number;
        let full = new.spam.action != Action::Hold && self.mailed_before(new.received) >= MAX_PER_HOUR as usize;
        let mut spam = new.spam.clone();
        if full {
            spam.hold_above(MAX_PER_HOUR);
        }
        let held = spam.action == Action::Hold;
        let entry = Entry {
            number,
            reference: reference(number),
            state: if held { "held" } else { "waiting" }.into(),
            received: new.received,
            delivered: None,
            answered: None,
            released: None,
            spam: None,
            corrects,
            erased: false,
        };
        let content = Some(Content { enquiry: new.enquiry.clone(), spam });
        let enquiry = ModelEnquiry { entry, content, nonce: new.nonce.clone(), day, notified: None };
        self.enquiries.insert(number, enquiry);
        if !held {
            self.queue_letters(number, new.spam.score, new.received, new.received);
        }
        Receipt { reference: reference(number), number, duplicate: false, held }
    }

    /// How many enquiries of the last hour were not held.
    fn mailed_before(&self, now: Timestamp) -> usize {
        let entries = self.enquiries.values().map(|row| &row.entry);
        let mailed = entries.filter(|entry| entry.state != "held" && entry.released.is_none());
        mailed.filter(|entry| entry.received > now - SignedDuration::from_hours(1) && entry.received <= now).count()
    }

    /// Whether this number was given.
    pub fn is_known(&self, number: i64) -> bool {
        (1..=self.last_number).contains(&number)
    }

    fn queue_letters(&mut self, number: i64, score: u32, dated: Timestamp, now: Timestamp) {
        for (recipient, copy) in self.recipients.clone().into_iter().zip(1..) {
            let message_id = format!("<{}@clinic.example>", reference(number));
            let row = self.insert(ClaimedLetter {
                id: 0,
                number,
                copy,
                recipient,
                message_id,
                dated,
                queued: now,
                attempts: 0,
                kind: MessageKind::Enquiry,
                claim: String::new(),
            });
            row.score = score;
        }
    }

    /// Adds a waiting letter.
    fn insert(&mut self, letter: ClaimedLetter) -> &mut ModelLetter {
        self.last_letter += 1;
        let row = ModelLetter {
            due: letter.queued,
            score: 0,
            letter: ClaimedLetter { id: self.last_letter, ..letter },
            state: State::Waiting,
            leased_until: Timestamp::UNIX_EPOCH,
            fault: None,
            claimed: false,
            failed_at_relay: false,
            done: None,
            once: None,
            reference: None,
        };
        self.letters.entry(self.last_letter).or_insert(row)
    }

    /// Whether a letter of this enquiry is in this state.
    pub fn has_letter(&self, number: i64, state: State) -> bool {
        number > 0 && self.letters.values().any(|row| row.letter.number == number && row.state == state)
    }

    pub fn problem_begins(&mut self, kind: ProblemKind, letters: u64, now: Timestamp) -> bool {
        let letters = letters.cast_signed();
        let leased_until = Timestamp::UNIX_EPOCH;
        let new = Problem { since: now, due: now, leased_until, attempts: 0, letters: 0, reported: None };
        let problem = self.problems.entry(kind.name()).or_insert(new);
        let more = letters > problem.letters;
        problem.letters = letters;
        if let Some(reported) = problem.reported.take_if(|_| more) {
            problem.due = reported + REPEAT;
        }
        more
    }

    pub fn problem_ends(&mut self, kind: ProblemKind) -> bool {
        self.problems.remove(kind.name()).is_some()
    }

    pub fn claim_problem(
        &mut self,
        now: Timestamp,
        lease: SignedDuration,
        latest: Timestamp,
    ) -> Option<ClaimedProblem> {
        let begin = self.server_clock.unwrap_or(now);
        let due = |row: &Problem| is_due(row.due, now, latest) && has_ended(row.leased_until, begin, lease);
        let (name, problem) = self.problems.iter_mut().find(|(_, row)| row.reported.is_none() && due(row))?;
        problem.leased_until = begin + lease;
        problem.attempts += 1;
        let kind = ProblemKind::named(name).unwrap();
        Some(ClaimedProblem { kind, since: problem.since, attempts: problem.attempts, letters: problem.letters })
    }

    pub fn problem_reported(&mut self, reported: &ClaimedProblem, now: Timestamp) {
        if let Some(problem) = self.problems.get_mut(reported.kind.name()) {
            problem.reported = Some(now);
            problem.letters = reported.letters;
            problem.attempts = 0;
            problem.leased_until = Timestamp::UNIX_EPOCH;
        }
    }

    pub fn retry_problem(&mut self, kind: ProblemKind, at: Timestamp) {
        if let Some(problem) = self.problems.get_mut(kind.name()) {
            problem.due = at;
            problem.leased_until = Timestamp::UNIX_EPOCH;
        }
    }
}
