//! HTTP: every route and layer, and what happens per request.
//!
//! Pages, feeds and assets are looked up in the catalog first (`site_service`). The router answers the rest: the form
//! and its receipt, signed links, search, cards of shared links, health. The admin address has a router of its own.
//!
//! Never: reads files or the environment, or writes the text of a page.

mod admin;
mod blocking;
mod card;
mod compress;
mod contact;
mod cross_site;
mod duplicates;
mod headers;
mod link;
mod listen;
mod metrics;
mod origin;
mod rate_limit;
mod request_body;
mod responses;
mod search;
mod site_service;

pub use admin::Monitor;
pub use headers::security;
pub use listen::{Limits, open, serve};
pub use origin::Origin;
pub use rate_limit::Quotas;
pub use site_service::{SiteService, Visitor};

use crate::{
    catalog::{CardCache, Catalog, Counters},
    enquiry::{
        link::Links,
        token::{Key, NONCE, Token},
    },
    mail::outbox::{Outbox, random},
    pages::{Edition, Failure},
};
use admin::FormHealth;
use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    middleware,
    response::{IntoResponse as _, Response},
    routing::get,
};
use blocking::BlockingLimit;
use cross_site::CrossSiteCheck;
use duplicates::Duplicates;
use ipnet::IpNet;
use jiff::Timestamp;
use metrics::StoredEnquiries;
use rate_limit::RateLimiter;
use responses::{catch_panic, failure, not_found, page};
use std::{num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};
use tokio::sync::watch;

/// The state that all handlers share.
pub struct App {
    parts: Parts,
    form_key: Key,
    receipt_key: Key,
    cross_site: CrossSiteCheck,
    rate_limiter: RateLimiter,
    duplicates: Duplicates,
    stored: StoredEnquiries,
    form_health: FormHealth,
    /// One card is drawn at a time, so that many crawlers take no more than one processor.
    drawing: BlockingLimit,
    searching: BlockingLimit,
}

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// The current content and its pages.
    pub edition: Arc<ArcSwap<Edition>>,
    /// Cache of the cards of shared links.
    pub cards: Arc<CardCache>,
    /// Stores enquiries.
    pub outbox: Outbox,
    /// Counts the enquiries from each article, by slug.
    pub counters: Arc<Counters>,
    /// How many posts one network may send.
    pub quotas: Quotas,
    /// Networks whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Verifies the signed links in letters to staff.
    pub links: Links,
    /// The current time.
    pub clock: fn() -> Timestamp,
    /// Changes with every reload; on a developer's machine only.
    pub reloads: Option<watch::Receiver<u64>>,
}

impl App {
    /// Makes the app; `secret` signs tokens and receipts.
    pub fn new(parts: Parts, secret: &str) -> Self {
        let rate_limiter = RateLimiter::new(parts.quotas, random());
        let cross_site = CrossSiteCheck::new(&parts.edition.load().origin);
        Self {
            parts,
            form_key: Key::new(secret, "form token"),
            receipt_key: Key::new(secret, "receipt"),
            cross_site,
            rate_limiter,
            duplicates: Duplicates::default(),
            stored: StoredEnquiries::default(),
            form_health: FormHealth::default(),
            drawing: BlockingLimit::new(1),
            searching: BlockingLimit::new(available_parallelism().map_or(1, NonZero::get)),
        }
    }

    /// Removes old posts from the rate limiter after every `pause`, until it is dropped.
    pub async fn clean_rate_limiter(self: Arc<Self>, pause: Duration) {
        loop {
            tokio::time::sleep(pause).await;
            self.rate_limiter.remove_expired();
        }
    }

    fn fresh_token(&self) -> String {
        Token::issue(&self.form_key, (self.parts.clock)().as_second(), random::<NONCE>())
    }

    /// `REFERENCE SECONDS` with a signature, so that existing references cannot be found by guessing, and a receipt that
    /// is opened again shows the same day.
    fn sign_receipt(&self, reference: &str) -> String {
        self.receipt_key.seal(format!("{reference} {}", (self.parts.clock)().as_second()).as_bytes())
    }

    /// Reference and time of a receipt with a valid signature.
    fn read_receipt(&self, text: &str) -> Option<(String, Timestamp)> {
        let receipt = String::from_utf8(self.receipt_key.open(text)?).ok()?;
        let (reference, seconds) = receipt.split_once(' ')?;
        Some((reference.to_owned(), Timestamp::from_second(seconds.parse().ok()?).ok()?))
    }
}

/// Every route of the site. [`SiteService`] answers paths without a route with the catalog's 404.
pub fn router(app: Arc<App>) -> Router {
    let after_panic = Arc::clone(&app);
    let compressed = middleware::from_fn(compress::pages);
    Router::new()
        .route("/contact", get(contact::show).layer(compressed.clone()).post(contact::post))
        .route("/contact/token", get(contact::token))
        .route("/contact/received", get(contact::received).layer(compressed.clone()))
        .route("/t/{token}", get(link::show).layer(compressed.clone()).post(link::perform_action))
        .route("/search", get(search::show).layer(compressed))
        .route("/assets/cards/{*page}", get(card::show))
        .route("/dev/changes", get(admin::changes))
        // No more than that, since anyone may ask.
        .merge(health_routes(|_| "not ok".to_owned()))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(catch_panic(move || failure(&after_panic.parts.edition.load_full(), Failure::Internal)))
        .with_state(app)
}

/// `reasons` writes what is wrong with the form.
fn health_routes(reasons: fn(&[String]) -> String) -> Router<Arc<App>> {
    Router::new()
        .route("/health/live", get(admin::live))
        .route("/health/ready", get(admin::ready))
        .route("/health/form", get(move |app| admin::form(app, reasons)))
}

/// Answer of the admin address after a panic.
const PANIC_MESSAGE: &str = "internal error; see the log\n";

/// The service of the admin address, which is never public: metrics and health. Every other path is a 404 of one line.
pub fn admin(monitor: Monitor) -> SiteService {
    let health = health_routes(|reasons| reasons.join("\n")).with_state(Arc::clone(&monitor.app));
    let routes = Router::new()
        .route("/metrics", get(admin::metrics))
        .with_state(Arc::new(monitor))
        .merge(health)
        .layer(catch_panic(|| (StatusCode::INTERNAL_SERVER_ERROR, PANIC_MESSAGE).into_response()));
    let common = security(false);
    let no_pages = Catalog::builder(common.clone()).build();
    SiteService::new(Arc::new(ArcSwap::from_pointee(no_pages)), routes, common, None)
}

async fn method_not_allowed(State(app): State<Arc<App>>) -> Response {
    failure(&app.parts.edition.load_full(), Failure::MethodNotAllowed)
}
