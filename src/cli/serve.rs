//! `serve`: everything joined, started in order, and stopped in order.

use super::{counting::Counting, data, doctor, doors, doors::Doors, notes, now, outbox, reload::Reloader};
use crate::{
    config::Config,
    content::Clinic,
    enquiry::link::Links,
    mail::{alarm::AlarmChannel, courier::Courier, fate::Schedule, letter::Letterhead, mailer::Mailer, outbox::Outbox},
    web::{self, App, Limits, Monitor, Origin, Parts, Quotas, SiteService},
};
use secrecy::{ExposeSecret as _, SecretString};
use std::{fmt::Display, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// How often what was counted is added to the totals; a program that is killed loses no more than this.
const KEEP_COUNTS: Duration = Duration::from_mins(5);
/// How often the counters of addresses forget.
const FORGET: Duration = Duration::from_mins(1);

/// Serves until it is told to stop.
pub(super) fn run(config: &Config) -> ExitCode {
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return stopped("the runtime could not be started", &error),
    };
    match runtime.block_on(serve(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::from(1)
        }
    }
}

fn stopped(what: &str, error: &dyn Display) -> ExitCode {
    eprintln!("{what}: {error}");
    ExitCode::from(1)
}

pub(super) fn explain<E: Display>(what: impl Display) -> impl FnOnce(E) -> String {
    move |error| format!("{what}: {error}")
}

async fn serve(config: &Config) -> Result<(), String> {
    let started = now();
    for doubt in config.doubts() {
        tracing::warn!("{doubt}");
    }
    let handed_over = web::handed_over().map_err(explain("the socket that was handed over"))?;
    data::folder(&config.data).map_err(explain(format!("the data folder {}", config.data.display())))?;
    let secret = data::secret(config).map_err(explain(format!("the secret in {}", config.data.display())))?;
    let counting = Counting::default();
    let reloader = Arc::new(Reloader::start(config, Arc::clone(&counting.views))?);
    let clinic = reloader.edition.load().site.clinic.clone();

    let outbox = outbox::open(config, &clinic, secret.expose_secret()).await?;
    tokio::spawn(outbox.clone().write());
    let links = Links::new(config.origin(), secret.expose_secret());
    let letterhead = Letterhead::new(&clinic, config.mail_from.clone(), links.clone());
    let desk = notes::Desk::new(config.clone(), outbox.clone(), links.clone());
    let courier = Arc::new(courier(config, letterhead, &outbox)?);
    let (stop, stopping) = watch::channel(false);
    let walking = tokio::spawn(Arc::clone(&courier).run(stopping.clone(), now));
    let counted = tokio::spawn(counting.clone().keep_every(outbox.clone(), KEEP_COUNTS, stopping.clone()));
    tokio::spawn(follow(config.clone(), secret.clone(), Arc::clone(&reloader), outbox.clone(), Arc::clone(&courier)));

    let parts = Parts {
        edition: Arc::clone(&reloader.edition),
        pictures: Arc::clone(&reloader.pictures),
        outbox: outbox.clone(),
        courier,
        enquiries: Arc::clone(&counting.enquiries),
        quotas: Quotas::default(),
        trusted_proxies: config.trusted_proxies.clone(),
        links,
        clock: now,
        renewals: config.is_development().then(|| reloader.renewals()),
    };
    let app = Arc::new(App::new(parts, secret.expose_secret()));
    tokio::spawn(Arc::clone(&app).forget_every(FORGET));
    let origin = Origin::new(&config.base_url, &config.trusted_proxies);
    let site = SiteService::new(
        Arc::clone(&reloader.catalog),
        web::router(Arc::clone(&app)),
        web::security(config.is_https()),
        origin,
    );
    if let Some(editor) = config.editor_mail.clone() {
        tokio::spawn(notes::tell_editor(desk.secretary(&clinic)?, editor, reloader.verdicts()));
    }
    tokio::spawn(notes::keep_writing(desk, Arc::clone(&reloader)));
    let monitor = Monitor { app, site: site.clone(), mistakes: reloader.verdicts(), started };
    let printing = tokio::spawn(reloader.run());
    let doors = Doors::open(config, handed_over)?;
    welcome(config, &clinic, doors.addresses()?);
    let monitored = doors.admin.map(|listener| doors::answer_monitor(listener, monitor, stopping));
    let examining = tokio::spawn(doctor::at_start(config.clone()));
    let limits = Limits { trusted: config.trusted_proxies.clone(), ..Limits::default() };
    web::serve(doors.site, move |from| site.for_visitor(from), limits, told_to_stop()).await;

    examining.abort();
    printing.abort();
    // Letters on their way are finished; the others wait for the next start.
    let _ = stop.send(true);
    let _ = walking.await;
    let _ = counted.await;
    if let Some(monitored) = monitored {
        let _ = monitored.await;
    }
    outbox.close().await;
    Ok(())
}

/// Letters follow the words: a new edition may name the clinic, its mailbox or its zone otherwise. For ever.
async fn follow(config: Config, secret: SecretString, reloader: Arc<Reloader>, kept: Outbox, courier: Arc<Courier>) {
    let mut renewals = reloader.renewals();
    while renewals.changed().await.is_ok() {
        let edition = reloader.edition.load_full();
        let clinic = &edition.site.clinic;
        let links = Links::new(config.origin(), secret.expose_secret());
        courier.adopt(Letterhead::new(clinic, config.mail_from.clone(), links));
        match outbox::options(&config, clinic, secret.expose_secret()) {
            Ok(options) => kept.adopt(options),
            Err(error) => tracing::error!("letters go where they went before: {error}"),
        }
    }
}

/// The way out of these settings.
pub(super) fn mailer(config: &Config) -> Result<Mailer, String> {
    match &config.relay {
        Some(relay) => {
            let domain = config.mail_from.domain();
            Mailer::relay(relay.clone(), domain, config.mail_timeout).map_err(explain("CLINIC_SMTP_URL"))
        }
        None => Ok(Mailer::folder(config.data.join("mail"))),
    }
}

fn courier(config: &Config, letterhead: Letterhead, outbox: &Outbox) -> Result<Courier, String> {
    let mailer = mailer(config)?;
    let door = match &config.alarm {
        Some(alarm) => {
            Some(AlarmChannel::new(alarm, config.mail_from.clone(), config.origin()).map_err(explain("CLINIC_ALARM"))?)
        }
        None => None,
    };
    let schedule = Schedule { waits: config.retry.clone(), give_up: config.retry_for };
    Ok(Courier::new(outbox.clone(), mailer, letterhead, schedule, config.mail_per_minute, door))
}

/// What an operator wants to know first: where it is, where letters go, what is not set yet.
fn welcome(config: &Config, clinic: &Clinic, (site, admin): (SocketAddr, Option<SocketAddr>)) {
    println!("The site is at http://{site}");
    if let Some(admin) = admin {
        println!("Figures for a monitor are at http://{admin}/metrics");
    }
    match &config.relay {
        Some(relay) => println!("Letters go to the relay {}:{}", relay.host, relay.port),
        None => println!("Letters are written to {}", config.data.join("mail").display()),
    }
    if config.relay.is_none() && !config.staging {
        println!("Not set yet: CLINIC_SMTP_URL (letters reach nobody's mailbox)");
    }
    if config.alarm.is_none() {
        println!("Not set yet: CLINIC_ALARM (when letters do not leave, only the log and /health/form say so)");
    }
    for (fact, consequence) in clinic.missing() {
        println!("Not set yet: {fact} in clinic.toml ({consequence})");
    }
}

async fn told_to_stop() {
    let mut terminate = signal(SignalKind::terminate()).expect("the runtime can listen for signals");
    let mut interrupt = signal(SignalKind::interrupt()).expect("the runtime can listen for signals");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
