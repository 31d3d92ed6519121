//! The one writer: takes what waits, commits it together, answers each sender afterwards.
//!
//! Invariant: a sender hears "kept" only after the commit, and after the file was found in its place. A sender that gave
//! up before the writer took its enquiry is skipped: it was told "not kept", and that stays true.
//!
//! Never: a wait without an end. Everything here is bounded by [`WAIT`].

use super::{
    NewEnquiry, Options, Receipt,
    database::{self, Database, Unavailable},
    millis,
    sameness::{Kept, Sameness, fingerprint, sameness},
    sql,
};
use crate::enquiry::Action;
use serde::Serialize;
use sqlx::{Acquire as _, AnyConnection, Row as _};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{timeout, timeout_at},
};

/// A visitor looks at a turning wheel meanwhile.
const WAIT: Duration = Duration::from_secs(3);
/// A post waits for the batch under way and for its own, so each may take somewhat less than half of that.
const STATEMENTS: Duration = Duration::from_millis(1400);
/// Enquiries of one transaction; more only lengthens the wait of the first.
const BATCH: usize = 256;
/// Posts that may wait; each holds a few kilobytes.
const QUEUE: usize = 1024;
/// A probe that succeeded is believed this long.
const FRESH: Duration = Duration::from_secs(2);
/// Three times the largest body of a form: what a database writes beside the words needs room too.
const LARGEST: usize = 96 * 1024;
/// References are random; two equal ones within 90 days are possible and harmless.
const DRAWS: usize = 4;
/// No look-alikes (0 O, 1 I L, 2 Z, 5 S, 6 G, 8 B, U V), and no vowels, so that no word appears.
const SIGNS: [u8; 20] = *b"CDFHJKMNPRTVWXY34679";

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

#[derive(Debug)]
struct Prepared {
    nonce: Option<String>,
    fingerprint: String,
    day: String,
    received_at: i64,
    held: bool,
    content: String,
}

/// What the last write met, for the operator.
#[derive(Debug, Default)]
pub(super) struct Keeping(Mutex<Option<(Instant, Result<(), Unavailable>)>>);

impl Keeping {
    fn note(&self, result: Result<(), Unavailable>) {
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

fn prepare(options: &Options, new: &NewEnquiry) -> Prepared {
    #[derive(Serialize)]
    struct Content<'a> {
        enquiry: &'a crate::enquiry::Enquiry,
        judgement: &'a crate::enquiry::Judgement,
    }
    let content = Content { enquiry: &new.enquiry, judgement: &new.judgement };
    Prepared {
        nonce: new.nonce.clone(),
        fingerprint: fingerprint(&options.key, &new.enquiry),
        day: new.received.to_zoned_datetime(options.zone.clone()).date().to_string(),
        received_at: millis(new.received),
        held: new.judgement.action == Action::Hold,
        content: serde_json::to_string(&content).expect("an enquiry is plain data"),
    }
}

pub(super) fn start(
    db: Arc<Database>,
    options: Arc<Options>,
    arrivals: watch::Sender<u64>,
    keeping: Arc<Keeping>,
) -> mpsc::Sender<Job> {
    let (queue, mut waiting) = mpsc::channel::<Job>(QUEUE);
    tokio::spawn(async move {
        while let Some(first) = waiting.recv().await {
            let mut jobs = vec![first];
            while jobs.len() < BATCH
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

enum Failure {
    Row(Unavailable),
    Down(Unavailable),
    Unsure(Unavailable),
}

impl Failure {
    fn into_error(self) -> PutError {
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
async fn store(db: &Database, options: &Options, batch: &[&Prepared]) -> Result<Vec<Receipt>, Failure> {
    let deadline = tokio::time::Instant::now() + STATEMENTS;
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
    deadline: tokio::time::Instant,
) -> Result<Vec<Receipt>, Failure> {
    let written = async {
        let mut tx = conn.begin().await?;
        let receipts = insert(&mut tx, db, options, batch).await?;
        Ok((tx, receipts))
    };
    let written = timeout_at(deadline, written).await.map_err(|_| Failure::Down(too_slow()))?;
    let (tx, receipts) = written.map_err(|e| Failure::before_commit(&e))?;
    let committed = timeout(STATEMENTS, tx.commit()).await.map_err(|_| Failure::Unsure(too_slow()))?;
    committed.map_err(|e| Failure::at_commit(&e))?;
    Ok(receipts)
}

fn too_slow() -> Unavailable {
    Unavailable("the database did not answer in time".into())
}

#[derive(Serialize)]
struct EnquiryRow<'a> {
    number: u64,
    reference: &'a str,
    nonce: Option<&'a str>,
    fingerprint: &'a str,
    day: &'a str,
    corrects: Option<u64>,
    received_at: i64,
    state: &'static str,
    content: &'a str,
}

async fn insert(
    tx: &mut AnyConnection,
    db: &Database,
    options: &Options,
    batch: &[&Prepared],
) -> sqlx::Result<Vec<Receipt>> {
    let last: i64 = sqlx::query(sql::LOCK).fetch_one(&mut *tx).await?.try_get("last")?;
    let kept = candidates(tx, db, batch).await?;
    let decided = decide(batch, kept, u64::try_from(last).unwrap_or(0));
    let (rows, letters) = rows(batch, &decided, options);
    if !rows.is_empty() {
        sqlx::query(db.sql().insert_enquiries).bind(json(&rows)).execute(&mut *tx).await?;
        if !letters.is_empty() {
            sqlx::query(db.sql().insert_letters).bind(json(&letters)).execute(&mut *tx).await?;
        }
        sqlx::query(sql::ADVANCE).bind(last + i64::try_from(rows.len()).unwrap_or(0)).execute(&mut *tx).await?;
    }
    Ok(decided.into_iter().map(|(receipt, _)| receipt).collect())
}

async fn candidates(tx: &mut AnyConnection, db: &Database, batch: &[&Prepared]) -> sqlx::Result<Vec<Kept>> {
    #[derive(Serialize)]
    struct Wanted<'a> {
        nonce: Option<&'a str>,
        fingerprint: &'a str,
    }
    let wanted: Vec<_> =
        batch.iter().map(|p| Wanted { nonce: p.nonce.as_deref(), fingerprint: &p.fingerprint }).collect();
    let rows = sqlx::query(db.sql().candidates).bind(json(&wanted)).fetch_all(tx).await?;
    rows.iter()
        .map(|row| {
            Ok(Kept {
                number: u64::try_from(row.try_get::<i64, _>("number")?).unwrap_or(0),
                reference: row.try_get("reference")?,
                nonce: row.try_get("nonce")?,
                fingerprint: row.try_get("fingerprint")?,
                day: row.try_get("day")?,
            })
        })
        .collect()
}

/// Each gets the receipt of its twin, or the next number and, maybe, the number that it corrects.
fn decide(batch: &[&Prepared], mut kept: Vec<Kept>, last: u64) -> Vec<(Receipt, Option<u64>)> {
    let mut number = last;
    batch
        .iter()
        .map(|p| {
            let corrects = match sameness(&kept, p.nonce.as_deref(), &p.fingerprint, &p.day) {
                Sameness::Again { number, reference } => return (Receipt { reference, number, again: true }, None),
                Sameness::Correction(earlier) => Some(earlier),
                Sameness::New => None,
            };
            number += 1;
            let reference = draw_reference();
            kept.push(Kept {
                number,
                reference: reference.clone(),
                nonce: p.nonce.clone(),
                fingerprint: Some(p.fingerprint.clone()),
                day: p.day.clone(),
            });
            (Receipt { reference, number, again: false }, corrects)
        })
        .collect()
}

fn rows<'a>(
    batch: &[&'a Prepared],
    decided: &'a [(Receipt, Option<u64>)],
    options: &'a Options,
) -> (Vec<EnquiryRow<'a>>, Vec<LetterRow>) {
    let mut rows = Vec::new();
    let mut letters = Vec::new();
    for (prepared, (receipt, corrects)) in batch.iter().zip(decided) {
        if receipt.again {
            continue;
        }
        rows.push(EnquiryRow {
            number: receipt.number,
            reference: &receipt.reference,
            nonce: prepared.nonce.as_deref(),
            fingerprint: &prepared.fingerprint,
            day: &prepared.day,
            corrects: *corrects,
            received_at: prepared.received_at,
            state: if prepared.held { "held" } else { "waiting" },
            content: &prepared.content,
        });
        if !prepared.held {
            let at = prepared.received_at;
            letters.extend(letter_rows(options, receipt.number, &receipt.reference, at, at));
        }
    }
    (rows, letters)
}

/// A letter as it is inserted.
#[derive(Debug, Serialize)]
pub(super) struct LetterRow {
    number: u64,
    copy: usize,
    recipient: String,
    message_id: String,
    dated_at: i64,
    queued_at: i64,
}

/// One letter per recipient. They share one Message-ID: it is one message, and a mailbox behind two addresses shows it
/// once.
pub(super) fn letter_rows(
    options: &Options,
    number: u64,
    reference: &str,
    dated_at: i64,
    queued_at: i64,
) -> impl Iterator<Item = LetterRow> {
    let nonce = data_encoding::HEXLOWER.encode(&random::<8>());
    let message_id = format!("<{reference}.{nonce}@{}>", options.domain);
    options.recipients.iter().enumerate().map(move |(index, recipient)| LetterRow {
        number,
        copy: index + 1,
        recipient: recipient.to_string(),
        message_id: message_id.clone(),
        dated_at,
        queued_at,
    })
}

pub(super) fn json(rows: &impl Serialize) -> String {
    serde_json::to_string(rows).expect("rows are plain data")
}

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

fn draw_reference() -> String {
    let mut reference = String::with_capacity(8);
    while reference.len() < 8 {
        // Bytes above the last whole multiple would favour the first signs.
        let signs = random::<16>().into_iter().filter(|byte| usize::from(*byte) < 256 / SIGNS.len() * SIGNS.len());
        let room = 8 - reference.len();
        reference.extend(signs.take(room).map(|byte| char::from(SIGNS[usize::from(byte) % SIGNS.len()])));
    }
    reference
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
    let result = timeout(WAIT, touch).await.map_err(|_| too_slow()).flatten();
    keeping.note(result.clone());
    result
}

async fn write_probe(pool: &sqlx::AnyPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query(sql::LOCK).fetch_one(&mut *tx).await?;
    sqlx::query(sql::PROBE).bind("x".repeat(LARGEST)).execute(&mut *tx).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_reference_has_eight_signs_that_cannot_be_taken_for_one_another() {
        let references: HashSet<String> = (0..2000).map(|_| draw_reference()).collect();
        assert!(references.len() > 1990, "references repeat: {}", references.len());
        for reference in references {
            assert_eq!(reference.len(), 8);
            assert!(reference.bytes().all(|sign| SIGNS.contains(&sign)), "{reference}");
        }
    }

    #[test]
    fn a_twin_in_the_same_batch_gets_the_same_receipt_and_no_number_is_skipped() {
        let prepared = |nonce: &str, fingerprint: &str| Prepared {
            nonce: Some(nonce.into()),
            fingerprint: fingerprint.into(),
            day: "2026-11-24".into(),
            received_at: 0,
            held: false,
            content: String::new(),
        };
        let batch = [prepared("n1", "a"), prepared("n1", "a"), prepared("n1", "b"), prepared("n2", "c")];
        let decided = decide(&batch.iter().collect::<Vec<_>>(), Vec::new(), 40);
        let facts: Vec<_> = decided.iter().map(|(r, corrects)| (r.number, r.again, *corrects)).collect();
        assert_eq!(facts, [(41, false, None), (41, true, None), (42, false, Some(41)), (43, false, None)]);
        assert_eq!(decided[0].0.reference, decided[1].0.reference);
    }
}
