//! What a search found: made per request, kept and indexed by nobody.

use super::{Head, House, rendered};
use crate::{
    content::{AvailabilityState, Topic},
    search::{Found, MAX_QUERY},
};
use askama::Template;

/// `/search`.
#[derive(Template)]
#[template(path = "pages/search.html")]
struct SearchPage<'a> {
    house: House<'a>,
    head: Head<'a>,
    /// What was typed.
    query: &'a str,
    /// Absent while nothing was asked.
    found: Option<&'a Found>,
    topics: &'a [Topic],
}

/// The page for what was typed. With the exit control, and a title that shows little in a list of visited pages: what
/// people look for here is nobody's business.
pub fn search(house: House<'_>, query: &str, found: Option<&Found>) -> String {
    let head = Head::neutral("/search");
    rendered(&SearchPage { house, head, query, found, topics: &house.site.topics })
}
