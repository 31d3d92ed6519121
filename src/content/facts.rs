//! Files of TOML: `clinic.toml`, `crisis.toml`, `signals.toml`, `search.toml` and `lint.toml`.

use super::{
    Clinic, Crisis, Fault, Faults,
    document::{Document, Entry, Status},
    front_matter,
    source::SourceFile,
};
use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, de::DeserializeOwned};
use std::path::Path;
use toml::Spanned;

/// Hours after which the help lines should be checked again: a year.
const CRISIS_CHECK: i64 = 365 * 24;

/// Everything in `search.toml`; absent means that readers must type the words of the site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchFacts {
    /// Words that say nothing about what is looked for.
    pub quiet: Vec<String>,
    /// Other words for the same thing.
    pub same: Vec<Same>,
}

/// Whoever types one of these also finds one of those.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Same {
    /// A word, or a few in their order.
    pub typed: Vec<String>,
    /// Words that stand in the texts; of several together, each counts.
    pub find: Vec<String>,
}

/// Words that an editor should look at again (`lint.toml`).
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Lint {
    word: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    /// Whole words, in lower case.
    find: String,
    /// Why it should be looked at, and what to write instead.
    why: String,
}

impl Lint {
    /// Warns of each listed word in a file.
    pub(super) fn check(&self, source: &mut SourceFile) {
        // ASCII folding keeps every place where it was.
        let text = source.text.to_ascii_lowercase();
        for word in &self.word {
            for (at, found) in text.match_indices(&word.find) {
                let end = at + found.len();
                let is_apart = |neighbor: Option<char>| neighbor.is_none_or(|c| !c.is_alphanumeric());
                if is_apart(text[..at].chars().next_back()) && is_apart(text[end..].chars().next()) {
                    source.warn(at..end, format!("`{found}` should be looked at again"), word.why.clone());
                }
            }
        }
    }
}

/// A file of TOML with its source.
pub(super) fn read<T: DeserializeOwned>(
    content: &Path,
    name: &str,
    faults: &mut Vec<Fault>,
) -> Option<(T, SourceFile)> {
    let mut source = SourceFile::read(content, name).map_err(|more| faults.extend(more)).ok()?;
    let text = source.text.clone();
    let value = front_matter::table(&mut source, &text);
    faults.append(&mut source.faults);
    Some((value?, source))
}

/// A file that may be absent.
pub(super) fn optional<T: DeserializeOwned + Default>(content: &Path, name: &str, faults: &mut Vec<Fault>) -> T {
    let is_there = content.join(name).exists();
    is_there.then(|| read(content, name, faults)).flatten().map(|(facts, _)| facts).unwrap_or_default()
}

/// The clinic's facts with the links of the navigation.
pub(super) fn clinic(content: &Path, faults: &mut Vec<Fault>) -> Option<Document<Clinic>> {
    let (clinic, mut source): (Clinic, _) = read(content, "clinic.toml", faults)?;
    if TimeZone::get(&clinic.time_zone).is_err() {
        let message = format!("`{}` is not a time zone", clinic.time_zone);
        source.error(source.place_of(&clinic.time_zone), message, "write it like America/Los_Angeles");
    }
    if !clinic.email.contains('@') {
        let message = format!("`{}` is not a mail address", clinic.email);
        source.error(source.place_of(&clinic.email), message, "write it like name@example.org");
    }
    let links = clinic.navigation.iter().chain(&clinic.footer);
    let links = links.map(|link| Spanned::new(source.place_of(&format!("\"{}\"", link.path)), link.path.clone()));
    let entry = Entry {
        path: "/".to_owned(),
        title: clinic.name.clone(),
        status: Status::Public,
        aliases: Vec::new(),
        links: links.collect(),
        ids: Vec::new(),
    };
    Some(Document { value: clinic, entry, source })
}

pub(super) fn crisis(content: &Path, today: Date, faults: &mut Vec<Fault>) -> Option<Crisis> {
    let (crisis, mut source): (Crisis, _) = read(content, "crisis.toml", faults)?;
    if today.duration_since(crisis.last_checked).as_hours() > CRISIS_CHECK {
        let place = source.place_of(&crisis.last_checked.to_string());
        let remedy = "call or look up each, then write today's date";
        source.warn(place, "the help lines were last checked over a year ago", remedy);
    }
    faults.append(&mut source.faults);
    Some(crisis)
}

/// The clinic's facts without the pages.
///
/// # Errors
/// Every fault of the file.
pub fn clinic_facts(content: &Path) -> Result<Clinic, Faults> {
    let mut faults = Vec::new();
    let read = clinic(content, &mut faults);
    match read {
        Some(mut read) => {
            faults.append(&mut read.source.faults);
            if faults.is_empty() { Ok(read.value) } else { Err(faults.into()) }
        }
        None => Err(faults.into()),
    }
}

/// The clinic's time zone, on whose date it depends what is public.
pub fn zone(content: &Path) -> Option<TimeZone> {
    let clinic = clinic(content, &mut Vec::new())?;
    TimeZone::get(&clinic.value.time_zone).ok()
}
