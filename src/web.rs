//! The web: every route and layer on one screen; what happens per request, and nothing else.
//!
//! Pages, feeds and assets are looked up in the catalog before this router is asked (`site_service`). What remains is the form,
//! its receipt, what a search finds, and the questions of machines. The operator's door has a router of its own.
//!
//! Never: files, the environment, the words of a page.

mod admin;
mod blocking;
mod body;
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
mod responses;
mod search;
mod site_service;

pub use admin::Monitor;
pub use headers::{hosts_allowed, security};
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
    mail::outbox::Outbox,
    pages::{Edition, Failure},
};
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
use data_encoding::BASE64URL_NOPAD;
use duplicates::Duplicates;
use ipnet::IpNet;
use jiff::Timestamp;
use metrics::Kept;
use rate_limit::RateLimiter;
use responses::{catch_panic, failure, never_stored, not_found, page};
use std::{num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};
use tokio::sync::watch;

/// What the handlers share.
#[derive(Debug)]
pub struct App {
    parts: Parts,
    form_key: Key,
    receipt_key: Key,
    rate_limiter: RateLimiter,
    duplicates: Duplicates,
    kept: Kept,
    /// One card is drawn at a time, so that a crowd of crawlers takes no more than one processor.
    drawing: BlockingLimit,
    searching: BlockingLimit,
}

/// What the web is joined from.
#[derive(Debug)]
pub struct Parts {
    /// The words of today.
    pub edition: Arc<ArcSwap<Edition>>,
    /// Cards of shared links that are drawn already.
    pub cards: Arc<CardCache>,
    /// Keeps enquiries.
    pub outbox: Outbox,
    /// Counts the enquiries from the foot of each article, by slug.
    pub counters: Arc<Counters>,
    /// How much one network may send.
    pub quotas: Quotas,
    /// Networks whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Reads what staff opened from a letter.
    pub links: Links,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
    /// Tells of new editions, on a developer's machine only.
    pub renewals: Option<watch::Receiver<u64>>,
}

impl App {
    /// Joins the parts; `secret` signs tokens and receipts.
    pub fn new(parts: Parts, secret: &str) -> Self {
        let rate_limiter = RateLimiter::new(parts.quotas, random());
        Self {
            parts,
            form_key: Key::new(secret, "form token"),
            receipt_key: Key::new(secret, "receipt"),
            rate_limiter,
            duplicates: Duplicates::default(),
            kept: Kept::default(),
            drawing: BlockingLimit::new(1),
            searching: BlockingLimit::new(available_parallelism().map_or(1, NonZero::get)),
        }
    }

    /// Lets the rate limiter forget old posts, for ever.
    pub async fn forget_every(self: Arc<Self>, pause: Duration) {
        loop {
            tokio::time::sleep(pause).await;
            self.rate_limiter.forget();
        }
    }

    fn edition(&self) -> Arc<Edition> {
        self.parts.edition.load_full()
    }

    fn now(&self) -> Timestamp {
        (self.parts.clock)()
    }

    /// Seconds since 1970, for tokens.
    fn seconds(&self) -> u64 {
        self.now().as_second().try_into().unwrap_or_default()
    }

    fn fresh_token(&self) -> String {
        Token::issue(&self.form_key, self.seconds(), random::<NONCE>())
    }

    fn read_token(&self, text: &str) -> Token {
        Token::read(&self.form_key, text.trim(), self.seconds())
    }

    /// `REFERENCE.SECONDS.signature`, so that nobody learns by guessing which references exist, and a receipt that is
    /// opened again names the same day.
    fn sign_receipt(&self, reference: &str) -> String {
        let receipt = format!("{reference}.{}", self.seconds());
        format!("{receipt}.{}", BASE64URL_NOPAD.encode(&self.receipt_key.sign(receipt.as_bytes())))
    }

    /// Reference and time of a receipt that we have signed.
    fn read_receipt<'r>(&self, text: &'r str) -> Option<(&'r str, Timestamp)> {
        let (receipt, signature) = text.rsplit_once('.')?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        let (reference, seconds) = receipt.split_once('.')?;
        let received = Timestamp::from_second(seconds.parse().ok()?).ok()?;
        self.receipt_key.verifies(receipt.as_bytes(), &signature).then_some((reference, received))
    }
}

/// Every route that is answered per request; what it does not know is the catalog's 404 ([`SiteService`]).
pub fn router(app: Arc<App>) -> Router {
    let kept = Arc::clone(&app);
    Router::new()
        .route("/contact", get(contact::show).post(contact::post))
        .route("/contact/token", get(contact::token))
        .route("/contact/received", get(contact::received))
        .route("/t/{token}", get(link::ask).post(link::act))
        .route("/search", get(search::show))
        .route("/assets/cards/{*page}", get(card::show))
        .route("/dev/changes", get(admin::changes))
        .merge(health_routes())
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(compress::pages))
        .layer(catch_panic(move || failure(&kept.edition(), Failure::Internal)))
        .with_state(app)
}

fn health_routes() -> Router<Arc<App>> {
    Router::new()
        .route("/health/live", get(admin::live))
        .route("/health/ready", get(admin::ready))
        .route("/health/form", get(admin::form))
}

/// Answer of the admin address after a panic.
const BROKEN: &str = "this is a fault of the program; its log says more\n";

/// The admin address: figures and health, for an address that is never public. Everything else is a 404 of one line.
pub fn admin(monitor: Monitor) -> SiteService {
    let health = health_routes().with_state(Arc::clone(&monitor.app));
    let routes = Router::new()
        .route("/metrics", get(admin::metrics))
        .with_state(Arc::new(monitor))
        .merge(health)
        .layer(catch_panic(|| (StatusCode::INTERNAL_SERVER_ERROR, BROKEN).into_response()));
    let common = security(false);
    let nothing = Catalog::builder(common.clone()).build();
    SiteService::new(Arc::new(ArcSwap::from_pointee(nothing)), routes, common, None)
}

async fn method_not_allowed(State(app): State<Arc<App>>) -> Response {
    failure(&app.edition(), Failure::MethodNotAllowed)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
