//! Answers for machines: whether the program is alive, serves pages, and can store and send enquiries; the metrics of
//! the admin address; the signal to reload a page in development.
//!
//! `/health/form` is for an alarm, never for a load balancer: pages must be served while the outbox fails.
//!
//! Never: metrics on the public site. Never a name or a format of a metric (see `metrics`).

use super::{
    App, SiteService,
    metrics::{self, Metrics},
    never_stored, not_found,
};
use crate::mail::notes::ContentFault;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::timeout};

/// What the metrics are read from.
#[derive(Debug)]
pub struct Monitor {
    /// Form and outbox.
    pub app: Arc<App>,
    /// The site's service: pages and connections.
    pub site: SiteService,
    /// Faults that keep the last change of the content from being served; none if it is served.
    pub reload_faults: watch::Receiver<Vec<ContentFault>>,
    /// When the program started.
    pub started: Timestamp,
}

impl Monitor {
    async fn metrics(&self) -> Metrics {
        let now = self.app.now();
        Metrics {
            now,
            started: self.started,
            health: self.app.parts.outbox.health(now).await,
            stored: self.app.stored.clone(),
            content_faulty: !self.reload_faults.borrow().is_empty(),
            pages: self.site.pages(),
            connections: self.site.connections(),
        }
    }
}

/// `GET /metrics`: 200 even while there is a problem, which the metrics show.
pub(super) async fn metrics(State(monitor): State<Arc<Monitor>>) -> Response {
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], monitor.metrics().await.text()).into_response()
}

/// `GET /health/live`: the process answers.
pub(super) async fn live() -> Response {
    never_stored("alive\n".into_response())
}

/// `GET /health/ready`: pages can be served. They were made before the listener opened, so this is true whenever it
/// answers.
pub(super) async fn ready() -> Response {
    never_stored("ready\n".into_response())
}

/// `GET /health/form`: 503 with reasons, free of personal data, while enquiries cannot be stored or letters cannot be
/// sent.
pub(super) async fn form(State(app): State<Arc<App>>) -> Response {
    let reasons = app.parts.outbox.health(app.now()).await.reasons();
    let (status, text) = if reasons.is_empty() {
        (StatusCode::OK, "enquiries are stored and letters are sent\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n")
    };
    never_stored((status, text).into_response())
}

/// Less than the time limit of a request; the page sends the request again.
const WAIT_FOR_CHANGE: Duration = Duration::from_secs(20);

/// `GET /dev/changes`: 205 once there is a new edition, 204 if there was none for a while, 404 in production.
pub(super) async fn changes(State(app): State<Arc<App>>) -> Response {
    let Some(mut reloads) = app.parts.reloads.clone() else { return not_found(&app.edition()) };
    reloads.mark_unchanged();
    let status = match timeout(WAIT_FOR_CHANGE, reloads.changed()).await {
        Ok(Ok(())) => StatusCode::RESET_CONTENT,
        Ok(Err(_)) | Err(_) => StatusCode::NO_CONTENT,
    };
    never_stored(status.into_response())
}
