//! Words and assets from their folders to an edition; every fault of both at once.

use crate::{
    assets::Assets,
    config::Config,
    content::{self, Clinic, Fault},
    pages::{Edition, Mode},
};
use jiff::{Timestamp, tz::TimeZone};

/// An edition, and what an editor should know about it.
pub(super) struct Read {
    pub(super) edition: Edition,
    pub(super) warnings: Vec<Fault>,
}

/// Reads everything.
///
/// # Errors
/// All faults as text, each with file, line, column and remedy.
pub(super) fn read(config: &Config, now: Timestamp) -> Result<Read, String> {
    let today = zone(config).to_datetime(now).date();
    let loaded = content::load(&config.content, today).map_err(|faults| faults.to_string())?;
    let pictures = loaded.site.pictures.iter().map(|picture| (picture.path.clone(), picture.file.clone()));
    let assets = Assets::load(&config.r#static, pictures).map_err(|faults| faults.to_string())?;
    let edition = Edition::new(loaded.site, assets, config.origin(), today, mode(config));
    Ok(Read { edition, warnings: loaded.warnings })
}

/// With `CLINIC_STRICT`, facts that are not filled in stop the start.
///
/// # Errors
/// Every missing fact with its consequence.
pub(super) fn complain_of_missing(config: &Config, clinic: &Clinic) -> Result<(), String> {
    let missing = clinic.missing();
    if !config.strict || missing.is_empty() {
        return Ok(());
    }
    let lines = missing.iter().map(|(fact, consequence)| format!("clinic.toml: {fact} is missing: {consequence}\n"));
    Err(lines.collect::<String>() + "CLINIC_STRICT is on, so nothing was started")
}

/// The clinic's zone, read before the words are, since what is public depends on its date.
fn zone(config: &Config) -> TimeZone {
    content::zone(&config.content).unwrap_or(TimeZone::UTC)
}

fn mode(config: &Config) -> Mode {
    match (config.staging, config.is_development()) {
        (true, _) => Mode::Staging,
        (false, true) => Mode::Development,
        (false, false) => Mode::Public,
    }
}
