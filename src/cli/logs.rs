//! Log lines: to standard error, as text or JSON; the level by `RUST_LOG`.
//!
//! What they may hold is the business of those who write them: ids, counts and durations, never what a person wrote.

use crate::config::Config;
use std::{io, panic};
use tracing_subscriber::EnvFilter;

/// Without `RUST_LOG`: what an operator should know, without the database's own chatter.
const LEVEL: &str = "info,sqlx=warn";

/// Starts logging; once in a process. A panic is logged by its place alone: its message may quote what somebody typed.
pub(super) fn start(config: &Config) {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a part of the program panicked");
    }));
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LEVEL));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    if config.log_json {
        lines.json().init();
    } else {
        lines.with_ansi(false).init();
    }
}
