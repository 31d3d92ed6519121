//! From a durable enquiry to a mailbox: the outbox keeps it, the courier takes letters out, the mailer hands them over.
//!
//! Invariant: whoever was given a [`outbox::Receipt`] has an enquiry on disk, and its letters stay there until a relay
//! has acknowledged every one of them. Nothing undelivered is ever deleted.
//!
//! Never: HTTP, pages, or a thought about whether an enquiry is welcome.

pub mod address;
pub mod alarm;
pub mod delivery;
pub mod doctor;
pub mod health;
pub mod health_watch;
pub mod letter;
pub mod mailer;
pub mod message;
pub mod notes;
pub mod outbox;
pub mod retry_policy;
