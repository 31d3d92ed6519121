//! Problems that an alarm reports: each once, by one copy of the program, and again only after it was over or when it
//! concerns more letters.
//!
//! Invariant: a problem carries nothing that a visitor wrote; its kind is all there is.

use super::{Outbox, Unavailable, letters::unsigned, time};
use crate::mail::health::{LetterCounts, ProblemKind};
use jiff::{SignedDuration, Timestamp};

/// The shortest time between two reports of one problem.
pub const REPEAT: SignedDuration = SignedDuration::from_mins(15);

/// A problem to report, claimed until its lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimedProblem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// Since when.
    pub since: Timestamp,
    /// Tries to report it, this one included.
    pub attempts: u32,
    /// How many letters it concerns.
    pub letters: i64,
}

/// The problems that an outbox knows of, for alarms.
#[expect(async_fn_in_trait, reason = "tasks use the outbox itself, whose futures are Send")]
pub trait ProblemStore {
    /// The result of the last enquiry or check; `Ok` if there was none.
    fn last_write(&self) -> Result<(), Unavailable>;
    /// Counts letters that wait, that wait longer than `late`, that failed while their enquiry is not marked as answered;
    /// and enquiries that are held. Also whether the relay refuses the program.
    async fn letter_counts(&self, now: Timestamp, late: SignedDuration) -> Result<LetterCounts, Unavailable>;
    /// Records that a problem is there and how many letters it concerns; true if it is new or if there are more than
    /// before. Then it is to be reported, [`REPEAT`] after the last report at the earliest.
    async fn problem_begins(&self, kind: ProblemKind, letters: u64, now: Timestamp) -> Result<bool, Unavailable>;
    /// Records that a problem is over; true if it was there.
    async fn problem_ends(&self, kind: ProblemKind) -> Result<bool, Unavailable>;
    /// Claims a problem that is to be reported. What is due after `latest` was stored before the clock was set back, and
    /// is due.
    async fn claim_problem(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        latest: Timestamp,
    ) -> Result<Option<ClaimedProblem>, Unavailable>;
    /// Records that a problem was reported. Letters that it concerns since the claim are reported later.
    async fn problem_reported(&self, problem: &ClaimedProblem, now: Timestamp) -> Result<(), Unavailable>;
    /// Records that it could not be reported; it is due again at that time.
    async fn retry_problem(&self, kind: ProblemKind, at: Timestamp) -> Result<(), Unavailable>;
}

impl ProblemStore for Outbox {
    fn last_write(&self) -> Result<(), Unavailable> {
        self.write_failure.load().as_ref().map_or(Ok(()), |cause| Err(cause.as_ref().clone()))
    }

    async fn letter_counts(&self, now: Timestamp, late: SignedDuration) -> Result<LetterCounts, Unavailable> {
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

    async fn problem_begins(&self, kind: ProblemKind, letters: u64, now: Timestamp) -> Result<bool, Unavailable> {
        const FEWER: &str = "UPDATE trouble SET letters = $2 WHERE kind = $1 AND letters > $2";
        const MORE: &str = "INSERT INTO trouble (kind, since, due_at, letters) VALUES ($1, $3, $3, $2) \
             ON CONFLICT (kind) DO UPDATE SET letters = excluded.letters, told_at = NULL, \
             due_at = COALESCE(trouble.told_at + $4, trouble.due_at) WHERE excluded.letters > trouble.letters";
        self.db.execute(sqlx::query(FEWER).bind(kind.name()).bind(letters.cast_signed())).await?;
        let more = sqlx::query(MORE).bind(kind.name()).bind(letters.cast_signed()).bind(now.as_millisecond());
        Ok(self.db.execute(more.bind(REPEAT.as_secs() * 1000)).await? > 0)
    }

    async fn problem_ends(&self, kind: ProblemKind) -> Result<bool, Unavailable> {
        Ok(self.db.execute(sqlx::query("DELETE FROM trouble WHERE kind = $1").bind(kind.name())).await? > 0)
    }

    async fn claim_problem(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        latest: Timestamp,
    ) -> Result<Option<ClaimedProblem>, Unavailable> {
        let (begin, end) = self.db.lease(now, lease).await?;
        let query = sqlx::query_as(self.db.sql.claim_problem.as_str());
        let query = query.bind(now.as_millisecond()).bind(latest.as_millisecond()).bind(begin).bind(end);
        let claimed: Option<(String, i64, i64, i64)> = query.fetch_optional(&self.db.pool().await?).await?;
        // A kind that only a newer version can read is left to that version.
        Ok(claimed.and_then(|(kind, since, attempts, letters)| {
            let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
            let kind = ProblemKind::named(&kind)?;
            Some(ClaimedProblem { kind, since: time(since), attempts, letters })
        }))
    }

    async fn problem_reported(&self, problem: &ClaimedProblem, now: Timestamp) -> Result<(), Unavailable> {
        const REPORTED: &str =
            "UPDATE trouble SET told_at = $2, leased_until = 0, attempts = 0, letters = $3 WHERE kind = $1";
        let query = sqlx::query(REPORTED).bind(problem.kind.name()).bind(now.as_millisecond());
        self.db.execute(query.bind(problem.letters)).await.map(drop)
    }

    async fn retry_problem(&self, kind: ProblemKind, at: Timestamp) -> Result<(), Unavailable> {
        const AGAIN: &str = "UPDATE trouble SET due_at = $2, leased_until = 0 WHERE kind = $1";
        self.db.execute(sqlx::query(AGAIN).bind(kind.name()).bind(at.as_millisecond())).await.map(drop)
    }
}
