//! Builds an edition from the content and static folders, or returns every fault.

use crate::{
    assets::{AssetFault, AssetFaults, Assets, Photos},
    config::{Config, Tls},
    content::{self, Fault, Faults, Level},
    mail::notes::ContentFault,
    pages::{self, DeploymentFacts, Edition, MailRoute, Mode, Storage},
};
use jiff::{Timestamp, tz::TimeZone};
use std::{
    panic::{self, AssertUnwindSafe},
    path::Path,
};

/// A built edition, with warnings for an editor.
pub(super) struct Build {
    pub(super) edition: Edition,
    pub(super) warnings: Vec<Fault>,
}

/// Why no edition could be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error(transparent)]
    Content(#[from] Faults),
    #[error(transparent)]
    Assets(#[from] AssetFaults),
}

impl BuildError {
    /// The errors for an email to the editor, for which the underlined excerpts of the text are too wide.
    pub(super) fn faults(&self) -> Vec<ContentFault> {
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

fn from_asset(fault: &AssetFault) -> ContentFault {
    let file = fault.file.display().to_string();
    ContentFault { file, place: fault.place, problem: fault.problem.clone(), remedy: fault.remedy.clone() }
}

/// What `build` returns. A panic in it is a fault of the `content` folder, so that the editor is told.
pub(super) fn catch_panic<T>(content: &Path, build: impl FnOnce() -> Result<T, BuildError>) -> Result<T, BuildError> {
    panic::catch_unwind(AssertUnwindSafe(build)).unwrap_or_else(|_| {
        let problem = "the last change makes the program fail, which is a defect of the program";
        let remedy = "undo the change, and report the defect with the lines of the log before this one";
        Err(AssetFaults(vec![AssetFault::new(content, problem, remedy)]).into())
    })
}

/// Reads content and static files and builds the edition. With `wait`, renders new photographs before it returns;
/// otherwise each has a placeholder.
///
/// # Errors
/// All faults, each with file, line, column and remedy.
pub(super) fn build(config: &Config, now: Timestamp, wait: bool) -> Result<Build, BuildError> {
    let today = zone(config).to_datetime(now).date();
    let loaded = content::load(&config.content, Some(&config.data), today)?;
    let pictures = loaded.site.pictures.iter().map(|path| (path.clone(), config.content.join(path)));
    let cache = config.data.join("cache");
    let photos = Photos { cache: &cache, wait };
    let assets = Assets::load(&config.r#static, pictures, photos)
        .and_then(|assets| assets.require(&config.r#static, &pages::ASSETS))?;
    let edition = Edition::new(loaded.site, assets, config.origin(), today, mode(config), deployment_facts(config));
    Ok(Build { edition, warnings: loaded.warnings })
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
        keep_words: config.keep_words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_fault_of_the_folder_with_a_remedy() {
        let built: Result<(), _> = catch_panic(Path::new("content"), || panic!("a defect"));
        let error = built.unwrap_err();
        let fault = &error.faults()[0];
        assert_eq!((fault.file.as_str(), fault.place), ("content", None));
        assert!(fault.remedy.contains("undo the change"), "{}", fault.remedy);
        assert!(error.to_string().contains("content: the last change makes the program fail"), "{error}");
    }
}
