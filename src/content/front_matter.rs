//! Front matter and facts in TOML, read into types; every wrong or unknown key is reported, not only the first.
//!
//! Invariant: a span counts bytes of the whole file.

use super::source::SourceFile;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use std::ops::Range;
use strsim::normalized_damerau_levenshtein;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Error, ValueDeserializer},
    value::Datetime,
};

/// How similar a known key must be to a misspelled one to be proposed, between 0 and 1.
const SIMILAR: f64 = 0.7;

/// A TOML date without time or zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day(pub(super) Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let at = Datetime::deserialize(deserializer)?;
        let date = at.date.filter(|_| at.time.is_none()).and_then(|date| date.to_string().parse().ok());
        date.map(Self).ok_or_else(|| D::Error::custom("not a date alone"))
    }
}

/// The front matter between two `+++` lines, and the byte offset of the body; `None` after a fault that leaves no value.
pub(super) fn read<T: DeserializeOwned>(source: &mut SourceFile) -> Option<(T, usize)> {
    let text = source.text.clone();
    let first = text.lines().next().unwrap_or_default().trim_end();
    if first != "+++" {
        let (message, remedy) = if first == "---" {
            ("the front matter is YAML", "write TOML between two `+++` lines, one key per line: title = \"…\"")
        } else {
            (
                "the front matter is missing",
                "begin the file with a `+++` line, the front matter, and another `+++` line",
            )
        };
        source.error(0..first.len(), message, remedy);
        return None;
    }
    let mut end = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index > 0 && line.trim_end() == "+++" {
            // The first line becomes a comment, so that spans count from the start of the file.
            let toml = format!("#{}", &text[1..end]);
            return Some((table(source, &toml)?, end + line.len()));
        }
        end += line.len();
    }
    source.error(0..3, "the front matter does not end", "write a `+++` line after the last key");
    None
}

/// A file that is all TOML.
pub(super) fn file<T: DeserializeOwned>(source: &mut SourceFile) -> Option<T> {
    let text = source.text.clone();
    table(source, &text)
}

/// A table of TOML. A key with a fault is left out and the rest is read again, so that all faults are found; `None` if
/// the text is not TOML or a required key is absent.
fn table<T: DeserializeOwned>(source: &mut SourceFile, toml: &str) -> Option<T> {
    let mut faulty: Vec<Range<usize>> = Vec::new();
    loop {
        let (table, errors) = DeTable::parse_recoverable(toml);
        for error in &errors {
            let (message, remedy) = explain_syntax(error.message());
            source.error(error.span().unwrap_or_default(), message, remedy);
        }
        if !errors.is_empty() {
            return None;
        }
        let rows = table.into_inner().into_iter().filter(|(key, _)| !faulty.contains(&key.span()));
        let table: DeTable<'_> = rows.collect();
        let keys: Vec<Range<usize>> = table.keys().map(Spanned::span).collect();
        // The empty span marks a fault of the whole table, such as a missing key.
        let error = match T::deserialize(ValueDeserializer::from(Spanned::new(0..0, DeValue::Table(table)))) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let span = error.span().unwrap_or_default();
        let key =
            keys.into_iter().filter(|key| key.start <= span.start && !span.is_empty()).max_by_key(|key| key.start);
        if key.is_some() || faulty.is_empty() {
            report(source, &error, key.as_ref().map(|key| &toml[key.clone()]));
        }
        faulty.push(key?);
    }
}

/// Message and remedy for a syntax error.
fn explain_syntax(message: &str) -> (String, &'static str) {
    if message.contains("duplicate key") {
        return (message.to_owned(), "remove one of the two lines");
    }
    if message.contains("date") || message.contains("month") || message.contains("day") {
        return (message.to_owned(), "write a valid date like 2026-11-24, without quotes");
    }
    (
        format!("this is not TOML: {message}"),
        "write key = \"value\", with straight quotes; lists in [ ], long text in three quotes",
    )
}

/// A fault of a value. serde's message has names in backticks: the unknown key first, then the known ones.
fn report(source: &mut SourceFile, error: &Error, key: Option<&str>) {
    let (span, message) = (error.span().unwrap_or_default(), error.message().trim());
    if message.starts_with("unknown field") {
        let mut names = message.split('`').skip(1).step_by(2);
        let unknown = names.next().unwrap_or_default();
        let typed = unknown.to_lowercase().replace('-', "_");
        let known: Vec<&str> = names.collect();
        let similarity = |name: &str| normalized_damerau_levenshtein(name, &typed);
        let nearest = known.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
        let remedy = match nearest.filter(|name| similarity(name) >= SIMILAR) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("remove it, or use one of: {}", known.join(", ")),
        };
        source.error(span, format!("`{unknown}` is not a key of this kind of file"), remedy);
        return;
    }
    let remedy = match key {
        Some("takeaways") => "write [[takeaways]] with the lines lead = \"…\" and text = \"…\"",
        Some("questions") => "write [[questions]] with the lines ask = \"…\" and answer = \"…\"",
        Some("image") => "write image = {src = \"file.svg\", alt = \"what it shows\"}",
        _ if message.contains("date") => "write a date like 2026-11-24, without quotes and without a time",
        _ if message.ends_with("a string") => "write text between straight quotes",
        _ if message.ends_with("a boolean") => "write true or false, without quotes",
        _ if message.ends_with("a sequence") => "write a list: [\"one\", \"two\"]",
        _ => "correct this line; README.md and the shipped files explain every key",
    };
    let prefix = key.map(|key| format!("`{key}`: ")).unwrap_or_default();
    source.error(span, prefix + message, remedy);
}
