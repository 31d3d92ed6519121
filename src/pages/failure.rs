//! Error pages: a plain title without a status code, contact details and help lines.

use super::{PageContext, PageMeta, rendered};
use crate::{content::AvailabilityState, search::MAX_QUERY};
use askama::Template;

/// The errors that have a page; the template has the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// 404.
    NotFound,
    /// 410.
    Gone,
    /// 405.
    MethodNotAllowed,
    /// 413, of the form.
    TooLarge,
    /// 415, of the form.
    UnknownType,
    /// 500.
    Internal,
    /// 408, or a body that ended early.
    Incomplete,
}

impl Failure {
    /// Status code (RFC 9110).
    pub fn status(self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Gone => 410,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::UnknownType => 415,
            Self::Internal => 500,
            Self::Incomplete => 408,
        }
    }
}

/// An error page.
#[derive(Template)]
#[template(path = "pages/failure.html")]
struct FailurePage<'a> {
    context: PageContext<'a>,
    meta: PageMeta<'a>,
    failure: Failure,
}

/// The page for `failure`.
pub fn failure(context: PageContext<'_>, failure: Failure) -> String {
    rendered(&FailurePage { context, meta: PageMeta::neutral(""), failure })
}
