//! Retention: content is erased and enquiries are removed when they have reached their age.
//!
//! Invariant: nothing undelivered is erased. Erased means overwritten in the file (`secure_delete`) and removed from the
//! write-ahead file; while a reader prevents the latter, this is logged and tried again.
//!
//! Never: mails in a folder, backups, a PostgreSQL server's own log.

use super::{DatabaseLocation, Outbox, Unavailable, millis};
use crate::enquiry::retention;
use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::time::sleep;

/// Pause between two runs.
const INTERVAL: Duration = Duration::from_mins(10);
/// After delivery the clinic has the letter. An enquiry that is marked as advertising can be released as long.
const AFTER_DELIVERY: SignedDuration = SignedDuration::from_hours(retention::AFTER_DELIVERY_HOURS);
/// After staff were first notified of a held enquiry, if they were notified on at least [`NOTIFIED_DAYS`] days.
const AFTER_NOTIFICATION: SignedDuration = SignedDuration::from_hours(24 * retention::HELD_DAYS);
const NOTIFIED_DAYS: i64 = 3;
/// Number, reference, times and state.
const RECORD: SignedDuration = SignedDuration::from_hours(24 * retention::RECORD_DAYS);

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

/// Whether erased bytes may be in the write-ahead file. After a kill this is not known, so it is true at the start.
#[derive(Debug)]
pub(super) struct Scrub(AtomicBool);

impl Default for Scrub {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Scrub {
    pub(super) fn request(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Outbox {
    /// Erases and removes what has reached its age, at intervals, until it is dropped. `now` is the clock.
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
             WHERE (content IS NOT NULL AND delivered_at <= $2 AND NOT EXISTS (SELECT 1 FROM letter \
             WHERE letter.number = enquiry.number AND letter.state <> 'delivered')) \
             OR (state = 'held' AND (marked_spam_at <= $2 OR (told_first_at <= $3 AND told_times >= $4)))";
        const REMOVE: &str = "DELETE FROM enquiry WHERE content IS NULL AND received_at <= $1";
        const NOTES: &str = "DELETE FROM letter WHERE number IS NULL AND done_at <= $1";
        let before = |age: SignedDuration| millis(now.saturating_sub(age).unwrap_or(Timestamp::MIN));
        let erase = sqlx::query(ERASE).bind(millis(now)).bind(before(AFTER_DELIVERY)).bind(before(AFTER_NOTIFICATION));
        let erased = self.db.execute(erase.bind(NOTIFIED_DAYS)).await?;
        let removed = self.db.execute(sqlx::query(REMOVE).bind(before(RECORD))).await?;
        self.db.execute(sqlx::query(NOTES).bind(before(RECORD))).await?;
        if erased > 0 || removed > 0 {
            self.scrub.request();
        }
        Ok(RetentionRun { erased, removed, unscrubbed: !self.scrub().await? })
    }

    /// Clears what was erased from the database's files; false while a reader of the write-ahead file prevents it.
    pub async fn scrub(&self) -> Result<bool, Unavailable> {
        if !self.scrub.0.swap(false, Ordering::AcqRel) {
            return Ok(true);
        }
        let done = self.clear_files().await;
        if done != Ok(true) {
            self.scrub.request();
            tracing::warn!("erased content is still in the database's files; the next run tries again");
        }
        done
    }

    async fn clear_files(&self) -> Result<bool, Unavailable> {
        let pool = self.db.pool().await?;
        if let DatabaseLocation::Sqlite(_) = self.db.place() {
            let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&pool).await?;
            return Ok(row.try_get_unchecked::<i64, _>(0)? == 0);
        }
        // On a connection of its own: VACUUM takes longer than the limit on a visitor's statements.
        let mut conn = pool.acquire().await?.detach();
        sqlx::query("SET statement_timeout = 0").execute(&mut conn).await?;
        sqlx::query("VACUUM enquiry").execute(&mut conn).await?;
        sqlx::Connection::close(conn).await?;
        Ok(true)
    }
}
