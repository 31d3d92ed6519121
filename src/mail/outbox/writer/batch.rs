//! A batch as rows: the enquiries that are new, and a letter for each recipient.
//!
//! Invariant: numbers are given under the lock of the sequence.
//!
//! Never: a commit.

use crate::{
    enquiry::Action,
    mail::outbox::{
        Content, NewEnquiry, Options, Receipt,
        deduplication::{Identity, Known, decide},
        reference::random_hex,
        sql::{self, Statements},
    },
};
use serde::Serialize;
use sqlx::{Any, AnyConnection, Connection as _, Transaction};
use std::ops::RangeInclusive;

/// An enquiry, prepared before it waits in the queue.
#[derive(Debug)]
pub(super) struct Prepared {
    identity: Identity,
    received_at: i64,
    content: Box<Content>,
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
            content: Box::new(Content { enquiry: new.enquiry.clone(), spam: new.spam.clone() }),
        }
    }
}

#[derive(Serialize)]
struct EnquiryRow<'a> {
    number: i64,
    reference: &'a str,
    corrects: Option<i64>,
    #[serde(flatten)]
    identity: &'a Identity,
    received_at: i64,
    state: &'static str,
    score: u32,
    content: String,
}

impl<'a> EnquiryRow<'a> {
    /// `room` is how many more of this hour may be mailed, counted down here; at 0 the enquiry is held.
    fn new(
        prepared: &'a Prepared,
        receipt: &'a mut Receipt,
        corrects: Option<i64>,
        room: &mut u32,
        limit: u32,
    ) -> Self {
        let mut content = prepared.content.clone();
        if content.spam.action != Action::Hold && *room == 0 {
            content.spam.hold_above(limit);
        }
        receipt.held = content.spam.action == Action::Hold;
        *room -= u32::from(!receipt.held);
        Self {
            number: receipt.number,
            reference: &receipt.reference,
            corrects,
            identity: &prepared.identity,
            received_at: prepared.received_at,
            state: if receipt.held { "held" } else { "waiting" },
            score: content.spam.score,
            content: json(&content),
        }
    }
}

/// Three times the largest body of a form, since a database writes more than the content. On a disk that is almost full
/// a small write would still fit.
const LARGEST: usize = 96 * 1024;

type KnownRow = (i64, String, Option<String>, Option<String>, String);

/// Writes a batch in a transaction, which the caller commits; without enquiries, as much as the largest one.
pub(super) async fn insert<'c>(
    conn: &'c mut AnyConnection,
    statements: &'static Statements,
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
    let query = sqlx::query_as(statements.candidates.as_str()).bind(json(&identities));
    let known: Vec<KnownRow> = query.fetch_all(&mut *tx).await?;
    let known = known.into_iter().map(|(number, reference, nonce, fingerprint, day)| Known {
        receipt: Receipt { reference, number, duplicate: false, held: false },
        identity: Identity { nonce, fingerprint, day },
    });
    let mut decided = decide(&identities, known.collect(), last);
    let latest = batch.iter().map(|new| new.received_at).max();
    let mailed: i64 = sqlx::query_scalar(sql::MAILED).bind(latest).fetch_one(&mut *tx).await?;
    let limit = options.max_per_hour;
    let mut room = limit.saturating_sub(u32::try_from(mailed).unwrap_or(u32::MAX));
    let new = batch.iter().zip(&mut decided).filter(|(_, (receipt, _))| !receipt.duplicate);
    let rows = new.map(|(new, (receipt, corrects))| EnquiryRow::new(new, receipt, *corrects, &mut room, limit));
    let rows: Vec<_> = rows.collect();
    if let Some(newest) = rows.last() {
        sqlx::query(statements.insert_enquiries.as_str()).bind(json(&rows)).execute(&mut *tx).await?;
        insert_letters(&mut tx, statements, options, last + 1..=newest.number).await?;
        sqlx::query(sql::ADVANCE).bind(newest.number).execute(&mut *tx).await?;
    }
    Ok((tx, decided.into_iter().map(|(receipt, _)| receipt).collect()))
}

/// Queues one letter per recipient for each of these enquiries that is not held. They share one Message-ID: it is one
/// message, and a mailbox behind two addresses shows it once.
pub(in crate::mail::outbox) async fn insert_letters(
    tx: &mut AnyConnection,
    statements: &'static Statements,
    options: &Options,
    numbers: RangeInclusive<i64>,
) -> sqlx::Result<()> {
    let recipients = options.recipients.iter().map(ToString::to_string).zip(1..);
    let recipient = |(recipient, copy): (_, u32)| serde_json::json!({ "copy": copy, "recipient": recipient });
    let recipients: Vec<_> = recipients.map(recipient).collect();
    let query = sqlx::query(statements.insert_letters.as_str()).bind(json(&recipients)).bind(options.domain.clone());
    query.bind(*numbers.start()).bind(*numbers.end()).execute(tx).await?;
    Ok(())
}

/// A list as the statements take it.
pub(in crate::mail::outbox) fn json(rows: &impl Serialize) -> String {
    serde_json::to_string(rows).expect("rows are plain data")
}
