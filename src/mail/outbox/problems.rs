//! Problems that an alarm reports: each once, by one copy of the program, and again only after it was over.
//!
//! Invariant: a problem carries nothing that a visitor wrote; its kind is all there is.

use super::{Outbox, Unavailable, letters::unsigned, time};
use crate::mail::health::{LetterCounts, ProblemKind};
use jiff::{SignedDuration, Timestamp};

/// A problem to report, claimed until its lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimedProblem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// Since when.
    pub since: Timestamp,
    /// Tries to report it, this one included.
    pub attempts: u32,
}

impl Outbox {
    /// Counts letters that wait, that wait longer than `late`, that failed while their enquiry is not marked as answered;
    /// and enquiries that are held. Also whether the relay refuses the program.
    pub async fn letter_counts(&self, now: Timestamp, late: SignedDuration) -> Result<LetterCounts, Unavailable> {
        const COUNT: &str = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN queued_at <= $1 THEN 1 ELSE 0 END), 0), \
             MIN(queued_at), \
             (SELECT COUNT(*) FROM letter l WHERE l.state = 'set-aside' AND NOT EXISTS (SELECT 1 FROM enquiry e \
              WHERE e.number = l.number AND e.answered_at IS NOT NULL)), \
             (SELECT COUNT(*) FROM enquiry WHERE state = 'held' AND marked_spam_at IS NULL), \
             (SELECT COUNT(*) FROM trouble WHERE kind = 'relay-refuses') \
             FROM letter WHERE state = 'waiting' AND kind <> 'acknowledgement'";
        let before = now.saturating_sub(late).unwrap_or(Timestamp::MIN).as_millisecond();
        let query = sqlx::query_as(COUNT).bind(before);
        let (waiting, late, oldest, failed, held, refuses): (i64, i64, Option<i64>, i64, i64, i64) =
            query.fetch_one(&self.db.pool().await?).await?;
        let [waiting, late, failed, held] = [waiting, late, failed, held].map(unsigned);
        Ok(LetterCounts { waiting, late, oldest: oldest.map(time), failed, held, relay_refuses: refuses > 0 })
    }

    /// Records that a problem is there; true if it is new.
    pub async fn problem_begins(&self, kind: ProblemKind, now: Timestamp) -> Result<bool, Unavailable> {
        const BEGIN: &str = "INSERT INTO trouble (kind, since, due_at) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING";
        Ok(self.db.execute(sqlx::query(BEGIN).bind(kind.name()).bind(now.as_millisecond())).await? > 0)
    }

    /// Records that a problem is over; true if it was there.
    pub async fn problem_ends(&self, kind: ProblemKind) -> Result<bool, Unavailable> {
        Ok(self.db.execute(sqlx::query("DELETE FROM trouble WHERE kind = $1").bind(kind.name())).await? > 0)
    }

    /// Claims a problem that was not reported yet.
    pub async fn claim_problem(&self, now: Timestamp, until: Timestamp) -> Result<Option<ClaimedProblem>, Unavailable> {
        // Under READ COMMITTED a second copy waits for the row and then finds the lease taken.
        const CLAIM: &str = "UPDATE trouble SET leased_until = $2, attempts = attempts + 1 WHERE told_at IS NULL \
             AND due_at <= $1 AND leased_until <= $1 AND kind = (SELECT MIN(kind) FROM trouble WHERE told_at IS NULL \
             AND due_at <= $1 AND leased_until <= $1) RETURNING kind, since, attempts";
        let query = sqlx::query_as(CLAIM).bind(now.as_millisecond()).bind(until.as_millisecond());
        let claimed: Option<(String, i64, i64)> = query.fetch_optional(&self.db.pool().await?).await?;
        // A kind that only a newer version can read is left to that version.
        Ok(claimed.and_then(|(kind, since, attempts)| {
            let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
            Some(ClaimedProblem { kind: ProblemKind::named(&kind)?, since: time(since), attempts })
        }))
    }

    /// Records that a problem was reported.
    pub async fn problem_reported(&self, kind: ProblemKind, now: Timestamp) -> Result<(), Unavailable> {
        const REPORTED: &str = "UPDATE trouble SET told_at = $2, leased_until = 0 WHERE kind = $1";
        self.db.execute(sqlx::query(REPORTED).bind(kind.name()).bind(now.as_millisecond())).await.map(drop)
    }

    /// Records that it could not be reported; it is due again at that time.
    pub async fn retry_problem(&self, kind: ProblemKind, at: Timestamp) -> Result<(), Unavailable> {
        const AGAIN: &str = "UPDATE trouble SET due_at = $2, leased_until = 0 WHERE kind = $1";
        self.db.execute(sqlx::query(AGAIN).bind(kind.name()).bind(at.as_millisecond())).await.map(drop)
    }
}
