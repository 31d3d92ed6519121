//! A backup put back, and the list of erased enquiries that this needs.
//!
//! Invariant: what is stored now stays as it is; a restore adds the enquiries that are missing. No number is given twice,
//! no letter that may have been sent is sent again by itself, and what was erased since the backup stays erased: the list
//! of it is a file of its own, so that it survives the database.
//!
//! Never: a PostgreSQL server, which has its own tools.

use super::{
    BackupError, DatabaseLocation, Outbox, Unavailable,
    backup::check,
    database::Database,
    sql::{ADVANCE, LOCK},
    writer::json,
};
use jiff::Timestamp;
use sqlx::{AnyConnection, Connection as _};
use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Numbers that are left out if the newest ones are not known, since the database that gave them is lost.
const GAP: i64 = 1000;

/// Moves enquiries and letters of the schema `backup` to the outbox. Parameters: the last number that may have been given,
/// references of erased enquiries, the time.
const STATEMENTS: [&str; 12] = [
    "PRAGMA defer_foreign_keys = ON",
    "UPDATE backup.enquiry SET content = NULL, fingerprint = NULL, state = 'erased', erased_at = $3, \
     answered_at = COALESCE(answered_at, $3) WHERE content IS NOT NULL AND reference IN (SELECT value FROM json_each($2))",
    "DELETE FROM backup.enquiry WHERE reference IN (SELECT reference FROM main.enquiry)",
    "DELETE FROM backup.letter WHERE number IS NULL OR number NOT IN (SELECT number FROM backup.enquiry) \
     OR (state <> 'delivered' AND number IN (SELECT number FROM backup.enquiry WHERE content IS NULL))",
    // A new database may have given the same numbers to other enquiries.
    "UPDATE backup.enquiry SET corrects = corrects + $1 WHERE corrects IN (SELECT number FROM main.enquiry) \
     AND corrects IN (SELECT number FROM backup.enquiry)",
    "UPDATE backup.letter SET number = number + $1 WHERE number IN (SELECT number FROM main.enquiry)",
    "UPDATE backup.enquiry SET number = number + $1 WHERE number IN (SELECT number FROM main.enquiry)",
    "UPDATE backup.letter SET state = 'set-aside', done_at = $3, leased_until = 0, claim = NULL, stage = 'letter', \
     fault = 'it may have been sent before the outbox was restored' WHERE state = 'waiting'",
    "UPDATE backup.letter SET id = id + (SELECT MAX(id) FROM (SELECT id FROM main.letter UNION SELECT id FROM backup.letter))",
    "INSERT INTO main.enquiry SELECT * FROM backup.enquiry",
    "INSERT INTO main.letter SELECT * FROM backup.letter",
    "INSERT OR IGNORE INTO main.article_count SELECT * FROM backup.article_count",
];

/// What a restore did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Enquiries that were missing and are stored again.
    pub enquiries: u64,
    /// Letters that may have been sent; they are marked as failed.
    pub letters: u64,
    /// The next enquiry gets a number above this.
    pub last: i64,
}

impl Outbox {
    /// Adds the enquiries of a backup that are not stored. The server may run meanwhile.
    pub async fn restore(&self, file: &Path, now: Timestamp) -> Result<Restored, BackupError> {
        let DatabaseLocation::Sqlite(outbox) = self.db.place() else { return Err(BackupError::Server) };
        // Opens the outbox, and creates it if it is lost.
        self.db.pool().await?;
        let copy = outbox.with_extension("restored");
        let restored = self.restore_copy(file, &copy, now).await;
        for ending in ["restored", "restored-wal", "restored-shm"] {
            let _ = fs::remove_file(outbox.with_extension(ending));
        }
        restored
    }

    async fn restore_copy(&self, file: &Path, copy: &Path, now: Timestamp) -> Result<Restored, BackupError> {
        let failed = |error| BackupError::Source(file.display().to_string(), error);
        let mut target = fs::OpenOptions::new();
        let mut target = target.write(true).create(true).truncate(true).mode(0o600).open(copy).map_err(failed)?;
        io::copy(&mut fs::File::open(file).map_err(failed)?, &mut target).map_err(failed)?;
        check(copy).await?;
        // Brings the tables of an earlier version up to date.
        let database = Database::new(DatabaseLocation::Sqlite(copy.to_owned()), None);
        database.pool().await?;
        database.close().await;
        let mut conn = self.db.pool().await?.acquire().await.map_err(Unavailable::from)?.detach();
        let restored = self.move_from(&mut conn, copy, now).await;
        let _ = conn.close().await;
        Ok(restored?)
    }

    async fn move_from(&self, conn: &mut AnyConnection, copy: &Path, now: Timestamp) -> Result<Restored, Unavailable> {
        const LAST: &str = "SELECT last FROM backup.counter WHERE name = 'enquiry'";
        const COUNT: &str = "SELECT (SELECT COUNT(*) FROM backup.enquiry), \
                             (SELECT COUNT(*) FROM backup.letter WHERE state = 'set-aside' AND done_at = $1), \
                             (SELECT COALESCE(MAX(number), 0) FROM main.enquiry)";
        let erased = self.erased()?;
        let (numbers, references): (Vec<i64>, Vec<String>) = erased.into_iter().unzip();
        let attach = sqlx::query("ATTACH $1 AS backup").bind(copy.display().to_string());
        attach.execute(&mut *conn).await?;
        let mut tx = conn.begin().await?;
        let current: i64 = sqlx::query_scalar(LOCK).fetch_one(&mut *tx).await?;
        let last: i64 = sqlx::query_scalar(LAST).fetch_one(&mut *tx).await?;
        let last = last_number(current, numbers.into_iter().fold(last, i64::max));
        for statement in STATEMENTS {
            let query = sqlx::query(statement).bind(last).bind(json(&references)).bind(now.as_millisecond());
            query.execute(&mut *tx).await?;
        }
        let count = sqlx::query_as(COUNT).bind(now.as_millisecond()).fetch_one(&mut *tx).await?;
        let (enquiries, letters, highest): (i64, i64, i64) = count;
        let last = last.max(highest);
        sqlx::query(ADVANCE).bind(last).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Restored { enquiries: enquiries.unsigned_abs(), letters: letters.unsigned_abs(), last })
    }

    /// Adds enquiries to the list of erased ones, before their erasure is committed.
    pub(super) fn record_erased(&self, erased: &[(i64, String)]) -> Result<(), Unavailable> {
        let DatabaseLocation::Sqlite(outbox) = self.db.place() else { return Ok(()) };
        if erased.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = erased.iter().map(|(number, reference)| format!("{number} {reference}\n")).collect();
        let mut list = fs::OpenOptions::new();
        let list = list.append(true).create(true).mode(0o600).open(outbox.with_extension("erased"));
        let written =
            list.and_then(|mut list| list.write_all(lines.concat().as_bytes()).and_then(|()| list.sync_data()));
        written.map_err(|error| list_error(&error))
    }

    /// Number and reference of every enquiry that was erased.
    fn erased(&self) -> Result<Vec<(i64, String)>, Unavailable> {
        let DatabaseLocation::Sqlite(outbox) = self.db.place() else { return Ok(Vec::new()) };
        let text = match fs::read_to_string(outbox.with_extension("erased")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| list_error(&error))?,
        };
        let fields = text.lines().filter_map(|line| line.split_once(' '));
        Ok(fields.filter_map(|(number, reference)| Some((number.parse().ok()?, reference.to_owned()))).collect())
    }
}

fn list_error(error: &io::Error) -> Unavailable {
    Unavailable(format!("its list of erased enquiries in CLINIC_DATA: {error}"))
}

/// The number after which numbers go on: the last one of the outbox, unless backup or erased enquiries have a higher one,
/// so that its own sequence is lost.
fn last_number(current: i64, others: i64) -> i64 {
    if current < others { others + GAP } else { current }
}
