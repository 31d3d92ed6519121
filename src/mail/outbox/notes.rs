//! Notes: letters without an enquiry, and the data that they are made from.
//!
//! Invariant: a note has a unique key (`daily 2026-11-24`), so that one of several copies of the program sends it. It is
//! stored as it will be sent, and tried again like every letter.
//!
//! Never: what a visitor wrote. Notes hold numbers, references, times and reasons of the spam score.

use super::{Outbox, Unavailable, letters::Content, reference::random_hex, time};
use jiff::{SignedDuration, Timestamp};
use lettre::Address;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

/// The kind of a letter that confirms to a visitor that the message arrived.
pub(super) const ACKNOWLEDGEMENT: &str = "acknowledgement";

/// Held enquiries that a note names: as many as staff can look through in a few minutes.
const NAMED: i64 = 50;

/// A note as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Nothing about a visitor.
    pub subject: String,
    /// Complete by itself.
    pub text: String,
    /// The same for programs that show HTML.
    pub html: String,
    /// Day in the clinic's zone, for counting on how many days staff were notified.
    pub day: String,
    /// Numbers of the held enquiries that it names.
    pub held: Vec<i64>,
}

/// An enquiry that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldEnquiry {
    /// Position in the sequence of all enquiries, from 1.
    pub number: i64,
    /// Eight characters, given to the visitor.
    pub reference: String,
    /// When the post arrived.
    pub received: Timestamp,
    /// When staff were first notified of it.
    pub notified: Option<Timestamp>,
    /// Reasons of the spam score, as sentences.
    pub reasons: Vec<String>,
}

/// An enquiry that is not marked as answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEnquiry {
    /// Position in the sequence of all enquiries, from 1.
    pub number: i64,
    /// Eight characters, given to the visitor.
    pub reference: String,
    /// When the post arrived.
    pub received: Timestamp,
}

/// A letter that waits for long or has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndeliveredLetter {
    /// Number and reference of its enquiry; none for a note.
    pub enquiry: Option<(i64, String)>,
    /// An email address.
    pub recipient: String,
    /// Since when it waits.
    pub since: Timestamp,
    /// It is not tried again by itself.
    pub failed: bool,
    /// Why the last try failed.
    pub fault: Option<String>,
}

/// What happened between two times, as counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Enquiries received.
    pub received: i64,
    /// Of these, held at first.
    pub held: i64,
    /// Marked as answered.
    pub answered: i64,
    /// Marked as advertising.
    pub spam: i64,
    /// The highest number of an enquiry so far.
    pub last_number: i64,
}

impl Outbox {
    /// Whether a note with this key was queued, or recorded as unnecessary.
    pub async fn has_note(&self, once: &str) -> Result<bool, Unavailable> {
        let query = sqlx::query_scalar("SELECT COUNT(*) FROM letter WHERE once = $1").bind(once.to_owned());
        Ok(query.fetch_one(&self.db.pool().await?).await.map(|count: i64| count > 0)?)
    }

    /// Whether there ever was a note of this kind.
    pub async fn has_notes_of(&self, kind: &'static str) -> Result<bool, Unavailable> {
        let query = sqlx::query_scalar("SELECT COUNT(*) FROM letter WHERE kind = $1").bind(kind);
        Ok(query.fetch_one(&self.db.pool().await?).await.map(|count: i64| count > 0)?)
    }

    /// Queues a note, one letter for each recipient; without a note, records that there was nothing to report.
    /// True if no copy has done so before. The kind is the first word of `once`.
    pub async fn queue_note(
        &self,
        once: &str,
        recipients: &[Address],
        note: Option<&Note>,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let kind = once.split(' ').next().unwrap_or_default();
        let name = format!("{}.{}", once.replace(' ', "-"), random_hex::<8>());
        let body = note.map(|note| serde_json::to_string(note).expect("a note is plain data"));
        let recipients = match note {
            Some(_) => recipients.iter().map(Address::to_string).collect(),
            None => vec![String::new()],
        };
        self.insert_once(once, kind, recipients, &name, body, now).await
    }

    /// Queues an acknowledgment to `address`, unless this address has had one today; true if it did. The
    /// reference lets an erasure find it.
    pub async fn queue_acknowledgement(
        &self,
        reference: &str,
        address: &Address,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let hash = blake3::keyed_hash(&self.options.load().key, address.to_string().to_lowercase().as_bytes());
        let once = format!("{ACKNOWLEDGEMENT} {} {}", self.day(now), &hash.to_hex()[..32]);
        let (body, recipients) = (Some(reference.to_owned()), vec![address.to_string()]);
        self.insert_once(&once, ACKNOWLEDGEMENT, recipients, &random_hex::<16>(), body, now).await
    }

    /// False, and nothing inserted, if the key is taken. `name` is the left side of the Message-ID. A letter without a
    /// body counts as delivered.
    async fn insert_once(
        &self,
        once: &str,
        kind: &str,
        recipients: Vec<String>,
        name: &str,
        body: Option<String>,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        const INSERT: &str = "INSERT INTO letter (kind, copy, recipient, message_id, state, dated_at, queued_at, due_at, \
             done_at, once, body) VALUES ($1, $2, $3, $4, $5, $6, $6, $6, CASE WHEN $5 = 'waiting' THEN NULL ELSE $6 END, \
             $7, $8) ON CONFLICT DO NOTHING";
        let message_id = format!("<{name}@{}>", self.options.load().domain);
        let state = if body.is_some() { "waiting" } else { "delivered" };
        let mut tx = self.db.pool().await?.begin().await?;
        for (recipient, copy) in recipients.into_iter().zip(1i64..) {
            let key = if copy == 1 { once.to_owned() } else { format!("{once} {copy}") };
            let query = sqlx::query(INSERT).bind(kind.to_owned()).bind(copy).bind(recipient).bind(message_id.clone());
            let query = query.bind(state).bind(now.as_millisecond()).bind(key).bind(body.clone());
            if query.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
        }
        tx.commit().await?;
        self.announce();
        Ok(true)
    }

    /// Removes the notes of this kind, so that the same can be reported again.
    pub async fn remove_notes_of(&self, kind: &'static str) -> Result<(), Unavailable> {
        const FORGET: &str = "DELETE FROM letter WHERE kind = $1 AND number IS NULL";
        self.db.execute(sqlx::query(FORGET).bind(kind)).await.map(drop)
    }

    /// The held enquiries that the next note names, lowest score first, without those marked as advertising: those that
    /// the fewest notes have named, at most fifty.
    pub async fn held(&self) -> Result<Vec<HeldEnquiry>, Unavailable> {
        const HELD: &str = "SELECT number, reference, received_at, told_first_at, content FROM (SELECT * FROM enquiry \
             WHERE state = 'held' AND marked_spam_at IS NULL ORDER BY told_times, score, number LIMIT $1) AS named \
             ORDER BY score, number";
        type Row = (i64, String, i64, Option<i64>, Option<String>);
        let rows: Vec<Row> = sqlx::query_as(HELD).bind(NAMED).fetch_all(&self.db.pool().await?).await?;
        let held = rows.into_iter().map(|(number, reference, received, notified, content)| {
            let content: Option<Content> = content.and_then(|text| serde_json::from_str(&text).ok());
            let reasons = content.map(|content| content.spam.reasons).unwrap_or_default();
            let (received, notified) = (time(received), notified.map(time));
            HeldEnquiry { number, reference, received, notified, reasons }
        });
        Ok(held.collect())
    }

    /// Enquiries that staff have a letter of and have not marked, oldest first; without those that another enquiry
    /// corrects.
    pub async fn open_enquiries(&self) -> Result<Vec<OpenEnquiry>, Unavailable> {
        const OPEN: &str = "SELECT e.number, e.reference, e.received_at FROM enquiry e WHERE e.state <> 'held' \
             AND NOT (e.state = 'erased' AND e.delivered_at IS NULL) AND e.answered_at IS NULL \
             AND e.marked_spam_at IS NULL AND NOT EXISTS (SELECT 1 FROM enquiry c WHERE c.corrects = e.number \
             AND c.state <> 'held') ORDER BY e.number";
        let rows: Vec<(i64, String, i64)> = sqlx::query_as(OPEN).fetch_all(&self.db.pool().await?).await?;
        let open = rows.into_iter().map(|(number, reference, received)| OpenEnquiry {
            number,
            reference,
            received: time(received),
        });
        Ok(open.collect())
    }

    /// Letters that wait for longer than `late`, and those that failed and whose enquiry is not marked as answered.
    pub async fn undelivered(
        &self,
        now: Timestamp,
        late: SignedDuration,
    ) -> Result<Vec<UndeliveredLetter>, Unavailable> {
        const STUCK: &str = "SELECT l.number, e.reference, l.recipient, l.queued_at, l.state, l.fault FROM letter l \
             LEFT JOIN enquiry e ON e.number = l.number WHERE l.kind <> 'acknowledgement' AND \
             ((l.state = 'waiting' AND l.queued_at <= $1) OR (l.state = 'set-aside' AND e.answered_at IS NULL)) \
             ORDER BY l.id";
        type Row = (Option<i64>, Option<String>, String, i64, String, Option<String>);
        let before = now.saturating_sub(late).unwrap_or(Timestamp::MIN).as_millisecond();
        let rows: Vec<Row> = sqlx::query_as(STUCK).bind(before).fetch_all(&self.db.pool().await?).await?;
        let undelivered =
            rows.into_iter().map(|(number, reference, recipient, since, state, fault)| UndeliveredLetter {
                enquiry: number.zip(reference),
                recipient,
                since: time(since),
                failed: state == "set-aside",
                fault,
            });
        Ok(undelivered.collect())
    }

    /// What happened from `from` until before `to`.
    pub async fn counts(&self, from: Timestamp, to: Timestamp) -> Result<Counts, Unavailable> {
        const COUNTS: &str = "SELECT \
             (SELECT COUNT(*) FROM enquiry WHERE received_at >= $1 AND received_at < $2), \
             (SELECT COUNT(*) FROM enquiry WHERE received_at >= $1 AND received_at < $2 \
              AND (state = 'held' OR released_at IS NOT NULL OR told_first_at IS NOT NULL)), \
             (SELECT COUNT(*) FROM enquiry WHERE answered_at >= $1 AND answered_at < $2), \
             (SELECT COUNT(*) FROM enquiry WHERE marked_spam_at >= $1 AND marked_spam_at < $2), \
             (SELECT last FROM counter WHERE name = 'enquiry')";
        let query = sqlx::query_as(COUNTS).bind(from.as_millisecond()).bind(to.as_millisecond());
        let (received, held, answered, spam, last_number) = query.fetch_one(&self.db.pool().await?).await?;
        Ok(Counts { received, held, answered, spam, last_number })
    }
}

/// Counts the held enquiries of a note as reported to staff today; further deliveries on the same day change nothing.
pub(super) async fn mark_held_as_notified(tx: &mut AnyConnection, note: &Note, now: i64) -> sqlx::Result<()> {
    const NOTIFIED: &str = "UPDATE enquiry SET told_first_at = COALESCE(told_first_at, $2), told_times = told_times + 1, \
                        told_day = $3 WHERE number = $1 AND (told_day IS NULL OR told_day <> $3)";
    for number in &note.held {
        sqlx::query(NOTIFIED).bind(*number).bind(now).bind(note.day.clone()).execute(&mut *tx).await?;
    }
    Ok(())
}
