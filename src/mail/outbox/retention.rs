//! Retention: content is erased and enquiries are removed when they have reached their age.
//!
//! Invariant: nothing undelivered is erased. With SQLite, erased means overwritten in the file (`secure_delete`) and removed
//! from the write-ahead file; while a reader prevents the latter, this is logged and tried again. Each run empties that file and
//! returns free pages to the disk, so that neither file grows without end.
//!
//! Never: mails in a folder, backups. A PostgreSQL server deletes and vacuums; its files and its own log may hold the bytes
//! until they are used again.

use super::{DatabaseLocation, Outbox, Unavailable};
use crate::enquiry::retention;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use sqlx::Row as _;
use std::time::Duration;
use tokio::time::sleep;

/// Pause between two runs.
const INTERVAL: Duration = Duration::from_mins(10);
/// After an enquiry was marked as answered, or as advertising; as long, the latter can be released.
const AFTER_ANSWER: SignedDuration = SignedDuration::from_hours(retention::AFTER_ANSWER_HOURS);
/// After staff were first notified of a held enquiry, if they were notified on at least [`NOTIFIED_DAYS`] days.
const AFTER_NOTIFICATION: SignedDuration = SignedDuration::from_hours(24 * retention::HELD_DAYS);
const NOTIFIED_DAYS: i64 = 3;
/// Number, reference, times and state.
const RECORD: SignedDuration = SignedDuration::from_hours(24 * retention::RECORD_DAYS);

/// At most eight megabytes a run, so that no visitor waits for it.
const RETURN_PAGES: &str = "PRAGMA incremental_vacuum(2000)";

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetentionRun {
    /// Enquiries whose content was erased.
    pub erased: u64,
    /// Enquiries that were removed.
    pub removed: u64,
    /// Erased content is still in the write-ahead file, since another process reads it; the next run tries again.
    pub unscrubbed: bool,
}

impl Outbox {
    /// Erases and removes what has reached its age, at intervals, until it is dropped. `now` is the clock for erasures,
    /// which is late rather than early.
    pub async fn run_retention(self, now: impl Fn() -> Timestamp + Send + Sync) {
        loop {
            match self.apply_retention(now()).await {
                Ok(RetentionRun { erased: 0, removed: 0, .. }) => {}
                Ok(RetentionRun { erased, removed, .. }) => tracing::info!(erased, removed, "enquiries erased"),
                Err(cause) => tracing::error!(%cause, "enquiries are not erased"),
            }
            sleep(INTERVAL).await;
        }
    }

    /// One run; harmless at any time and from several copies at once.
    pub async fn apply_retention(&self, now: Timestamp) -> Result<RetentionRun, Unavailable> {
        const ERASE: &str = "UPDATE enquiry SET content = NULL, fingerprint = NULL, state = 'erased', erased_at = $1 \
             WHERE (content IS NOT NULL AND (delivered_at <= $5 OR (delivered_at IS NOT NULL AND answered_at <= $2)) \
             AND NOT EXISTS (SELECT 1 FROM letter WHERE letter.number = enquiry.number AND letter.state <> 'delivered')) \
             OR (state = 'held' AND (marked_spam_at <= $2 OR (told_first_at <= $3 AND told_times >= $4))) RETURNING number, reference";
        const REMOVE: &str = "DELETE FROM enquiry WHERE content IS NULL AND received_at <= $1";
        const NOTES: &str = "DELETE FROM letter WHERE number IS NULL AND done_at <= $1";
        const COUNTS: &str = "DELETE FROM article_count WHERE day < $1";
        let before = |age: SignedDuration| now.saturating_sub(age).unwrap_or(Timestamp::MIN).as_millisecond();
        let mut tx = self.db.pool().await?.begin().await?;
        let erase = sqlx::query_as(ERASE)
            .bind(now.as_millisecond())
            .bind(before(AFTER_ANSWER))
            .bind(before(AFTER_NOTIFICATION));
        let erase = erase.bind(NOTIFIED_DAYS).bind(before(self.options.load().keep_words));
        let erased: Vec<(i64, String)> = erase.fetch_all(&mut *tx).await?;
        self.record_erased(&erased)?;
        tx.commit().await?;
        let removed = self.db.execute(sqlx::query(REMOVE).bind(before(RECORD))).await?;
        self.db.execute(sqlx::query(NOTES).bind(before(RECORD))).await?;
        let oldest = self.day(now).saturating_sub(retention::COUNT_DAYS.days());
        self.db.execute(sqlx::query(COUNTS).bind(oldest.to_string())).await?;
        Ok(RetentionRun { erased: erased.len() as u64, removed, unscrubbed: !self.scrub().await? })
    }

    /// Clears what was erased from the database's files and returns their room to the disk; false while a reader of the
    /// write-ahead file prevents it.
    pub async fn scrub(&self) -> Result<bool, Unavailable> {
        let pool = self.db.pool().await?;
        if let DatabaseLocation::Sqlite(_) = self.db.place() {
            sqlx::query(RETURN_PAGES).execute(&pool).await?;
            let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&pool).await?;
            let done = row.try_get_unchecked::<i64, _>(0)? == 0;
            if !done {
                tracing::warn!("erased content may still be in the database's files; the next run tries again");
            }
            return Ok(done);
        }
        // On a connection of its own: VACUUM takes longer than the limit on a visitor's statements.
        let mut conn = pool.acquire().await?.detach();
        sqlx::query("SET statement_timeout = 0").execute(&mut conn).await?;
        sqlx::query("VACUUM enquiry, letter").execute(&mut conn).await?;
        sqlx::Connection::close(conn).await?;
        Ok(true)
    }
}
