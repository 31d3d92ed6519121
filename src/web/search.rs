//! `GET /search?q=…`: made for one visitor, never cached.
//!
//! Never: a query in a log line, a count or a cache.

use super::{App, page};
use crate::{pages, search::MAX_QUERY};
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use std::sync::Arc;
use url::form_urlencoded;

/// The form alone, or with results.
pub(super) async fn show(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Response {
    let edition = app.parts.edition.load_full();
    let query = query_from(raw.as_deref().unwrap_or_default());
    let html = app.searching.run(move || {
        let found = (!query.is_empty()).then(|| edition.index().find(&query));
        pages::search(&edition, &query, found.as_ref())
    });
    page(StatusCode::OK, html.await)
}

/// The first `q` of a query string, without control characters and repeated spaces, cut to [`MAX_QUERY`].
fn query_from(raw: &str) -> String {
    let value = form_urlencoded::parse(raw.as_bytes()).find(|(name, _)| name == "q").map(|(_, value)| value);
    let plain: String = value.unwrap_or_default().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let folded = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    folded.chars().take(MAX_QUERY).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_read_from_any_query_string() {
        let table = [
            ("", ""),
            ("q=", ""),
            ("q=trust", "trust"),
            ("utm=1&q=+first++session%0d%0a", "first session"),
            ("q=a&q=b", "a"),
            ("q=%ff%00x", "\u{fffd} x"),
            ("Q=x", ""),
        ];
        for (raw, expected) in table {
            assert_eq!(query_from(raw), expected, "{raw}");
        }
        assert_eq!(query_from(&format!("q={}", "\u{e9}".repeat(500))).chars().count(), MAX_QUERY);
    }
}
