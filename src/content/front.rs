//! Front matter: TOML between two `+++` lines, read key by key, so that every wrong key is told and not the first alone.
//!
//! Invariant: a span always counts in bytes of the whole file.

use super::fault::Source;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
    value::Datetime,
};

/// A value and where it stands in its file.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// The keys of a file that are not taken yet.
#[derive(Debug)]
pub(super) struct Keys<'t> {
    rows: Vec<Row<'t>>,
    known: Vec<&'static str>,
    /// Where the front matter begins, for what is missing in it.
    start: usize,
}

#[derive(Debug)]
struct Row<'t> {
    key: String,
    key_span: Range<usize>,
    value: Spanned<DeValue<'t>>,
}

/// Front matter and body of a file; `None` after a fault that leaves nothing to read.
///
/// `text` is the source's own text, held by the caller.
pub(super) fn split<'t>(text: &'t str, source: &mut Source) -> Option<(Keys<'t>, Range<usize>)> {
    let first = text.lines().next().unwrap_or_default().trim_end();
    if first != "+++" {
        let (message, remedy) = if first == "---" {
            ("the front matter is YAML", "write TOML between two lines `+++`: title = \"…\", one key a line")
        } else {
            ("the front matter is missing", "begin the file with a line `+++`, the facts, and another line `+++`")
        };
        source.error(0..first.len(), message, remedy);
        return None;
    }
    let start = text.find('\n').map_or(text.len(), |at| at + 1);
    let Some((end, body)) = closing(text, start) else {
        source.error(0..3, "the front matter does not end", "write a line `+++` after the last fact");
        return None;
    };
    let keys = keys(source, &text[start..end], start)?;
    Some((keys, body..text.len()))
}

/// Start of the closing line and of what follows it.
fn closing(text: &str, start: usize) -> Option<(usize, usize)> {
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if line.trim_end() == "+++" {
            return Some((at, at + line.len()));
        }
        at += line.len();
    }
    None
}

/// The keys of TOML text that begins at `start` of its file; `None` if it cannot be read.
pub(super) fn keys<'t>(source: &mut Source, toml: &'t str, start: usize) -> Option<Keys<'t>> {
    let (table, errors) = DeTable::parse_recoverable(toml);
    if !errors.is_empty() {
        for error in &errors {
            let span = error.span().map_or(start..start, |span| span.start + start..span.end + start);
            let (message, remedy) = explain(error.message());
            source.error(span, message, remedy);
        }
        return None;
    }
    let rows = table.into_inner().into_iter().map(|(key, value)| {
        let key_span = key.span().start + start..key.span().end + start;
        Row { key: key.into_inner().into_owned(), key_span, value }
    });
    Some(Keys { rows: rows.collect(), known: Vec::new(), start })
}

/// A parser's sentence in an editor's words, and what to do.
fn explain(message: &str) -> (String, &'static str) {
    if message.contains("duplicate key") {
        return (message.to_owned(), "keep one of the two lines");
    }
    if message.contains("date") || message.contains("month") || message.contains("day") {
        return (message.to_owned(), "write a date of the calendar like 2026-11-24, without quotes");
    }
    (
        format!("this is not TOML: {message}"),
        "write key = \"value\", with straight quotes; lists stand in [ ], long text in three quotes",
    )
}

impl Keys<'_> {
    /// Bytes before the front matter.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// The value of a key, if it is there and of the right type; a wrong type is a fault.
    pub(super) fn take<T: DeserializeOwned>(&mut self, source: &mut Source, key: &'static str) -> Option<At<T>> {
        self.known.push(key);
        let index = self.rows.iter().position(|row| row.key == key)?;
        let row = self.rows.swap_remove(index);
        let span = row.value.span().start + self.start..row.value.span().end + self.start;
        match T::deserialize(ValueDeserializer::from(row.value)) {
            Ok(value) => Some(At { value, span }),
            Err(error) => {
                let span = error.span().map_or(span, |inner| inner.start + self.start..inner.end + self.start);
                source.error(span, format!("`{key}`: {}", error.message().trim()), remedy_of_type(key));
                None
            }
        }
    }

    /// The value of a key that must be there.
    pub(super) fn demand<T: DeserializeOwned>(&mut self, source: &mut Source, key: &'static str) -> Option<At<T>> {
        if !self.rows.iter().any(|row| row.key == key) {
            self.known.push(key);
            source.error(0..3, format!("`{key}` is missing"), format!("add a line `{key} = …` to the front matter"));
            return None;
        }
        self.take(source, key)
    }

    /// Text that must be there and not empty.
    pub(super) fn text(&mut self, source: &mut Source, key: &'static str) -> Option<At<String>> {
        let text = self.demand::<String>(source, key)?;
        if text.value.trim().is_empty() {
            source.error(text.span, format!("`{key}` is empty"), format!("write the {key} between the quotes"));
            return None;
        }
        Some(text)
    }

    /// A bare TOML date.
    pub(super) fn date(&mut self, source: &mut Source, key: &'static str) -> Option<At<Date>> {
        let at = self.take::<Datetime>(source, key)?;
        let Some(value) = civil(at.value) else {
            source.error(
                at.span,
                format!("`{key}` is not a date alone"),
                "write a date like 2026-11-24, without a time",
            );
            return None;
        };
        Some(At { value, span: at.span })
    }

    /// A switch that is off when absent.
    pub(super) fn is_on(&mut self, source: &mut Source, key: &'static str) -> bool {
        self.take::<bool>(source, key).is_some_and(|on| on.value)
    }

    /// A fault for every key that nobody took.
    pub(super) fn finish(self, source: &mut Source) {
        for row in self.rows {
            let near = self.known.iter().find(|known| strays(known, &row.key));
            let remedy = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("remove it, or use one of: {}", self.known.join(", ")),
            };
            source.error(row.key_span, format!("`{}` is not a key of this kind of file", row.key), remedy);
        }
    }
}

/// A date without time or zone that the calendar has.
pub(super) fn civil(at: Datetime) -> Option<Date> {
    let (Some(date), None, None) = (at.date, at.time, at.offset) else { return None };
    let (year, month, day) =
        (i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    Date::new(year, month, day).ok()
}

/// The same letters but for one, or the same beginning: likely a slip.
fn strays(known: &str, typed: &str) -> bool {
    let typed = typed.to_lowercase().replace('-', "_");
    let shorter = known.len().min(typed.len());
    let same = known.bytes().zip(typed.bytes()).take_while(|(a, b)| a == b).count();
    let tail = known.bytes().rev().zip(typed.bytes().rev()).take_while(|(a, b)| a == b).count();
    known == typed || (known.len().abs_diff(typed.len()) <= 1 && (same + tail) + 2 >= shorter && same > 0)
}

fn remedy_of_type(key: &str) -> &'static str {
    match key {
        "published" | "updated" | "reviewed" | "review_due" | "expires" => {
            "write a date like 2026-11-24, without quotes"
        }
        "sensitive" | "draft" | "retired" | "noindex" | "approved" => "write true or false, without quotes",
        "topics" | "aliases" | "sources" => "write a list: [\"one\", \"two\"]",
        "takeaways" => "write [[takeaways]] with the lines lead = \"…\" and text = \"…\"",
        "questions" => "write [[questions]] with the lines ask = \"…\" and answer = \"…\"",
        "image" => "write image = {src = \"file.svg\", alt = \"what it shows\"}",
        _ => "write text between straight quotes",
    }
}
