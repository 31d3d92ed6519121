//! The contact form over HTTP: read the body, validate, score, store, and only then send a receipt.
//!
//! Invariant: the response to a post either follows a stored enquiry or shows every posted answer again (or, for a body
//! too large to read, explains how to shorten it).
//!
//! Never: sending mail.

use super::{App, not_found, page, rate_limit::client_address, request_body};
use crate::{
    enquiry::{
        Action, Enquiry,
        form::{FieldError, Rules, Submission},
        signals::{Circumstances, FetchSite},
        token::Token,
    },
    mail::{
        self, letter,
        outbox::{NewEnquiry, Outbox, PutError, Receipt},
    },
    pages::{self, Edition, FormView, SubmissionError},
};
use axum::{
    extract::{Query, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use std::{collections::HashMap, sync::Arc};

/// `GET /contact`: an empty form with a fresh token.
pub(super) async fn show(State(app): State<Arc<App>>) -> Response {
    let edition = app.parts.edition.load_full();
    let mut answer = form_page(&app, &edition, &Submission::default(), &[], None);
    answer.headers_mut().insert(header::LINK, edition.preload.clone());
    answer
}

/// `GET /contact/token`: a fresh token as text, for the script on cached pages.
pub(super) async fn token(State(app): State<Arc<App>>) -> String {
    app.fresh_token()
}

/// `GET /contact/received?r=…`: changes nothing, so it may be reloaded and bookmarked. `r` is a signed reference,
/// nothing personal.
pub(super) async fn received(State(app): State<Arc<App>>, Query(query): Query<HashMap<String, String>>) -> Response {
    let edition = app.parts.edition.load_full();
    match query.get("r").and_then(|receipt| app.read_receipt(receipt)) {
        Some((reference, received)) => page(StatusCode::OK, pages::received(&edition, &reference, received)),
        None => not_found(&edition),
    }
}

/// `POST /contact`: redirects to the receipt (303, RFC 9110 15.4.4), so that Back and reload never post again, or shows
/// the form with the reason.
pub(super) async fn post(State(app): State<Arc<App>>, request: Request) -> Response {
    let edition = app.parts.edition.load_full();
    let (parts, body) = request.into_parts();
    let form = match request_body::read(&parts.headers, body, request_body::TIME_LIMIT).await {
        Ok(body) => Submission::from_body(&body),
        Err(failure) => return super::failure(&edition, failure),
    };
    let form_again = |errors: &[FieldError], error| form_page(&app, &edition, &form, errors, error);
    let Some(site) = app.cross_site.accept(&parts).await else {
        return form_again(&[], Some(SubmissionError::CrossSite));
    };
    let text_messages = edition.site.clinic.form.text_messages;
    let rules = Rules { text_messages, is_address: mail::address::acceptable };
    let enquiry = match form.enquiry(&rules, edition.article_title(form.about.trim())) {
        Ok(enquiry) => enquiry,
        Err(errors) => return form_again(&errors, None),
    };
    let recent = match app.rate_limiter.check(client_address(&parts, &app.parts.trusted_proxies)) {
        Ok(recent) => recent,
        Err(wait) => {
            let mut answer = form_again(&[], Some(SubmissionError::RateLimited));
            // In whole seconds (RFC 9110, 10.2.3), rounded up.
            answer.headers_mut().insert(header::RETRY_AFTER, (wait.as_secs() + 1).into());
            return answer;
        }
    };
    match store(&app, &edition, &form, enquiry, site, recent).await {
        Ok(Receipt { reference, .. }) => {
            let address = format!("/contact/received?r={}", app.sign_receipt(&reference));
            Redirect::to(&address).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an enquiry could not be stored; the visitor was shown the form with every answer");
            let maybe = matches!(error, PutError::Unknown(_));
            form_again(&[], Some(if maybe { SubmissionError::MaybeStored } else { SubmissionError::NotStored }))
        }
    }
}

/// Scores the enquiry and commits it to the outbox. Unless it was stored before, also counts it for the article below
/// which the form was shown (not if it is held) and acknowledges it by mail; a failed acknowledgement is logged only.
async fn store(
    app: &App,
    edition: &Edition,
    form: &Submission,
    enquiry: Enquiry,
    site: FetchSite,
    recent: u32,
) -> Result<Receipt, PutError> {
    let received = (app.parts.clock)();
    let token = Token::read(&app.form_key, form.token.trim(), received.as_second());
    let nonce = if let Token::Valid { nonce, .. } = &token { Some(nonce.clone()) } else { None };
    let repeated = enquiry.message.as_deref().is_some_and(|message| app.duplicates.seen_before(message));
    let circumstances = Circumstances { honeypot: form.reason_code.clone(), token, site, recent, repeated };
    let spam = edition.signals.score(&enquiry, &circumstances);
    let mut new = NewEnquiry { enquiry, spam, nonce, received };
    let receipt = app.parts.outbox.put(&new).await?;
    if receipt.held {
        new.spam.action = Action::Hold;
    }
    // Reasons never contain a visitor's text; the log shows which signals are useful.
    tracing::info!(
        number = receipt.number,
        duplicate = receipt.duplicate,
        action = ?new.spam.action,
        score = new.spam.score,
        reasons = new.spam.reasons.join("; "),
        "stored an enquiry"
    );
    if receipt.duplicate {
        return Ok(receipt);
    }
    app.stored.count(new.spam.action);
    if new.enquiry.about.is_some() && new.spam.action != Action::Hold {
        app.parts.counters.counter(form.about.trim()).count_enquiry();
    }
    if edition.site.clinic.form.acknowledge {
        acknowledge(&app.parts.outbox, &new, &receipt).await;
    }
    Ok(receipt)
}

async fn acknowledge(outbox: &Outbox, new: &NewEnquiry, receipt: &Receipt) {
    let Some(address) = letter::acknowledged(&new.enquiry, &new.spam) else { return };
    if let Err(cause) = outbox.queue_acknowledgement(&receipt.reference, &address, new.received).await {
        tracing::warn!(%cause, number = receipt.number, "an enquiry is not acknowledged by mail");
    }
}

/// The form with a fresh token and the posted answers.
fn form_page(
    app: &App,
    edition: &Edition,
    form: &Submission,
    errors: &[FieldError],
    submission_error: Option<SubmissionError>,
) -> Response {
    let status = match submission_error {
        Some(SubmissionError::NotStored | SubmissionError::MaybeStored) => StatusCode::SERVICE_UNAVAILABLE,
        Some(SubmissionError::RateLimited) => StatusCode::TOO_MANY_REQUESTS,
        Some(SubmissionError::CrossSite) => StatusCode::FORBIDDEN,
        None if errors.is_empty() => StatusCode::OK,
        None => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let token = app.fresh_token();
    page(status, pages::contact(edition, FormView::new(edition, form, errors, &token), submission_error))
}
