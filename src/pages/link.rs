//! The page of a signed link from a letter to staff: a confirmation with one button, or the result.
//!
//! Invariant: the page names an enquiry by its number and reference only, and nothing about a person.

use super::{Edition, PageMeta, rendered};
use crate::{
    content::AvailabilityState,
    enquiry::{link::LinkAction, retention},
};
use askama::Template;

/// The state that the page shows; its text is in the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// The action is possible: the page asks for confirmation.
    Open,
    /// The action was done just now.
    Done,
    /// The action was done before, by this link or another way.
    AlreadyDone,
    /// The mark was removed just now.
    Undone,
    /// The enquiry's content is erased, so it cannot be released.
    Erased,
    /// The link has expired.
    Expired,
    /// The link is not valid, or its enquiry is not stored any more.
    Unknown,
    /// The button was pressed on another website.
    Forged,
    /// The outbox cannot be used.
    Unavailable,
}

impl LinkState {
    /// Status code (RFC 9110).
    pub fn status(self) -> u16 {
        match self {
            Self::Open | Self::Done | Self::AlreadyDone | Self::Undone => 200,
            Self::Erased | Self::Expired => 410,
            Self::Unknown => 404,
            Self::Forged => 403,
            Self::Unavailable => 503,
        }
    }
}

/// `/t/{token}`.
#[derive(Template)]
#[template(path = "pages/link.html")]
struct LinkPage<'a> {
    context: &'a Edition,
    meta: PageMeta<'a>,
    state: LinkState,
    action: Option<LinkAction>,
    number: i64,
    reference: &'a str,
    undo: bool,
}

/// The page about one action on one enquiry. If these are not known, `action` is absent, `number` 0 and `reference`
/// empty. `undo` offers to remove the mark.
pub fn link(
    context: &Edition,
    state: LinkState,
    action: Option<LinkAction>,
    number: i64,
    reference: &str,
    undo: bool,
) -> String {
    let meta = PageMeta { sensitive: false, ..PageMeta::neutral("") };
    rendered(&LinkPage { context, meta, state, action, number, reference, undo })
}
