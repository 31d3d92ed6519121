//! `serve`: opens and builds everything, starts background tasks and listeners, waits, and stops them in reverse order.

use super::{
    Ended,
    clock::erasure_time,
    counts, data, doctor,
    listeners::Listeners,
    notes, now, outbox,
    reload::Reloader,
    supervisor::{Supervisor, on_background_thread},
};
use crate::{
    catalog::Counters,
    config::Config,
    content::Clinic,
    enquiry::link::Links,
    mail::{
        alarm::AlarmChannel, delivery::DeliveryWorker, health_watch::HealthWatch, mailer::Mailer,
        message::MessageBuilder, outbox::Outbox, retry_policy::RetryPolicy,
    },
    web::{self, App, Limits, Monitor, Origin, Parts, Quotas, SiteService},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use std::{fmt::Display, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};
use tokio::{
    runtime::{Builder, Handle},
    signal::unix::{SignalKind, signal},
};

/// Connections of the admin address: a monitor needs one or two, and more would take open files from the site.
const ADMIN_CONNECTIONS: usize = 64;
/// How often old posts are removed from the rate limiter.
const CLEAN_RATE_LIMITER: Duration = Duration::from_mins(1);

const OTHER_SECRET: &str = "CLINIC_SECRET is not the one with which this database is used; give every copy the same. To \
                            change it, stop all copies and delete the row of the table secret_check";

/// Serves until a signal to stop.
pub(super) fn run(config: &Config) -> Ended {
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(explain("the runtime"))?;
    runtime.block_on(serve(config))?;
    Ok(ExitCode::SUCCESS)
}

/// Puts `what` before an error: `CLINIC_SMTP_URL: …`.
pub(super) fn explain<E: Display>(what: impl Display) -> impl FnOnce(E) -> String {
    move |error| format!("{what}: {error}")
}

async fn serve(config: &Config) -> Result<(), String> {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let program = Arc::new(Program::open(config).await?);
    let sockets = Listeners::open(config)?;
    print_summary(config, &program.reloader.edition.load().site.clinic, sockets.addresses()?);
    let workers = program.start_workers();
    let mut listeners = program.start_listeners(sockets);
    tokio::spawn(doctor::at_start(config.clone()));

    let failed = tokio::select! {
        name = listeners.failed() => Err(format!("the program stops, since a required task has failed: {name}")),
        () = stop_signal() => Ok(()),
    };
    listeners.stop().await;
    // Letters that are being sent are finished; the others wait for the next start.
    workers.stop().await;
    program.outbox.close().await;
    failed
}

/// The state that listeners and background tasks share.
pub(super) struct Program {
    pub(super) config: Config,
    pub(super) links: Links,
    pub(super) outbox: Outbox,
    pub(super) reloader: Arc<Reloader>,
    secret: SecretString,
    counters: Arc<Counters>,
    delivery: Arc<DeliveryWorker>,
    health_watch: Arc<HealthWatch>,
    app: Arc<App>,
    started: Timestamp,
}

impl Program {
    /// Opens the data folder, makes the pages, opens the outbox.
    async fn open(config: &Config) -> Result<Self, String> {
        let started = now();
        data::folder(&config.data).map_err(explain(format!("the data folder {}", config.data.display())))?;
        let secret = data::secret(config).map_err(explain(format!("the secret in {}", config.data.display())))?;
        let counters = Arc::<Counters>::default();
        let reloader = Arc::new(Reloader::start(config, Arc::clone(&counters))?);
        let clinic = reloader.edition.load().site.clinic.clone();
        let outbox = outbox::open(config, &clinic, secret.expose_secret()).await?;
        if config.database_url.is_some() && outbox.shares_secret().await == Ok(false) {
            return Err(OTHER_SECRET.into());
        }
        let links = Links::new(config.origin(), secret.expose_secret());
        let messages = outbox::messages(config, &clinic, links.clone());
        let parts = Parts {
            edition: Arc::clone(&reloader.edition),
            cards: Arc::clone(&reloader.cards),
            outbox: outbox.clone(),
            counters: Arc::clone(&counters),
            quotas: Quotas::default(),
            trusted_proxies: config.trusted_proxies.clone(),
            links: links.clone(),
            clock: now,
            reloads: config.is_development().then(|| reloader.reloads.subscribe()),
        };
        Ok(Self {
            app: Arc::new(App::new(parts, secret.expose_secret())),
            delivery: Arc::new(delivery(config, messages, &outbox)?),
            health_watch: Arc::new(health_watch(config, &outbox)?),
            config: config.clone(),
            links,
            outbox,
            reloader,
            secret,
            counters,
            started,
        })
    }

    /// Starts every background task.
    fn start_workers(self: &Arc<Self>) -> Supervisor<Self> {
        let mut workers = Supervisor::new(Arc::clone(self));
        workers.restart("outbox writer", |p| p.outbox.clone().write());
        for _ in 0..self.delivery.workers() {
            workers.restart_until("delivery", |p, stop| Arc::clone(&p.delivery).run(stop, now));
        }
        workers.restart("health watch", |p| Arc::clone(&p.health_watch).run(now));
        workers.restart("retention", |p| p.outbox.clone().run_retention(erasure_time));
        workers
            .restart_until("counts", |p, stop| counts::add_to_totals(Arc::clone(&p.counters), p.outbox.clone(), stop));
        workers.restart("rate limit cleanup", |p| Arc::clone(&p.app).clean_rate_limiter(CLEAN_RATE_LIMITER));
        workers.restart("reload", |p| Arc::clone(&p.reloader).run());
        workers.restart("clinic facts", Self::update_clinic_facts);
        workers.restart("notes to staff", notes::write_to_staff);
        if let Some(editor) = self.config.editor_mail.clone() {
            workers.restart("notes to the editor", move |p| notes::write_to_editor(p, editor.clone()));
        }
        workers.restart_until("compression", |p, stop| {
            let runtime = Handle::current();
            on_background_thread("compression", move || p.reloader.compress(&runtime, &stop))
        });
        workers
    }

    /// The site, and the admin address if one is set.
    fn start_listeners(&self, sockets: Listeners) -> Supervisor<()> {
        let Self { config, reloader, .. } = self;
        let site = SiteService::new(
            Arc::clone(&reloader.catalog),
            web::router(Arc::clone(&self.app)),
            web::security(config.is_https()),
            Origin::new(&config.base_url, &config.trusted_proxies),
        );
        let monitor = Monitor {
            app: Arc::clone(&self.app),
            site: site.clone(),
            reload_faults: reloader.faults.subscribe(),
            started: self.started,
        };
        let mut listeners = Supervisor::new(Arc::default());
        let limits = Limits { trusted: config.trusted_proxies.clone(), ..Limits::default() };
        listeners.require("site listener", move |stop| web::serve(sockets.site, site, limits, stop.cancelled_owned()));
        if let Some(socket) = sockets.admin {
            let (admin, limits) = (web::admin(monitor), Limits { connections: ADMIN_CONNECTIONS, ..Limits::default() });
            listeners.require("admin listener", move |stop| web::serve(socket, admin, limits, stop.cancelled_owned()));
        }
        listeners
    }

    /// Uses the clinic's facts of each new edition for mail: names, mailbox and zone may have changed. Runs until it is
    /// dropped.
    async fn update_clinic_facts(self: Arc<Self>) {
        let mut reloads = self.reloader.reloads.subscribe();
        while reloads.changed().await.is_ok() {
            let edition = self.reloader.edition.load_full();
            let clinic = &edition.site.clinic;
            self.delivery.set_message_builder(outbox::messages(&self.config, clinic, self.links.clone()));
            match outbox::options(&self.config, clinic, self.secret.expose_secret()) {
                Ok(options) => self.outbox.set_options(options),
                Err(error) => tracing::error!("letters still go to the earlier addresses: {error}"),
            }
        }
    }
}

/// The mailer of these settings: a relay, or a folder without one.
pub(super) fn mailer(config: &Config) -> Result<Mailer, String> {
    match &config.relay {
        Some(relay) => {
            let domain = config.mail_from.domain();
            Mailer::relay(relay.clone(), domain, config.mail_timeout).map_err(explain("CLINIC_SMTP_URL"))
        }
        None => Ok(Mailer::folder(config.data.join("mail"))),
    }
}

fn delivery(config: &Config, messages: MessageBuilder, outbox: &Outbox) -> Result<DeliveryWorker, String> {
    let policy = retry_policy(config);
    Ok(DeliveryWorker::new(outbox.clone(), mailer(config)?, messages, policy, config.mail_per_minute))
}

fn health_watch(config: &Config, outbox: &Outbox) -> Result<HealthWatch, String> {
    let channel = config.alarm.as_ref().map(|alarm| {
        AlarmChannel::new(alarm, config.mail_from.clone(), config.origin()).map_err(explain("CLINIC_ALARM"))
    });
    Ok(HealthWatch::new(outbox.clone(), channel.transpose()?, retry_policy(config)))
}

fn retry_policy(config: &Config) -> RetryPolicy {
    RetryPolicy { waits: config.retry.clone(), give_up: config.retry_for }
}

/// Prints the addresses, where letters go, and which settings and facts are missing.
fn print_summary(config: &Config, clinic: &Clinic, (site, admin): (SocketAddr, Option<SocketAddr>)) {
    println!("The site is at http://{site}");
    if let Some(admin) = admin {
        println!("Metrics are at http://{admin}/metrics");
    }
    match &config.relay {
        Some(relay) => println!("Emails go to the relay {}:{}", relay.host, relay.port),
        None => println!("Emails are written to {}", config.data.join("mail").display()),
    }
    if config.relay.is_none() && !config.staging {
        println!("Not set yet: CLINIC_SMTP_URL (no email reaches a mailbox)");
    }
    if config.alarm.is_none() {
        println!("Not set yet: CLINIC_ALARM (if emails cannot be sent, only the log and /health/form report it)");
    }
    for (fact, consequence) in clinic.missing() {
        println!("Not set yet: {fact} in clinic.toml ({consequence})");
    }
}

/// SIGTERM or SIGINT.
async fn stop_signal() {
    let mut terminate = signal(SignalKind::terminate()).expect("the runtime can listen for signals");
    let mut interrupt = signal(SignalKind::interrupt()).expect("the runtime can listen for signals");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
