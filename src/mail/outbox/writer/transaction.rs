//! One transaction for a whole batch, and what its failure means for those who wait.
//!
//! Invariant: "not kept" is said only of what cannot have been committed. A commit without an answer is "unsure".

use super::{
    PutError, STATEMENTS,
    rows::{self, Prepared},
};
use crate::mail::outbox::{
    Options, Receipt,
    database::{self, Database, Unavailable, too_slow},
};
use sqlx::{Acquire as _, AnyConnection};
use tokio::time::{Instant, timeout, timeout_at};

/// How a transaction failed.
pub(super) enum Failure {
    /// A row was refused: others of the batch may pass without it.
    Row(Unavailable),
    /// Nothing of it is kept.
    Down(Unavailable),
    /// It may be kept.
    Unsure(Unavailable),
}

impl Failure {
    pub(super) fn into_error(self) -> PutError {
        match self {
            Self::Row(cause) | Self::Down(cause) => PutError::NotKept(cause),
            Self::Unsure(cause) => PutError::Unsure(cause),
        }
    }

    fn before_commit(error: &sqlx::Error) -> Self {
        if database::is_fault_of_row(error) {
            Self::Row(database::reason(error))
        } else {
            Self::Down(database::reason(error))
        }
    }

    /// A database that answers "no" to a commit has kept nothing; silence says nothing.
    fn at_commit(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(_) => Self::before_commit(error),
            _ => Self::Unsure(database::reason(error)),
        }
    }
}

/// One transaction for all of them.
pub(super) async fn store(db: &Database, options: &Options, batch: &[&Prepared]) -> Result<Vec<Receipt>, Failure> {
    let deadline = Instant::now() + STATEMENTS;
    let slow = |_| Failure::Down(too_slow());
    let pool = timeout_at(deadline, db.pool()).await.map_err(slow)?.map_err(Failure::Down)?;
    let acquired = timeout_at(deadline, pool.acquire()).await.map_err(slow)?;
    let mut conn = acquired.map_err(|e| Failure::before_commit(&e))?;
    let result = transact(&mut conn, db, options, batch, deadline).await;
    if matches!(result, Err(Failure::Down(_) | Failure::Unsure(_))) {
        // Whatever state it is in, nobody else shall inherit it.
        conn.close_on_drop();
    }
    let receipts = result?;
    db.confirm().await.map_err(Failure::Unsure)?;
    Ok(receipts)
}

async fn transact(
    conn: &mut AnyConnection,
    db: &Database,
    options: &Options,
    batch: &[&Prepared],
    deadline: Instant,
) -> Result<Vec<Receipt>, Failure> {
    let written = async {
        let mut tx = conn.begin().await?;
        let receipts = rows::insert(&mut tx, db, options, batch).await?;
        Ok((tx, receipts))
    };
    let written = timeout_at(deadline, written).await.map_err(|_| Failure::Down(too_slow()))?;
    let (tx, receipts) = written.map_err(|e| Failure::before_commit(&e))?;
    let committed = timeout(STATEMENTS, tx.commit()).await.map_err(|_| Failure::Unsure(too_slow()))?;
    committed.map_err(|e| Failure::at_commit(&e))?;
    Ok(receipts)
}
