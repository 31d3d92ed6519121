//! Writes messages as files: for development, staging, and hosts without a relay.
//!
//! Invariant: a file with its final name is complete and on disk; only its owner can read it.

use super::{DeliveryError, OutgoingMessage};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

pub(super) async fn write(folder: &Path, message: &OutgoingMessage) -> Result<(), DeliveryError> {
    let (folder, message) = (folder.to_owned(), message.clone());
    let written = tokio::task::spawn_blocking(move || store(&folder, &message.name, &message.bytes)).await;
    let result = written.unwrap_or_else(|error| Err(io::Error::other(error)));
    result.map_err(|error| DeliveryError::session(format!("no file in the mail folder: {error}")))
}

fn store(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = folder.join(format!(".{name}.part"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, folder.join(format!("{name}.eml")))?;
    File::open(folder)?.sync_all()
}
