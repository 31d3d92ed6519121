//! What the delivery workers and the health watch ask of the outbox, as a trait, so that a test can put an outbox in
//! memory in its place.
//!
//! Never: a rule; each method only calls the outbox.

use super::{ClaimedLetter, ClaimedProblem, Outbox, RelayState, StoredEnquiry, Unavailable};
use crate::mail::{
    health::{LetterCounts, ProblemKind},
    mailer::DeliveryError,
};
use jiff::{SignedDuration, Timestamp};

/// Declares the trait and implements it by the methods of [`Outbox`] with the same names.
macro_rules! store {
    ($($method:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        /// The operations of an outbox that delivery and alarms need. In production it is [`Outbox`].
        #[expect(async_fn_in_trait, reason = "tasks use the outbox itself, whose futures are Send")]
        pub trait Store {
            /// See [`Outbox::last_write`].
            fn last_write(&self) -> Result<(), Unavailable>;
            $(
                #[doc = concat!("See [`Outbox::", stringify!($method), "`].")]
                async fn $method(&self, $($argument: $type),*) -> Result<$result, Unavailable>;
            )*
        }

        impl Store for Outbox {
            fn last_write(&self) -> Result<(), Unavailable> {
                Self::last_write(self)
            }
            $(
                async fn $method(&self, $($argument: $type),*) -> Result<$result, Unavailable> {
                    Self::$method(self, $($argument),*).await
                }
            )*
        }
    };
}

store! {
    claim(now: Timestamp, lease: SignedDuration, latest: Timestamp, busy: &[String]) -> Option<ClaimedLetter>;
    next_due() -> Option<Timestamp>;
    stored(number: i64) -> Option<StoredEnquiry>;
    mark_delivered(letter: &ClaimedLetter, now: Timestamp) -> ();
    schedule_retry(letter: &ClaimedLetter, error: &DeliveryError, at: Timestamp) -> ();
    mark_failed(letter: &ClaimedLetter, error: &DeliveryError, now: Timestamp) -> ();
    discard_acknowledgement(letter: &ClaimedLetter, now: Timestamp) -> ();
    relay() -> RelayState;
    may_probe(now: Timestamp, until: Timestamp, latest: Timestamp) -> bool;
    pause(until: Timestamp) -> ();
    resume() -> ();
    relay_recovered(now: Timestamp) -> ();
    letter_counts(now: Timestamp, late: SignedDuration) -> LetterCounts;
    problem_begins(kind: ProblemKind, letters: u64, now: Timestamp) -> bool;
    problem_ends(kind: ProblemKind) -> bool;
    claim_problem(now: Timestamp, lease: SignedDuration, latest: Timestamp) -> Option<ClaimedProblem>;
    problem_reported(problem: &ClaimedProblem, now: Timestamp) -> ();
    retry_problem(kind: ProblemKind, at: Timestamp) -> ();
}
