//! Log lines: to standard error, as text or JSON; the level by `RUST_LOG`.
//!
//! They hold ids, counts and durations, never what a person wrote.

use crate::config::Config;
use std::{any::Any, env, io, panic};
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Level without `RUST_LOG`; the database driver logs much at `info`.
const LEVEL: &str = "info,sqlx=warn";

/// Starts logging; once in a process.
pub(super) fn start(config: &Config) {
    panic::set_hook(Box::new(|panic| {
        let reason = literal(panic.payload(), panic.location().map_or("", |place| place.file()));
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, reason, "panic");
    }));
    let from_environment = env::var("RUST_LOG").ok().and_then(|level| level.parse::<Targets>().ok());
    let filter = from_environment.unwrap_or_else(|| LEVEL.parse().expect("the constant names levels"));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(false).with_ansi(false);
    let lines = if config.log_json { lines.json().boxed() } else { lines.boxed() };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}

/// The part of a panic's message that comes from the source: all of a message without values; in our own files the part
/// before the first value or error. The rest may quote what a visitor typed.
fn literal<'p>(payload: &'p dyn Any, file: &str) -> &'p str {
    match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) if file.starts_with("src/") => text.split([':', '`', '\'', '"']).next().unwrap_or_default(),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_panic_never_holds_a_value() {
        let ours = "src/web.rs";
        assert_eq!(literal(&"plain text: all of it", "/elsewhere.rs"), "plain text: all of it");
        assert_eq!(literal(&"settings are valid: ParseError(\"Ana\")".to_owned(), ours), "settings are valid");
        let quoting = "byte index 1 is not a char boundary; it is inside 'é' of `Ana`".to_owned();
        assert_eq!(literal(&quoting, ours), "byte index 1 is not a char boundary; it is inside ");
        assert_eq!(literal(&"Ana is not valid".to_owned(), "/registry/lib.rs"), "");
        assert_eq!(literal(&7, ours), "");
    }
}
