//! An outbox on a fresh database, and enquiries for it.

use crate::{
    databases::{Fresh, Kind, fresh},
    support::clinic::TIMEOUT,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use relationship_clinic::{
    enquiry::{Action, Channel, Enquiry, ForWhom, Mailbox, Phone, SpamScore, Voicemail},
    mail::outbox::{DatabaseLocation, NewEnquiry, Options, Outbox, PutError, Receipt},
};
use std::time::Instant;

/// A Tuesday afternoon at the clinic.
pub fn start() -> Timestamp {
    "2026-11-24T23:12:00Z".parse().unwrap()
}

pub fn later(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

pub fn options(recipients: &[&str]) -> Options {
    Options {
        recipients: recipients.iter().map(|address| address.parse().unwrap()).collect(),
        domain: "clinic.example".into(),
        zone: TimeZone::get("America/Los_Angeles").unwrap(),
        keep_words: SignedDuration::from_hours(14 * 24),
        max_batch: Options::MAX_BATCH,
        max_per_hour: u32::MAX,
        connection_lifetime: None,
        key: Options::fingerprint_key("a secret of at least thirty-two characters"),
    }
}

/// An outbox with its writer, as `serve` runs it.
pub async fn open_outbox(place: DatabaseLocation, recipients: &[&str]) -> Outbox {
    open_with(place, options(recipients)).await
}

async fn open_with(place: DatabaseLocation, options: Options) -> Outbox {
    let outbox = Outbox::open(place, options).await;
    tokio::spawn(outbox.clone().write());
    outbox
}

pub struct TestOutbox {
    pub fresh: Fresh,
    pub outbox: Outbox,
}

impl TestOutbox {
    pub async fn new(kind: Kind) -> Self {
        Self::with(kind, &["staff@clinic.example"]).await
    }

    pub async fn with(kind: Kind, recipients: &[&str]) -> Self {
        Self::with_options(kind, options(recipients)).await
    }

    pub async fn with_options(kind: Kind, options: Options) -> Self {
        let fresh = fresh(kind);
        let outbox = open_with(fresh.place.clone(), options).await;
        Self { fresh, outbox }
    }

    /// A second copy of the program on the same database.
    pub async fn copy(&self) -> Outbox {
        open_outbox(self.fresh.place.clone(), &["staff@clinic.example"]).await
    }

    pub async fn put(&self, new: NewEnquiry) -> Receipt {
        put(&self.outbox, &new).await
    }
}

/// Stores an enquiry. While the database is slower than a visitor waits, as on a busy machine, the enquiry is put again:
/// it is stored once. Every other error fails the test.
pub async fn put(outbox: &Outbox, new: &NewEnquiry) -> Receipt {
    let began = Instant::now();
    let mut maybe_stored = false;
    loop {
        match outbox.put(new).await {
            Ok(receipt) => return Receipt { duplicate: receipt.duplicate && !maybe_stored, ..receipt },
            Err(error) if is_slow(&error) && began.elapsed() < TIMEOUT => {
                maybe_stored |= matches!(error, PutError::Unknown(_));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// The error of a database that is not damaged or absent, but slow or used by others.
pub fn is_slow(error: &PutError) -> bool {
    let text = error.to_string();
    ["did not answer in time", "too slow", "locked"].iter().any(|cause| text.contains(cause))
}

pub fn enquiry(name: &str) -> Enquiry {
    Enquiry {
        name: name.into(),
        channel: Channel::Phone,
        phone: Some(Phone { number: "(650) 555-0123".into(), voicemail: Voicemail::Unnamed }),
        email: None,
        times: Some("Tuesday mornings".into()),
        for_whom: Some(ForWhom::Couple),
        message: Some("We have stopped talking.\nCan you help?".into()),
        about: None,
        notice: "2026-06".into(),
    }
}

pub fn by_email(name: &str, address: &str, private: bool) -> Enquiry {
    Enquiry {
        channel: Channel::Email,
        phone: None,
        email: Some(Mailbox { address: address.into(), private }),
        ..enquiry(name)
    }
}

pub fn new(name: &str) -> NewEnquiry {
    NewEnquiry { enquiry: enquiry(name), spam: SpamScore::default(), nonce: None, received: start() }
}

pub fn held(name: &str) -> NewEnquiry {
    let spam = SpamScore { action: Action::Hold, score: 9, reasons: vec!["Five links in the message".into()] };
    NewEnquiry { spam, ..new(name) }
}

pub fn scored(new: NewEnquiry, score: u32) -> NewEnquiry {
    NewEnquiry { spam: SpamScore { score, ..new.spam }, ..new }
}

pub fn with_nonce(name: &str, nonce: &str) -> NewEnquiry {
    NewEnquiry { nonce: Some(nonce.into()), ..new(name) }
}
