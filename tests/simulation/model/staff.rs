//! What staff, operators and the retention rules do with enquiries, in memory.

use super::{Model, ModelEnquiry, State, reference};
use jiff::{SignedDuration, Timestamp};
use relationship_clinic::mail::outbox::{Content, Entry, LetterEntry};

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Model {
    /// Every enquiry as `Outbox::export` gives it.
    pub fn export(&self) -> Vec<(Entry, Option<Content>)> {
        let export = self.enquiries.values().map(|row| {
            let mut entry = row.entry.clone();
            if self.has_letter(entry.number, State::Failed) {
                entry.state = "failed".into();
            }
            (entry, row.content.clone())
        });
        export.collect()
    }

    /// The letters of an enquiry as `Outbox::show` gives them.
    pub fn letters_of(&self, number: i64) -> Vec<LetterEntry> {
        let rows = self.letters.values().filter(|row| row.letter.number == number);
        let entries = rows.map(|row| LetterEntry {
            recipient: row.letter.recipient.clone(),
            state: format!("{:?}", row.state).to_lowercase(),
            attempts: row.letter.attempts,
            due: row.due,
            fault: row.fault.clone(),
        });
        entries.collect()
    }

    /// Numbers, and when staff were first notified: the fifty that the fewest notes have named, lowest score first.
    pub fn held(&self) -> Vec<(i64, Option<Timestamp>)> {
        let held = self.enquiries.values().filter(|row| row.entry.state == "held" && row.entry.spam.is_none());
        let score = |row: &&ModelEnquiry| row.content.as_ref().map(|content| content.spam.score);
        let mut held: Vec<_> = held.collect();
        held.sort_by_key(|row| (row.notified.as_ref().map_or(0, |notified| notified.days), score(row)));
        held.truncate(50);
        held.sort_by_key(|row| (score(row), row.entry.number));
        held.into_iter().map(|row| (row.entry.number, row.notified.as_ref().map(|notified| notified.first))).collect()
    }

    /// Their numbers.
    pub fn open_enquiries(&self) -> Vec<i64> {
        let is_corrected = |number| {
            let mut others = self.enquiries.values();
            others.any(|other| other.entry.corrects == Some(number) && other.entry.state != "held")
        };
        let open = self.enquiries.values().map(|row| &row.entry).filter(|entry| {
            let with_staff = entry.state != "held" && !(entry.state == "erased" && entry.delivered.is_none());
            with_staff && entry.answered.is_none() && entry.spam.is_none() && !is_corrected(entry.number)
        });
        open.map(|entry| entry.number).collect()
    }

    pub fn resend(&mut self, number: Option<i64>, now: Timestamp) -> u64 {
        let rows = self.letters.values_mut().filter(|row| row.state == State::Failed);
        let chosen = rows.filter(|row| number.is_none_or(|number| row.letter.number == number));
        let again = chosen.map(|row| {
            row.queue_again(now);
            row.fault = None;
            row.failed_at_relay = false;
        });
        again.count() as u64
    }

    pub fn release(&mut self, number: i64, now: Timestamp) -> bool {
        let held = self.enquiries.get_mut(&number).filter(|row| row.entry.state == "held");
        let Some(ModelEnquiry { entry, content, .. }) = held else { return false };
        entry.state = "waiting".into();
        entry.released = Some(now);
        entry.spam = None;
        let received = entry.received;
        let score = content.as_ref().map_or(0, |content| content.spam.score);
        self.queue_letters(number, score, received, now);
        true
    }

    pub fn answered(&mut self, number: i64, now: Timestamp) -> bool {
        let row = self.enquiries.get_mut(&number);
        row.map(|row| row.entry.answered.get_or_insert(now)).is_some()
    }

    pub fn spam(&mut self, number: i64, now: Timestamp) -> bool {
        self.enquiries.get_mut(&number).map(|row| row.entry.spam.get_or_insert(now)).is_some()
    }

    pub fn erase(&mut self, number: i64, now: Timestamp) -> bool {
        let Some(row) = self.enquiries.get_mut(&number).filter(|row| row.content.is_some()) else { return false };
        row.erase();
        row.entry.answered.get_or_insert(now);
        let about = Some(reference(number));
        self.letters
            .retain(|_, row| row.state == State::Delivered || (row.letter.number != number && row.reference != about));
        true
    }

    /// How many were erased, how many removed.
    pub fn apply_retention(&mut self, now: Timestamp) -> (u64, u64) {
        let by_age: Vec<i64> =
            self.enquiries.values().filter(|row| self.is_erased_by_age(row, now)).map(|row| row.entry.number).collect();
        for number in &by_age {
            self.enquiries.get_mut(number).unwrap().erase();
        }
        let before = self.enquiries.len();
        self.enquiries.retain(|_, row| row.content.is_some() || row.entry.received > now - DAY * 90);
        self.letters.retain(|_, row| {
            let number = row.letter.number;
            let old = row.done.is_some_and(|done| done <= now - DAY * 90);
            if number > 0 { self.enquiries.contains_key(&number) } else { !old }
        });
        (by_age.len() as u64, (before - self.enquiries.len()) as u64)
    }

    fn is_erased_by_age(&self, row: &ModelEnquiry, now: Timestamp) -> bool {
        let passed = |since: Option<Timestamp>, age| since.is_some_and(|since| since <= now - age);
        let number = row.entry.number;
        let undelivered = self.has_letter(number, State::Waiting) || self.has_letter(number, State::Failed);
        let answered = row.entry.delivered.is_some() && passed(row.entry.answered, DAY);
        let left = answered || passed(row.entry.delivered, DAY * 14);
        let notified = row.notified.as_ref().filter(|notified| notified.days >= 3).map(|notified| notified.first);
        row.content.is_some() && left && !undelivered
            || row.entry.state == "held" && (passed(row.entry.spam, DAY) || passed(notified, DAY * 30))
    }
}

impl ModelEnquiry {
    fn erase(&mut self) {
        self.content = None;
        self.entry.state = "erased".into();
        self.entry.erased = true;
    }
}
