//! The form's way in: take the body, check, judge, keep, and only then thank.
//!
//! Invariant: every answer to a post either keeps the enquiry or shows every typed word again (or, for a body too large
//! to read, says how to shorten it). Mail is never sent here.

use super::{
    App, address,
    body::{self, Taken},
    cross_site,
    flood::Verdict,
    never_stored, not_found, page,
};
use crate::{
    enquiry::{
        Action, Enquiry,
        form::{Answers, Mistake},
        signals::{Circumstances, FetchSite},
        token::Token,
    },
    mail::{
        address::Address,
        letter,
        outbox::{NewEnquiry, PutError, Receipt},
    },
    pages::{self, Edition, Failure, FormView, Trouble},
};
use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;

/// `GET /contact`: an empty form with a fresh token.
pub(super) async fn show(State(app): State<Arc<App>>) -> Response {
    let edition = app.edition();
    let mut answer = form_page(&app, &edition, StatusCode::OK, &Answers::default(), &[], None);
    answer.headers_mut().insert(header::LINK, edition.preload());
    answer
}

/// `GET /contact/token`: a fresh token as text, for the script on pages that everybody shares.
pub(super) async fn token(State(app): State<Arc<App>>) -> Response {
    never_stored((StatusCode::OK, app.fresh_token()).into_response())
}

/// What the receipt's address carries: a signed reference, nothing personal.
#[derive(Debug, Deserialize)]
pub(super) struct Received {
    #[serde(default)]
    r: String,
}

/// `GET /contact/received?r=…`: safe to reload and to keep, since nothing is done here.
pub(super) async fn received(State(app): State<Arc<App>>, Query(query): Query<Received>) -> Response {
    let edition = app.edition();
    match app.read_receipt(&query.r) {
        Some((reference, received)) => page(StatusCode::OK, pages::received(edition.house(), reference, received)),
        None => not_found(&edition),
    }
}

/// `POST /contact`: guards, check, judge, keep, thank.
pub(super) async fn post(State(app): State<Arc<App>>, request: Request) -> Response {
    let edition = app.edition();
    let (parts, sent) = request.into_parts();
    let body = match body::take(&parts.headers, sent).await {
        Taken::Whole(body) => body,
        Taken::TooLarge => return super::failure(&edition, Failure::TooLarge),
        Taken::Incomplete => return super::failure(&edition, Failure::Incomplete),
        Taken::UnknownType => return super::failure(&edition, Failure::UnknownType),
    };
    let answers = Answers::from_body(&body);
    if cross_site::is_forged(&parts, edition.house().origin).await {
        return form_page(&app, &edition, StatusCode::FORBIDDEN, &answers, &[], Some(Trouble::CrossSite));
    }
    let about = edition.article_title(answers.about.trim());
    let enquiry = match answers.enquiry(&App::rules(&edition), about) {
        Ok(enquiry) => enquiry,
        Err(mistakes) => return form_page(&app, &edition, StatusCode::UNPROCESSABLE_ENTITY, &answers, &mistakes, None),
    };
    let Verdict::Open { recent } = app.flood.check(address::of_client(&parts, &app.parts.trusted_proxies)) else {
        return form_page(&app, &edition, StatusCode::TOO_MANY_REQUESTS, &answers, &[], Some(Trouble::Flood));
    };
    match keep(&app, &edition, &parts, &answers, enquiry, recent).await {
        Ok(receipt) => thank(&app, &receipt),
        Err(error) => {
            tracing::error!(%error, "an enquiry could not be kept; its words went back to the visitor");
            let trouble = if matches!(error, PutError::Unsure(_)) { Trouble::Unsure } else { Trouble::NotKept };
            form_page(&app, &edition, StatusCode::SERVICE_UNAVAILABLE, &answers, &[], Some(trouble))
        }
    }
}

/// Judges the enquiry, commits it to the outbox, and counts it for the article at whose foot it was written: once, and
/// not if it looks like advertising.
async fn keep(
    app: &App,
    edition: &Edition,
    parts: &Parts,
    answers: &Answers,
    enquiry: Enquiry,
    recent: u32,
) -> Result<Receipt, PutError> {
    let token = app.read_token(&answers.token);
    let nonce = match &token {
        Token::Ours { nonce, .. } => Some(nonce.clone()),
        Token::Missing | Token::Foreign => None,
    };
    let repeated = enquiry.message.as_deref().is_some_and(|message| app.echoes.heard_before(message));
    let around = Circumstances { token, site: fetch_site(&parts.headers), recent, repeated };
    let judgement = edition.signals().judge(answers, &around);
    let counts = enquiry.about.is_some() && judgement.action != Action::Hold;
    let told = letter::acknowledged(&enquiry, &judgement).filter(|_| edition.site.clinic.form.acknowledge);
    let (action, score, reasons) = (judgement.action, judgement.score, judgement.reasons.join("; "));
    let receipt = app.parts.outbox.put(NewEnquiry { enquiry, judgement, nonce, received: app.now() }).await?;
    // Reasons are words of the signals, never of the visitor: whoever counts them sees which signals earn their place.
    tracing::info!(number = receipt.number, again = receipt.again, ?action, score, reasons, "an enquiry is kept");
    if !receipt.again {
        app.kept.count(action);
    }
    if counts && !receipt.again {
        app.parts.enquiries.counter(answers.about.trim()).add_one();
    }
    if let Some(address) = told.filter(|_| !receipt.again) {
        acknowledge(app, &receipt, &address).await;
    }
    Ok(receipt)
}

/// Puts the note to the visitor into the outbox; the enquiry is safe without it, and that alone counts.
async fn acknowledge(app: &App, receipt: &Receipt, address: &Address) {
    if let Err(cause) = app.parts.outbox.acknowledge(&receipt.reference, address, app.now()).await {
        tracing::warn!(%cause, number = receipt.number, "it is not acknowledged by mail");
    }
}

/// 303 to the receipt (RFC 9110 15.4.4), so that Back and reload never post again.
fn thank(app: &App, receipt: &Receipt) -> Response {
    let address = format!("/contact/received?r={}", app.sign_receipt(&receipt.reference));
    never_stored(Redirect::to(&address).into_response())
}

fn fetch_site(headers: &HeaderMap) -> FetchSite {
    match headers.get("sec-fetch-site").map(header::HeaderValue::as_bytes) {
        None => FetchSite::Absent,
        Some(b"same-origin") => FetchSite::SameOrigin,
        Some(b"none") => FetchSite::None,
        Some(_) => FetchSite::CrossSite,
    }
}

/// The form with a fresh token; what was typed stands in it again.
fn form_page(
    app: &App,
    edition: &Edition,
    status: StatusCode,
    answers: &Answers,
    mistakes: &[Mistake],
    trouble: Option<Trouble>,
) -> Response {
    let token = app.fresh_token();
    let house = edition.house();
    page(status, pages::contact(house, FormView::new(&house, answers, mistakes, &token), trouble))
}
