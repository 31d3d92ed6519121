//! A batch as rows: which enquiries are duplicates, which number comes next, and a letter for each recipient.
//!
//! Invariant: numbers are given under the lock of the sequence and go up by one. A duplicate gets the receipt of the first.
//!
//! Never: a commit.

use crate::{
    enquiry::{Action, Enquiry, SpamScore},
    mail::outbox::{
        NewEnquiry, Options, Receipt,
        deduplication::{Known, Match, compare, fingerprint},
        letters::unsigned,
        millis,
        reference::{self, random_hex},
        sql::{self, Statements},
    },
};
use serde::Serialize;
use serde_json::json;
use sqlx::AnyConnection;

/// An enquiry, prepared before it waits in the queue.
#[derive(Debug, Serialize)]
pub(super) struct Prepared {
    nonce: Option<String>,
    fingerprint: String,
    day: String,
    received_at: i64,
    #[serde(skip)]
    held: bool,
    content: String,
}

impl Prepared {
    pub(super) fn new(options: &Options, new: &NewEnquiry) -> Self {
        #[derive(Serialize)]
        struct Content<'a> {
            enquiry: &'a Enquiry,
            #[serde(rename = "judgement")]
            spam: &'a SpamScore,
        }
        Self {
            nonce: new.nonce.clone(),
            fingerprint: fingerprint(&options.key, &new.enquiry),
            day: options.zone.to_datetime(new.received).date().to_string(),
            received_at: millis(new.received),
            held: new.spam.action == Action::Hold,
            content: json(&Content { enquiry: &new.enquiry, spam: &new.spam }),
        }
    }
}

#[derive(Serialize)]
struct EnquiryRow<'a> {
    number: u64,
    reference: String,
    corrects: Option<u64>,
    state: &'static str,
    #[serde(flatten)]
    prepared: &'a Prepared,
}

type KnownRow = (i64, String, Option<String>, Option<String>, String);

/// Writes a batch inside a transaction.
pub(super) async fn insert(
    tx: &mut AnyConnection,
    statements: &Statements,
    options: &Options,
    batch: &[&Prepared],
) -> sqlx::Result<Vec<Receipt>> {
    let last: i64 = sqlx::query_scalar(sql::LOCK).fetch_one(&mut *tx).await?;
    let keys: Vec<_> = batch.iter().map(|p| json!({ "nonce": p.nonce, "fingerprint": p.fingerprint })).collect();
    let known: Vec<KnownRow> = sqlx::query_as(statements.candidates).bind(json(&keys)).fetch_all(&mut *tx).await?;
    let known = known.into_iter().map(|(number, reference, nonce, fingerprint, day)| Known {
        number: unsigned(number),
        reference,
        nonce,
        fingerprint,
        day,
    });
    let (receipts, rows) = decide(batch, known.collect(), unsigned(last));
    let letters: Vec<_> = rows
        .iter()
        .filter(|row| !row.prepared.held)
        .flat_map(|row| {
            let at = row.prepared.received_at;
            letter_rows(options, row.number, &row.reference, at, at)
        })
        .collect();
    if !rows.is_empty() {
        sqlx::query(statements.insert_enquiries).bind(json(&rows)).execute(&mut *tx).await?;
        sqlx::query(statements.insert_letters).bind(json(&letters)).execute(&mut *tx).await?;
        sqlx::query(sql::ADVANCE).bind(last + i64::try_from(rows.len()).unwrap_or(0)).execute(&mut *tx).await?;
    }
    Ok(receipts)
}

/// A duplicate gets the receipt of the first; any other enquiry the next number and, maybe, the number that it corrects.
fn decide<'a>(batch: &[&'a Prepared], mut known: Vec<Known>, last: u64) -> (Vec<Receipt>, Vec<EnquiryRow<'a>>) {
    let (mut receipts, mut rows) = (Vec::new(), Vec::new());
    for prepared in batch {
        let corrects = match compare(&known, prepared.nonce.as_deref(), &prepared.fingerprint, &prepared.day) {
            Match::Duplicate { number, reference } => {
                receipts.push(Receipt { reference, number, duplicate: true });
                continue;
            }
            Match::Correction(earlier) => Some(earlier),
            Match::None => None,
        };
        let number = last + rows.len() as u64 + 1;
        let reference = reference::new_reference();
        known.push(Known {
            number,
            reference: reference.clone(),
            nonce: prepared.nonce.clone(),
            fingerprint: Some(prepared.fingerprint.clone()),
            day: prepared.day.clone(),
        });
        receipts.push(Receipt { reference: reference.clone(), number, duplicate: false });
        rows.push(EnquiryRow {
            number,
            reference,
            corrects,
            state: if prepared.held { "held" } else { "waiting" },
            prepared,
        });
    }
    (receipts, rows)
}

/// A letter as it is inserted.
#[derive(Debug, Serialize)]
pub(in crate::mail::outbox) struct LetterRow {
    number: u64,
    copy: usize,
    recipient: String,
    message_id: String,
    dated_at: i64,
    queued_at: i64,
}

/// One letter per recipient. They share one Message-ID: it is one message, and a mailbox behind two addresses shows it
/// once.
pub(in crate::mail::outbox) fn letter_rows(
    options: &Options,
    number: u64,
    reference: &str,
    dated_at: i64,
    queued_at: i64,
) -> Vec<LetterRow> {
    let message_id = format!("<{reference}.{}@{}>", random_hex::<8>(), options.domain);
    let row = |(index, recipient): (usize, &lettre::Address)| LetterRow {
        number,
        copy: index + 1,
        recipient: recipient.to_string(),
        message_id: message_id.clone(),
        dated_at,
        queued_at,
    };
    options.recipients.iter().enumerate().map(row).collect()
}

/// A list as the statements take it.
pub(in crate::mail::outbox) fn json(rows: &impl Serialize) -> String {
    serde_json::to_string(rows).expect("rows are plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_in_the_same_batch_gets_the_same_receipt_and_no_number_is_skipped() {
        let prepared = |nonce: &str, fingerprint: &str| Prepared {
            nonce: Some(nonce.into()),
            fingerprint: fingerprint.into(),
            day: "2026-11-24".into(),
            received_at: 0,
            held: false,
            content: String::new(),
        };
        let batch = [prepared("n1", "a"), prepared("n1", "a"), prepared("n1", "b"), prepared("n2", "c")];
        let (receipts, rows) = decide(&batch.iter().collect::<Vec<_>>(), Vec::new(), 40);
        let facts: Vec<_> = receipts.iter().map(|receipt| (receipt.number, receipt.duplicate)).collect();
        assert_eq!(facts, [(41, false), (41, true), (42, false), (43, false)]);
        assert_eq!(receipts[0].reference, receipts[1].reference);
        let rows: Vec<_> = rows.iter().map(|row| (row.number, row.corrects)).collect();
        assert_eq!(rows, [(41, None), (42, Some(41)), (43, None)]);
    }
}
