//! The way from a durable enquiry to a mailbox, over real databases and real SMTP conversations.
//!
//! `CLINIC_TEST_SECONDS` lengthens what is tried at random. Nothing here needs the network.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../support/mod.rs"]
mod support;

mod acknowledgement;
mod alarms;
mod contract;
mod counts;
mod databases;
mod delivery;
mod doctor;
mod durable;
mod exim;
mod hardship;
mod house;
mod kill;
mod letters;
mod life;
mod name_server;
mod notes;
mod postgres_proxy;
mod privacy;
mod smtp_server;
mod turned_away;
