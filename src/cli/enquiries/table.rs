//! Enquiries as a table for people; nothing that anybody wrote.

use crate::mail::outbox::Entry;
use jiff::Timestamp;

const HEAD: [&str; 5] = ["No.", "Reference", "State", "Age", "Marks"];

/// Every entry, or a sentence if there is none.
pub(super) fn list(entries: &[Entry], now: Timestamp) -> String {
    if entries.is_empty() {
        return "No enquiry is known.\n".to_owned();
    }
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(entries.iter().map(|entry| row(entry, now)));
    aligned(&rows)
}

fn row(entry: &Entry, now: Timestamp) -> [String; 5] {
    let state = entry.state.replace("set-aside", "set aside");
    [entry.number.to_string(), entry.reference.clone(), state, age(entry.received, now), marks(entry)]
}

/// What somebody did or said.
fn marks(entry: &Entry) -> String {
    let mut marks: Vec<String> = [
        (entry.answered.is_some(), "answered"),
        (entry.spam.is_some(), "advertising"),
        (entry.released.is_some(), "released"),
    ]
    .into_iter()
    .filter(|(there, _)| *there)
    .map(|(_, mark)| mark.to_owned())
    .collect();
    marks.extend(entry.corrects.map(|number| format!("corrects No. {number}")));
    marks.join(", ")
}

/// `12 min`, `5 h`, `3 d`.
pub(super) fn age(since: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(since).as_mins().max(0);
    match minutes {
        0..=119 => format!("{minutes} min"),
        120..=2879 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1440),
    }
}

/// Columns as wide as their widest cell.
fn aligned(rows: &[[String; 5]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
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
            state: "set-aside".into(),
            received: at(received),
            delivered: None,
            answered: Some(at("2026-11-24T09:00:00Z")),
            released: None,
            spam: None,
            corrects: Some(8),
            erased: false,
        };
        let entries = [entry(9, "2026-11-20T09:00:00Z"), entry(10, "2026-11-24T08:30:00Z")];
        let text = list(&entries, at("2026-11-24T09:00:00Z"));
        let expected = "No.  Reference  State      Age     Marks\n\
                        9    K7MWPX3D   set aside  4 d     answered, corrects No. 8\n\
                        10   K7MWPX3D   set aside  30 min  answered, corrects No. 8\n";
        assert_eq!(text, expected);
    }
}
