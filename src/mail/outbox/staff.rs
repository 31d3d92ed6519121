//! What operators and staff do with enquiries.
//!
//! Invariant: every change is one transaction and says whether it found something to change.

use super::{
    Erased, Outbox, Unavailable,
    database::reason,
    letters::{Content, unsigned},
    millis, time,
    writer::{json, letter_rows},
};
use crate::enquiry::{Enquiry, Judgement};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{AnyConnection, Row as _, any::AnyRow};

/// An enquiry in a list: no content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// 1, 2, 3 …
    pub number: u64,
    /// Eight signs.
    pub reference: String,
    /// `waiting`, `held`, `delivered`, `set-aside` or `erased`.
    pub state: String,
    /// When the post arrived.
    pub received: Timestamp,
    /// When the last letter was acknowledged.
    pub delivered: Option<Timestamp>,
    /// When staff said that it is answered.
    pub answered: Option<Timestamp>,
    /// When somebody released it.
    pub released: Option<Timestamp>,
    /// When somebody said that it is advertising.
    pub spam: Option<Timestamp>,
    /// The number that it corrects.
    pub corrects: Option<u64>,
    /// Its words are gone.
    pub erased: bool,
}

/// A letter in [`Outbox::show`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LetterEntry {
    /// A staff address.
    pub recipient: String,
    /// `waiting`, `delivered` or `set-aside`.
    pub state: String,
    /// Tries so far.
    pub attempts: u32,
    /// When the next try is due.
    pub due: Timestamp,
    /// What the last try met.
    pub fault: Option<String>,
}

/// Why a command changed nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotDone {
    /// The outbox is out of reach.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Nothing there is in the state which the command is for.
    #[error("{reference}: {why}")]
    Nothing {
        /// As asked for.
        reference: String,
        /// Why, and what to look at.
        why: &'static str,
    },
}

/// A set-aside letter outweighs what its siblings are. An empty reference means every enquiry.
const LIST: &str = "SELECT number, reference, CASE WHEN EXISTS (SELECT 1 FROM letter WHERE letter.number = enquiry.number \
     AND letter.state = 'set-aside') THEN 'set-aside' ELSE state END AS state, received_at, delivered_at, answered_at, \
     released_at, marked_spam_at, corrects, erased_at FROM enquiry WHERE $1 = '' OR reference = $1 \
     ORDER BY enquiry.number";

impl Outbox {
    /// Every enquiry that is still known, oldest first.
    pub async fn list(&self) -> Result<Vec<Entry>, Unavailable> {
        self.entries("").await
    }

    /// One enquiry, if it is still known.
    pub async fn entry(&self, reference: &str) -> Result<Option<Entry>, Unavailable> {
        if reference.is_empty() {
            return Ok(None);
        }
        Ok(self.entries(reference).await?.pop())
    }

    async fn entries(&self, reference: &str) -> Result<Vec<Entry>, Unavailable> {
        let pool = self.db.pool().await?;
        let rows = sqlx::query(LIST).bind(reference.to_owned()).fetch_all(&pool).await.map_err(|e| reason(&e))?;
        rows.iter().map(entry).collect::<sqlx::Result<_>>().map_err(|e| reason(&e))
    }

    /// What one enquiry says, unless erased, and how its letters fare.
    pub async fn show(&self, reference: &str) -> Result<(Option<(Enquiry, Judgement)>, Vec<LetterEntry>), NotDone> {
        const CONTENT: &str = "SELECT number, content FROM enquiry WHERE reference = $1";
        const LETTERS: &str =
            "SELECT recipient, state, attempts, due_at, fault FROM letter WHERE number = $1 ORDER BY id";
        let pool = self.db.pool().await?;
        let row =
            sqlx::query(CONTENT).bind(reference.to_owned()).fetch_optional(&pool).await.map_err(|e| reason(&e))?;
        let row = row.ok_or_else(|| nothing(reference, "no enquiry has this reference; look at the list"))?;
        let number: i64 = row.try_get("number").map_err(|e| reason(&e))?;
        let content: Option<String> = row.try_get("content").map_err(|e| reason(&e))?;
        let rows = sqlx::query(LETTERS).bind(number).fetch_all(&pool).await.map_err(|e| reason(&e))?;
        let letters = rows.iter().map(letter).collect::<sqlx::Result<_>>().map_err(|e| reason(&e))?;
        let content = content
            .map(|text| serde_json::from_str::<Content>(&text))
            .transpose()
            .map_err(|_| nothing(reference, "its content was written by a newer version of this program"))?;
        Ok((content.map(|content| (content.enquiry, content.judgement)), letters))
    }

    /// Letters set aside wait again, with their Message-ID and Date, and with a new age. `None` means all of them.
    /// Returns how many.
    pub async fn resend(&self, reference: Option<&str>, now: Timestamp) -> Result<u64, NotDone> {
        const RESEND: &str = "UPDATE letter SET state = 'waiting', due_at = $1, queued_at = $1, attempts = 0, \
             done_at = NULL, stage = NULL, fault = NULL WHERE state = 'set-aside' \
             AND ($2 = '' OR number IN (SELECT number FROM enquiry WHERE reference = $2))";
        let pool = self.db.pool().await?;
        let reference = reference.unwrap_or("");
        let query = sqlx::query(RESEND).bind(millis(now)).bind(reference.to_owned());
        let count = query.execute(&pool).await.map_err(|e| reason(&e))?.rows_affected();
        if count == 0 {
            return Err(nothing(reference, "no letter is set aside"));
        }
        self.announce();
        Ok(count)
    }

    /// A held enquiry gets its letters.
    pub async fn release(&self, reference: &str, now: Timestamp) -> Result<(), NotDone> {
        let pool = self.db.pool().await?;
        let mut tx = pool.begin().await.map_err(|e| reason(&e))?;
        let number = self.release_in(&mut tx, reference, millis(now)).await.map_err(|e| reason(&e))?;
        if number.is_none() {
            return Err(nothing(reference, "it is not held; look at the list"));
        }
        tx.commit().await.map_err(|e| reason(&e))?;
        self.announce();
        Ok(())
    }

    async fn release_in(&self, tx: &mut AnyConnection, reference: &str, now: i64) -> sqlx::Result<Option<u64>> {
        const RELEASE: &str = "UPDATE enquiry SET state = 'waiting', released_at = $2, marked_spam_at = NULL WHERE reference = $1 \
                               AND state = 'held' RETURNING number, received_at";
        let row = sqlx::query(RELEASE).bind(reference.to_owned()).bind(now).fetch_optional(&mut *tx).await?;
        let Some(row) = row else { return Ok(None) };
        let number = unsigned(row.try_get("number")?);
        let received: i64 = row.try_get("received_at")?;
        let letters: Vec<_> = letter_rows(&self.options.load(), number, reference, received, now).collect();
        sqlx::query(self.db.sql().insert_letters).bind(json(&letters)).execute(&mut *tx).await?;
        Ok(Some(number))
    }

    /// Staff have answered; the first time counts.
    pub async fn answered(&self, reference: &str, now: Timestamp) -> Result<(), NotDone> {
        const ANSWERED: &str = "UPDATE enquiry SET answered_at = COALESCE(answered_at, $2) WHERE reference = $1";
        self.mark(ANSWERED, reference, now).await
    }

    /// It is advertising: it is listed no more, and if it is held its words go a day later. The first time counts.
    pub async fn spam(&self, reference: &str, now: Timestamp) -> Result<(), NotDone> {
        const SPAM: &str = "UPDATE enquiry SET marked_spam_at = COALESCE(marked_spam_at, $2) WHERE reference = $1";
        self.mark(SPAM, reference, now).await
    }

    async fn mark(&self, statement: &'static str, reference: &str, now: Timestamp) -> Result<(), NotDone> {
        let pool = self.db.pool().await?;
        let query = sqlx::query(statement).bind(reference.to_owned()).bind(millis(now));
        match query.execute(&pool).await.map_err(|e| reason(&e))?.rows_affected() {
            0 => Err(nothing(reference, "no enquiry has this reference; look at the list")),
            _ => Ok(()),
        }
    }

    /// Erases the words of one enquiry now, delivered or not, and takes its letters out of line. Number, reference and
    /// times stay, and no reminder comes. [`Outbox::tidy`] then clears the bytes from the file.
    pub async fn erase(&self, reference: &str, now: Timestamp) -> Result<Erased, NotDone> {
        let pool = self.db.pool().await?;
        let mut tx = pool.begin().await.map_err(|e| reason(&e))?;
        let found = erase_in(&mut tx, reference, millis(now)).await.map_err(|e| reason(&e))?;
        let Some(erased) = found else {
            return Err(nothing(reference, "it is erased already, or no enquiry has this reference"));
        };
        tx.commit().await.map_err(|e| reason(&e))?;
        self.scrub.want();
        Ok(erased)
    }
}

async fn erase_in(tx: &mut AnyConnection, reference: &str, now: i64) -> sqlx::Result<Option<Erased>> {
    // The lock comes first: a letter on its way may be written down at the same moment.
    const WORDS: &str = "UPDATE enquiry SET state = state WHERE reference = $1 AND content IS NOT NULL \
                         RETURNING number, content";
    const ERASE: &str = "UPDATE enquiry SET content = NULL, fingerprint = NULL, state = 'erased', erased_at = $2, \
                         answered_at = COALESCE(answered_at, $2) WHERE number = $1";
    const LETTERS: &str = "DELETE FROM letter WHERE state <> 'delivered' AND (number = $1 OR \
                           (kind = 'acknowledgement' AND body = $2))";
    let row = sqlx::query(WORDS).bind(reference.to_owned()).fetch_optional(&mut *tx).await?;
    let Some(row) = row else { return Ok(None) };
    let number: i64 = row.try_get("number")?;
    let words = row.try_get("content")?;
    sqlx::query(ERASE).bind(number).bind(now).execute(&mut *tx).await?;
    sqlx::query(LETTERS).bind(number).bind(reference.to_owned()).execute(&mut *tx).await?;
    Ok(Some(Erased { number: unsigned(number), reference: reference.to_owned(), words }))
}

fn nothing(reference: &str, why: &'static str) -> NotDone {
    let reference = if reference.is_empty() { "all" } else { reference };
    NotDone::Nothing { reference: reference.to_owned(), why }
}

fn entry(row: &AnyRow) -> sqlx::Result<Entry> {
    let at = |column: &str| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(column)?.map(time));
    Ok(Entry {
        number: unsigned(row.try_get("number")?),
        reference: row.try_get("reference")?,
        state: row.try_get("state")?,
        received: time(row.try_get("received_at")?),
        delivered: at("delivered_at")?,
        answered: at("answered_at")?,
        released: at("released_at")?,
        spam: at("marked_spam_at")?,
        corrects: row.try_get::<Option<i64>, _>("corrects")?.map(unsigned),
        erased: at("erased_at")?.is_some(),
    })
}

fn letter(row: &AnyRow) -> sqlx::Result<LetterEntry> {
    Ok(LetterEntry {
        recipient: row.try_get("recipient")?,
        state: row.try_get("state")?,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        due: time(row.try_get("due_at")?),
        fault: row.try_get("fault")?,
    })
}
