//! Mails as files, for trying out, staging, and hosts without a relay.
//!
//! Invariant: a file that has its name is whole and on disk; only its owner may read it.

use super::{DeliveryError, OutgoingMessage};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

pub(super) async fn write(folder: &Path, message: &OutgoingMessage) -> Result<(), DeliveryError> {
    let (folder, name, bytes): (PathBuf, _, _) = (folder.to_owned(), message.name.clone(), message.bytes.clone());
    let written = tokio::task::spawn_blocking(move || store(&folder, &name, &bytes)).await;
    let failed = |error: String| DeliveryError::session(format!("no file in the mail folder: {error}"));
    written.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))
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
