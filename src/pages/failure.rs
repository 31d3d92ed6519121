//! Error pages: a plain title without a status code, contact details and help lines.

use super::{Edition, PageMeta, rendered};
use crate::{content::AvailabilityState, search::MAX_QUERY};
use askama::Template;
use http::StatusCode;

/// The errors that have a page; the template has the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No page at this address.
    NotFound = 404,
    /// The page was removed on purpose.
    Gone = 410,
    /// The address does not allow the method.
    MethodNotAllowed = 405,
    /// The posted form is too large.
    TooLarge = 413,
    /// The posted body is no form.
    UnknownType = 415,
    /// A panic.
    Internal = 500,
    /// The posted body took too long or ended early.
    Incomplete = 408,
}

impl Failure {
    /// Its status code (RFC 9110).
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self as u16).expect("every failure has a status of RFC 9110")
    }
}

/// An error page.
#[derive(Template)]
#[template(path = "pages/failure.html")]
struct FailurePage<'a> {
    context: &'a Edition,
    meta: PageMeta<'a>,
    failure: Failure,
}

/// The page for `failure`.
pub fn failure(context: &Edition, failure: Failure) -> String {
    rendered(&FailurePage { context, meta: PageMeta::neutral(""), failure })
}
