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

/// A built edition, with warnings for an editor.
pub(super) struct Build {
    pub(super) edition: Edition,
    pub(super) warnings: Vec<Fault>,
}

/// Why no edition could be built.
#[derive(Debug)]
pub(super) enum BuildError {
    Content(Faults),
    Assets(AssetFaults),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(faults) => faults.fmt(f),
            Self::Assets(faults) => faults.fmt(f),
        }
    }
}

impl std::error::Error for BuildError {}

impl BuildError {
    /// The errors for an email to the editor; the terminal's underlined excerpts are too wide for one.
    pub(super) fn content_faults(&self) -> Vec<ContentFault> {
        match self {
            Self::Content(faults) => {
                faults.iter().filter(|fault| fault.level == Level::Error).map(from_content).collect()
            }
            Self::Assets(faults) => faults.0.iter().map(from_asset).collect(),
        }
    }
}

fn from_content(fault: &Fault) -> ContentFault {
    let place = Some((u32::try_from(fault.line).unwrap_or(u32::MAX), u32::try_from(fault.column).unwrap_or(u32::MAX)));
    ContentFault { file: fault.file.clone(), place, problem: fault.message.clone(), remedy: fault.remedy.clone() }
}

fn from_asset(fault: &crate::assets::AssetFault) -> ContentFault {
    let file = fault.file.display().to_string();
    ContentFault { file, place: fault.place, problem: fault.problem.clone(), remedy: fault.remedy.clone() }
}

/// Reads content and static files and builds the edition. With `wait`, renders new photographs before it returns;
/// otherwise each has a placeholder.
///
/// # Errors
/// All faults, each with file, line, column and remedy.
pub(super) fn build(config: &Config, now: Timestamp, wait: bool) -> Result<Build, BuildError> {
    let today = zone(config).to_datetime(now).date();
    let loaded = content::load(&config.content, today).map_err(BuildError::Content)?;
    let pictures = loaded.site.pictures.iter().map(|picture| (picture.path.clone(), picture.file.clone()));
    let cache = config.data.join("cache");
    let photos = Photos { cache: &cache, wait };
    let assets = Assets::load(&config.r#static, pictures, photos)
        .and_then(|assets| assets.require(&config.r#static, &pages::ASSETS))
        .map_err(BuildError::Assets)?;
    let edition = Edition::new(loaded.site, assets, config.origin(), today, mode(config), deployment_facts(config));
    Ok(Build { edition, warnings: loaded.warnings })
}

/// Rejects missing facts if `CLINIC_STRICT` is on.
///
/// # Errors
/// Every missing fact with its consequence.
pub(super) fn check_missing_facts(config: &Config, clinic: &Clinic) -> Result<(), String> {
    let missing = clinic.missing();
    if !config.strict || missing.is_empty() {
        return Ok(());
    }
    let lines = missing.iter().map(|(fact, consequence)| format!("clinic.toml: {fact} is missing: {consequence}\n"));
    Err(lines.collect::<String>() + "CLINIC_STRICT is on, so the site was not started")
}

/// The clinic's time zone, read before the content, since the date in it decides which articles are public.
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

/// The settings that the privacy page shows.
fn deployment_facts(config: &Config) -> DeploymentFacts {
    let mail_route = match &config.relay {
        None => MailRoute::Folder,
        Some(relay) if relay.tls == Tls::Loopback => MailRoute::SameComputer,
        Some(relay) => MailRoute::Relay(relay.host.clone()),
    };
    DeploymentFacts {
        storage: if config.database_url.is_some() { Storage::Server } else { Storage::File },
        // A staging site sends no email.
        mail_route: if config.staging { MailRoute::Folder } else { mail_route },
        recipients: config.mail_to.len().max(1),
        other_hosts: web::hosts_allowed(),
    }
}
