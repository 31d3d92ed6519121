//! The statements that differ between SQLite and PostgreSQL.
//!
//! Invariant: the two sets differ only in how a JSON list becomes rows and in how a claim skips locked rows.
//! A list is one JSON text, so that a batch of any size is one statement.

/// Takes the write lock and the lock of the number sequence; the holder sees every earlier enquiry.
pub(crate) const LOCK: &str = "UPDATE counter SET last = last WHERE name = 'enquiry' RETURNING last";
/// A write to test whether the database can be written.
pub(crate) const PROBE: &str = "UPDATE probe SET filling = $1";
/// Sets the last number that was given.
pub(crate) const ADVANCE: &str = "UPDATE counter SET last = $1 WHERE name = 'enquiry'";

/// Now, the latest time for which anything may be due, beginning and end of the new lease → condition of a claim. What is
/// due later was stored before the clock was set back, and so was a lease that ends more than an hour later.
macro_rules! claimable {
    () => {
        "(due_at <= $1 OR due_at > $2) AND (leased_until <= $3 OR leased_until > $4 + 3600000)"
    };
}

/// A time → how many enquiries of the hour before it were not held.
pub(crate) const MAILED: &str = "SELECT COUNT(*) FROM enquiry WHERE state <> 'held' AND released_at IS NULL \
                                 AND received_at > $1 - 3600000 AND received_at <= $1";

/// The parameters of `claimable` → one problem. Under READ COMMITTED a second copy waits for the row and then finds the
/// lease taken.
pub(crate) const CLAIM_PROBLEM: &str = concat!(
    "UPDATE trouble SET leased_until = $4, attempts = attempts + 1 WHERE told_at IS NULL AND ",
    claimable!(),
    " AND kind = (SELECT MIN(kind) FROM trouble WHERE told_at IS NULL AND ",
    claimable!(),
    ") RETURNING kind, since, attempts, letters"
);

/// The statements by name.
#[derive(Debug)]
pub(crate) struct Statements {
    /// `[{nonce, fingerprint}]` → earlier enquiries with the same nonce or fingerprint.
    pub(crate) candidates: &'static str,
    /// `[row]` → enquiries.
    pub(crate) insert_enquiries: &'static str,
    /// `[recipient]`, domain, first and last number → letters of the enquiries that are not held.
    pub(crate) insert_letters: &'static str,
    /// The parameters of `claimable`, claim, `[busy recipient]` → one letter.
    pub(crate) claim: &'static str,
    /// `[{day, article, views, enquiries}]` → totals, added to what is there.
    pub(crate) add_counts: &'static str,
}

macro_rules! rows {
    (sqlite, $parameter:literal) => {
        concat!("json_each(", $parameter, ")")
    };
    (postgres, $parameter:literal) => {
        concat!("json_array_elements(", $parameter, "::json) AS each (value)")
    };
}

macro_rules! any_of {
    (sqlite, $field:literal) => {
        concat!("IN (SELECT value->>'", $field, "' FROM json_each($1))")
    };
    // An array of known values is looked up in the index; of a join the planner reads the whole table.
    (postgres, $field:literal) => {
        concat!("= ANY (ARRAY(SELECT value->>'", $field, "' FROM json_array_elements($1::json) AS each (value)))")
    };
}

macro_rules! texts {
    (sqlite, $parameter:literal) => {
        concat!("json_each(", $parameter, ")")
    };
    (postgres, $parameter:literal) => {
        concat!("json_array_elements_text(", $parameter, "::json) AS each (value)")
    };
}

macro_rules! copies {
    (sqlite) => {
        "(SELECT key + 1 AS copy, value AS recipient FROM json_each($1)) AS copies"
    };
    (postgres) => {
        "json_array_elements_text($1::json) WITH ORDINALITY AS copies (recipient, copy)"
    };
}

macro_rules! skip_locked {
    (sqlite) => {
        // One writer at a time: no row can be locked.
        ""
    };
    (postgres) => {
        " FOR UPDATE SKIP LOCKED"
    };
}

macro_rules! statements {
    ($dialect:ident) => {
        Statements {
            candidates: concat!(
                "SELECT number, reference, nonce, fingerprint, day FROM enquiry WHERE nonce ",
                any_of!($dialect, "nonce"),
                " UNION SELECT number, reference, nonce, fingerprint, day FROM enquiry WHERE fingerprint ",
                any_of!($dialect, "fingerprint"),
                " ORDER BY 1"
            ),
            insert_enquiries: concat!(
                "INSERT INTO enquiry ",
                "(number, reference, nonce, fingerprint, day, corrects, received_at, state, score, content) ",
                "SELECT CAST(value->>'number' AS BIGINT), value->>'reference', value->>'nonce', ",
                "value->>'fingerprint', value->>'day', CAST(value->>'corrects' AS BIGINT), ",
                "CAST(value->>'received_at' AS BIGINT), value->>'state', CAST(value->>'score' AS BIGINT), ",
                "value->>'content' FROM ",
                rows!($dialect, "$1")
            ),
            insert_letters: concat!(
                "INSERT INTO letter (number, copy, recipient, message_id, dated_at, queued_at, due_at, score) ",
                "SELECT number, copy, recipient, '<' || reference || '.' || received_at || '@' || $2 || '>', received_at, ",
                "COALESCE(released_at, received_at), COALESCE(released_at, received_at), score FROM enquiry, ",
                copies!($dialect),
                " WHERE number BETWEEN $3 AND $4 AND state = 'waiting' ORDER BY number, copy"
            ),
            claim: concat!(
                "UPDATE letter SET leased_until = $4, claim = $5, attempts = attempts + 1 WHERE id = (",
                "SELECT id FROM letter WHERE state = 'waiting' AND ",
                claimable!(),
                " AND recipient NOT IN (SELECT value FROM ",
                texts!($dialect, "$6"),
                ") ORDER BY score, id LIMIT 1",
                skip_locked!($dialect),
                ") RETURNING id, number, copy, recipient, message_id, dated_at, queued_at, attempts, kind, body"
            ),
            add_counts: concat!(
                "INSERT INTO article_count (day, article, views, enquiries) ",
                "SELECT value->>'day', value->>'article', CAST(value->>'views' AS BIGINT), ",
                "CAST(value->>'enquiries' AS BIGINT) FROM ",
                rows!($dialect, "$1"),
                // SQLite takes a bare ON after FROM for a join.
                " WHERE TRUE ON CONFLICT (day, article) DO UPDATE SET views = article_count.views + excluded.views, ",
                "enquiries = article_count.enquiries + excluded.enquiries"
            ),
        }
    };
}

/// For an SQLite file.
pub(crate) const SQLITE: Statements = statements!(sqlite);
/// For a PostgreSQL server.
pub(crate) const POSTGRES: Statements = statements!(postgres);
