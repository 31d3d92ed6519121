//! The one writer: takes the enquiries that wait, commits them together, sends each result afterwards.
//!
//! Invariant: `put` returns a receipt only after the commit, and after the file was found at its path. If `put` times out
//! before the writer has taken the enquiry, it returns `NotStored`, and the writer skips the enquiry. `NotStored` means that
//! nothing can have been committed; a commit without an answer is `Unknown`.
//!
//! Never: an unlimited wait. Everything here ends within [`WAIT`].

mod batch;

pub(super) use batch::{insert_letters, json};

use super::{
    NewEnquiry, Outbox, Receipt,
    database::{Unavailable, is_fault_of_row, too_slow},
};
use batch::Prepared;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Instant, error::Elapsed, timeout, timeout_at},
};

/// Maximum time for which a visitor waits.
const WAIT: Duration = Duration::from_secs(3);
/// A post waits for the batch under way and for its own, so each may take somewhat less than half of that.
const STATEMENTS: Duration = Duration::from_millis(1400);
/// Posts that may wait; each holds a few kilobytes.
pub(super) const QUEUE: usize = 1024;
/// Tries to store an enquiry whose reference is taken.
const REFERENCE_TRIES: usize = 4;

/// Why there is no receipt.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum PutError {
    /// It is not stored.
    #[error("the enquiry was not stored: {0}")]
    NotStored(Unavailable),
    /// It may or may not be stored; sending it again does no harm.
    #[error("it is not known whether the enquiry was stored: {0}")]
    Unknown(Unavailable),
}

impl PutError {
    fn cause(&self) -> &Unavailable {
        let (Self::NotStored(cause) | Self::Unknown(cause)) = self;
        cause
    }
}

/// How a transaction failed.
enum Failure {
    /// A row was refused: others of the batch may pass without it.
    Row(Unavailable),
    /// The whole batch has failed.
    Batch(PutError),
}

impl Failure {
    fn before_commit(error: sqlx::Error) -> Self {
        if is_fault_of_row(&error) { Self::Row(error.into()) } else { Self::Batch(PutError::NotStored(error.into())) }
    }

    /// After an error from the database nothing is stored; after a broken connection it is unknown.
    fn at_commit(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(_) => Self::before_commit(error),
            _ => Self::Batch(PutError::Unknown(error.into())),
        }
    }

    fn into_error(self) -> PutError {
        match self {
            Self::Row(cause) => PutError::NotStored(cause),
            Self::Batch(error) => error,
        }
    }
}

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Job {
    Store(Post),
    /// Whether an enquiry could be stored.
    Check(oneshot::Sender<Result<(), Unavailable>>),
}

/// An enquiry in the queue.
#[derive(Debug)]
pub(super) struct Post {
    prepared: Prepared,
    /// Set by the writer when it takes the enquiry, or by `put` when it times out, whichever is first.
    settled: Arc<AtomicBool>,
    answer: oneshot::Sender<Result<Receipt, PutError>>,
}

impl Outbox {
    /// Stores an enquiry, or fails within about three seconds.
    pub async fn put(&self, new: &NewEnquiry) -> Result<Receipt, PutError> {
        let (answer, answered) = oneshot::channel();
        let settled = Arc::new(AtomicBool::new(false));
        let prepared = Prepared::new(&self.options.load(), new);
        let job = Job::Store(Post { prepared, settled: Arc::clone(&settled), answer });
        let result = match self.ask(job, answered).await {
            Ok(Some(result)) => result,
            Ok(None) => Err(PutError::Unknown(stopped())),
            Err(_) if !settled.swap(true, Ordering::AcqRel) => {
                Err(PutError::NotStored(Unavailable("it is too slow for so many enquiries".into())))
            }
            Err(_) => Err(PutError::Unknown(Unavailable("it did not answer in time".into()))),
        };
        self.write_failure.store(result.as_ref().err().map(|error| Arc::new(error.cause().clone())));
        result
    }

    /// Whether enquiries can be stored: the writer stores one, or writes as much as the largest.
    pub async fn check_write(&self) -> Result<(), Unavailable> {
        let (answer, answered) = oneshot::channel();
        let asked = self.ask(Job::Check(answer), answered).await.map_err(|_| too_slow());
        let result = asked.and_then(|answer| answer.unwrap_or_else(|| Err(stopped())));
        self.write_failure.store(result.clone().err().map(Arc::new));
        result
    }

    /// `None` if the writer has stopped while it held the job.
    async fn ask<T>(&self, job: Job, answered: oneshot::Receiver<T>) -> Result<Option<T>, Elapsed> {
        let answer = async {
            self.queue.send(job).await.ok()?;
            answered.await.ok()
        };
        timeout(WAIT, answer).await
    }

    /// The writer: stores what is put into the outbox, until it is dropped. A second one waits for that.
    pub async fn write(self) {
        let mut waiting = self.waiting.lock().await;
        let mut jobs = Vec::new();
        while waiting.recv_many(&mut jobs, self.options.load().max_batch).await > 0 {
            let (mut posts, mut checks) = (Vec::new(), Vec::new());
            for job in jobs.drain(..) {
                match job {
                    Job::Store(post) if post.settled.swap(true, Ordering::AcqRel) => {}
                    Job::Store(post) => posts.push(post),
                    Job::Check(answer) => checks.push(answer),
                }
            }
            self.write_batch(posts, checks).await;
            self.announce();
        }
    }

    /// Answers checks with the result of the enquiries beside them.
    async fn write_batch(&self, posts: Vec<Post>, checks: Vec<oneshot::Sender<Result<(), Unavailable>>>) {
        let batch: Vec<&Prepared> = posts.iter().map(|post| &post.prepared).collect();
        let (results, health) = match self.store(&batch).await {
            Ok(receipts) => (receipts.into_iter().map(Ok).collect(), Ok(())),
            Err(Failure::Row(_)) => (self.store_one_by_one(&batch).await, Ok(())),
            Err(Failure::Batch(error)) => (vec![Err(error.clone()); batch.len()], Err(error.cause().clone())),
        };
        if let Some(error) = results.iter().find_map(|result| result.as_ref().err()) {
            tracing::error!(%error, enquiries = results.len(), "enquiries were not stored");
        }
        for (post, result) in posts.into_iter().zip(results) {
            let _ = post.answer.send(result);
        }
        for answer in checks {
            let _ = answer.send(health.clone());
        }
    }

    /// One bad row must not fail the others, and a reference that exists is replaced by a new one.
    async fn store_one_by_one(&self, batch: &[&Prepared]) -> Vec<Result<Receipt, PutError>> {
        let mut results = Vec::with_capacity(batch.len());
        for prepared in batch {
            let mut stored = self.store(&[prepared]).await;
            for _ in 1..REFERENCE_TRIES {
                if let Err(Failure::Row(_)) = stored {
                    stored = self.store(&[prepared]).await;
                }
            }
            results.push(stored.map(|mut receipts| receipts.remove(0)).map_err(Failure::into_error));
        }
        results
    }

    /// One transaction for all of them. Without any, as much is written as for the largest.
    async fn store(&self, batch: &[&Prepared]) -> Result<Vec<Receipt>, Failure> {
        let not_stored = |cause| Failure::Batch(PutError::NotStored(cause));
        let unknown = |cause| Failure::Batch(PutError::Unknown(cause));
        let deadline = Instant::now() + STATEMENTS;
        let acquired = timeout_at(deadline, async { Ok(self.db.pool().await?.acquire().await?) }).await;
        let mut conn = acquired.unwrap_or_else(|_| Err(too_slow())).map_err(not_stored)?;
        let result = async {
            let options = self.options.load_full();
            let written = timeout_at(deadline, batch::insert(&mut conn, self.db.sql, &options, batch)).await;
            let (tx, receipts) = written.map_err(|_| not_stored(too_slow()))?.map_err(Failure::before_commit)?;
            let committed = timeout(STATEMENTS, tx.commit()).await;
            committed.map_err(|_| unknown(too_slow()))?.map_err(Failure::at_commit)?;
            Ok(receipts)
        };
        let result = result.await;
        if let Err(Failure::Batch(_)) = result {
            // Its state is unknown, so the pool does not get it back.
            conn.close_on_drop();
        }
        let receipts = result?;
        self.db.confirm().await.map_err(unknown)?;
        Ok(receipts)
    }
}

fn stopped() -> Unavailable {
    Unavailable("the writer has stopped".into())
}
