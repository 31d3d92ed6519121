//! The page of search results: made per request, never cached or indexed.

use super::{Edition, PageMeta, rendered};
use crate::{
    content::AvailabilityState,
    search::{Found, MAX_QUERY},
};
use askama::Template;

/// `/search`.
#[derive(Template)]
#[template(path = "pages/search.html")]
struct SearchPage<'a> {
    context: &'a Edition,
    meta: PageMeta<'a>,
    /// As typed.
    query: &'a str,
    /// Absent before the first search.
    found: Option<&'a Found>,
}

/// The page for a query. It has the exit button, and a title that does not reveal the query in browser history.
pub fn search(context: &Edition, query: &str, found: Option<&Found>) -> String {
    let meta = PageMeta::neutral("/search");
    rendered(&SearchPage { context, meta, query, found })
}
