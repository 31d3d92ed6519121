//! Serving over real sockets: what a reader gets, what a hostile connection gets, and what happens meanwhile.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod compressed;
mod crowd;
mod hostile;
mod house;
mod reload;
mod stopping;
