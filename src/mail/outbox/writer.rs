//! The one writer: takes what waits, commits it together, answers each sender afterwards.
//!
//! Invariant: a sender hears "kept" only after the commit, and after the file was found in its place. A sender that gave
//! up before the writer took its enquiry is skipped: it was told "not kept", and that stays true.
//!
//! Never: a wait without an end. Everything here is bounded by [`WAIT`].

mod rows;
mod transaction;

pub(super) use rows::{json, letter_rows};

use super::{
    NewEnquiry, Options, Receipt,
    database::{Database, Unavailable},
    keeping::Keeping,
};
use arc_swap::ArcSwap;
use rows::{Prepared, prepare};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use transaction::{Failure, store};

/// A visitor looks at a turning wheel meanwhile.
const WAIT: Duration = Duration::from_secs(3);
/// A post waits for the batch under way and for its own, so each may take somewhat less than half of that.
const STATEMENTS: Duration = Duration::from_millis(1400);
/// Posts that may wait; each holds a few kilobytes.
const QUEUE: usize = 1024;
/// Tries to store an enquiry whose reference is taken.
const DRAWS: usize = 4;

/// The enquiry may not be safe.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum PutError {
    /// It is certainly not kept.
    #[error("the enquiry was not kept: {0}")]
    NotKept(Unavailable),
    /// It may or may not be kept; sending it again does no harm.
    #[error("it is not known whether the enquiry was kept: {0}")]
    Unsure(Unavailable),
}

/// An enquiry in the queue.
#[derive(Debug)]
pub(super) struct Job {
    prepared: Prepared,
    turn: Arc<Turn>,
    answer: oneshot::Sender<Result<Receipt, PutError>>,
}

/// Who was first: the writer that takes the enquiry, or the sender that gives up.
#[derive(Debug, Default)]
struct Turn(AtomicU8);

impl Turn {
    fn take(&self) -> bool {
        self.0.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
    fn give_up(&self) -> bool {
        self.0.compare_exchange(0, 2, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

pub(super) async fn put(queue: &mpsc::Sender<Job>, options: &Options, new: NewEnquiry) -> Result<Receipt, PutError> {
    let (answer, answered) = oneshot::channel();
    let turn = Arc::new(Turn::default());
    let job = Job { prepared: prepare(options, &new), turn: Arc::clone(&turn), answer };
    let kept = async {
        queue.send(job).await.ok()?;
        answered.await.ok()
    };
    match timeout(WAIT, kept).await {
        Ok(Some(result)) => result,
        Ok(None) => Err(PutError::Unsure(Unavailable("the program is stopping".into()))),
        Err(_) if turn.give_up() => Err(PutError::NotKept(Unavailable("it is too slow to take in more".into()))),
        Err(_) => Err(PutError::Unsure(Unavailable("it did not answer in time".into()))),
    }
}

pub(super) fn start(
    db: Arc<Database>,
    options: Arc<ArcSwap<Options>>,
    arrivals: watch::Sender<u64>,
    keeping: Arc<Keeping>,
) -> mpsc::Sender<Job> {
    let (queue, mut waiting) = mpsc::channel::<Job>(QUEUE);
    tokio::spawn(async move {
        while let Some(first) = waiting.recv().await {
            let options = options.load_full();
            let mut jobs = vec![first];
            while jobs.len() < options.most_together
                && let Ok(job) = waiting.try_recv()
            {
                jobs.push(job);
            }
            jobs.retain(|job| job.turn.take());
            write(&db, &options, jobs, &keeping).await;
            arrivals.send_modify(|count| *count = count.wrapping_add(1));
        }
    });
    queue
}

async fn write(db: &Database, options: &Options, jobs: Vec<Job>, keeping: &Keeping) {
    let batch: Vec<&Prepared> = jobs.iter().map(|job| &job.prepared).collect();
    let results = match store(db, options, &batch).await {
        Ok(receipts) => receipts.into_iter().map(Ok).collect(),
        Err(Failure::Row(_)) => one_by_one(db, options, &batch).await,
        Err(failure) => vec![Err(failure.into_error()); jobs.len()],
    };
    keeping.note(results.iter().find_map(|r| r.as_ref().err()).map_or(Ok(()), |error| {
        tracing::error!(%error, enquiries = results.len(), "enquiries were not kept");
        let (PutError::NotKept(cause) | PutError::Unsure(cause)) = error;
        Err(cause.clone())
    }));
    for (job, result) in jobs.into_iter().zip(results) {
        let _ = job.answer.send(result);
    }
}

/// One bad row must not fail the others, and a reference drawn twice is drawn again.
async fn one_by_one(db: &Database, options: &Options, batch: &[&Prepared]) -> Vec<Result<Receipt, PutError>> {
    let mut results = Vec::with_capacity(batch.len());
    for prepared in batch {
        let mut last = Err(PutError::NotKept(Unavailable(String::new())));
        for _ in 0..DRAWS {
            match store(db, options, &[prepared]).await {
                Ok(mut receipts) => last = Ok(receipts.remove(0)),
                Err(Failure::Row(cause)) => {
                    last = Err(PutError::NotKept(cause));
                    continue;
                }
                Err(failure) => last = Err(failure.into_error()),
            }
            break;
        }
        results.push(last);
    }
    results
}
