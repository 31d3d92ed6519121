//! The outbox: the database of enquiries and of the letters about them.
//!
//! Invariant: [`Outbox::put`] answers with a [`Receipt`] only after the enquiry and one letter per recipient are on
//! disk, together. Numbers have no gaps: they are given inside the transaction that stores the enquiry.
//!
//! A database that cannot be reached does not prevent a start: every call tries again, so that the form works as soon as
//! the cause is gone.
//!
//! Never: a transport, a template, a decision about spam.

mod backup;
pub mod counts;
mod database;
mod deduplication;
mod enquiries;
mod erasure;
mod letters;
mod notes;
mod problems;
mod reference;
mod relay_state;
mod restore;
mod retention;
mod sql;
mod writer;

pub use backup::BackupError;
pub use database::{DatabaseLocation, Unavailable};
pub use enquiries::{CommandError, Entry, LetterEntry};
pub use erasure::{Erased, Sender};
pub use letters::{ClaimedLetter, Content, EarlierEnquiry, LetterStore, MessageKind, StoredEnquiry};
pub use notes::{Counts, HeldEnquiry, Note, OpenEnquiry, UndeliveredLetter};
pub use problems::{ClaimedProblem, ProblemStore, REPEAT};
pub(crate) use reference::random;
pub use relay_state::{RelayState, RelayStore};
pub use restore::Restored;
pub use retention::RetentionRun;
pub use writer::PutError;

use crate::{
    enquiry::{Enquiry, SpamScore},
    mail::health::{Health, LATE},
};
use arc_swap::{ArcSwap, ArcSwapOption};
use database::Database;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Mutex, mpsc, watch};

/// Settings of an outbox besides the location of its database.
#[derive(Debug, Clone)]
pub struct Options {
    /// Staff addresses; each gets a letter of its own.
    pub recipients: Vec<lettre::Address>,
    /// Right-hand side of every Message-ID: the domain of the sender.
    pub domain: String,
    /// Zone of the clinic: identical answers of one day in this zone are one enquiry.
    pub zone: TimeZone,
    /// How long content is stored after each letter was delivered, while nobody marks the enquiry as answered: a relay
    /// that took a letter may still return it days later (RFC 5321 4.5.4.1).
    pub keep_words: SignedDuration,
    /// Most enquiries of one transaction, at least 1; more only lengthens the wait of the first.
    pub max_batch: usize,
    /// Enquiries an hour of which staff get letters; further ones are held.
    pub max_per_hour: u32,
    /// Age at which a connection to the database is closed and replaced; `None`: it stays open.
    pub connection_lifetime: Option<Duration>,
    /// Key of the fingerprints, without which the stored hash of the answers reveals nothing.
    pub key: [u8; 32],
}

impl Options {
    /// The usual value of [`Options::max_batch`].
    pub const MAX_BATCH: usize = 256;

    /// The usual value of [`Options::max_per_hour`]: several times what a small practice gets in a day, and few enough to
    /// be read.
    pub const MAX_PER_HOUR: u32 = 60;

    /// Derives the key of fingerprints from the secret that copies of the program share.
    pub fn fingerprint_key(secret: &str) -> [u8; 32] {
        blake3::derive_key("relationship-clinic 2026 sameness of enquiries", secret.as_bytes())
    }
}

/// An enquiry to be stored.
#[derive(Debug, Clone)]
pub struct NewEnquiry {
    /// The answers of the form.
    pub enquiry: Enquiry,
    /// Deliver, label or hold.
    pub spam: SpamScore,
    /// Nonce of the form's token, if it had one.
    pub nonce: Option<String>,
    /// When the post arrived.
    pub received: Timestamp,
}

/// Proof that an enquiry is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Eight characters that are not easily confused: `K7MWPX3D`.
    pub reference: String,
    /// 1, 2, 3 … without gaps.
    pub number: i64,
    /// The same enquiry was stored before; this is its receipt.
    pub duplicate: bool,
    /// It is held, whether for its score or for the number of others; false for a duplicate.
    pub held: bool,
}

/// A handle; clones share one queue, one writer and one pool.
#[derive(Debug, Clone)]
pub struct Outbox {
    db: Arc<Database>,
    options: Arc<ArcSwap<Options>>,
    queue: mpsc::Sender<writer::Job>,
    waiting: Arc<Mutex<mpsc::Receiver<writer::Job>>>,
    arrivals: watch::Sender<u64>,
    write_failure: Arc<ArcSwapOption<Unavailable>>,
}

impl Outbox {
    /// Opens the outbox; enquiries are stored while [`Outbox::write`] runs. A database that cannot be reached is logged
    /// and tried again at every call.
    pub async fn open(place: DatabaseLocation, options: Options) -> Self {
        let db = Database::new(place, options.connection_lifetime);
        if let Err(error) = db.pool().await {
            tracing::error!(%error, "the outbox cannot be opened; every enquiry will try again");
        }
        let (queue, waiting) = mpsc::channel(writer::QUEUE);
        Self {
            db: Arc::new(db),
            options: Arc::new(ArcSwap::from_pointee(options)),
            queue,
            waiting: Arc::new(Mutex::new(waiting)),
            arrivals: watch::Sender::new(0),
            write_failure: Arc::default(),
        }
    }

    /// False if this database is used with another secret: links that one copy of the program signs would not work in
    /// another.
    pub async fn shares_secret(&self) -> Result<bool, Unavailable> {
        const STORE: &str = "INSERT INTO secret_check (id, value) VALUES (1, $1) ON CONFLICT DO NOTHING";
        const SAME: &str = "SELECT COUNT(*) FROM secret_check WHERE value = $1";
        let value = blake3::keyed_hash(&self.options.load().key, b"check of the secret").to_hex().to_string();
        self.db.execute(sqlx::query(STORE).bind(value.clone())).await?;
        let same: i64 = sqlx::query_scalar(SAME).bind(value).fetch_one(&self.db.pool().await?).await?;
        Ok(same > 0)
    }

    /// Replaces the options: the clinic's facts may change while the program runs.
    pub fn set_options(&self, options: Options) {
        self.options.store(Arc::new(options));
    }

    /// Whether enquiries are stored and letters delivered.
    pub async fn health(&self, now: Timestamp) -> Health {
        Health { write: self.check_write().await, letters: self.letter_counts(now, LATE).await }
    }

    /// How many staff addresses get a letter of each enquiry.
    pub fn recipients(&self) -> usize {
        self.options.load().recipients.len()
    }

    /// Changes whenever letters were added, so that delivery workers need not poll.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    /// Closes the connections; letters wait for the next start.
    pub async fn close(&self) {
        self.db.close().await;
    }

    fn announce(&self) {
        self.arrivals.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// The time of stored milliseconds. A value out of range, which this program never stores, becomes the latest time.
fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}
