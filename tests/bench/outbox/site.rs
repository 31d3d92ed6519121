//! The site as `serve` starts it, in this process: the real listener, router, form and outbox.

use crate::support::edition::edition;
use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use relationship_clinic::{
    catalog::{Catalog, Counters},
    enquiry::link::Links,
    mail::{
        delivery::DeliveryWorker,
        mailer::Mailer,
        message::MessageBuilder,
        outbox::{DatabaseLocation, Options, Outbox},
        retry_policy::RetryPolicy,
    },
    web::{self, App, Limits, Parts, Quotas, SiteService},
};
use std::{net::SocketAddr, num::NonZeroU32, path::Path, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const SECRET: &str = "a secret of at least thirty-two characters";
const ORIGIN: &str = "http://localhost:3000";

#[derive(Debug)]
pub struct Site {
    pub address: SocketAddr,
    pub outbox: Outbox,
    pub worker: Arc<DeliveryWorker>,
}

/// Opens the outbox; at most `max_batch` enquiries share a commit.
pub async fn outbox(place: &DatabaseLocation, max_batch: usize) -> Outbox {
    let options = Options {
        recipients: vec!["staff@clinic.example".parse().unwrap()],
        domain: "clinic.example".into(),
        zone: TimeZone::get("America/Los_Angeles").unwrap(),
        keep_words: SignedDuration::from_hours(14 * 24),
        max_batch,
        max_per_hour: u32::MAX,
        connection_lifetime: None,
        key: Options::fingerprint_key(SECRET),
    };
    let outbox = Outbox::open(place.clone(), options).await;
    tokio::spawn(outbox.clone().write());
    outbox
}

/// As many workers as `serve` runs.
pub fn run(worker: &Arc<DeliveryWorker>, stop: &CancellationToken) -> JoinSet<()> {
    (0..worker.workers()).map(|_| Arc::clone(worker).run(stop.clone(), Timestamp::now)).collect()
}

/// A delivery worker without a limit by the minute; see [`run`].
pub fn worker(outbox: &Outbox, mailer: Mailer) -> Arc<DeliveryWorker> {
    let letterhead = MessageBuilder {
        sender_name: "The Relationship Clinic website".into(),
        sender: "website@clinic.example".parse().unwrap(),
        bounces_to: "bounces@clinic.example".parse().unwrap(),
        zone: TimeZone::get("America/Los_Angeles").unwrap(),
        zone_name: Some("Pacific time"),
        links: Links::new(ORIGIN, SECRET),
        acknowledges: false,
    };
    let policy = RetryPolicy { waits: vec![Duration::from_mins(1)], give_up: Duration::from_hours(24) };
    Arc::new(DeliveryWorker::new(outbox.clone(), mailer, letterhead, policy, u32::MAX))
}

impl Site {
    /// Listens on a free port; only limits by address are lifted, since all clients are on this machine.
    pub fn open(outbox: Outbox, mailer: Mailer) -> Self {
        let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        let edition = edition(Path::new("content"), ORIGIN, today);
        let catalog = edition.catalog(Catalog::builder(web::security(false)), &Counters::default());
        let worker = worker(&outbox, mailer);
        let parts = Parts {
            edition: Arc::new(ArcSwap::from_pointee(edition)),
            outbox: outbox.clone(),
            counters: Arc::default(),
            cards: Arc::default(),
            links: Links::new(ORIGIN, SECRET),
            quotas: Quotas { ipv4: NonZeroU32::MAX, ..Quotas::default() },
            trusted_proxies: Vec::new(),
            clock: Timestamp::now,
            reloads: None,
        };
        let router = web::router(Arc::new(App::new(parts, SECRET)));
        let site = SiteService::new(Arc::new(ArcSwap::from_pointee(catalog)), router, web::security(false), None);
        let listener = web::open(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(web::serve(listener, site, Limits::default(), std::future::pending()));
        Self { address, outbox, worker }
    }
}
