//! The outbox: where an enquiry is safe before anybody is thanked for it.
//!
//! Invariant: [`Outbox::put`] answers with a [`Receipt`] only after the enquiry and one letter per recipient are on
//! disk, together. Numbers have no gaps: they are given inside the transaction that stores the enquiry.
//!
//! An outbox that cannot be reached is not a fault at start: every call tries again, within seconds, so that the form
//! works as soon as the cause is gone.
//!
//! Never: a transport, a template, a decision about what an enquiry is worth.

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
mod retention;
mod sql;
mod write_health;
mod writer;

pub use backup::BackupError;
pub use database::{DatabaseLocation, Unavailable};
pub use enquiries::{CommandError, Entry, LetterEntry};
pub use erasure::{Erased, Searched, Sender};
pub use letters::{ClaimedLetter, EarlierEnquiry, MessageKind, StoredEnquiry};
pub use notes::{Counts, HeldEnquiry, Note, OpenEnquiry, UndeliveredLetter};
pub use problems::ClaimedProblem;
pub(crate) use reference::random;
pub use relay_state::RelayState;
pub use retention::RetentionRun;
pub use writer::PutError;

use crate::{
    enquiry::{Enquiry, SpamScore},
    mail::health::{Health, LATE},
};
use arc_swap::ArcSwap;
use database::Database;
use jiff::{Timestamp, tz::TimeZone};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, watch};

/// What an outbox must know besides its place.
#[derive(Debug, Clone)]
pub struct Options {
    /// Staff addresses; each gets a letter of its own.
    pub recipients: Vec<lettre::Address>,
    /// Right-hand side of every Message-ID: the domain of the sender.
    pub domain: String,
    /// Zone of the clinic: its day is the day of the sameness rule.
    pub zone: TimeZone,
    /// Most enquiries of one transaction, at least 1; more only lengthens the wait of the first.
    pub max_batch: usize,
    /// Key of the fingerprints, so that the stored hash of an answer tells nothing without it.
    pub key: [u8; 32],
}

impl Options {
    /// What [`Options::max_batch`] is but for comparison.
    pub const MAX_BATCH: usize = 256;

    /// Derives the key of fingerprints from the secret that copies of the program share.
    pub fn fingerprint_key(secret: &str) -> [u8; 32] {
        blake3::derive_key("relationship-clinic 2026 sameness of enquiries", secret.as_bytes())
    }
}

/// An enquiry on its way in.
#[derive(Debug, Clone)]
pub struct NewEnquiry {
    /// What they wrote.
    pub enquiry: Enquiry,
    /// Deliver, label or hold.
    pub spam: SpamScore,
    /// Nonce of the form's token, if it had one.
    pub nonce: Option<String>,
    /// When the post arrived.
    pub received: Timestamp,
}

/// The enquiry is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Eight signs that cannot be taken for one another.
    pub reference: String,
    /// 1, 2, 3 … without gaps.
    pub number: u64,
    /// The same enquiry was kept before: this is its first receipt once more.
    pub duplicate: bool,
}

/// A handle; clones share one queue, one writer and one pool.
#[derive(Debug, Clone)]
pub struct Outbox {
    db: Arc<Database>,
    options: Arc<ArcSwap<Options>>,
    queue: mpsc::Sender<writer::Job>,
    waiting: Arc<Mutex<mpsc::Receiver<writer::Job>>>,
    arrivals: watch::Sender<u64>,
    write_health: Arc<write_health::WriteHealth>,
    scrub: Arc<retention::Scrub>,
}

impl Outbox {
    /// Opens the outbox; enquiries are stored while [`Outbox::write`] runs. A database that cannot be reached is logged
    /// and tried again at every call.
    pub async fn open(place: DatabaseLocation, options: Options) -> Self {
        let db = Database::new(place);
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
            write_health: Arc::default(),
            scrub: Arc::default(),
        }
    }

    /// Goes on with other options: the clinic's facts may change while the program runs.
    pub fn adopt(&self, options: Options) {
        self.options.store(Arc::new(options));
    }

    /// What is wrong with the way from form to mailbox.
    pub async fn health(&self, now: Timestamp) -> Health {
        Health { keep: self.check_write().await, letters: self.letter_counts(now, LATE).await }
    }

    /// Whether enquiries can be stored: the result of the last write, or of a new one if that is older than two seconds.
    pub async fn check_write(&self) -> Result<(), Unavailable> {
        self.write_health.probe(&self.db).await
    }

    /// The result of the last write; `Ok` if there was none.
    pub fn last_write(&self) -> Result<(), Unavailable> {
        self.write_health.last()
    }

    /// How many staff addresses get a letter of each enquiry.
    pub fn recipients(&self) -> usize {
        self.options.load().recipients.len()
    }

    /// Changes whenever letters were added, so that the courier need not ask.
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

/// The database keeps milliseconds.
fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// Times come back as they were stored; what is out of range was never stored by us.
fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}
