//! One pool of connections, opened when the database can be reached and opened again when its file has changed.
//!
//! Invariant: the pool belongs to the file that is at the path now. A connection to a deleted file
//! would accept enquiries that can never be read.
//!
//! Never: a statement about enquiries or letters.

mod errors;

pub(crate) use errors::{is_fault_of_row, too_slow};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    Any, AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Row as _, SqlStr,
    any::{AnyArguments, AnyConnectOptions, AnyPoolOptions},
    migrate::{Migration, MigrationType, Migrator},
    query::Query,
};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};
use tokio::{
    sync::{Mutex, RwLock},
    time::timeout,
};

/// Limit of connecting and of each statement. Short, since a visitor waits; the whole post is limited elsewhere.
const WAIT: Duration = Duration::from_millis(1300);

/// Locks are waited for less than half as long as a visitor waits: a post may wait for the batch before its own.
/// `secure_delete`: erased content is overwritten. `synchronous=FULL`: a commit survives a loss of power.
/// `journal_size_limit`: a write-ahead file that was large once is cut when it is used again from its beginning.
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 1200; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                              PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 1000000";

/// A server may be set to acknowledge before writing; a copy of the program that stops inside a transaction
/// must not block the others. A plan made while the table was empty reads all of it, so plans are made each time.
const POSTGRES_SESSION: &str = "SET synchronous_commit = on; SET lock_timeout = '1200ms'; SET statement_timeout = '1300ms'; \
                                SET idle_in_transaction_session_timeout = '5s'; SET plan_cache_mode = force_custom_plan";

/// Version, name and statements of each migration. A released one is never edited: its checksum is stored.
type Migrations = [(i64, &'static str, &'static str); 6];
const SQLITE: Migrations = [
    (1, "outbox", include_str!("../migrations/sqlite/0001_outbox.sql")),
    (2, "notes", include_str!("../migrations/sqlite/0002_notes.sql")),
    (3, "counts", include_str!("../migrations/sqlite/0003_counts.sql")),
    (4, "secret", include_str!("../migrations/sqlite/0004_secret.sql")),
    (5, "problem letters", include_str!("../migrations/sqlite/0005_problem_letters.sql")),
    (6, "score", include_str!("../migrations/sqlite/0006_score.sql")),
];
const POSTGRES: Migrations = [
    (1, "outbox", include_str!("../migrations/postgres/0001_outbox.sql")),
    (2, "notes", include_str!("../migrations/postgres/0002_notes.sql")),
    (3, "counts", include_str!("../migrations/postgres/0003_counts.sql")),
    (4, "secret", include_str!("../migrations/postgres/0004_secret.sql")),
    (5, "problem letters", include_str!("../migrations/postgres/0005_problem_letters.sql")),
    (6, "score", include_str!("../migrations/postgres/0006_score.sql")),
];

/// Where enquiries are stored.
#[derive(Debug, Clone)]
pub enum DatabaseLocation {
    /// A file of this program alone.
    Sqlite(PathBuf),
    /// A server that several copies share.
    Postgres(SecretString),
}

/// The outbox cannot be read or written at this time.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("the outbox cannot be used: {0}")]
pub struct Unavailable(pub String);

/// The pool of connections, and how to open it again.
#[derive(Debug)]
pub(crate) struct Database {
    place: DatabaseLocation,
    pub(crate) sql: &'static super::sql::Statements,
    /// See [`super::Options::connection_lifetime`].
    lifetime: Option<Duration>,
    live: RwLock<Option<Live>>,
    /// Device of the folder when it was first used: an unmounted volume leaves an empty folder on another device, and
    /// an outbox begun there would be hidden by the next mount.
    device: OnceLock<u64>,
}

#[derive(Debug)]
struct Live {
    pool: AnyPool,
    sqlite: Option<Sqlite>,
}

/// What SQLite has besides a pool.
#[derive(Debug)]
struct Sqlite {
    files: Files,
    /// SQLite deletes the write-ahead file with its last connection, so this one stays open beside the pool's.
    first: Mutex<AnyConnection>,
}

impl Live {
    async fn close(self) {
        self.pool.close().await;
        if let Some(sqlite) = self.sqlite {
            let _ = sqlite.first.into_inner().close().await;
        }
    }
}

/// Device and inode of the database and of its write-ahead file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Files {
    main: (u64, u64),
    log: Option<(u64, u64)>,
}

impl Database {
    pub(crate) fn new(place: DatabaseLocation, lifetime: Option<Duration>) -> Self {
        sqlx::any::install_default_drivers();
        let sql = match place {
            DatabaseLocation::Sqlite(_) => &*super::sql::SQLITE,
            DatabaseLocation::Postgres(_) => &*super::sql::POSTGRES,
        };
        Self { place, sql, lifetime, live: RwLock::new(None), device: OnceLock::new() }
    }

    pub(crate) fn place(&self) -> &DatabaseLocation {
        &self.place
    }

    /// Runs one statement; returns how many rows it changed.
    pub(crate) async fn execute(&self, query: Query<'_, Any, AnyArguments>) -> Result<u64, Unavailable> {
        Ok(query.execute(&self.pool().await?).await?.rows_affected())
    }

    /// Beginning and end of a lease, in milliseconds. PostgreSQL's clock counts, since those of copies may differ.
    pub(crate) async fn lease(&self, now: Timestamp, lease: SignedDuration) -> Result<(i64, i64), Unavailable> {
        const CLOCK: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let begin = match self.place {
            DatabaseLocation::Sqlite(_) => now.as_millisecond(),
            DatabaseLocation::Postgres(_) => sqlx::query_scalar(CLOCK).fetch_one(&self.pool().await?).await?,
        };
        let end = begin.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
        Ok((begin, end))
    }

    /// A pool whose file is at the path.
    pub(crate) async fn pool(&self) -> Result<AnyPool, Unavailable> {
        if let Some(live) = &*self.live.read().await
            && self.is_current(live)?
        {
            return Ok(live.pool.clone());
        }
        self.reopen().await
    }

    /// Whether what was just committed went to the file that lies at the path.
    pub(crate) async fn confirm(&self) -> Result<(), Unavailable> {
        match &*self.live.read().await {
            Some(live) if self.is_current(live)? => Ok(()),
            _ => Err(Unavailable("its file was taken away; put the data folder back".into())),
        }
    }

    pub(crate) async fn close(&self) {
        if let Some(live) = self.live.write().await.take() {
            live.close().await;
        }
    }

    async fn reopen(&self) -> Result<AnyPool, Unavailable> {
        let mut live = self.live.write().await;
        if let Some(old) = &*live {
            if self.is_current(old)? {
                return Ok(old.pool.clone());
            }
            tracing::error!("the outbox's file was replaced; the new one is opened");
        }
        if let Some(old) = live.take() {
            let _ = timeout(WAIT, old.close()).await;
        }
        let opened = match &self.place {
            DatabaseLocation::Sqlite(file) => {
                let folder = folder(file);
                prepare(folder, file).map_err(|e| describe_io_error("folder", &e))?;
                let opened = open_sqlite(file, self.lifetime).await?;
                let _ = self.device.set(fs::metadata(folder).map_err(|e| describe_io_error("folder", &e))?.dev());
                opened
            }
            DatabaseLocation::Postgres(url) => open_postgres(url.expose_secret(), self.lifetime).await?,
        };
        let pool = opened.pool.clone();
        *live = Some(opened);
        Ok(pool)
    }

    /// False if another file is at the path now, or none.
    fn is_current(&self, live: &Live) -> Result<bool, Unavailable> {
        let (DatabaseLocation::Sqlite(file), Some(known)) = (&self.place, &live.sqlite) else { return Ok(true) };
        match Files::at(file) {
            Ok(now) => Ok(now == known.files),
            Err(error) => {
                // The folder may have moved away and may come back, so it is not created.
                let here = fs::metadata(folder(file)).map_err(|e| describe_io_error("folder", &e))?;
                if error.kind() == io::ErrorKind::NotFound && self.device.get() == Some(&here.dev()) {
                    return Ok(false);
                }
                Err(describe_io_error("file", &error))
            }
        }
    }
}

impl Files {
    fn at(file: &Path) -> io::Result<Self> {
        let id = |path: &Path| fs::metadata(path).map(|m| (m.dev(), m.ino()));
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self { main: id(file)?, log: id(Path::new(&log)).ok() })
    }
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn describe_io_error(what: &str, error: &io::Error) -> Unavailable {
    Unavailable(format!("its {what} in CLINIC_DATA: {error}"))
}

/// Creates folder and file, readable by their owner only; SQLite gives its other files the mode of the first.
fn prepare(folder: &Path, file: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let opened = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file)?;
    if opened.metadata()?.permissions().mode() & 0o077 != 0 {
        opened.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    fs::File::open(folder)?.sync_all()
}

async fn open_sqlite(file: &Path, lifetime: Option<Duration>) -> Result<Live, Unavailable> {
    let absolute = std::path::absolute(file).map_err(|e| describe_io_error("path", &e))?;
    let path = url::Url::from_file_path(&absolute).map_err(|()| Unavailable("its path is not absolute".into()))?;
    let options: AnyConnectOptions = format!("sqlite://{}?mode=rw", path.path()).parse()?;
    let mut first = connect(&options, &SQLITE).await?;
    sqlx::raw_sql(SQLITE_SESSION).execute(&mut first).await?;
    if let Err(error) = return_free_pages(&mut first).await {
        tracing::warn!(%error, "the outbox's file cannot become smaller before the next start");
    }
    // The first write creates the write-ahead file, whose device and inode are compared from now on.
    sqlx::query(super::sql::PROBE).bind("").execute(&mut first).await?;
    let files = Files::at(file).map_err(|e| describe_io_error("file", &e))?;
    // One connection: writers of one process queue fairly here rather than sleep in SQLite's busy handler.
    let pool = pool(options, SQLITE_SESSION, 1, lifetime);
    Ok(Live { pool, sqlite: Some(Sqlite { files, first: Mutex::new(first) }) })
}

/// Lets free pages be cut off the file (see `retention`); a file without this is written anew, once.
async fn return_free_pages(first: &mut AnyConnection) -> sqlx::Result<()> {
    // In memory, since the temporary copy holds what visitors wrote.
    const ENABLE: &str = "PRAGMA temp_store = MEMORY; PRAGMA auto_vacuum = INCREMENTAL; VACUUM";
    let mode = sqlx::query("PRAGMA auto_vacuum").fetch_one(&mut *first).await?;
    if mode.try_get_unchecked::<i64, _>(0)? == 0 {
        sqlx::raw_sql(ENABLE).execute(first).await?;
    }
    Ok(())
}

async fn open_postgres(url: &str, lifetime: Option<Duration>) -> Result<Live, Unavailable> {
    let options = url.parse()?;
    connect(&options, &POSTGRES).await?.close().await?;
    Ok(Live { pool: pool(options, POSTGRES_SESSION, 8, lifetime), sqlite: None })
}

/// The first connection is made outside the pool, which would keep retrying and hide the cause, and without the session's
/// limits: a migration may take longer than a visitor waits.
async fn connect(options: &AnyConnectOptions, migrations: &Migrations) -> Result<AnyConnection, Unavailable> {
    let mut first = timeout(WAIT, AnyConnection::connect_with(options)).await.map_err(|_| too_slow())??;
    migrate(migrations, &mut first).await?;
    Ok(first)
}

fn pool(options: AnyConnectOptions, session: &'static str, connections: u32, lifetime: Option<Duration>) -> AnyPool {
    let pool = AnyPoolOptions::new().max_connections(connections).acquire_timeout(WAIT);
    pool.max_lifetime(lifetime)
        .idle_timeout(lifetime)
        .after_connect(move |conn, _| {
            Box::pin(async move {
                sqlx::raw_sql(session).execute(conn).await?;
                Ok(())
            })
        })
        .connect_lazy_with(options.disable_statement_logging())
}

/// Runs the missing migrations. Those of a newer program that uses the same database are ignored.
/// `Migrator::run` cannot be awaited in a spawned task, since its borrow is not general enough.
async fn migrate(migrations: &Migrations, conn: &mut AnyConnection) -> Result<(), Unavailable> {
    let migrations = migrations.iter().map(|(version, name, statements)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, SqlStr::from_static(statements), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_ignore_missing(true).run_direct(None, conn, false).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error) => error.into(),
        other => Unavailable(format!("its tables could not be prepared: {other}")),
    })
}
