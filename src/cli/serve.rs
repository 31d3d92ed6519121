//! `serve`: everything joined, started in order, and stopped in order.

use super::{counts, data, doctor, listeners::Listeners, notes, now, outbox, reload::Reloader, supervisor::Supervisor};
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

/// A monitor needs one or two; more would take open files from the site.
const ADMIN_CONNECTIONS: usize = 64;
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
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let program = Program::open(config).await?;
    let sockets = Listeners::open(config)?;
    welcome(config, &program.reloader.edition.load().site.clinic, sockets.addresses()?);
    let workers = program.start_workers()?;
    let mut listeners = program.start_listeners(sockets);

    let failed = tokio::select! {
        name = listeners.failed() => Err(format!("the program ends, since a part of it has failed: {name}")),
        () = told_to_stop() => Ok(()),
    };
    listeners.stop().await;
    // Letters on their way are finished; the others wait for the next start.
    workers.stop().await;
    program.outbox.close().await;
    failed
}

/// What listeners and background tasks share.
struct Program {
    config: Config,
    secret: SecretString,
    links: Links,
    reloader: Arc<Reloader>,
    counters: Arc<Counters>,
    outbox: Outbox,
    delivery: Arc<DeliveryWorker>,
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
        let links = Links::new(config.origin(), secret.expose_secret());
        let messages = MessageBuilder::new(&clinic, config.mail_from.clone(), links.clone());
        let delivery = Arc::new(delivery(config, messages, &outbox)?);
        let parts = Parts {
            edition: Arc::clone(&reloader.edition),
            pictures: Arc::clone(&reloader.pictures),
            outbox: outbox.clone(),
            counters: Arc::clone(&counters),
            quotas: Quotas::default(),
            trusted_proxies: config.trusted_proxies.clone(),
            links: links.clone(),
            clock: now,
            renewals: config.is_development().then(|| reloader.renewals()),
        };
        let app = Arc::new(App::new(parts, secret.expose_secret()));
        Ok(Self { config: config.clone(), secret, links, reloader, counters, outbox, delivery, app, started })
    }

    /// Everything that runs beside the listeners.
    fn start_workers(&self) -> Result<Supervisor, String> {
        let Self { config, reloader, outbox, .. } = self;
        let mut workers = Supervisor::new();
        let written = outbox.clone();
        workers.restart("outbox writer", move || written.clone().write());
        for _ in 0..self.delivery.workers() {
            let delivery = Arc::clone(&self.delivery);
            workers.restart_until("delivery", move |stop| Arc::clone(&delivery).run(stop, now));
        }
        let watch = Arc::new(health_watch(config, outbox)?);
        workers.restart("health watch", move || Arc::clone(&watch).run(now));
        let retained = outbox.clone();
        workers.restart("retention", move || retained.clone().run_retention(now));
        let (counters, totals) = (Arc::clone(&self.counters), outbox.clone());
        workers.restart_until("counts", move |stop| counts::add_to_totals(Arc::clone(&counters), totals.clone(), stop));
        let app = Arc::clone(&self.app);
        workers.restart("rate limit cleanup", move || Arc::clone(&app).forget_every(FORGET));
        let changed = Arc::clone(reloader);
        workers.restart("reload", move || Arc::clone(&changed).run());
        let (settings, secret) = (config.clone(), self.secret.clone());
        let (changed, kept, delivery) = (Arc::clone(reloader), outbox.clone(), Arc::clone(&self.delivery));
        workers.restart("clinic facts", move || {
            follow(settings.clone(), secret.clone(), Arc::clone(&changed), kept.clone(), Arc::clone(&delivery))
        });
        let desk = Arc::new(notes::Desk::new(config.clone(), outbox.clone(), self.links.clone()));
        if let Some(editor) = config.editor_mail.clone() {
            let (note_writer, verdicts) =
                (desk.note_writer(&reloader.edition.load().site.clinic)?, reloader.verdicts());
            workers.restart("notes to the editor", move || {
                notes::tell_editor(note_writer.clone(), editor.clone(), verdicts.clone())
            });
        }
        let changed = Arc::clone(reloader);
        workers.restart("notes to staff", move || notes::keep_writing(Arc::clone(&desk), Arc::clone(&changed)));
        let (reloader, runtime) = (Arc::clone(reloader), Handle::current());
        workers.restart_thread("compression", move |stop| {
            let (reloader, runtime) = (Arc::clone(&reloader), runtime.clone());
            move || reloader.compress(&runtime, &stop)
        });
        workers.once("mail check", doctor::at_start(config.clone()));
        Ok(workers)
    }

    /// The site, and the operator's address if one is set.
    fn start_listeners(&self, sockets: Listeners) -> Supervisor {
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
            mistakes: reloader.verdicts(),
            started: self.started,
        };
        let mut listeners = Supervisor::new();
        let limits = Limits { trusted: config.trusted_proxies.clone(), ..Limits::default() };
        listeners.require("site listener", move |stop| web::serve(sockets.site, site, limits, stop.cancelled_owned()));
        if let Some(listener) = sockets.admin {
            let (admin, limits) = (web::admin(monitor), Limits { connections: ADMIN_CONNECTIONS, ..Limits::default() });
            listeners
                .require("admin listener", move |stop| web::serve(listener, admin, limits, stop.cancelled_owned()));
        }
        listeners
    }
}

/// Letters follow the words: a new edition may name the clinic, its mailbox or its zone otherwise. For ever.
async fn follow(
    config: Config,
    secret: SecretString,
    reloader: Arc<Reloader>,
    kept: Outbox,
    delivery: Arc<DeliveryWorker>,
) {
    let mut renewals = reloader.renewals();
    while renewals.changed().await.is_ok() {
        let edition = reloader.edition.load_full();
        let clinic = &edition.site.clinic;
        let links = Links::new(config.origin(), secret.expose_secret());
        delivery.adopt(MessageBuilder::new(clinic, config.mail_from.clone(), links));
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
