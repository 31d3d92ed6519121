//! Answers for machines: alive, ready to serve pages, able to keep and send enquiries.
//!
//! `/health/form` is for an alarm, never for a balancer: pages must go on while the outbox is in trouble.

use super::{App, never_stored};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use std::sync::Arc;

/// The process answers.
pub(super) async fn live() -> Response {
    never_stored((StatusCode::OK, "alive\n").into_response())
}

/// Pages can be served: they were made before the listener opened, so this is true whenever it answers.
pub(super) async fn ready() -> Response {
    never_stored((StatusCode::OK, "ready\n").into_response())
}

/// 503 with reasons, free of personal data, while enquiries cannot be kept or letters do not leave.
pub(super) async fn form(State(app): State<Arc<App>>) -> Response {
    let reasons = app.parts.outbox.health(app.now()).await.reasons();
    let (status, text) = if reasons.is_empty() {
        (StatusCode::OK, "enquiries are kept and letters leave\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n")
    };
    never_stored((status, text).into_response())
}
