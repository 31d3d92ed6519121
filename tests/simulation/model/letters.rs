//! Letters and the relay's state, in memory.

use super::{Model, ModelLetter, Notified, State, day, has_ended, is_due, reference};
use jiff::{SignedDuration, Timestamp};
use relationship_clinic::mail::{
    health::{LetterCounts, ProblemKind},
    mailer::DeliveryError,
    outbox::{ClaimedLetter, EarlierEnquiry, MessageKind, Note, RelayState, StoredEnquiry},
};

impl ModelLetter {
    fn is_acknowledgement(&self) -> bool {
        self.letter.kind == MessageKind::Acknowledgement
    }

    fn is_waiting_for_staff(&self) -> bool {
        self.state == State::Waiting && !self.is_acknowledgement()
    }

    /// Nobody holds it any more.
    fn release(&mut self) {
        self.leased_until = Timestamp::UNIX_EPOCH;
        self.claimed = false;
    }

    /// It waits as if it were new.
    pub(super) fn queue_again(&mut self, now: Timestamp) {
        self.state = State::Waiting;
        self.due = now;
        self.letter.queued = now;
        self.letter.attempts = 0;
        self.done = None;
    }
}

impl Model {
    pub fn claim(
        &mut self,
        now: Timestamp,
        lease: SignedDuration,
        latest: Timestamp,
        busy: &[String],
    ) -> Option<ClaimedLetter> {
        let begin = self.server_clock.unwrap_or(now);
        let claimable = self.letters.values_mut().filter(|row| {
            let due = is_due(row.due, now, latest) && has_ended(row.leased_until, begin, lease);
            row.state == State::Waiting && due && !busy.contains(&row.letter.recipient)
        });
        // The first of several with the same score.
        let row = claimable.min_by_key(|row| row.score)?;
        self.last_claim += 1;
        row.leased_until = begin + lease;
        row.claimed = true;
        row.letter.claim = self.last_claim.to_string();
        row.letter.attempts += 1;
        Some(row.letter.clone())
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        let waiting = self.letters.values().filter(|row| row.state == State::Waiting);
        waiting.map(|row| row.due.max(row.leased_until)).min()
    }

    pub fn stored(&self, number: i64) -> Option<StoredEnquiry> {
        let earlier = |number: i64| {
            let entry = &self.enquiries.get(&number)?.entry;
            Some(EarlierEnquiry { number, reference: entry.reference.clone(), held: entry.state == "held" })
        };
        let row = self.enquiries.get(&number)?;
        let content = row.content.clone()?;
        Some(StoredEnquiry {
            reference: reference(number),
            number,
            received: row.entry.received,
            enquiry: content.enquiry,
            spam: content.spam,
            previous: earlier(number - 1),
            corrects: row.entry.corrects.and_then(earlier),
        })
    }

    pub fn mark_delivered(&mut self, letter: &ClaimedLetter, now: Timestamp) {
        if let Some(row) = self.letters.get_mut(&letter.id).filter(|row| row.state != State::Delivered) {
            row.state = State::Delivered;
            row.done = Some(now);
            row.fault = None;
            row.failed_at_relay = false;
            row.release();
            if row.is_acknowledgement() {
                row.letter.recipient.clear();
            }
        }
        let mut letters = self.letters.values();
        let done = letters.all(|row| row.letter.number != letter.number || row.state == State::Delivered);
        if let Some(row) = self.enquiries.get_mut(&letter.number).filter(|row| row.entry.state == "waiting" && done) {
            row.entry.state = "delivered".into();
            row.entry.delivered = Some(now);
        }
        if let MessageKind::Note(note) = &letter.kind {
            self.mark_held_as_notified(note, now);
        }
    }

    fn mark_held_as_notified(&mut self, note: &Note, now: Timestamp) {
        for number in &note.held {
            let Some(row) = self.enquiries.get_mut(number) else { continue };
            let new = Notified { first: now, days: 0, last_day: String::new() };
            let notified = row.notified.get_or_insert(new);
            if notified.last_day != note.day {
                notified.days += 1;
                notified.last_day.clone_from(&note.day);
            }
        }
    }

    pub fn schedule_retry(&mut self, letter: &ClaimedLetter, error: &DeliveryError, at: Timestamp) {
        if let Some(row) = self.end_claim(letter, error) {
            row.due = at;
        }
    }

    pub fn mark_failed(&mut self, letter: &ClaimedLetter, error: &DeliveryError, now: Timestamp) {
        if let Some(row) = self.end_claim(letter, error) {
            row.state = State::Failed;
            row.done = Some(now);
        }
    }

    /// The letter, if this claim is still the current one.
    fn end_claim(&mut self, letter: &ClaimedLetter, error: &DeliveryError) -> Option<&mut ModelLetter> {
        let row = self.letters.get_mut(&letter.id)?;
        if row.state != State::Waiting || !row.claimed || row.letter.claim != letter.claim {
            return None;
        }
        row.release();
        row.failed_at_relay = matches!(error, DeliveryError::Session { .. });
        row.fault = Some(error.to_string());
        Some(row)
    }

    /// True unless this key was used before.
    pub fn queue_note(&mut self, once: &str, note: &Note, now: Timestamp) -> bool {
        let fresh = !self.letters.values().any(|row| row.once.as_deref() == Some(once));
        for (recipient, copy) in self.recipients.clone().into_iter().zip(1..).filter(|_| fresh) {
            let row = self.insert(other_letter(once, copy, recipient, MessageKind::Note(note.clone()), now));
            row.once = Some(if copy == 1 { once.to_owned() } else { format!("{once} {copy}") });
        }
        fresh
    }

    pub fn queue_acknowledgement(&mut self, reference: &str, address: &str, now: Timestamp) -> bool {
        let once = format!("acknowledgement {} {address}", day(now));
        let fresh = !self.letters.values().any(|row| row.once.as_ref() == Some(&once));
        if fresh {
            let row = self.insert(other_letter(&once, 1, address.to_owned(), MessageKind::Acknowledgement, now));
            row.once = Some(once);
            row.reference = Some(reference.to_owned());
        }
        fresh
    }

    pub fn discard_acknowledgement(&mut self, letter: &ClaimedLetter, now: Timestamp) {
        if let Some(row) = self.letters.get_mut(&letter.id).filter(|row| row.is_acknowledgement()) {
            row.state = State::Discarded;
            row.done = Some(now);
            row.letter.recipient.clear();
            row.reference = None;
            row.release();
        }
    }

    pub fn letter_counts(&self, now: Timestamp, late: SignedDuration) -> LetterCounts {
        let waiting = || self.letters.values().filter(|row| row.is_waiting_for_staff()).map(|row| row.letter.queued);
        let open_failure = |row: &&ModelLetter| {
            let enquiry = self.enquiries.get(&row.letter.number);
            row.state == State::Failed && enquiry.is_none_or(|row| row.entry.answered.is_none())
        };
        let held = self.enquiries.values().filter(|row| row.entry.state == "held" && row.entry.spam.is_none());
        LetterCounts {
            waiting: waiting().count() as u64,
            late: waiting().filter(|queued| *queued <= now - late).count() as u64,
            oldest: waiting().min(),
            failed: self.letters.values().filter(open_failure).count() as u64,
            held: held.count() as u64,
            relay_refuses: self.problems.contains_key(ProblemKind::RelayRefuses.name()),
        }
    }

    pub fn may_probe(&mut self, now: Timestamp, until: Timestamp, latest: Timestamp) -> bool {
        let may = self.relay.failures > 0 && is_due(self.relay.paused_until, now, latest);
        if may {
            self.relay.paused_until = until;
        }
        may
    }

    pub fn pause(&mut self, until: Timestamp) {
        self.relay = RelayState { failures: self.relay.failures + 1, paused_until: until };
    }

    pub fn resume(&mut self) {
        self.relay.paused_until = Timestamp::UNIX_EPOCH;
    }

    pub fn relay_recovered(&mut self, now: Timestamp) {
        let failed = |row: &&mut ModelLetter| row.state == State::Failed && row.failed_at_relay;
        self.letters.values_mut().filter(failed).for_each(|row| row.queue_again(now));
        self.problem_ends(ProblemKind::RelayRefuses);
        self.relay = RelayState { failures: 0, paused_until: Timestamp::UNIX_EPOCH };
    }
}

/// A letter that is not about an enquiry.
fn other_letter(once: &str, copy: i64, recipient: String, kind: MessageKind, now: Timestamp) -> ClaimedLetter {
    ClaimedLetter {
        id: 0,
        number: 0,
        copy,
        recipient,
        message_id: format!("<{}@clinic.example>", once.replace([' ', '@'], ".")),
        dated: now,
        queued: now,
        attempts: 0,
        kind,
        claim: String::new(),
    }
}
