//! Whether enquiries can be kept: what the last write met, or a real write now.
//!
//! Never: an answer from memory older than [`FRESH`], unless it says what the last enquiry met.

use super::{
    database::{self, Database, Unavailable},
    sql,
};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// Whoever asks waits no longer than a visitor would.
const WAIT: Duration = Duration::from_secs(3);
/// A write that succeeded is believed this long.
const FRESH: Duration = Duration::from_secs(2);
/// Three times the largest body of a form: what a database writes beside the words needs room too.
const LARGEST: usize = 96 * 1024;

/// What the last write met, for the operator.
#[derive(Debug, Default)]
pub(super) struct Keeping(Mutex<Option<(Instant, Result<(), Unavailable>)>>);

impl Keeping {
    pub(super) fn note(&self, result: Result<(), Unavailable>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), result));
    }
    pub(super) fn last(&self) -> Result<(), Unavailable> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().map_or(Ok(()), |(_, result)| result.clone())
    }
    fn is_fresh(&self) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(&*last, Some((at, Ok(()))) if at.elapsed() < FRESH)
    }
}

/// A write as large as the largest enquiry, unless a recent one is known to have passed: on a disk that is almost full a
/// small one would still fit.
pub(super) async fn probe(db: &Database, keeping: &Keeping) -> Result<(), Unavailable> {
    if keeping.is_fresh() {
        return Ok(());
    }
    let touch = async {
        let pool = db.pool().await?;
        write_probe(&pool).await.map_err(|e| database::reason(&e))?;
        db.confirm().await
    };
    let result = timeout(WAIT, touch).await.map_err(|_| database::too_slow()).flatten();
    keeping.note(result.clone());
    result
}

async fn write_probe(pool: &sqlx::AnyPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query(sql::LOCK).fetch_one(&mut *tx).await?;
    sqlx::query(sql::PROBE).bind("x".repeat(LARGEST)).execute(&mut *tx).await?;
    tx.commit().await
}
