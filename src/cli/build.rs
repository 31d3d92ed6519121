//! Builds an edition from the content and static folders, or returns every fault.

use crate::{
    assets::{AssetFaults, Assets, Photos},
    config::{Config, Tls},
    content::{self, Clinic, Fault, Faults, Level},
    mail::notes::ContentFault,
    pages::{self, DeploymentFacts, Edition, MailRoute, Mode, Storage},
    web,
};
use jiff::{Timestamp, tz::TimeZone};
use std::fmt;

/// An edition, and what an editor should know about it.
pub(super) struct Read {
    pub(super) edition: Edition,
    pub(super) warnings: Vec<Fault>,
}

/// Why there is no edition.
#[derive(Debug)]
pub(super) enum Wrong {
    Words(Faults),
    Assets(AssetFaults),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(faults) => faults.fmt(f),
            Self::Assets(faults) => faults.fmt(f),
        }
    }
}

impl From<Wrong> for String {
    fn from(wrong: Wrong) -> Self {
        wrong.to_string()
    }
}

impl Wrong {
    /// What must be mended, as an editor reads it in a mail: the drawings of a terminal are too wide for one.
    pub(super) fn mistakes(&self) -> Vec<ContentFault> {
        match self {
            Self::Words(faults) => faults.iter().filter(|fault| fault.level == Level::Error).map(of_words).collect(),
            Self::Assets(faults) => faults.0.iter().map(of_asset).collect(),
        }
    }
}

fn of_words(fault: &Fault) -> ContentFault {
    let place = Some((u32::try_from(fault.line).unwrap_or(u32::MAX), u32::try_from(fault.column).unwrap_or(u32::MAX)));
    ContentFault { file: fault.file.clone(), place, problem: fault.message.clone(), remedy: fault.remedy.clone() }
}

fn of_asset(fault: &crate::assets::AssetFault) -> ContentFault {
    let file = fault.file.display().to_string();
    ContentFault { file, place: fault.place, problem: fault.problem.clone(), remedy: fault.remedy.clone() }
}

/// Reads everything. `wait`: until photographs that are new are developed; else a blank stands in for each.
///
/// # Errors
/// All faults, each with file, line, column and remedy.
pub(super) fn read(config: &Config, now: Timestamp, wait: bool) -> Result<Read, Wrong> {
    let today = zone(config).to_datetime(now).date();
    let loaded = content::load(&config.content, today).map_err(Wrong::Words)?;
    let pictures = loaded.site.pictures.iter().map(|picture| (picture.path.clone(), picture.file.clone()));
    let cache = config.data.join("cache");
    let photos = Photos { cache: &cache, wait };
    let assets = Assets::load(&config.r#static, pictures, photos)
        .and_then(|assets| assets.require(&config.r#static, &pages::ASSETS))
        .map_err(Wrong::Assets)?;
    let edition = Edition::new(loaded.site, assets, config.origin(), today, mode(config), deployment_facts(config));
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

/// What the privacy page says of the settings.
fn deployment_facts(config: &Config) -> DeploymentFacts {
    let post = match &config.relay {
        None => MailRoute::Folder,
        Some(relay) if relay.tls == Tls::Loopback => MailRoute::SameComputer,
        Some(relay) => MailRoute::Relay(relay.host.clone()),
    };
    DeploymentFacts {
        storage: if config.database_url.is_some() { Storage::Server } else { Storage::File },
        // A rehearsal's letters reach nobody.
        mail_route: if config.staging { MailRoute::Folder } else { post },
        recipients: config.mail_to.len().max(1),
        other_hosts: web::hosts_allowed(),
    }
}
