//! Signed links from letters and notes: GET asks, POST does.
//!
//! Invariant: opening a link changes nothing, since mail scanners and previewers open every link; each action is done once,
//! and a second press says so kindly. No log-in, nothing personal on the page, nothing kept by caches or search engines.

use super::{App, cross_site, page};
use crate::{
    enquiry::link::{Link, LinkAction, LinkToken},
    mail::outbox::{CommandError, Entry, Unavailable},
    pages::{self, LinkState},
};
use axum::{
    extract::{Path, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use std::sync::Arc;

/// A action and its enquiry, as far as they are known.
type LinkContext = (Option<LinkAction>, Option<Entry>);

/// `GET /t/{token}`: the question with its button.
pub(super) async fn ask(State(app): State<Arc<App>>, Path(token): Path<String>) -> Response {
    match look(&app, &token).await {
        Ok((state, context, _)) => answer(&app, state, &context),
        Err(cause) => out_of_reach(&app, &cause),
    }
}

/// `POST /t/{token}`: does it, unless it is done.
pub(super) async fn act(State(app): State<Arc<App>>, Path(token): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let looked = match look(&app, &token).await {
        Ok(looked) => looked,
        Err(cause) => return out_of_reach(&app, &cause),
    };
    let (LinkState::Open, context, Some(link)) = looked else { return answer(&app, looked.0, &looked.1) };
    if cross_site::is_forged(&parts, app.edition().context().origin).await {
        return answer(&app, LinkState::Forged, &context);
    }
    match perform(&app, &link).await {
        Ok(()) => {
            tracing::info!(number = context.1.as_ref().map(|entry| entry.number), action = ?link.action, "done by a link");
            answer(&app, LinkState::Done, &context)
        }
        // Somebody else was faster.
        Err(CommandError::NotApplicable { .. }) => answer(&app, LinkState::AlreadyDone, &context),
        Err(CommandError::Unavailable(cause)) => out_of_reach(&app, &cause),
    }
}

async fn look(app: &App, token: &str) -> Result<(LinkState, LinkContext, Option<Link>), Unavailable> {
    let (link, expired) = match app.parts.links.read(token, app.now()) {
        LinkToken::Invalid => return Ok((LinkState::Unknown, (None, None), None)),
        LinkToken::Valid(link) => (link, false),
        LinkToken::Expired(link) => (link, true),
    };
    let entry = app.parts.outbox.entry(&link.reference).await?;
    let state = match &entry {
        None if expired => LinkState::Expired,
        None => LinkState::Unknown,
        Some(entry) => match state(link.action, entry) {
            LinkState::Open if expired => LinkState::Expired,
            other => other,
        },
    };
    Ok((state, (Some(link.action), entry), Some(link)))
}

/// Whether the action can still be done.
fn state(action: LinkAction, entry: &Entry) -> LinkState {
    let done = match action {
        LinkAction::Answered => entry.answered.is_some(),
        LinkAction::Spam => entry.spam.is_some(),
        LinkAction::Release if entry.erased && entry.released.is_none() => return LinkState::Erased,
        LinkAction::Release => entry.state != "held",
    };
    if done { LinkState::AlreadyDone } else { LinkState::Open }
}

async fn perform(app: &App, link: &Link) -> Result<(), CommandError> {
    let outbox = &app.parts.outbox;
    match link.action {
        LinkAction::Answered => outbox.answered(&link.reference, app.now()).await,
        LinkAction::Release => outbox.release(&link.reference, app.now()).await,
        LinkAction::Spam => outbox.spam(&link.reference, app.now()).await,
    }
}

fn out_of_reach(app: &App, cause: &Unavailable) -> Response {
    tracing::error!(%cause, "a link of staff could not be followed");
    answer(app, LinkState::Unavailable, &(None, None))
}

fn answer(app: &App, state: LinkState, (action, entry): &LinkContext) -> Response {
    let (number, reference) = entry.as_ref().map_or((0, ""), |entry| (entry.number, &entry.reference));
    let status = StatusCode::from_u16(state.status()).expect("every state has a status of RFC 9110");
    let edition = app.edition();
    let mut response = page(status, pages::link(edition.context(), state, *action, number, reference));
    response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn a_deed_can_be_done_once_and_not_to_words_that_are_erased() {
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
            assert_eq!(state(action, &entry), expected, "{action:?} {entry:?}");
        }
    }
}
