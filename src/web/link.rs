//! Signed links from letters and notes: GET shows a confirmation page; POST performs the action.
//!
//! Invariant: GET changes nothing, since mail scanners and previewers open every link; each action is done once, and a
//! mark can be undone for [`retention::UNDO_DAYS`]. There is no log-in, nothing personal on the page, and neither caches
//! nor search engines keep it.

use super::{App, page};
use crate::{
    enquiry::{
        link::{Link, LinkAction},
        retention,
    },
    mail::outbox::{CommandError, Entry, Unavailable},
    pages::{self, LinkState},
};
use axum::{
    extract::{Path, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use jiff::Timestamp;
use std::sync::Arc;

/// A link, its enquiry if it is stored, and whether its action is possible.
struct LinkContext {
    state: LinkState,
    link: Option<Link>,
    entry: Option<Entry>,
}

impl LinkContext {
    /// A context without link and enquiry.
    fn without_link(state: LinkState) -> Self {
        Self { state, link: None, entry: None }
    }

    fn unavailable(cause: &Unavailable) -> Self {
        tracing::error!(%cause, "a link of staff could not be checked or used");
        Self::without_link(LinkState::Unavailable)
    }
}

/// `GET /t/{token}`: the confirmation page with its button.
pub(super) async fn show(State(app): State<Arc<App>>, Path(token): Path<String>) -> Response {
    answer(&app, &load(&app, &token).await)
}

/// `POST /t/{token}`: performs the action, unless it is done already; with the query `undo`, removes the mark.
pub(super) async fn perform_action(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let context = load(&app, &token).await;
    let undo = parts.uri.query() == Some("undo");
    let possible = if undo { may_undo(&context, (app.parts.clock)()) } else { context.state == LinkState::Open };
    let Some(link) = context.link.as_ref().filter(|_| possible) else { return answer(&app, &context) };
    if app.cross_site.accept(&parts).await.is_none() {
        return answer(&app, &LinkContext { state: LinkState::Forged, ..context });
    }
    let state = match perform(&app, link, undo).await {
        Ok(()) if undo => LinkState::Undone,
        Ok(()) => LinkState::Done,
        Err(CommandError::NotApplicable { .. }) => LinkState::AlreadyDone,
        Err(CommandError::Unavailable(cause)) => return answer(&app, &LinkContext::unavailable(&cause)),
    };
    tracing::info!(number = context.entry.as_ref().map(|entry| entry.number), action = ?link.action, ?state, "link used");
    answer(&app, &LinkContext { state, ..context })
}

async fn load(app: &App, token: &str) -> LinkContext {
    let Some(link) = app.parts.links.read(token, (app.parts.clock)()) else {
        return LinkContext::without_link(LinkState::Unknown);
    };
    let entry = match app.parts.outbox.entry(&link.reference).await {
        Ok(entry) => entry,
        Err(cause) => return LinkContext::unavailable(&cause),
    };
    let state = match entry.as_ref().map_or(LinkState::Unknown, |entry| state_of(link.action, entry)) {
        LinkState::Open | LinkState::Unknown if link.expired => LinkState::Expired,
        state => state,
    };
    LinkContext { state, link: Some(link), entry }
}

/// Whether the action is still possible.
fn state_of(action: LinkAction, entry: &Entry) -> LinkState {
    let done = match action {
        LinkAction::Answered => entry.answered.is_some(),
        LinkAction::Spam => entry.spam.is_some(),
        LinkAction::Release if entry.erased && entry.released.is_none() => return LinkState::Erased,
        LinkAction::Release => entry.state != "held",
    };
    if done { LinkState::AlreadyDone } else { LinkState::Open }
}

async fn perform(app: &App, Link { action, reference, .. }: &Link, undo: bool) -> Result<(), CommandError> {
    let (outbox, now) = (&app.parts.outbox, (app.parts.clock)());
    match (action, undo) {
        (LinkAction::Answered, false) => outbox.answered(reference, now).await,
        (LinkAction::Answered, true) => outbox.undo_answered(reference, now).await,
        (LinkAction::Spam, false) => outbox.spam(reference, now).await,
        (LinkAction::Spam, true) => outbox.undo_spam(reference, now).await,
        // It leaves no mark, so it is never undone.
        (LinkAction::Release, _) => outbox.release(reference, now).await,
    }
}

/// When the mark that the link sets was set; a letter that was sent has none.
fn marked(action: LinkAction, entry: &Entry) -> Option<Timestamp> {
    match action {
        LinkAction::Answered => entry.answered,
        LinkAction::Spam => entry.spam,
        LinkAction::Release => None,
    }
}

fn may_undo(context: &LinkContext, now: Timestamp) -> bool {
    let marked = context.link.as_ref().zip(context.entry.as_ref()).and_then(|(link, entry)| marked(link.action, entry));
    marked.is_some_and(|marked| marked >= retention::undo_since(now))
}

fn answer(app: &App, context: &LinkContext) -> Response {
    let (number, reference) = context.entry.as_ref().map_or((0, ""), |entry| (entry.number, &entry.reference));
    let status = StatusCode::from_u16(context.state.status()).expect("every state has a status of RFC 9110");
    let action = context.link.as_ref().map(|link| link.action);
    let undo = match context.state {
        LinkState::Done => action != Some(LinkAction::Release),
        LinkState::AlreadyDone => may_undo(context, (app.parts.clock)()),
        _ => false,
    };
    let edition = app.parts.edition.load_full();
    let mut response = page(status, pages::link(&edition, context.state, action, number, reference, undo));
    response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_possible_once_and_a_release_not_after_erasure() {
        let entry = |state: &str| Entry {
            number: 41,
            reference: "K7MWPX3D".into(),
            state: state.into(),
            received: Timestamp::UNIX_EPOCH,
            delivered: None,
            answered: None,
            released: None,
            spam: None,
            corrects: None,
            erased: state == "erased",
        };
        let now = Some(Timestamp::UNIX_EPOCH);
        let table = [
            (LinkAction::Release, entry("held"), LinkState::Open),
            (LinkAction::Release, Entry { spam: now, ..entry("held") }, LinkState::Open),
            (LinkAction::Release, Entry { released: now, ..entry("waiting") }, LinkState::AlreadyDone),
            (LinkAction::Release, Entry { released: now, ..entry("erased") }, LinkState::AlreadyDone),
            (LinkAction::Release, entry("erased"), LinkState::Erased),
            (LinkAction::Answered, entry("erased"), LinkState::Open),
            (LinkAction::Answered, Entry { answered: now, ..entry("erased") }, LinkState::AlreadyDone),
            (LinkAction::Spam, entry("delivered"), LinkState::Open),
            (LinkAction::Spam, Entry { spam: now, ..entry("held") }, LinkState::AlreadyDone),
        ];
        for (action, entry, expected) in table {
            assert_eq!(state_of(action, &entry), expected, "{action:?} {entry:?}");
        }
    }
}
