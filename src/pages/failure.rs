//! Pages that say what went wrong: plain title, no code and no joke, contact details and help lines.

use super::{Head, House, rendered};
use crate::{content::AvailabilityState, search::MAX_QUERY};
use askama::Template;

/// What went wrong; the template has the words.
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
    /// 408 or a body that broke off.
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

/// A page for a [`Failure`].
#[derive(Template)]
#[template(path = "pages/failure.html")]
struct FailurePage<'a> {
    house: House<'a>,
    head: Head<'a>,
    failure: Failure,
}

/// The page that `failure` asks for.
pub fn failure(house: House<'_>, failure: Failure) -> String {
    rendered(&FailurePage { house, head: Head::neutral(""), failure })
}
