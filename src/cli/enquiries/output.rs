//! Enquiries as text: a table without content, one enquiry with its content, and everything as CSV or JSON.
//!
//! Invariant: no cell of the CSV is a formula. A visitor writes the cells, and a spreadsheet would run `=HYPERLINK(…)`
//! when the file is opened (OWASP, CSV injection).

use crate::{
    cli::aligned,
    mail::{
        letter::sanitize,
        outbox::{Content, Entry, LetterEntry},
    },
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// An enquiry and its content, which is absent once erased.
type Row = (Entry, Option<Content>);

/// Name of each column, and the place of its value in a [`row`] (RFC 6901).
const COLUMNS: [(&str, &str); 22] = [
    ("number", "/number"),
    ("reference", "/reference"),
    ("state", "/state"),
    ("received", "/received"),
    ("delivered", "/delivered"),
    ("answered", "/answered"),
    ("released", "/released"),
    ("advertising", "/spam"),
    ("corrects", "/corrects"),
    ("name", "/enquiry/name"),
    ("channel", "/enquiry/channel"),
    ("phone", "/enquiry/phone/number"),
    ("voicemail", "/enquiry/phone/voicemail"),
    ("email", "/enquiry/email/address"),
    ("email_private", "/enquiry/email/private"),
    ("times", "/enquiry/times"),
    ("for_whom", "/enquiry/for_whom"),
    ("message", "/enquiry/message"),
    ("about", "/enquiry/about"),
    ("notice", "/enquiry/notice"),
    ("score", "/judgement/score"),
    ("reasons", "/judgement/reasons"),
];
/// The first column of what a visitor wrote.
const CONTENT: usize = 9;

/// One line for each enquiry, with columns as wide as their widest cell; without content.
pub(super) fn table(entries: &[Entry], now: Timestamp) -> String {
    if entries.is_empty() {
        return "No enquiry is stored.\n".to_owned();
    }
    let mut rows = vec![["No.", "Reference", "State", "Age", "Marks"].map(str::to_owned)];
    rows.extend(entries.iter().map(|entry| {
        [entry.number.to_string(), entry.reference.clone(), entry.state.clone(), age(entry.received, now), marks(entry)]
    }));
    aligned(&rows)
}

/// `12 min`, `5 h`, `3 d`.
fn age(since: Timestamp, now: Timestamp) -> String {
    match now.duration_since(since).as_mins().max(0) {
        minutes @ 0..=119 => format!("{minutes} min"),
        minutes @ 120..=2879 => format!("{} h", minutes / 60),
        minutes => format!("{} d", minutes / 1440),
    }
}

fn marks(entry: &Entry) -> String {
    let marks = [
        entry.answered.map(|_| "answered".to_owned()),
        entry.spam.map(|_| "advertising".to_owned()),
        entry.released.map(|_| "released".to_owned()),
        entry.corrects.map(|number| format!("corrects No. {number}")),
    ];
    marks.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One enquiry for people. Control characters, which a terminal would obey, are made visible.
pub(super) fn details(entry: &Entry, content: Option<&Content>, letters: &[LetterEntry], now: Timestamp) -> String {
    let mut text = table(std::slice::from_ref(entry), now);
    if content.is_none() {
        text.push_str("\nIts content is erased.");
    }
    let row = row(entry, content);
    let cells = COLUMNS[CONTENT..].iter().map(|(name, place)| (name, cell(&row, place)));
    for (name, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
        let _ = write!(text, "\n{name}: {}", sanitize::lines(&cell).join("\n> "));
    }
    text.push('\n');
    for letter in letters {
        let _ = writeln!(text, "\nEmail to {}: {}, {} tries", letter.recipient, letter.state, letter.attempts);
        if let Some(fault) = &letter.fault {
            let _ = writeln!(text, "  last attempt: {fault}");
        }
    }
    text
}

/// One enquiry for programs.
pub(super) fn details_json(entry: &Entry, content: Option<&Content>, letters: &[LetterEntry]) -> String {
    let mut details = row(entry, content);
    details["letters"] = json!(letters);
    format!("{details:#}\n")
}

/// One JSON object a line.
pub(super) fn json_lines(enquiries: &[Row]) -> String {
    enquiries.iter().map(|(entry, content)| row(entry, content.as_ref()).to_string() + "\n").collect()
}

/// A header, and a row for each enquiry.
pub(super) fn csv(enquiries: &[Row]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS.map(|(name, _)| name))?;
    for (entry, content) in enquiries {
        let row = row(entry, content.as_ref());
        writer.write_record(COLUMNS.map(|(_, place)| escaped(&cell(&row, place))))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8(bytes).expect("cells are text"))
}

/// An enquiry as JSON; `enquiry` and `judgement` are null once its content is erased.
fn row(entry: &Entry, content: Option<&Content>) -> Value {
    let mut row = json!(entry);
    row["enquiry"] = json!(content.map(|content| &content.enquiry));
    row["judgement"] = json!(content.map(|content| &content.spam));
    row
}

/// The value at a place of a row; empty if there is none.
fn cell(row: &Value, place: &str) -> String {
    match row.pointer(place) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(reasons)) => reasons.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        Some(other) => other.to_string(),
    }
}

/// An apostrophe before what a spreadsheet would take for a formula, also behind blanks and in full-width form.
fn escaped(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula || text.starts_with(['\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_straight_columns_and_ages_in_words() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let entry = |number, received: &str| Entry {
            number,
            reference: "K7MWPX3D".into(),
            state: "failed".into(),
            received: at(received),
            delivered: None,
            answered: Some(at("2026-11-24T09:00:00Z")),
            released: None,
            spam: None,
            corrects: Some(8),
            erased: false,
        };
        let entries = [entry(9, "2026-11-20T09:00:00Z"), entry(10, "2026-11-24T08:30:00Z")];
        let text = table(&entries, at("2026-11-24T09:00:00Z"));
        let expected = "No.  Reference  State   Age     Marks\n\
                        9    K7MWPX3D   failed  4 d     answered, corrects No. 8\n\
                        10   K7MWPX3D   failed  30 min  answered, corrects No. 8\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_csv_of_no_enquiries_is_the_header() {
        let text = csv(&[]).unwrap();
        assert!(text.starts_with("number,reference,state,") && text.ends_with(",reasons\n"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

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
            assert_eq!(escaped(text), cell, "{text:?}");
        }
    }
}
