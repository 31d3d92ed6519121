//! Tests that search: random histories of the outbox and of delivery, each made from a seed that repeats it.
//!
//! `simulation` runs delivery in a world of faults; `state_machine` compares the outbox on SQLite with `model`, an outbox in memory.
//!
//! `PROPTEST_CASES` is the number of histories of the state machine.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../support/message_builder.rs"]
mod message_builder;
mod model;
mod random;
mod scheduler;
mod simulation;
mod state_machine;
mod world;

/// A number from the environment.
fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name).ok().map_or(default, |value| value.parse().unwrap())
}
