//! What database errors mean to an operator.
//!
//! Never: the values of a statement.

use super::Unavailable;

/// The error for an answer that does not arrive in time.
pub(crate) fn too_slow() -> Unavailable {
    let text = "the database did not answer in time; is it running and reachable, or locked by another program?";
    Unavailable(text.into())
}

impl From<sqlx::Error> for Unavailable {
    fn from(error: sqlx::Error) -> Self {
        reason(&error)
    }
}

/// What a database error means to an operator; never the values of the statement.
fn reason(error: &sqlx::Error) -> Unavailable {
    let text = match error {
        sqlx::Error::PoolTimedOut => return too_slow(),
        sqlx::Error::Io(error) => format!("the connection to the database broke: {error}"),
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some(code) if code.len() == 5 => postgres_reason(code, error.message()),
            Some(code) => sqlite_reason(code),
            None => "the database gave an error without a code".into(),
        },
        sqlx::Error::Configuration(_) => "CLINIC_DATABASE_URL cannot be read".into(),
        sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => "the database was closed".into(),
        other => format!("{other}"),
    };
    Unavailable(text)
}

/// Primary result codes of <https://www.sqlite.org/rescode.html>.
fn sqlite_reason(code: &str) -> String {
    match code.parse::<i32>().map(|code| code & 0xff) {
        Ok(5 | 6) => "the database is locked; another program holds it".into(),
        Ok(8) => "the database is read-only; give the program write permission on the data folder".into(),
        Ok(10) => format!("the disk reports an error (SQLite {code})"),
        Ok(11 | 26) => "the database file is damaged; move outbox.sqlite and its -wal and -shm away, then `enquiries restore BACKUP`".into(),
        Ok(13) => "the disk is full; make room in the data folder".into(),
        Ok(14) => "the database file cannot be opened; look at the data folder and its permissions".into(),
        _ => format!("SQLite error {code}"),
    }
}

/// Error codes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn postgres_reason(code: &str, message: &str) -> String {
    match code {
        "53100" => "the disk of the database server is full".into(),
        "55P03" | "57014" => "the database is locked; another session holds it".into(),
        "25006" => "the database is read-only".into(),
        _ if code.starts_with("28") => "the database refuses the log-in; look at CLINIC_DATABASE_URL".into(),
        _ if code.starts_with("57P") => "the database server is shutting down or starting".into(),
        _ if code.starts_with("3D") || code.starts_with("08") => format!("PostgreSQL error {code}: {message}"),
        _ => format!("PostgreSQL error {code}"),
    }
}

/// The row itself is at fault (a constraint, a value), so that others of its batch may still pass.
pub(crate) fn is_fault_of_row(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    match error.code().as_deref() {
        Some(code) if code.len() == 5 => ["22", "23", "P0"].iter().any(|class| code.starts_with(class)),
        // Too big, constraint, mismatch.
        Some(code) => code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 18..=20)),
        None => false,
    }
}
