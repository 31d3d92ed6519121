//! The operator's door: what a monitor asks, answered at an address of its own.
//!
//! Never: on the public site. Never a name or a form of a figure (see `metrics`).

use super::{
    App, SiteService,
    metrics::{Figures, Form},
};
use crate::mail::notes::ContentFault;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use std::sync::Arc;
use tokio::sync::watch;

/// Whom the door asks.
#[derive(Debug)]
pub struct Monitor {
    /// Knows the form and the letters.
    pub app: Arc<App>,
    /// The site's own service: knows its pages and its connections.
    pub site: SiteService,
    /// What must be mended before the last change of the words can be shown; nothing if it is shown.
    pub mistakes: watch::Receiver<Vec<ContentFault>>,
    /// When the program started.
    pub started: Timestamp,
}

impl Monitor {
    async fn figures(&self) -> Figures {
        let now = self.app.now();
        Figures {
            now,
            started: self.started,
            health: self.app.parts.outbox.health(now).await,
            kept: self.app.kept.clone(),
            faulty: !self.mistakes.borrow().is_empty(),
            pages: self.site.pages(),
            connections: self.site.connections(),
        }
    }
}

/// `GET /metrics`: 200 even while something is wrong, since the figures say so themselves.
pub(super) async fn metrics(State(monitor): State<Arc<Monitor>>, headers: HeaderMap) -> Response {
    let form = Form::asked_for(&headers);
    ([(header::CONTENT_TYPE, form.content_type())], monitor.figures().await.text(form)).into_response()
}

/// The answer after a panic.
pub(super) fn broken() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "this is a fault of the program; its log says more\n").into_response()
}
