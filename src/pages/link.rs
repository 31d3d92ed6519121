//! The pages that staff see when they open a link from a letter: a question with one button, or what became of it.
//!
//! Invariant: number and reference are all that stands there; whoever reads over a shoulder learns nothing of a person.

use super::{PageContext, PageMeta, rendered};
use crate::{content::AvailabilityState, enquiry::link::LinkAction};
use askama::Template;

/// How a action stands; the template has the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It can be done: the page asks.
    Open,
    /// It was done just now.
    Done,
    /// It was done before, by this link or another way.
    AlreadyDone,
    /// The words are erased, so there is nothing to do it to.
    Erased,
    /// The link is too old.
    Expired,
    /// Nobody knows the link or its enquiry.
    Unknown,
    /// The button was pressed on another website.
    Forged,
    /// The outbox is out of reach.
    Unavailable,
}

impl LinkState {
    /// Status code (RFC 9110).
    pub fn status(self) -> u16 {
        match self {
            Self::Open | Self::Done | Self::AlreadyDone => 200,
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
    context: PageContext<'a>,
    meta: PageMeta<'a>,
    state: LinkState,
    action: Option<LinkAction>,
    number: u64,
    reference: &'a str,
}

/// The page about one action to one enquiry. Where nothing is known of it, `action` is absent, `number` 0 and `reference`
/// empty.
pub fn link(
    context: PageContext<'_>,
    state: LinkState,
    action: Option<LinkAction>,
    number: u64,
    reference: &str,
) -> String {
    let meta = PageMeta { sensitive: false, ..PageMeta::neutral("") };
    rendered(&LinkPage { context, meta, state, action, number, reference })
}
