//! Notes: letters of the website itself, and what they are made from.
//!
//! Invariant: a note has a key that only one row can hold (`daily 2026-11-24`), so that of several copies of the program
//! one sends it. It is stored as it will be sent, and tried again like every letter.
//!
//! Never: a word that a visitor wrote. Numbers, references, times, and reasons of the signals are all there is.

use super::{
    Outbox, Unavailable,
    database::reason,
    letters::{Content, unsigned},
    millis,
    reference::random,
    time,
};
use jiff::{SignedDuration, Timestamp};
use lettre::Address;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row as _, any::AnyRow};

/// A note as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Neutral.
    pub subject: String,
    /// Complete by itself.
    pub text: String,
    /// The same for programs that show HTML.
    pub html: String,
    /// Day of the clinic, for counting how often staff were told.
    pub day: String,
    /// Numbers of the held enquiries that it tells of.
    pub held: Vec<u64>,
}

/// An enquiry that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldEnquiry {
    /// Its number.
    pub number: u64,
    /// Its reference.
    pub reference: String,
    /// When the post arrived.
    pub received: Timestamp,
    /// When staff were first told of it.
    pub told: Option<Timestamp>,
    /// Why, in words.
    pub reasons: Vec<String>,
}

/// An enquiry that nobody has marked as answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEnquiry {
    /// Its number.
    pub number: u64,
    /// Its reference.
    pub reference: String,
    /// When the post arrived.
    pub received: Timestamp,
}

/// A letter that does not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StuckLetter {
    /// Number and reference of its enquiry; none for a note.
    pub enquiry: Option<(u64, String)>,
    /// A staff address.
    pub recipient: String,
    /// Since when it waits.
    pub since: Timestamp,
    /// Out of line until somebody sends it again.
    pub set_aside: bool,
    /// What the last try met.
    pub fault: Option<String>,
}

/// What happened in a stretch of time, as counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Enquiries that came.
    pub received: u64,
    /// Of these, held at first.
    pub held: u64,
    /// Marked as answered.
    pub answered: u64,
    /// Marked as advertising.
    pub spam: u64,
    /// The last number given, ever.
    pub last_number: u64,
}

impl Outbox {
    /// Whether a note with this key was queued, or found needless.
    pub async fn is_noted(&self, once: &str) -> Result<bool, Unavailable> {
        self.there_is("SELECT COUNT(*) AS count FROM letter WHERE once = $1", once).await
    }

    /// Whether there ever was a note of this kind.
    pub async fn knows_notes_of(&self, kind: &str) -> Result<bool, Unavailable> {
        self.there_is("SELECT COUNT(*) AS count FROM letter WHERE kind = $1", kind).await
    }

    async fn there_is(&self, statement: &'static str, what: &str) -> Result<bool, Unavailable> {
        let pool = self.db.pool().await?;
        let row = sqlx::query(statement).bind(what.to_owned()).fetch_one(&pool).await.map_err(|e| reason(&e))?;
        Ok(row.try_get::<i64, _>("count").map_err(|e| reason(&e))? > 0)
    }

    /// Puts a note in line, one letter for each recipient; without a note, writes down that there was nothing to say.
    /// True if nobody has done so before. The kind is the first word of `once`.
    pub async fn note(
        &self,
        once: &str,
        recipients: &[Address],
        note: Option<&Note>,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let pool = self.db.pool().await?;
        let mut tx = pool.begin().await.map_err(|e| reason(&e))?;
        let rows = self.note_rows(once, recipients, note, now);
        if !insert_once(&mut tx, &rows).await.map_err(|e| reason(&e))? {
            return Ok(false);
        }
        tx.commit().await.map_err(|e| reason(&e))?;
        self.announce();
        Ok(true)
    }

    fn note_rows(&self, once: &str, recipients: &[Address], note: Option<&Note>, now: Timestamp) -> Vec<NoteRow> {
        let nonce = data_encoding::HEXLOWER.encode(&random::<8>());
        let kind = once.split(' ').next().unwrap_or_default();
        let row = |copy: usize, recipient: String| NoteRow {
            kind: kind.to_owned(),
            copy,
            recipient,
            message_id: format!("<{}.{nonce}@{}>", once.replace(' ', "-"), self.options.load().domain),
            state: if note.is_some() { "waiting" } else { "delivered" },
            at: millis(now),
            once: if copy == 1 { once.to_owned() } else { format!("{once} {copy}") },
            body: note.map(|note| serde_json::to_string(note).expect("a note is plain data")),
        };
        match note {
            None => vec![row(1, String::new())],
            Some(_) => recipients.iter().enumerate().map(|(index, to)| row(index + 1, to.to_string())).collect(),
        }
    }

    /// What notes of this kind told is over: the same may be told anew.
    pub async fn forget_notes_of(&self, kind: &str) -> Result<(), Unavailable> {
        let pool = self.db.pool().await?;
        let query = sqlx::query("DELETE FROM letter WHERE kind = $1 AND number IS NULL").bind(kind.to_owned());
        query.execute(&pool).await.map_err(|e| reason(&e))?;
        Ok(())
    }

    /// Enquiries that are held, oldest first, without those marked as advertising.
    pub async fn held(&self) -> Result<Vec<HeldEnquiry>, Unavailable> {
        const HELD: &str = "SELECT number, reference, received_at, told_first_at, content FROM enquiry \
                            WHERE state = 'held' AND marked_spam_at IS NULL ORDER BY number";
        let pool = self.db.pool().await?;
        let rows = sqlx::query(HELD).fetch_all(&pool).await.map_err(|e| reason(&e))?;
        rows.iter().map(held).collect::<sqlx::Result<_>>().map_err(|e| reason(&e))
    }

    /// Enquiries that staff have a letter of and have not marked, oldest first. One that was corrected is left to its
    /// correction.
    pub async fn open_enquiries(&self) -> Result<Vec<OpenEnquiry>, Unavailable> {
        const OPEN: &str = "SELECT e.number, e.reference, e.received_at FROM enquiry e WHERE e.state <> 'held' \
             AND NOT (e.state = 'erased' AND e.delivered_at IS NULL) AND e.answered_at IS NULL \
             AND e.marked_spam_at IS NULL AND NOT EXISTS (SELECT 1 FROM enquiry c WHERE c.corrects = e.number \
             AND c.state <> 'held') ORDER BY e.number";
        let pool = self.db.pool().await?;
        let rows = sqlx::query(OPEN).fetch_all(&pool).await.map_err(|e| reason(&e))?;
        let open = |row: &AnyRow| {
            Ok(OpenEnquiry {
                number: unsigned(row.try_get("number")?),
                reference: row.try_get("reference")?,
                received: time(row.try_get("received_at")?),
            })
        };
        rows.iter().map(open).collect::<sqlx::Result<_>>().map_err(|e| reason(&e))
    }

    /// Letters that wait for longer than `late`, and those set aside whose enquiry nobody has answered.
    pub async fn stuck(&self, now: Timestamp, late: SignedDuration) -> Result<Vec<StuckLetter>, Unavailable> {
        const STUCK: &str = "SELECT l.number, e.reference, l.recipient, l.queued_at, l.state, l.fault FROM letter l \
             LEFT JOIN enquiry e ON e.number = l.number WHERE l.kind <> 'acknowledgement' AND \
             ((l.state = 'waiting' AND l.queued_at <= $1) OR (l.state = 'set-aside' AND e.answered_at IS NULL)) \
             ORDER BY l.id";
        let before = millis(now.saturating_sub(late).unwrap_or(Timestamp::MIN));
        let pool = self.db.pool().await?;
        let rows = sqlx::query(STUCK).bind(before).fetch_all(&pool).await.map_err(|e| reason(&e))?;
        rows.iter().map(stuck).collect::<sqlx::Result<_>>().map_err(|e| reason(&e))
    }

    /// What happened from `from` until before `to`.
    pub async fn counts(&self, from: Timestamp, to: Timestamp) -> Result<Counts, Unavailable> {
        const COUNTS: &str = "SELECT \
             (SELECT COUNT(*) FROM enquiry WHERE received_at >= $1 AND received_at < $2) AS received, \
             (SELECT COUNT(*) FROM enquiry WHERE received_at >= $1 AND received_at < $2 \
              AND (state = 'held' OR released_at IS NOT NULL OR told_first_at IS NOT NULL)) AS held, \
             (SELECT COUNT(*) FROM enquiry WHERE answered_at >= $1 AND answered_at < $2) AS answered, \
             (SELECT COUNT(*) FROM enquiry WHERE marked_spam_at >= $1 AND marked_spam_at < $2) AS spam, \
             (SELECT last FROM counter WHERE name = 'enquiry') AS last_number";
        let pool = self.db.pool().await?;
        let query = sqlx::query(COUNTS).bind(millis(from)).bind(millis(to));
        let row = query.fetch_one(&pool).await.map_err(|e| reason(&e))?;
        let count = |column| row.try_get::<i64, _>(column).map(unsigned).map_err(|e| reason(&e));
        Ok(Counts {
            received: count("received")?,
            held: count("held")?,
            answered: count("answered")?,
            spam: count("spam")?,
            last_number: count("last_number")?,
        })
    }
}

/// A letter without an enquiry, as it is inserted.
pub(super) struct NoteRow {
    pub(super) kind: String,
    pub(super) copy: usize,
    pub(super) recipient: String,
    pub(super) message_id: String,
    pub(super) state: &'static str,
    pub(super) at: i64,
    pub(super) once: String,
    pub(super) body: Option<String>,
}

/// False if the first row's key is taken; then nothing may be committed.
pub(super) async fn insert_once(tx: &mut AnyConnection, rows: &[NoteRow]) -> sqlx::Result<bool> {
    const INSERT: &str = "INSERT INTO letter (kind, copy, recipient, message_id, state, dated_at, queued_at, due_at, \
         done_at, once, body) VALUES ($1, $2, $3, $4, $5, $6, $6, $6, CASE WHEN $5 = 'waiting' THEN NULL ELSE $6 END, \
         $7, $8) ON CONFLICT DO NOTHING";
    for row in rows {
        let query = sqlx::query(INSERT)
            .bind(row.kind.clone())
            .bind(i64::try_from(row.copy).unwrap_or(i64::MAX))
            .bind(row.recipient.clone())
            .bind(row.message_id.clone())
            .bind(row.state)
            .bind(row.at)
            .bind(row.once.clone())
            .bind(row.body.clone());
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
    }
    Ok(!rows.is_empty())
}

/// Staff were told of these today; a second reader of the same day changes nothing.
pub(super) async fn told(tx: &mut AnyConnection, note: &Note, now: i64) -> sqlx::Result<()> {
    const TOLD: &str = "UPDATE enquiry SET told_first_at = COALESCE(told_first_at, $2), told_times = told_times + 1, \
                        told_day = $3 WHERE number = $1 AND (told_day IS NULL OR told_day <> $3)";
    for number in &note.held {
        let number = i64::try_from(*number).unwrap_or(i64::MAX);
        sqlx::query(TOLD).bind(number).bind(now).bind(note.day.clone()).execute(&mut *tx).await?;
    }
    Ok(())
}

fn held(row: &AnyRow) -> sqlx::Result<HeldEnquiry> {
    let content: Option<String> = row.try_get("content")?;
    let judged = content.and_then(|text| serde_json::from_str::<Content>(&text).ok());
    Ok(HeldEnquiry {
        number: unsigned(row.try_get("number")?),
        reference: row.try_get("reference")?,
        received: time(row.try_get("received_at")?),
        told: row.try_get::<Option<i64>, _>("told_first_at")?.map(time),
        reasons: judged.map(|content| content.judgement.reasons).unwrap_or_default(),
    })
}

fn stuck(row: &AnyRow) -> sqlx::Result<StuckLetter> {
    let number: Option<i64> = row.try_get("number")?;
    let reference: Option<String> = row.try_get("reference")?;
    Ok(StuckLetter {
        enquiry: number.map(unsigned).zip(reference),
        recipient: row.try_get("recipient")?,
        since: time(row.try_get("queued_at")?),
        set_aside: row.try_get::<String, _>("state")? == "set-aside",
        fault: row.try_get("fault")?,
    })
}
