//! The site as `serve` joins it, in this process: the real listener, front door, router, form and outbox.

use crate::support::edition::edition;
use arc_swap::ArcSwap;
use jiff::{Timestamp, tz::TimeZone};
use relationship_clinic::{
    catalog::{Catalog, Counters},
    enquiry::link::Links,
    mail::{
        courier::Courier,
        fate::Schedule,
        mailer::Mailer,
        message::MessageBuilder,
        outbox::{Options, Outbox, Place},
    },
    web::{self, App, Limits, Parts, Quotas, SiteService},
};
use std::{net::SocketAddr, num::NonZeroU32, path::Path, sync::Arc, time::Duration};

const SECRET: &str = "a secret of at least thirty-two characters";
const ORIGIN: &str = "http://localhost:3000";

#[derive(Debug)]
pub struct House {
    pub address: SocketAddr,
    pub outbox: Outbox,
    pub courier: Arc<Courier>,
}

/// Opens the outbox; `together` enquiries at most share a commit.
pub async fn outbox(place: &Place, together: usize) -> Outbox {
    let options = Options {
        recipients: vec!["staff@clinic.example".parse().unwrap()],
        domain: "clinic.example".into(),
        zone: TimeZone::get("America/Los_Angeles").unwrap(),
        most_together: together,
        key: Options::key_from(SECRET),
    };
    let outbox = Outbox::open(place.clone(), options).await;
    tokio::spawn(outbox.clone().write());
    outbox
}

/// A courier that no minute holds up. It does not walk by itself.
pub fn courier(outbox: &Outbox, mailer: Mailer) -> Arc<Courier> {
    let letterhead = MessageBuilder {
        sender_name: "The Relationship Clinic website".into(),
        sender: "website@clinic.example".parse().unwrap(),
        zone: TimeZone::get("America/Los_Angeles").unwrap(),
        zone_name: Some("Pacific time"),
        links: Links::new(ORIGIN, SECRET),
        acknowledges: false,
    };
    let schedule = Schedule { waits: vec![Duration::from_mins(1)], give_up: Duration::from_hours(24) };
    Arc::new(Courier::new(outbox.clone(), mailer, letterhead, schedule, u32::MAX, None))
}

impl House {
    /// Listens on a free port; only limits by address are lifted, since all clients are on this machine.
    pub fn open(outbox: Outbox, mailer: Mailer) -> Self {
        let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        let edition = edition(Path::new("content"), ORIGIN, today);
        let catalog = edition.catalog(Catalog::builder(web::security(false)), &Counters::default());
        let courier = courier(&outbox, mailer);
        let parts = Parts {
            edition: Arc::new(ArcSwap::from_pointee(edition)),
            outbox: outbox.clone(),
            courier: Arc::clone(&courier),
            counters: Arc::default(),
            pictures: Arc::default(),
            links: Links::new(ORIGIN, SECRET),
            quotas: Quotas { ipv4: NonZeroU32::MAX, ..Quotas::default() },
            trusted_proxies: Vec::new(),
            clock: Timestamp::now,
            renewals: None,
        };
        let router = web::router(Arc::new(App::new(parts, SECRET)));
        let site = SiteService::new(Arc::new(ArcSwap::from_pointee(catalog)), router, web::security(false), None);
        let listener = web::open(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(web::serve(listener, site, Limits::default(), std::future::pending()));
        Self { address, outbox, courier }
    }
}
