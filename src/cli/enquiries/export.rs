//! Everything that is kept, for a spreadsheet or a program.
//!
//! Invariant: no cell of the CSV is taken for a formula. A visitor writes the cells, and a spreadsheet would run
//! `=HYPERLINK(…)` for whoever opens the file (OWASP, CSV injection).

use super::{Failed, Form, show::said};
use crate::{
    enquiry::{Enquiry, Judgement},
    mail::outbox::{Entry, Outbox},
};
use serde_json::{Map, Value, json};

/// Columns in their order.
const COLUMNS: [&str; 22] = [
    "number",
    "reference",
    "state",
    "received",
    "delivered",
    "answered",
    "released",
    "advertising",
    "corrects",
    "name",
    "channel",
    "phone",
    "voicemail",
    "email",
    "email_private",
    "times",
    "for_whom",
    "message",
    "about",
    "notice",
    "score",
    "reasons",
];

/// All enquiries that are still known; the words of those that have any.
pub(super) async fn export(outbox: &Outbox, form: Form) -> Result<String, Failed> {
    let mut rows = Vec::new();
    for entry in outbox.list().await? {
        let (content, _) = outbox.show(&entry.reference).await?;
        rows.push(row(&entry, content.as_ref()));
    }
    match form {
        Form::JsonLines => Ok(rows.into_iter().map(|row| Value::Object(row).to_string() + "\n").collect()),
        Form::Csv => csv(&rows).map_err(|error| Failed::Said(error.to_string())),
    }
}

fn row(entry: &Entry, content: Option<&(Enquiry, Judgement)>) -> Map<String, Value> {
    let enquiry = content.map(|(enquiry, _)| enquiry);
    let judgement = content.map(|(_, judgement)| judgement);
    let phone = enquiry.and_then(|enquiry| enquiry.phone.as_ref());
    let email = enquiry.and_then(|enquiry| enquiry.email.as_ref());
    let values = [
        json!(entry.number),
        json!(entry.reference),
        json!(entry.state),
        json!(entry.received),
        json!(entry.delivered),
        json!(entry.answered),
        json!(entry.released),
        json!(entry.spam),
        json!(entry.corrects),
        json!(enquiry.map(|enquiry| &enquiry.name)),
        json!(enquiry.map(|enquiry| said(&enquiry.channel))),
        json!(phone.map(|phone| &phone.number)),
        json!(phone.map(|phone| said(&phone.voicemail))),
        json!(email.map(|mailbox| &mailbox.address)),
        json!(email.map(|mailbox| mailbox.private)),
        json!(enquiry.and_then(|enquiry| enquiry.times.as_ref())),
        json!(enquiry.and_then(|enquiry| enquiry.for_whom).map(|whom| said(&whom))),
        json!(enquiry.and_then(|enquiry| enquiry.message.as_ref())),
        json!(enquiry.and_then(|enquiry| enquiry.about.as_ref())),
        json!(enquiry.map(|enquiry| &enquiry.notice)),
        json!(judgement.map(|judgement| judgement.score)),
        json!(judgement.map(|judgement| judgement.reasons.join("; "))),
    ];
    COLUMNS.iter().map(|column| (*column).to_owned()).zip(values).collect()
}

fn csv(rows: &[Map<String, Value>]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.write_record(COLUMNS.iter().map(|column| cell(&row[*column])))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8(bytes).expect("cells are text"))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        other => other.to_string(),
    }
}

/// An apostrophe before what a spreadsheet would take for a formula, also behind blanks and in full-width form.
fn harmless(text: &str) -> String {
    let begins = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if begins || text.starts_with(['\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+1 650 799 1375", "'+1 650 799 1375"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1+1", "'  =1+1"),
            ("\t=1+1", "'\t=1+1"),
            ("\rx", "'\rx"),
            ("＝1", "'＝1"),
            ("Ann = me", "Ann = me"),
            ("(650) 555-0123", "(650) 555-0123"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), cell, "{text:?}");
        }
    }
}
