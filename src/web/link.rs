//! Signed links from letters and notes: GET asks, POST does.
//!
//! Invariant: opening a link changes nothing, since mail scanners and previewers open every link; each deed is done once,
//! and a second press says so kindly. No log-in, nothing personal on the page, nothing kept by caches or search engines.

use super::{App, cross_site, page};
use crate::{
    enquiry::link::{Deed, Link, Reading},
    mail::outbox::{Entry, NotDone, Unavailable},
    pages::{self, Standing},
};
use axum::{
    extract::{Path, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use std::sync::Arc;

/// A deed and its enquiry, as far as they are known.
type Matter = (Option<Deed>, Option<Entry>);

/// `GET /t/{token}`: the question with its button.
pub(super) async fn ask(State(app): State<Arc<App>>, Path(token): Path<String>) -> Response {
    match look(&app, &token).await {
        Ok((standing, matter, _)) => answer(&app, standing, &matter),
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
    let (Standing::Open, matter, Some(link)) = looked else { return answer(&app, looked.0, &looked.1) };
    if cross_site::is_forged(&parts, app.edition().context().origin).await {
        return answer(&app, Standing::Forged, &matter);
    }
    match perform(&app, &link).await {
        Ok(()) => {
            tracing::info!(number = matter.1.as_ref().map(|entry| entry.number), deed = ?link.deed, "done by a link");
            answer(&app, Standing::Done, &matter)
        }
        // Somebody else was faster.
        Err(NotDone::Nothing { .. }) => answer(&app, Standing::Before, &matter),
        Err(NotDone::Unavailable(cause)) => out_of_reach(&app, &cause),
    }
}

async fn look(app: &App, token: &str) -> Result<(Standing, Matter, Option<Link>), Unavailable> {
    let (link, expired) = match app.parts.links.read(token, app.now()) {
        Reading::Foreign => return Ok((Standing::Unknown, (None, None), None)),
        Reading::Good(link) => (link, false),
        Reading::Expired(link) => (link, true),
    };
    let entry = app.parts.outbox.entry(&link.reference).await?;
    let standing = match &entry {
        None if expired => Standing::Expired,
        None => Standing::Unknown,
        Some(entry) => match standing(link.deed, entry) {
            Standing::Open if expired => Standing::Expired,
            other => other,
        },
    };
    Ok((standing, (Some(link.deed), entry), Some(link)))
}

/// Whether the deed can still be done.
fn standing(deed: Deed, entry: &Entry) -> Standing {
    let done = match deed {
        Deed::Answered => entry.answered.is_some(),
        Deed::Spam => entry.spam.is_some(),
        Deed::Release if entry.erased && entry.released.is_none() => return Standing::Erased,
        Deed::Release => entry.state != "held",
    };
    if done { Standing::Before } else { Standing::Open }
}

async fn perform(app: &App, link: &Link) -> Result<(), NotDone> {
    let outbox = &app.parts.outbox;
    match link.deed {
        Deed::Answered => outbox.answered(&link.reference, app.now()).await,
        Deed::Release => outbox.release(&link.reference, app.now()).await,
        Deed::Spam => outbox.spam(&link.reference, app.now()).await,
    }
}

fn out_of_reach(app: &App, cause: &Unavailable) -> Response {
    tracing::error!(%cause, "a link of staff could not be followed");
    answer(app, Standing::Unavailable, &(None, None))
}

fn answer(app: &App, standing: Standing, (deed, entry): &Matter) -> Response {
    let (number, reference) = entry.as_ref().map_or((0, ""), |entry| (entry.number, &entry.reference));
    let status = StatusCode::from_u16(standing.status()).expect("every standing has a status of RFC 9110");
    let edition = app.edition();
    let mut response = page(status, pages::link(edition.context(), standing, *deed, number, reference));
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
            (Deed::Release, entry("held"), Standing::Open),
            (Deed::Release, Entry { spam: now, ..entry("held") }, Standing::Open),
            (Deed::Release, Entry { released: now, ..entry("waiting") }, Standing::Before),
            (Deed::Release, Entry { released: now, ..entry("erased") }, Standing::Before),
            (Deed::Release, entry("erased"), Standing::Erased),
            (Deed::Answered, entry("erased"), Standing::Open),
            (Deed::Answered, Entry { answered: now, ..entry("erased") }, Standing::Before),
            (Deed::Spam, entry("delivered"), Standing::Open),
            (Deed::Spam, Entry { spam: now, ..entry("held") }, Standing::Before),
        ];
        for (deed, entry, expected) in table {
            assert_eq!(standing(deed, &entry), expected, "{deed:?} {entry:?}");
        }
    }
}
