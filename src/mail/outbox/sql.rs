//! The statements that differ between SQLite and PostgreSQL.
//!
//! Invariant: the two sets differ only in how a JSON list becomes rows and in how a claim skips locked rows.
//! A list is one JSON text, so that a batch of any size is one statement.

use std::sync::LazyLock;

/// Takes the write lock and the lock of the number sequence; the holder sees every earlier enquiry.
pub(crate) const LOCK: &str = "UPDATE counter SET last = last WHERE name = 'enquiry' RETURNING last";
/// A write to test whether the database can be written.
pub(crate) const PROBE: &str = "UPDATE probe SET filling = $1";
/// Sets the last number that was given.
pub(crate) const ADVANCE: &str = "UPDATE counter SET last = $1 WHERE name = 'enquiry'";

/// A time → how many enquiries of the hour before it were not held.
pub(crate) const MAILED: &str = "SELECT COUNT(*) FROM enquiry WHERE state <> 'held' AND released_at IS NULL \
                                 AND received_at > $1 - 3600000 AND received_at <= $1";

/// Condition of a claim. Parameters: now, the latest time for which anything may be due, beginning and end of the new
/// lease. What is due later was stored before the clock was set back, and so was a lease that ends more than an hour later.
const CLAIMABLE: &str = "(due_at <= $1 OR due_at > $2) AND (leased_until <= $3 OR leased_until > $4 + 3600000)";

/// The statements by name. Each takes its list as `$1`, but for the claims.
#[derive(Debug)]
pub(crate) struct Statements {
    /// `[{nonce, fingerprint}]` → earlier enquiries with the same nonce or fingerprint.
    pub(crate) candidates: String,
    /// `[row]` → enquiries.
    pub(crate) insert_enquiries: String,
    /// `[{copy, recipient}]`, domain, first and last number → letters of the enquiries that are not held.
    pub(crate) insert_letters: String,
    /// The parameters of [`CLAIMABLE`], claim, `[{recipient}]` of busy ones → one letter.
    pub(crate) claim: String,
    /// The parameters of [`CLAIMABLE`] → one problem.
    pub(crate) claim_problem: String,
    /// `[{day, article, views, enquiries}]` → totals, added to what is there.
    pub(crate) add_counts: String,
}

/// For an SQLite file, which has one writer at a time, so that no row can be locked.
pub(crate) static SQLITE: LazyLock<Statements> = LazyLock::new(|| {
    let any_of = |field| format!("IN (SELECT value->>'{field}' FROM json_each($1))");
    Statements::new(|parameter| format!("json_each({parameter})"), any_of, "")
});

/// For a PostgreSQL server. An array of known values is looked up in the index; of a join the planner reads the whole table.
pub(crate) static POSTGRES: LazyLock<Statements> = LazyLock::new(|| {
    let rows = |parameter| format!("json_array_elements({parameter}::json) AS each (value)");
    let any_of = |field| format!("= ANY (ARRAY(SELECT value->>'{field}' FROM {}))", rows("$1"));
    Statements::new(rows, any_of, "FOR UPDATE SKIP LOCKED")
});

impl Statements {
    /// `rows` makes rows with a column `value` of the list in a parameter; `any_of` compares with a field of the list in `$1`.
    fn new(rows: impl Fn(&'static str) -> String, any_of: impl Fn(&'static str) -> String, skip_locked: &str) -> Self {
        let (nonces, fingerprints, list, busy) = (any_of("nonce"), any_of("fingerprint"), rows("$1"), rows("$6"));
        Self {
            candidates: format!(
                "SELECT number, reference, nonce, fingerprint, day FROM enquiry WHERE nonce {nonces} \
                 UNION SELECT number, reference, nonce, fingerprint, day FROM enquiry WHERE fingerprint {fingerprints} ORDER BY 1"
            ),
            insert_enquiries: format!(
                "INSERT INTO enquiry (number, reference, nonce, fingerprint, day, corrects, received_at, state, score, content) \
                 SELECT CAST(value->>'number' AS BIGINT), value->>'reference', value->>'nonce', value->>'fingerprint', \
                 value->>'day', CAST(value->>'corrects' AS BIGINT), CAST(value->>'received_at' AS BIGINT), value->>'state', \
                 CAST(value->>'score' AS BIGINT), value->>'content' FROM {list}"
            ),
            insert_letters: format!(
                "INSERT INTO letter (number, copy, recipient, message_id, dated_at, queued_at, due_at, score) \
                 SELECT number, CAST(value->>'copy' AS BIGINT), value->>'recipient', \
                 '<' || reference || '.' || received_at || '@' || $2 || '>', received_at, \
                 COALESCE(released_at, received_at), COALESCE(released_at, received_at), score FROM enquiry, {list} \
                 WHERE number BETWEEN $3 AND $4 AND state = 'waiting' ORDER BY 1, 2"
            ),
            claim: format!(
                "UPDATE letter SET leased_until = $4, claim = $5, attempts = attempts + 1 WHERE id = (SELECT id FROM letter \
                 WHERE state = 'waiting' AND {CLAIMABLE} AND recipient NOT IN (SELECT value->>'recipient' FROM {busy}) \
                 ORDER BY score, id LIMIT 1 {skip_locked}) \
                 RETURNING id, number, copy, recipient, message_id, dated_at, queued_at, attempts, kind, body"
            ),
            // Under READ COMMITTED a second copy waits for the row and then finds the lease taken.
            claim_problem: format!(
                "UPDATE trouble SET leased_until = $4, attempts = attempts + 1 WHERE told_at IS NULL AND {CLAIMABLE} \
                 AND kind = (SELECT MIN(kind) FROM trouble WHERE told_at IS NULL AND {CLAIMABLE}) \
                 RETURNING kind, since, attempts, letters"
            ),
            // SQLite takes a bare ON after FROM for a join.
            add_counts: format!(
                "INSERT INTO article_count (day, article, views, enquiries) SELECT value->>'day', value->>'article', \
                 CAST(value->>'views' AS BIGINT), CAST(value->>'enquiries' AS BIGINT) FROM {list} WHERE TRUE \
                 ON CONFLICT (day, article) DO UPDATE SET views = article_count.views + excluded.views, \
                 enquiries = article_count.enquiries + excluded.enquiries"
            ),
        }
    }
}
