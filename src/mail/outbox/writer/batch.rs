//! A batch as rows: the enquiries that are new, and a letter for each recipient.
//!
//! Invariant: numbers are given under the lock of the sequence.
//!
//! Never: a commit.

use crate::{
    enquiry::Action,
    mail::outbox::{
        NewEnquiry, Options, Receipt,
        deduplication::{Identity, Known, decide},
        reference::random_hex,
        sql::{self, Statements},
    },
};
use serde::Serialize;
use serde_json::json;
use sqlx::{Any, AnyConnection, Connection as _, Transaction};
use std::ops::RangeInclusive;

/// An enquiry, prepared before it waits in the queue.
#[derive(Debug, Serialize)]
pub(super) struct Prepared {
    #[serde(flatten)]
    identity: Identity,
    received_at: i64,
    state: &'static str,
    content: String,
}

impl Prepared {
    pub(super) fn new(options: &Options, new: &NewEnquiry) -> Self {
        // JSON keeps the borders between answers: no two enquiries share a text.
        let answers = json(&new.enquiry);
        Self {
            identity: Identity {
                nonce: new.nonce.clone(),
                fingerprint: Some(blake3::keyed_hash(&options.key, answers.as_bytes()).to_hex().to_string()),
                day: options.zone.to_datetime(new.received).date().to_string(),
            },
            received_at: new.received.as_millisecond(),
            state: if new.spam.action == Action::Hold { "held" } else { "waiting" },
            // Read again as `letters::Content`.
            content: json!({ "enquiry": new.enquiry, "judgement": new.spam }).to_string(),
        }
    }
}

#[derive(Serialize)]
struct EnquiryRow<'a> {
    number: i64,
    reference: &'a str,
    corrects: Option<i64>,
    #[serde(flatten)]
    prepared: &'a Prepared,
}

/// Three times the largest body of a form, since a database writes more than the content. On a disk that is almost full
/// a small write would still fit.
const LARGEST: usize = 96 * 1024;

type KnownRow = (i64, String, Option<String>, Option<String>, String);

/// Writes a batch in a transaction, which the caller commits; without enquiries, as much as the largest one.
pub(super) async fn insert<'c>(
    conn: &'c mut AnyConnection,
    statements: &Statements,
    options: &Options,
    batch: &[&Prepared],
) -> sqlx::Result<(Transaction<'c, Any>, Vec<Receipt>)> {
    let mut tx = conn.begin().await?;
    let last: i64 = sqlx::query_scalar(sql::LOCK).fetch_one(&mut *tx).await?;
    if batch.is_empty() {
        // SQLite writes nothing if the text is there already.
        sqlx::query(sql::PROBE).bind(random_hex::<16>().repeat(LARGEST / 32)).execute(&mut *tx).await?;
        return Ok((tx, Vec::new()));
    }
    let identities: Vec<&Identity> = batch.iter().map(|new| &new.identity).collect();
    let query = sqlx::query_as(statements.candidates).bind(json(&identities));
    let known: Vec<KnownRow> = query.fetch_all(&mut *tx).await?;
    let known = known.into_iter().map(|(number, reference, nonce, fingerprint, day)| Known {
        receipt: Receipt { reference, number, duplicate: false },
        identity: Identity { nonce, fingerprint, day },
    });
    let decided = decide(&identities, known.collect(), last);
    let new = batch.iter().zip(&decided).filter(|(_, (receipt, _))| !receipt.duplicate);
    let rows: Vec<_> = new
        .map(|(prepared, (Receipt { number, reference, .. }, corrects))| EnquiryRow {
            number: *number,
            reference,
            corrects: *corrects,
            prepared,
        })
        .collect();
    if let Some(newest) = rows.last() {
        sqlx::query(statements.insert_enquiries).bind(json(&rows)).execute(&mut *tx).await?;
        insert_letters(&mut tx, statements, options, last + 1..=newest.number).await?;
        sqlx::query(sql::ADVANCE).bind(newest.number).execute(&mut *tx).await?;
    }
    Ok((tx, decided.into_iter().map(|(receipt, _)| receipt).collect()))
}

/// Queues one letter per recipient for each of these enquiries that is not held. They share one Message-ID: it is one
/// message, and a mailbox behind two addresses shows it once.
pub(in crate::mail::outbox) async fn insert_letters(
    tx: &mut AnyConnection,
    statements: &Statements,
    options: &Options,
    numbers: RangeInclusive<i64>,
) -> sqlx::Result<()> {
    let recipients: Vec<String> = options.recipients.iter().map(ToString::to_string).collect();
    let query = sqlx::query(statements.insert_letters).bind(json(&recipients)).bind(options.domain.clone());
    query.bind(*numbers.start()).bind(*numbers.end()).execute(tx).await?;
    Ok(())
}

/// A list as the statements take it.
pub(in crate::mail::outbox) fn json(rows: &impl Serialize) -> String {
    serde_json::to_string(rows).expect("rows are plain data")
}
