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
use sqlx::{Row as _, any::AnyRow};

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

impl Outbox {
    /// Takes the due letter with the lowest score whose recipient is not among `busy`, of several the first that arrived.
    /// What is due after `latest` was stored before the clock was set back, and is due.
    pub async fn claim(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        latest: Timestamp,
        busy: &[String],
    ) -> Result<Option<ClaimedLetter>, Unavailable> {
        let claim = random_hex::<8>();
        let (begin, end) = self.db.lease(now, lease).await?;
        let query = sqlx::query(self.db.sql.claim).bind(now.as_millisecond()).bind(latest.as_millisecond());
        let query = query.bind(begin).bind(end).bind(claim.clone()).bind(json(&busy));
        let row = query.fetch_optional(&self.db.pool().await?).await?;
        Ok(row.map(|row| claimed(&row, claim)).transpose()?)
    }

    /// When the next letter is due, or the next lease ends.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, Unavailable> {
        const NEXT: &str = "SELECT MIN(CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END) \
                            FROM letter WHERE state = 'waiting'";
        let next: Option<i64> = sqlx::query_scalar(NEXT).fetch_one(&self.db.pool().await?).await?;
        Ok(next.map(time))
    }

    /// The content of an enquiry's letter; `None` if it was erased meanwhile or cannot be decoded.
    pub async fn stored(&self, number: i64) -> Result<Option<StoredEnquiry>, Unavailable> {
        const STORED: &str = "SELECT e.reference, e.received_at, e.content, \
             p.number AS p_number, p.reference AS p_reference, p.state AS p_state, \
             c.number AS c_number, c.reference AS c_reference, c.state AS c_state \
             FROM enquiry e LEFT JOIN enquiry p ON p.number = e.number - 1 \
             LEFT JOIN enquiry c ON c.number = e.corrects WHERE e.number = $1";
        let row = sqlx::query(STORED).bind(number).fetch_optional(&self.db.pool().await?).await?;
        Ok(row.and_then(|row| stored(number, &row).ok().flatten()))
    }

    /// Records a delivery; the enquiry counts as delivered with its last letter.
    pub async fn mark_delivered(&self, letter: &ClaimedLetter, now: Timestamp) -> Result<(), Unavailable> {
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

    /// Makes a letter due again at that time; it keeps its place in the order.
    pub async fn schedule_retry(
        &self,
        letter: &ClaimedLetter,
        error: &DeliveryError,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        const AGAIN: &str = "UPDATE letter SET due_at = $3, leased_until = 0, claim = NULL, stage = $4, fault = $5 \
                             WHERE id = $1 AND claim = $2 AND state = 'waiting'";
        self.update_claimed(AGAIN, letter, error, at).await
    }

    /// Marks a letter as failed; it is not tried again before an operator resends it.
    pub async fn mark_failed(
        &self,
        letter: &ClaimedLetter,
        error: &DeliveryError,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        const ASIDE: &str = "UPDATE letter SET state = 'set-aside', done_at = $3, leased_until = 0, claim = NULL, \
                             stage = $4, fault = $5 WHERE id = $1 AND claim = $2 AND state = 'waiting'";
        self.update_claimed(ASIDE, letter, error, now).await
    }

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

fn claimed(row: &AnyRow, claim: String) -> sqlx::Result<ClaimedLetter> {
    Ok(ClaimedLetter {
        id: row.try_get("id")?,
        number: row.try_get::<Option<i64>, _>("number")?.unwrap_or(0),
        copy: row.try_get("copy")?,
        recipient: row.try_get("recipient")?,
        message_id: row.try_get("message_id")?,
        dated: time(row.try_get("dated_at")?),
        queued: time(row.try_get("queued_at")?),
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        kind: message_kind(row)?,
        claim,
    })
}

/// A note that only a newer version can read is taken for a letter about an enquiry, and fails.
fn message_kind(row: &AnyRow) -> sqlx::Result<MessageKind> {
    if row.try_get::<String, _>("kind")? == ACKNOWLEDGEMENT {
        return Ok(MessageKind::Acknowledgement);
    }
    let body: Option<String> = row.try_get("body")?;
    Ok(body.and_then(|body| serde_json::from_str(&body).ok()).map_or(MessageKind::Enquiry, MessageKind::Note))
}

fn stored(number: i64, row: &AnyRow) -> sqlx::Result<Option<StoredEnquiry>> {
    let Some(content) = row.try_get::<Option<String>, _>("content")? else { return Ok(None) };
    let content: Content = serde_json::from_str(&content).map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
    Ok(Some(StoredEnquiry {
        reference: row.try_get("reference")?,
        number,
        received: time(row.try_get("received_at")?),
        enquiry: content.enquiry,
        spam: content.spam,
        previous: earlier(row, "p_number", "p_reference", "p_state")?,
        corrects: earlier(row, "c_number", "c_reference", "c_state")?,
    }))
}

fn earlier(row: &AnyRow, number: &str, reference: &str, state: &str) -> sqlx::Result<Option<EarlierEnquiry>> {
    let Some(number) = row.try_get::<Option<i64>, _>(number)? else { return Ok(None) };
    let held = row.try_get::<String, _>(state)? == "held";
    Ok(Some(EarlierEnquiry { number, reference: row.try_get(reference)?, held }))
}

/// A count, which is never below zero.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
