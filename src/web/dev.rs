//! On a developer's machine: an open page waits here for the next edition, then reloads itself.

use super::{App, never_stored, not_found};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// Less than the listener's own patience with a request; the page asks again.
const WAIT: Duration = Duration::from_secs(20);

/// `GET /dev/changes`: 205 once there is a new edition, 204 if there was none for a while, 404 in production.
pub(super) async fn changes(State(app): State<Arc<App>>) -> Response {
    let Some(mut renewals) = app.parts.renewals.clone() else { return not_found(&app.edition()) };
    renewals.mark_unchanged();
    let status = match timeout(WAIT, renewals.changed()).await {
        Ok(Ok(())) => StatusCode::RESET_CONTENT,
        Ok(Err(_)) | Err(_) => StatusCode::NO_CONTENT,
    };
    never_stored(status.into_response())
}
