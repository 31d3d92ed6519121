//! A batch as rows: who was here before, which number comes next, and a letter for each recipient.
//!
//! Invariant: numbers are given under the lock of the sequence and go up by one. A twin gets the receipt of the first.
//!
//! Never: a commit (see `transaction`).

use crate::{
    enquiry::{Action, Enquiry, Judgement},
    mail::outbox::{
        NewEnquiry, Options, Receipt,
        database::Database,
        millis, reference,
        sameness::{Kept, Sameness, fingerprint, sameness},
        sql,
    },
};
use serde::Serialize;
use sqlx::{AnyConnection, Row as _};

/// An enquiry, made ready before it stands in line.
#[derive(Debug)]
pub(super) struct Prepared {
    nonce: Option<String>,
    fingerprint: String,
    day: String,
    received_at: i64,
    held: bool,
    content: String,
}

pub(super) fn prepare(options: &Options, new: &NewEnquiry) -> Prepared {
    #[derive(Serialize)]
    struct Content<'a> {
        enquiry: &'a Enquiry,
        judgement: &'a Judgement,
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

/// Writes a batch inside a transaction.
pub(super) async fn insert(
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
            let reference = reference::draw();
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
) -> impl Iterator<Item = LetterRow> {
    let nonce = data_encoding::HEXLOWER.encode(&reference::random::<8>());
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

/// A list as the statements take it.
pub(in crate::mail::outbox) fn json(rows: &impl Serialize) -> String {
    serde_json::to_string(rows).expect("rows are plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

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
