//! Log lines: to standard error, as text or JSON; the level by `RUST_LOG`.
//!
//! What they may hold is the business of those who write them: ids, counts and durations, never what a person wrote.

use crate::config::Config;
use std::{env, io, panic};
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Without `RUST_LOG`: what an operator should know, without the database's own chatter.
const LEVEL: &str = "info,sqlx=warn";

/// Starts logging; once in a process. A panic is logged by its place alone: its message may quote what somebody typed.
pub(super) fn start(config: &Config) {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a part of the program panicked");
    }));
    let from_environment = env::var("RUST_LOG").ok().and_then(|level| level.parse::<Targets>().ok());
    let filter = from_environment.unwrap_or_else(|| LEVEL.parse().expect("the constant names levels"));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(false).with_ansi(false);
    let lines = if config.log_json { lines.json().boxed() } else { lines.boxed() };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}
