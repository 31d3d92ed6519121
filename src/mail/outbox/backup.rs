//! A copy of an outbox in use.
//!
//! Invariant: the copy is whole, readable by its owner only, and was opened and checked before it is called a backup.
//! Erased content is not in it: it is a new file without the free pages of the original.
//!
//! Never: a copy of a server. PostgreSQL has its own tool for that.

use super::{DatabaseLocation, Outbox, Unavailable};
use sqlx::{AnyConnection, Connection as _, Row as _};
use std::{fs, io, os::unix::fs::OpenOptionsExt as _, path::Path};

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Enquiries are on a server.
    #[error("the outbox is a PostgreSQL database; use pg_dump and pg_restore")]
    Server,
    /// The file cannot be made, or is there already.
    #[error("{0}: {1}; name a file that does not exist, in a folder that this program may write to")]
    File(String, io::Error),
    /// The file of a backup cannot be copied into the data folder.
    #[error("{0}: {1}; name a file that `enquiries backup` made")]
    Source(String, io::Error),
    /// The outbox cannot be read.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The copy failed the check.
    #[error("the copy is damaged ({0}); look at the disk, then try again")]
    Damaged(String),
}

impl Outbox {
    /// Copies the outbox to a new file, and returns how many enquiries the copy holds. The server may run meanwhile.
    pub async fn backup(&self, file: &Path) -> Result<u64, BackupError> {
        let DatabaseLocation::Sqlite(_) = self.db.place() else { return Err(BackupError::Server) };
        let failed = |error| BackupError::File(file.display().to_string(), error);
        // SQLite writes into an empty file; made here, it is readable by its owner only from the first byte.
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(failed)?;
        let copied = self.copy(file).await;
        if copied.is_err() {
            let _ = fs::remove_file(file);
        }
        copied
    }

    async fn copy(&self, file: &Path) -> Result<u64, BackupError> {
        let failed = |error| BackupError::File(file.display().to_string(), error);
        let absolute = std::path::absolute(file).map_err(failed)?;
        let name = absolute.to_str().ok_or_else(|| failed(io::Error::other("its name is not UTF-8")))?;
        self.db.execute(sqlx::query("VACUUM INTO $1").bind(name.to_owned())).await?;
        fs::File::open(file).and_then(|copy| copy.sync_all()).map_err(failed)?;
        check(&absolute).await
    }
}

/// How many enquiries a copy holds, if it is whole.
pub(super) async fn check(file: &Path) -> Result<u64, BackupError> {
    let wrong = |error: sqlx::Error| BackupError::Damaged(Unavailable::from(error).to_string());
    let path = url::Url::from_file_path(file).map_err(|()| BackupError::Damaged("its path is not absolute".into()))?;
    let url = format!("sqlite://{}?mode=ro", path.path());
    let mut copy = AnyConnection::connect(&url).await.map_err(wrong)?;
    let row = sqlx::query("PRAGMA integrity_check").fetch_one(&mut copy).await.map_err(wrong)?;
    let verdict: String = row.try_get_unchecked(0).map_err(wrong)?;
    if verdict != "ok" {
        return Err(BackupError::Damaged(verdict));
    }
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM enquiry").fetch_one(&mut copy).await.map_err(wrong)?;
    copy.close().await.map_err(wrong)?;
    Ok(super::letters::unsigned(count))
}
