//! The data folder: created at the first start, for its owner only; holds the secret, the outbox, caches and mails.

use crate::config::{Config, read_secret};
use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret as _, SecretString};
use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

/// Length of a secret that is made here; its text is longer.
const SECRET_BYTES: usize = 32;

/// Creates the folder if it is absent.
///
/// # Errors
/// It cannot be created.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The secret of the settings, or the one kept in `secret` in the data folder, created at the first start.
///
/// # Errors
/// The file cannot be read or created, is empty or too short, or may be written by others.
pub(super) fn secret(config: &Config) -> io::Result<SecretString> {
    if let Some(secret) = &config.secret {
        return Ok(secret.clone());
    }
    let file = config.data.join("secret");
    if !file.try_exists()? {
        return make_secret(&file);
    }
    let (secret, warning) = read_secret(&file).map_err(io::Error::other)?;
    if secret.len() < SECRET_BYTES {
        return Err(io::Error::other("it is too short; restore it, or remove it, which ends all links in emails"));
    }
    if let Some(warning) = warning {
        tracing::warn!("{warning}");
    }
    Ok(secret.into())
}

/// Writes to another name first, so that an interrupted start leaves no incomplete secret.
fn make_secret(file: &Path) -> io::Result<SecretString> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let secret = SecretString::from(BASE64URL_NOPAD.encode(&bytes));
    let fresh = file.with_extension("new");
    let mut written = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    written.write_all(secret.expose_secret().as_bytes())?;
    written.sync_all()?;
    fs::rename(&fresh, file)?;
    Ok(secret)
}
