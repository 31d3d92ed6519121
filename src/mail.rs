//! From an enquiry to a mailbox: the outbox stores enquiries and letters, delivery workers send the letters through the
//! mailer.
//!
//! Invariant: an enquiry with an [`outbox::Receipt`] is on disk, and its letters stay there until a relay has acknowledged
//! every one of them. Nothing undelivered is deleted.
//!
//! Never: HTTP, pages, a decision about spam.

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
