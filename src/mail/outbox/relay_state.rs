//! Recent failures of the relay, shared by all copies of the program.
//!
//! Invariant: while a relay that failed is paused, no copy connects to it; then exactly one tries.

use super::{Outbox, ProblemStore as _, Unavailable, time};
use crate::mail::health::ProblemKind;
use jiff::Timestamp;

/// Failures in a row, and the pause after the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayState {
    /// Tries in a row at which no letter could have passed.
    pub failures: u32,
    /// No connection before this time.
    pub paused_until: Timestamp,
}

/// The state of the relay in an outbox, for delivery.
#[expect(async_fn_in_trait, reason = "tasks use the outbox itself, whose futures are Send")]
pub trait RelayStore {
    /// The present state.
    async fn relay(&self) -> Result<RelayState, Unavailable>;
    /// After a failure, true for the one worker that may connect; the others wait until `until`. A pause after `latest`
    /// began before the clock was set back, and is over.
    async fn may_probe(&self, now: Timestamp, until: Timestamp, latest: Timestamp) -> Result<bool, Unavailable>;
    /// Records a failure before any letter was offered: no connection until then.
    async fn pause(&self, until: Timestamp) -> Result<(), Unavailable>;
    /// Ends the pause; the count of failures stays.
    async fn resume(&self) -> Result<(), Unavailable>;
    /// Records that the relay accepts our connection: letters that failed because of it are queued again with a new age.
    async fn relay_recovered(&self, now: Timestamp) -> Result<(), Unavailable>;
}

impl RelayStore for Outbox {
    async fn relay(&self) -> Result<RelayState, Unavailable> {
        const STATE: &str = "SELECT failures, paused_until FROM relay WHERE name = 'staff'";
        let (failures, until): (i64, i64) = sqlx::query_as(STATE).fetch_one(&self.db.pool().await?).await?;
        Ok(RelayState { failures: u32::try_from(failures).unwrap_or(u32::MAX), paused_until: time(until) })
    }

    async fn may_probe(&self, now: Timestamp, until: Timestamp, latest: Timestamp) -> Result<bool, Unavailable> {
        const PROBE: &str = "UPDATE relay SET paused_until = $2 WHERE name = 'staff' AND failures > 0 \
                             AND (paused_until <= $1 OR paused_until > $3)";
        let query = sqlx::query(PROBE).bind(now.as_millisecond()).bind(until.as_millisecond());
        Ok(self.db.execute(query.bind(latest.as_millisecond())).await? > 0)
    }

    async fn pause(&self, until: Timestamp) -> Result<(), Unavailable> {
        const PAUSE: &str = "UPDATE relay SET failures = failures + 1, paused_until = $1 WHERE name = 'staff'";
        self.db.execute(sqlx::query(PAUSE).bind(until.as_millisecond())).await.map(drop)
    }

    async fn resume(&self) -> Result<(), Unavailable> {
        const UNPAUSE: &str = "UPDATE relay SET paused_until = 0 WHERE name = 'staff' AND paused_until > 0";
        self.db.execute(sqlx::query(UNPAUSE)).await.map(drop)
    }

    async fn relay_recovered(&self, now: Timestamp) -> Result<(), Unavailable> {
        const REQUEUE: &str = "UPDATE letter SET state = 'waiting', due_at = $1, queued_at = $1, attempts = 0, \
                              done_at = NULL WHERE state = 'set-aside' AND stage = 'relay'";
        const WORKS: &str = "UPDATE relay SET failures = 0, paused_until = 0 WHERE name = 'staff'";
        self.db.execute(sqlx::query(REQUEUE).bind(now.as_millisecond())).await?;
        self.problem_ends(ProblemKind::RelayRefuses).await?;
        // Last, so that a crash before it repeats the rest.
        self.db.execute(sqlx::query(WORKS)).await.map(drop)
    }
}
