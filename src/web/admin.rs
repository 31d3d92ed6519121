//! Answers for machines: whether the program is alive, serves pages, and can store and send enquiries; the metrics of
//! the admin address; the signal to reload a page in development.
//!
//! `/health/form` is for an alarm, never for a load balancer: pages must be served while the outbox fails.
//!
//! Never: metrics on the public site. Never a name or a format of a metric (see `metrics`).

use super::{
    App, SiteService,
    metrics::{self, Metrics},
    not_found,
};
use crate::mail::notes::ContentFault;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

/// What the metrics are read from.
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
        let now = (self.app.parts.clock)();
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
pub(super) async fn live() -> &'static str {
    "alive\n"
}

/// `GET /health/ready`: pages can be served. They were made before the listener opened, so this is true whenever it
/// answers.
pub(super) async fn ready() -> &'static str {
    "ready\n"
}

/// `GET /health/form`: 503 while enquiries cannot be stored or letters cannot be sent; `text` writes the reasons, which
/// are free of personal data.
pub(super) async fn form(State(app): State<Arc<App>>, text: fn(&[String]) -> String) -> Response {
    // A task of its own: a caller that hangs up would end the check, and the next would begin another.
    let check = tokio::spawn(async move { app.form_health.reasons(&app).await });
    let reasons = check.await.unwrap_or_else(|error| vec![error.to_string()]);
    let (status, text) = match reasons.as_slice() {
        [] => (StatusCode::OK, "ok".to_owned()),
        reasons => (StatusCode::SERVICE_UNAVAILABLE, text(reasons)),
    };
    (status, text + "\n").into_response()
}

/// What is wrong with the form, and when that was found out.
#[derive(Debug, Default)]
pub(super) struct FormHealth(Mutex<Option<(Instant, Vec<String>)>>);

impl FormHealth {
    /// Checked at most every two seconds, once for all who ask, since a check writes to the disk.
    async fn reasons(&self, app: &App) -> Vec<String> {
        const FRESH: Duration = Duration::from_secs(2);
        let mut last = self.0.lock().await;
        if let Some((at, reasons)) = &*last
            && at.elapsed() < FRESH
        {
            return reasons.clone();
        }
        let reasons = app.parts.outbox.health((app.parts.clock)()).await.reasons();
        if !reasons.is_empty() && last.take().is_none_or(|(_, earlier)| earlier != reasons) {
            tracing::warn!(?reasons, "the form does not work");
        }
        *last = Some((Instant::now(), reasons.clone()));
        reasons
    }
}

/// Less than the time limit of a request; the page sends the request again.
const WAIT_FOR_CHANGE: Duration = Duration::from_secs(20);

/// `GET /dev/changes`: 205 once there is a new edition, 204 if there was none for a while, 404 in production.
pub(super) async fn changes(State(app): State<Arc<App>>) -> Response {
    let Some(mut reloads) = app.parts.reloads.clone() else { return not_found(&app.parts.edition.load_full()) };
    reloads.mark_unchanged();
    let status = match timeout(WAIT_FOR_CHANGE, reloads.changed()).await {
        Ok(Ok(())) => StatusCode::RESET_CONTENT,
        Ok(Err(_)) | Err(_) => StatusCode::NO_CONTENT,
    };
    status.into_response()
}
