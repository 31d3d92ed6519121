//! Files of TOML: `clinic.toml`, `crisis.toml`, `signals.toml`, `search.toml` and `lint.toml`.

use super::{
    Clinic, Crisis, Faults, front_matter,
    source::{Read, SourceFile},
};
use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, de::DeserializeOwned};
use std::path::Path;
use toml::Spanned;

/// Hours after which the help lines should be checked again: a year.
const CRISIS_CHECK: i64 = 365 * 24;

/// How queries are understood (`search.toml`); all empty if the file is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchFacts {
    /// Words that are ignored unless nothing else is typed.
    pub quiet: Vec<String>,
    /// Synonyms.
    pub same: Vec<Synonyms>,
}

/// A query with one of `typed` also finds the texts with one of `find`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Synonyms {
    /// A word, or a few words in order.
    pub typed: Vec<String>,
    /// Words of the texts; each word of an entry counts.
    pub find: Vec<String>,
}

/// Words that need an editor's review (`lint.toml`).
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Lint {
    word: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    /// One or more whole words, lowercase.
    find: String,
    /// The reason, and what to write instead.
    why: String,
}

impl Lint {
    /// A warning for each listed word in a file.
    pub(super) fn check(&self, source: &mut SourceFile) {
        // Folding ASCII alone keeps all byte offsets.
        let text = source.text.to_ascii_lowercase();
        for word in &self.word {
            for (at, found) in text.match_indices(&word.find) {
                let end = at + found.len();
                let is_boundary = |neighbor: Option<char>| neighbor.is_none_or(|c| !c.is_alphanumeric());
                if is_boundary(text[..at].chars().next_back()) && is_boundary(text[end..].chars().next()) {
                    source.warn(at..end, format!("`{found}` needs a review"), word.why.clone());
                }
            }
        }
    }
}

/// A file of TOML.
pub(super) fn read<T: DeserializeOwned>(content: &Path, name: &str) -> Read<T> {
    SourceFile::new(content, name).read(front_matter::file)
}

/// A file that may be absent.
pub(super) fn optional<T: DeserializeOwned + Default>(content: &Path, name: &str) -> Read<T> {
    let is_there = content.join(name).exists();
    if is_there { read(content, name) } else { (None, SourceFile::new(content, name)) }
}

/// The clinic's facts with the links of the navigation.
pub(super) fn clinic(content: &Path) -> Read<Clinic> {
    SourceFile::new(content, "clinic.toml").read(|source| {
        let clinic: Clinic = front_matter::file(source)?;
        if TimeZone::get(&clinic.time_zone).is_err() {
            let message = format!("`{}` is not a time zone", clinic.time_zone);
            source.error(source.place_of(&clinic.time_zone), message, "write it like America/Los_Angeles");
        }
        if !clinic.email.contains('@') {
            let message = format!("`{}` is not an email address", clinic.email);
            source.error(source.place_of(&clinic.email), message, "write it like name@example.org");
        }
        let links = clinic.navigation.iter().chain(&clinic.footer);
        let links = links.map(|link| Spanned::new(source.place_of(&format!("\"{}\"", link.path)), link.path.clone()));
        source.links = links.collect();
        let last = clinic.availability.as_ref().and_then(|availability| availability.until);
        source.changes_on = last.and_then(|last| last.tomorrow().ok());
        Some(clinic)
    })
}

pub(super) fn crisis(content: &Path, today: Date) -> Read<Crisis> {
    SourceFile::new(content, "crisis.toml").read(|source| {
        let crisis: Crisis = front_matter::file(source)?;
        if today.duration_since(crisis.last_checked).as_hours() > CRISIS_CHECK {
            let place = source.place_of(&crisis.last_checked.to_string());
            let remedy = "check each line, then write today's date";
            source.warn(place, "the help lines were last checked over a year ago", remedy);
        }
        if !crisis.lines.iter().any(|line| line.in_safety_text) {
            let remedy = "write `in_safety_text = true` at the line for violence at home";
            source.error(0..0, "the safety text of articles has no help line", remedy);
        }
        Some(crisis)
    })
}

/// The clinic's facts without the pages.
///
/// # Errors
/// Every fault of the file.
pub fn clinic_facts(content: &Path) -> Result<Clinic, Faults> {
    let (clinic, source) = clinic(content);
    clinic.filter(|_| source.faults.is_empty()).ok_or_else(|| source.faults.into())
}

/// The clinic's time zone; its date decides what is public.
pub fn zone(content: &Path) -> Option<TimeZone> {
    TimeZone::get(&clinic(content).0?.time_zone).ok()
}
