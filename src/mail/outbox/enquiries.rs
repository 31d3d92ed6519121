//! Enquiries as operators and staff see and change them.
//!
//! Invariant: every change is one transaction and fails if there is nothing to change.

use super::{Outbox, Unavailable, letters::Content, time, writer::insert_letters};
use crate::enquiry::retention;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Row as _, any::AnyRow};

/// An enquiry without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// 1, 2, 3 …
    pub number: i64,
    /// Eight characters.
    pub reference: String,
    /// `waiting`, `held`, `delivered`, `failed` (one of its letters has) or `erased`.
    pub state: String,
    /// When the post arrived.
    pub received: Timestamp,
    /// When the relay acknowledged the last letter.
    pub delivered: Option<Timestamp>,
    /// When it was marked as answered.
    pub answered: Option<Timestamp>,
    /// When it was released.
    pub released: Option<Timestamp>,
    /// When it was marked as advertising.
    pub spam: Option<Timestamp>,
    /// The number that it corrects.
    pub corrects: Option<i64>,
    /// Its content is erased.
    pub erased: bool,
}

/// A letter in [`Outbox::show`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LetterEntry {
    /// An email address.
    pub recipient: String,
    /// `waiting`, `delivered` or `failed`.
    pub state: String,
    /// Tries so far.
    pub attempts: u32,
    /// When the next try is due.
    pub due: Timestamp,
    /// Why the last try failed.
    pub fault: Option<String>,
}

/// Why a command changed nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CommandError {
    /// The outbox cannot be used.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// No enquiry or letter is in the state that the command requires.
    #[error("{reference}: {why}")]
    NotApplicable {
        /// The reference that the command was given.
        reference: String,
        /// Why, and what to do.
        why: &'static str,
    },
}

const UNKNOWN: &str = "no enquiry has this reference; see `enquiries list`";
const NOT_MARKED: &str = "it has no mark that can be undone; see `enquiries list`";

impl Outbox {
    /// Every enquiry that is not removed, oldest first.
    pub async fn list(&self) -> Result<Vec<Entry>, Unavailable> {
        Ok(self.entries("").await?.into_iter().map(|(entry, _)| entry).collect())
    }

    /// One enquiry, if it is not removed.
    pub async fn entry(&self, reference: &str) -> Result<Option<Entry>, Unavailable> {
        let entries = if reference.is_empty() { Vec::new() } else { self.entries(reference).await? };
        Ok(entries.into_iter().next().map(|(entry, _)| entry))
    }

    /// Every enquiry that is not removed, and its content unless erased.
    pub async fn export(&self) -> Result<Vec<(Entry, Option<Content>)>, CommandError> {
        let parsed = self.entries("").await?.into_iter().map(|(entry, text)| {
            let content = parse(&entry.reference, text)?;
            Ok((entry, content))
        });
        parsed.collect()
    }

    /// One enquiry, its content unless erased, and the state of its letters.
    pub async fn show(&self, reference: &str) -> Result<(Entry, Option<Content>, Vec<LetterEntry>), CommandError> {
        const LETTERS: &str = "SELECT l.recipient, CASE l.state WHEN 'set-aside' THEN 'failed' ELSE l.state END, l.attempts, \
             l.due_at, l.fault FROM letter l \
             JOIN enquiry e ON e.number = l.number WHERE e.reference = $1 ORDER BY l.id";
        type Row = (String, String, i64, i64, Option<String>);
        let entries = if reference.is_empty() { Vec::new() } else { self.entries(reference).await? };
        let (entry, text) = entries.into_iter().next().ok_or_else(|| not_applicable(reference, UNKNOWN))?;
        let query = sqlx::query_as(LETTERS).bind(reference.to_owned());
        let rows: Vec<Row> = query.fetch_all(&self.db.pool().await?).await.map_err(Unavailable::from)?;
        let letters = rows.into_iter().map(|(recipient, state, attempts, due, fault)| LetterEntry {
            recipient,
            state,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            due: time(due),
            fault,
        });
        Ok((entry, parse(reference, text)?, letters.collect()))
    }

    /// Entries with their content as stored; an empty reference means every enquiry.
    pub(super) async fn entries(&self, reference: &str) -> Result<Vec<(Entry, Option<String>)>, Unavailable> {
        // A failed letter outweighs the state of the others.
        const LIST: &str = "SELECT number, reference, CASE WHEN EXISTS (SELECT 1 FROM letter \
             WHERE letter.number = enquiry.number AND letter.state = 'set-aside') THEN 'failed' ELSE state END AS state, \
             received_at, delivered_at, answered_at, released_at, marked_spam_at, corrects, erased_at, content \
             FROM enquiry WHERE $1 = '' OR reference = $1 ORDER BY enquiry.number";
        let query = sqlx::query(LIST).bind(reference.to_owned());
        let rows = query.fetch_all(&self.db.pool().await?).await?;
        Ok(rows.iter().map(|row| Ok((entry(row)?, row.try_get("content")?))).collect::<sqlx::Result<_>>()?)
    }

    /// Queues failed letters again, with their Message-ID and Date, and with a new age. `None` means all of them.
    /// Returns how many.
    pub async fn resend(&self, reference: Option<&str>, now: Timestamp) -> Result<u64, CommandError> {
        const RESEND: &str = "UPDATE letter SET state = 'waiting', due_at = $1, queued_at = $1, attempts = 0, \
             done_at = NULL, stage = NULL, fault = NULL WHERE state = 'set-aside' \
             AND ($2 = '' OR number IN (SELECT number FROM enquiry WHERE reference = $2))";
        let query = sqlx::query(RESEND).bind(now.as_millisecond()).bind(reference.unwrap_or("").to_owned());
        let count = self.db.execute(query).await?;
        if count == 0 {
            return Err(not_applicable(reference.unwrap_or("all"), "no letter has failed"));
        }
        self.announce();
        Ok(count)
    }

    /// Queues the letters of a held enquiry.
    pub async fn release(&self, reference: &str, now: Timestamp) -> Result<(), CommandError> {
        if !self.try_release(reference, now.as_millisecond()).await? {
            return Err(not_applicable(reference, "it is not held; see `enquiries list`"));
        }
        self.announce();
        Ok(())
    }

    async fn try_release(&self, reference: &str, now: i64) -> Result<bool, Unavailable> {
        const RELEASE: &str = "UPDATE enquiry SET state = 'waiting', released_at = $2, marked_spam_at = NULL \
                               WHERE reference = $1 AND state = 'held' RETURNING number";
        let mut tx = self.db.pool().await?.begin().await?;
        let query = sqlx::query_scalar(RELEASE).bind(reference.to_owned()).bind(now);
        let Some(number) = query.fetch_optional(&mut *tx).await? else { return Ok(false) };
        insert_letters(&mut tx, self.db.sql, &self.options.load(), number..=number).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Records that staff have answered; the first time counts.
    pub async fn answered(&self, reference: &str, now: Timestamp) -> Result<(), CommandError> {
        const ANSWERED: &str = "UPDATE enquiry SET answered_at = COALESCE(answered_at, $2) WHERE reference = $1";
        self.mark(ANSWERED, reference, now, UNKNOWN).await
    }

    /// Removes the mark as answered, within [`retention::UNDO_DAYS`]; content that is not yet erased is kept as before.
    pub async fn undo_answered(&self, reference: &str, now: Timestamp) -> Result<(), CommandError> {
        const UNDO: &str = "UPDATE enquiry SET answered_at = NULL WHERE reference = $1 AND answered_at >= $2";
        self.mark(UNDO, reference, retention::undo_since(now), NOT_MARKED).await
    }

    /// Removes the mark as advertising, within [`retention::UNDO_DAYS`]; a held enquiry is listed again.
    pub async fn undo_spam(&self, reference: &str, now: Timestamp) -> Result<(), CommandError> {
        const UNDO: &str = "UPDATE enquiry SET marked_spam_at = NULL WHERE reference = $1 AND marked_spam_at >= $2";
        self.mark(UNDO, reference, retention::undo_since(now), NOT_MARKED).await
    }

    /// Records that it is advertising: it is no longer listed, and if it is held it is erased a day later. The first time
    /// counts.
    pub async fn spam(&self, reference: &str, now: Timestamp) -> Result<(), CommandError> {
        const SPAM: &str = "UPDATE enquiry SET marked_spam_at = COALESCE(marked_spam_at, $2) WHERE reference = $1";
        self.mark(SPAM, reference, now, UNKNOWN).await
    }

    async fn mark(
        &self,
        statement: &'static str,
        reference: &str,
        at: Timestamp,
        otherwise: &'static str,
    ) -> Result<(), CommandError> {
        let query = sqlx::query(statement).bind(reference.to_owned()).bind(at.as_millisecond());
        match self.db.execute(query).await? {
            0 => Err(not_applicable(reference, otherwise)),
            _ => Ok(()),
        }
    }
}

pub(super) fn not_applicable(reference: &str, why: &'static str) -> CommandError {
    CommandError::NotApplicable { reference: reference.to_owned(), why }
}

fn parse(reference: &str, text: Option<String>) -> Result<Option<Content>, CommandError> {
    let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
    parsed.map_err(|_| not_applicable(reference, "its content was written by a newer version of this program"))
}

fn entry(row: &AnyRow) -> sqlx::Result<Entry> {
    let at = |column: &str| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(column)?.map(time));
    Ok(Entry {
        number: row.try_get("number")?,
        reference: row.try_get("reference")?,
        state: row.try_get("state")?,
        received: time(row.try_get("received_at")?),
        delivered: at("delivered_at")?,
        answered: at("answered_at")?,
        released: at("released_at")?,
        spam: at("marked_spam_at")?,
        corrects: row.try_get("corrects")?,
        erased: at("erased_at")?.is_some(),
    })
}
