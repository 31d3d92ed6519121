//! Storing enquiries and delivering letters, with real databases and real SMTP sessions.
//!
//! `CLINIC_TEST_SECONDS` is the duration of the randomized tests. Nothing here needs the network.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../support/mod.rs"]
mod support;

mod acknowledgement;
mod alarms;
mod clock;
mod counts;
mod databases;
mod delivery;
mod doctor;
mod durable;
mod exim;
mod faults;
mod hourly_limit;
mod kill;
mod letters;
mod lifecycle;
mod name_server;
mod notes;
mod outage;
mod outbox;
mod panics;
mod postgres_proxy;
mod postgres_tls;
mod privacy;
mod rejected_posts;
mod restore;
mod secrets;
mod smtp_server;
mod soak;
mod storage_failures;
mod test_outbox;
