//! Whether enquiries can be stored: the result of the last write, or a real write now.
//!
//! Never: a success older than [`FRESH`].

use super::{
    database::{Database, Unavailable, too_slow},
    sql,
};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// A visitor waits for this.
const WAIT: Duration = Duration::from_secs(3);
/// The result of a write that succeeded is reused for this long.
const FRESH: Duration = Duration::from_secs(2);
/// Three times the largest body of a form, since a database writes more than the content. On a disk that is almost full
/// a small write would still fit.
const LARGEST: usize = 96 * 1024;

/// The result of the last write, and when it was.
#[derive(Debug, Default)]
pub(super) struct WriteHealth(Mutex<Option<(Instant, Result<(), Unavailable>)>>);

impl WriteHealth {
    pub(super) fn record(&self, result: Result<(), Unavailable>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), result));
    }

    /// The result of the last write; `Ok` if there was none.
    pub(super) fn last(&self) -> Result<(), Unavailable> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().map_or(Ok(()), |(_, result)| result.clone())
    }

    /// Writes as much as the largest enquiry, unless a recent write is known to have succeeded.
    pub(super) async fn probe(&self, db: &Database) -> Result<(), Unavailable> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if matches!(last, Some((at, Ok(()))) if at.elapsed() < FRESH) {
            return Ok(());
        }
        let result = timeout(WAIT, write(db)).await.map_err(|_| too_slow()).flatten();
        self.record(result.clone());
        result
    }
}

async fn write(db: &Database) -> Result<(), Unavailable> {
    let mut tx = db.pool().await?.begin().await?;
    sqlx::query(sql::LOCK).fetch_one(&mut *tx).await?;
    sqlx::query(sql::PROBE).bind("x".repeat(LARGEST)).execute(&mut *tx).await?;
    tx.commit().await?;
    db.confirm().await
}
