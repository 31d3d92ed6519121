//! `clinic.toml`, `crisis.toml`, `signals.toml` and `search.toml`: the facts, read with their places.

use super::{
    Clinic, Crisis, Faults, SearchFacts, SignalFacts,
    fault::{Fault, Source},
    folder,
};
use jiff::{civil::Date, tz::TimeZone};
use serde::de::DeserializeOwned;
use std::path::Path;

/// Days after which somebody should check the help lines again.
const CRISIS_CHECK: i32 = 365;

/// A file of TOML, as text for links in it.
pub(super) fn read<T: DeserializeOwned>(content: &Path, name: &str, faults: &mut Vec<Fault>) -> Option<(T, Source)> {
    let mut source = match folder::read(&content.join(name)) {
        Ok(source) => source,
        Err(more) => {
            faults.extend(more);
            return None;
        }
    };
    match toml::from_str(&source.text.clone()) {
        Ok(value) => Some((value, source)),
        Err(error) => {
            let remedy = "mend this line; every key is explained in README.md and in the files as they were shipped";
            source.error(error.span().unwrap_or(0..0), error.message().trim().to_owned(), remedy);
            faults.extend(source.faults);
            None
        }
    }
}

pub(super) fn clinic(content: &Path, faults: &mut Vec<Fault>) -> Option<(Clinic, Source)> {
    let (clinic, mut source): (Clinic, Source) = read(content, "clinic.toml", faults)?;
    if TimeZone::get(&clinic.time_zone).is_err() {
        let place = place_of(&source, &clinic.time_zone);
        source.error(place, format!("`{}` is not a time zone", clinic.time_zone), "write it like America/Los_Angeles");
    }
    if !clinic.email.contains('@') {
        let place = place_of(&source, &clinic.email);
        source.error(place, format!("`{}` is not a mail address", clinic.email), "write it like name@example.org");
    }
    Some((clinic, source))
}

pub(super) fn crisis(content: &Path, today: Date, faults: &mut Vec<Fault>) -> Option<Crisis> {
    let (crisis, mut source): (Crisis, Source) = read(content, "crisis.toml", faults)?;
    if today.duration_since(crisis.last_checked).as_hours() > i64::from(CRISIS_CHECK) * 24 {
        let place = place_of(&source, &crisis.last_checked.to_string());
        source.warn(
            place,
            "the help lines were last checked over a year ago",
            "call or look up each, then write today's date",
        );
    }
    faults.extend(source.faults);
    Some(crisis)
}

pub(super) fn signals(content: &Path, faults: &mut Vec<Fault>) -> Option<SignalFacts> {
    let (signals, _): (SignalFacts, Source) = read(content, "signals.toml", faults)?;
    Some(signals)
}

/// Words for the search; absent means that readers must type our own.
pub(super) fn search(content: &Path, faults: &mut Vec<Fault>) -> Option<SearchFacts> {
    if !content.join("search.toml").exists() {
        return Some(SearchFacts::default());
    }
    let (search, _): (SearchFacts, Source) = read(content, "search.toml", faults)?;
    Some(search)
}

/// Where a value stands in its file.
pub(super) fn place_of(source: &Source, value: &str) -> std::ops::Range<usize> {
    source.text.find(value).map_or(0..0, |at| at..at + value.len())
}

/// The clinic's facts alone, for whoever needs no pages.
///
/// # Errors
/// Every fault of the file.
pub fn clinic_facts(content: &Path) -> Result<Clinic, Faults> {
    let mut faults = Vec::new();
    let read = clinic(content, &mut faults);
    if let Some((_, source)) = &read {
        faults.extend(source.faults.iter().cloned());
    }
    match read {
        Some((clinic, _)) if faults.is_empty() => Ok(clinic),
        _ => Err(faults.into()),
    }
}

/// The clinic's zone, before anything else is read, since what is public depends on its date.
pub fn zone(content: &Path) -> Option<TimeZone> {
    let (clinic, _): (Clinic, Source) = read(content, "clinic.toml", &mut Vec::new())?;
    TimeZone::get(&clinic.time_zone).ok()
}
