//! Serving over real sockets: responses, slow and malformed clients, many connections, reload and stop.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "../support/mod.rs"]
mod support;

mod bad_clients;
mod compressed;
mod many_connections;
mod reload;
mod responses;
mod stopping;
mod test_server;
