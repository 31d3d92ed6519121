//! Letters: claimed by lease, and the outcome of their delivery recorded.
//!
//! Invariant: one statement claims, so that no two workers hold one letter while its lease lasts. A failure is recorded
//! only for the current claim; a delivery always, since it has happened.

use super::{
    Note, Outbox, Unavailable,
    notes::{self, ACKNOWLEDGEMENT},
    reference::random_hex,
    time,
    writer::json,
};
use crate::{
    enquiry::{Enquiry, SpamScore},
    mail::mailer::DeliveryError,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::FromRow as _;

/// A letter that no other worker claims until its lease ends.
#[derive(Debug, Clone)]
pub struct ClaimedLetter {
    /// Row of the table.
    pub id: i64,
    /// Number of the enquiry; 0 for a note, which has none.
    pub number: i64,
    /// 1 for the first recipient, 2 for the second …
    pub copy: i64,
    /// An email address.
    pub recipient: String,
    /// With angle brackets; the same at every try.
    pub message_id: String,
    /// Date header; the same at every try.
    pub dated: Timestamp,
    /// When it was queued; its age counts from here.
    pub queued: Timestamp,
    /// Tries, this one included.
    pub attempts: u32,
    /// What its message is made from.
    pub kind: MessageKind,
    /// Identifies this claim: a later one of the same letter has another.
    pub claim: String,
}

/// What a letter's message is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageKind {
    /// The enquiry with its number, as stored when the letter is sent.
    Enquiry,
    /// This note.
    Note(Note),
    /// Fixed text, to the visitor: the message has arrived.
    Acknowledgement,
}

/// An enquiry as its letter needs it.
#[derive(Debug, Clone)]
pub struct StoredEnquiry {
    /// Eight characters, given to the visitor.
    pub reference: String,
    /// Position in the sequence of all enquiries, from 1.
    pub number: i64,
    /// When the post arrived.
    pub received: Timestamp,
    /// The answers of the form.
    pub enquiry: Enquiry,
    /// Labels and their reasons.
    pub spam: SpamScore,
    /// The enquiry with the number before.
    pub previous: Option<EarlierEnquiry>,
    /// The enquiry that this one corrects.
    pub corrects: Option<EarlierEnquiry>,
}

/// An earlier enquiry, as a letter names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierEnquiry {
    /// Position in the sequence of all enquiries, from 1.
    pub number: i64,
    /// Eight characters, given to the visitor.
    pub reference: String,
    /// It is held, so that staff have no letter of it.
    pub held: bool,
}

/// The content of an enquiry, as stored in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The answers of the form.
    pub enquiry: Enquiry,
    /// Stored under an older name, which copies of an earlier version read.
    #[serde(rename = "judgement")]
    pub spam: SpamScore,
}

/// The letters of an outbox, for delivery. In production the outbox is [`Outbox`].
#[expect(async_fn_in_trait, reason = "tasks use the outbox itself, whose futures are Send")]
pub trait LetterStore {
    /// Takes the due letter with the lowest score whose recipient is not among `busy`, of several the first that arrived.
    /// What is due after `latest` was stored before the clock was set back, and is due.
    async fn claim(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        latest: Timestamp,
        busy: &[String],
    ) -> Result<Option<ClaimedLetter>, Unavailable>;
    /// When the next letter is due, or the next lease ends.
    async fn next_due(&self) -> Result<Option<Timestamp>, Unavailable>;
    /// The content of an enquiry's letter; `None` if it was erased meanwhile or cannot be decoded.
    async fn stored(&self, number: i64) -> Result<Option<StoredEnquiry>, Unavailable>;
    /// Records a delivery; the enquiry counts as delivered with its last letter.
    async fn mark_delivered(&self, letter: &ClaimedLetter, now: Timestamp) -> Result<(), Unavailable>;
    /// Makes a letter due again at that time; it keeps its place in the order.
    async fn schedule_retry(
        &self,
        letter: &ClaimedLetter,
        error: &DeliveryError,
        at: Timestamp,
    ) -> Result<(), Unavailable>;
    /// Marks a letter as failed; it is not tried again before an operator resends it.
    async fn mark_failed(
        &self,
        letter: &ClaimedLetter,
        error: &DeliveryError,
        now: Timestamp,
    ) -> Result<(), Unavailable>;
    /// Drops an acknowledgment that cannot be delivered; its key stays, so that the address gets no other one today.
    async fn discard_acknowledgement(&self, letter: &ClaimedLetter, now: Timestamp) -> Result<(), Unavailable>;
}

impl LetterStore for Outbox {
    async fn claim(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        latest: Timestamp,
        busy: &[String],
    ) -> Result<Option<ClaimedLetter>, Unavailable> {
        let claim = random_hex::<8>();
        let (begin, end) = self.db.lease(now, lease).await?;
        let busy: Vec<_> = busy.iter().map(|recipient| serde_json::json!({ "recipient": recipient })).collect();
        let query = sqlx::query_as(self.db.sql.claim.as_str());
        let query = query.bind(now.as_millisecond()).bind(latest.as_millisecond()).bind(begin).bind(end);
        let query = query.bind(claim.clone()).bind(json(&busy));
        let row: Option<ClaimedRow> = query.fetch_optional(&self.db.pool().await?).await?;
        Ok(row.map(|row| claimed(row, claim)))
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, Unavailable> {
        const NEXT: &str = "SELECT MIN(CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END) \
                            FROM letter WHERE state = 'waiting'";
        let next: Option<i64> = sqlx::query_scalar(NEXT).fetch_one(&self.db.pool().await?).await?;
        Ok(next.map(time))
    }

    async fn stored(&self, number: i64) -> Result<Option<StoredEnquiry>, Unavailable> {
        const STORED: &str = "SELECT e.reference, e.received_at, e.content, p.number, p.reference, p.state, \
             c.number, c.reference, c.state FROM enquiry e LEFT JOIN enquiry p ON p.number = e.number - 1 \
             LEFT JOIN enquiry c ON c.number = e.corrects WHERE e.number = $1";
        let row = sqlx::query(STORED).bind(number).fetch_optional(&self.db.pool().await?).await?;
        // Content that is no text must not delay the other letters, so it is no error.
        Ok(row.and_then(|row| stored(number, StoredRow::from_row(&row).ok()?)))
    }

    async fn mark_delivered(&self, letter: &ClaimedLetter, now: Timestamp) -> Result<(), Unavailable> {
        // Two letters of one enquiry may be acknowledged at the same instant: the second to lock the enquiry sees both.
        const LOCK: &str = "UPDATE enquiry SET state = state WHERE number = $1";
        // The visitor's address of an acknowledgment is not kept.
        const DELIVERED: &str = "UPDATE letter SET state = 'delivered', done_at = $2, leased_until = 0, claim = NULL, \
             stage = NULL, fault = NULL, body = NULL, \
             recipient = CASE WHEN kind = 'acknowledgement' THEN '' ELSE recipient END \
             WHERE id = $1 AND state <> 'delivered'";
        const LAST: &str = "UPDATE enquiry SET state = 'delivered', delivered_at = $2 WHERE number = $1 \
             AND state = 'waiting' AND NOT EXISTS (SELECT 1 FROM letter WHERE number = $1 AND state <> 'delivered')";
        let (number, now) = (letter.number, now.as_millisecond());
        let mut tx = self.db.pool().await?.begin().await?;
        sqlx::query(LOCK).bind(number).execute(&mut *tx).await?;
        sqlx::query(DELIVERED).bind(letter.id).bind(now).execute(&mut *tx).await?;
        sqlx::query(LAST).bind(number).bind(now).execute(&mut *tx).await?;
        if let MessageKind::Note(note) = &letter.kind {
            notes::mark_held_as_notified(&mut tx, note, now).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn schedule_retry(
        &self,
        letter: &ClaimedLetter,
        error: &DeliveryError,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        const AGAIN: &str = "UPDATE letter SET due_at = $3, leased_until = 0, claim = NULL, stage = $4, fault = $5 \
                             WHERE id = $1 AND claim = $2 AND state = 'waiting'";
        self.update_claimed(AGAIN, letter, error, at).await
    }

    async fn mark_failed(
        &self,
        letter: &ClaimedLetter,
        error: &DeliveryError,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        const ASIDE: &str = "UPDATE letter SET state = 'set-aside', done_at = $3, leased_until = 0, claim = NULL, \
                             stage = $4, fault = $5 WHERE id = $1 AND claim = $2 AND state = 'waiting'";
        self.update_claimed(ASIDE, letter, error, now).await
    }

    async fn discard_acknowledgement(&self, letter: &ClaimedLetter, now: Timestamp) -> Result<(), Unavailable> {
        const GIVE_UP: &str = "UPDATE letter SET state = 'given-up', done_at = $2, recipient = '', body = NULL, \
                               leased_until = 0, claim = NULL WHERE id = $1 AND kind = 'acknowledgement'";
        self.db.execute(sqlx::query(GIVE_UP).bind(letter.id).bind(now.as_millisecond())).await.map(drop)
    }
}

impl Outbox {
    async fn update_claimed(
        &self,
        statement: &'static str,
        letter: &ClaimedLetter,
        error: &DeliveryError,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        let stage = if matches!(error, DeliveryError::Session { .. }) { "relay" } else { "letter" };
        let query = sqlx::query(statement).bind(letter.id).bind(letter.claim.clone()).bind(at.as_millisecond());
        self.db.execute(query.bind(stage).bind(error.to_string())).await.map(drop)
    }
}

type ClaimedRow = (i64, Option<i64>, i64, String, String, i64, i64, i64, String, Option<String>);

fn claimed(row: ClaimedRow, claim: String) -> ClaimedLetter {
    let (id, number, copy, recipient, message_id, dated, queued, attempts, kind, body) = row;
    ClaimedLetter {
        id,
        number: number.unwrap_or(0),
        copy,
        recipient,
        message_id,
        dated: time(dated),
        queued: time(queued),
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        kind: message_kind(&kind, body),
        claim,
    }
}

/// A note that only a newer version can read is taken for a letter about an enquiry, and fails.
fn message_kind(kind: &str, body: Option<String>) -> MessageKind {
    if kind == ACKNOWLEDGEMENT {
        return MessageKind::Acknowledgement;
    }
    body.and_then(|body| serde_json::from_str(&body).ok()).map_or(MessageKind::Enquiry, MessageKind::Note)
}

type Text = Option<String>;
type StoredRow = (String, i64, Text, Option<i64>, Text, Text, Option<i64>, Text, Text);

fn stored(number: i64, row: StoredRow) -> Option<StoredEnquiry> {
    let (reference, received, content, p_number, p_reference, p_state, c_number, c_reference, c_state) = row;
    let Content { enquiry, spam } = serde_json::from_str(&content?).ok()?;
    Some(StoredEnquiry {
        reference,
        number,
        received: time(received),
        enquiry,
        spam,
        previous: earlier(p_number, p_reference, p_state),
        corrects: earlier(c_number, c_reference, c_state),
    })
}

fn earlier(number: Option<i64>, reference: Text, state: Text) -> Option<EarlierEnquiry> {
    Some(EarlierEnquiry { number: number?, reference: reference?, held: state? == "held" })
}

/// A count, which is never below zero.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
