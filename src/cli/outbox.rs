//! The outbox of these settings, for the server and for commands that run at the same time.

use crate::{
    config::Config,
    content::Clinic,
    enquiry::link::Links,
    mail::{
        message::MessageBuilder,
        outbox::{DatabaseLocation, Options, Outbox},
    },
};
use jiff::{SignedDuration, tz::TimeZone};
use lettre::Address;
use std::{str::FromStr, time::Duration};

/// Opens the outbox and creates its tables.
///
/// # Errors
/// A fact of the clinic that cannot be used.
pub(super) async fn open(config: &Config, clinic: &Clinic, secret: &str) -> Result<Outbox, String> {
    Ok(Outbox::open(place(config), options(config, clinic, secret)?).await)
}

/// Options from the settings and the clinic's facts.
///
/// # Errors
/// A fact of the clinic that cannot be used.
pub(super) fn options(config: &Config, clinic: &Clinic, secret: &str) -> Result<Options, String> {
    Ok(Options {
        recipients: recipients(config, clinic)?,
        domain: config.mail_from.domain().to_owned(),
        zone: TimeZone::get(&clinic.time_zone).map_err(|error| format!("the clinic's time zone: {error}"))?,
        keep_words: config.keep_words.try_into().unwrap_or(SignedDuration::MAX),
        max_batch: Options::MAX_BATCH,
        max_per_hour: test_setting("CLINIC_TEST_MAX_PER_HOUR").unwrap_or(Options::MAX_PER_HOUR),
        connection_lifetime: test_setting("CLINIC_TEST_CONNECTION_LIFETIME").map(Duration::from_millis),
        key: Options::fingerprint_key(secret),
    })
}

/// Builds messages with the settings' sender and envelope sender.
pub(super) fn messages(config: &Config, clinic: &Clinic, links: Links) -> MessageBuilder {
    let bounces_to = config.bounces_to.clone();
    MessageBuilder { bounces_to, ..MessageBuilder::new(clinic, config.mail_from.clone(), links) }
}

/// A variable that tests set; in debug builds only.
fn test_setting<T: FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok().filter(|_| cfg!(debug_assertions))?.parse().ok()
}

/// A PostgreSQL server, or a file in the data folder.
pub(super) fn place(config: &Config) -> DatabaseLocation {
    match &config.database_url {
        Some(url) => DatabaseLocation::Postgres(url.clone()),
        None => DatabaseLocation::Sqlite(config.data.join("outbox.sqlite")),
    }
}

/// The recipients of letters and notes.
///
/// # Errors
/// The clinic's own address, which is used without a setting, is not an address.
pub(super) fn recipients(config: &Config, clinic: &Clinic) -> Result<Vec<Address>, String> {
    if !config.mail_to.is_empty() {
        return Ok(config.mail_to.clone());
    }
    let address = clinic.email.parse().map_err(|error| format!("the clinic's address {}: {error}", clinic.email))?;
    Ok(vec![address])
}
