//! `serve`: everything joined, started in order, and stopped in order.

use super::{counting::Counting, data, doctor, now, press::Press};
use crate::{
    config::Config,
    content::Clinic,
    mail::{
        alarm::Door,
        courier::Courier,
        fate::Schedule,
        letter::Letterhead,
        mailer::Mailer,
        outbox::{Options, Outbox, Place},
    },
    web::{self, App, Front, Limits, Parts, Quotas},
};
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret as _, SecretString};
use std::{fmt::Display, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// How long a relay may take for one letter.
const MAIL_LIMIT: Duration = Duration::from_mins(1);
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

fn explain<E: Display>(what: impl Display) -> impl FnOnce(E) -> String {
    move |error| format!("{what}: {error}")
}

async fn serve(config: &Config) -> Result<(), String> {
    let handed_over = web::handed_over().map_err(explain("the socket that was handed over"))?;
    data::folder(&config.data).map_err(explain(format!("the data folder {}", config.data.display())))?;
    let secret = data::secret(config).map_err(explain(format!("the secret in {}", config.data.display())))?;
    let counting = Counting::default();
    let press = Arc::new(Press::start(config, Arc::clone(&counting.views))?);
    let clinic = press.edition.load().site.clinic.clone();

    let outbox = outbox(config, &clinic, &secret).await?;
    let courier = Arc::new(courier(config, &clinic, &outbox)?);
    let (stop, stopping) = watch::channel(false);
    let walking = tokio::spawn(Arc::clone(&courier).run(stopping.clone(), now));
    let counted = tokio::spawn(counting.clone().keep_every(outbox.clone(), KEEP_COUNTS, stopping));

    let parts = Parts {
        edition: Arc::clone(&press.edition),
        outbox: outbox.clone(),
        courier,
        enquiries: Arc::clone(&counting.enquiries),
        quotas: Quotas::default(),
        trusted_proxies: config.trusted_proxies.clone(),
        clock: now,
        renewals: config.is_development().then(|| press.renewals()),
    };
    let app = Arc::new(App::new(parts, secret.expose_secret()));
    tokio::spawn(Arc::clone(&app).forget_every(FORGET));
    let front = Front::new(Arc::clone(&press.shelf), web::router(app), web::security(config.is_https()));
    let printing = tokio::spawn(press.run());
    let listener = web::open(config.listen, handed_over).map_err(explain(config.listen))?;
    let address = listener.local_addr().map_err(explain(config.listen))?;
    welcome(config, &clinic, address);
    let examining = tokio::spawn(doctor::at_start(config.clone()));
    let limits = Limits { trusted: config.trusted_proxies.clone(), ..Limits::default() };
    web::serve(listener, move |from| front.for_visitor(from), limits, told_to_stop()).await;

    examining.abort();
    printing.abort();
    // Letters on their way are finished; the others wait for the next start.
    let _ = stop.send(true);
    let _ = walking.await;
    let _ = counted.await;
    outbox.close().await;
    Ok(())
}

/// Who gets the letters.
pub(super) fn recipients(config: &Config, clinic: &Clinic) -> Result<Vec<lettre::Address>, String> {
    if config.mail_to.is_empty() {
        let clinic = clinic.email.parse().map_err(explain(format!("the clinic's address {}", clinic.email)))?;
        return Ok(vec![clinic]);
    }
    Ok(config.mail_to.clone())
}

/// Opens the outbox of these settings.
pub(super) async fn outbox(config: &Config, clinic: &Clinic, secret: &SecretString) -> Result<Outbox, String> {
    let place = match &config.database_url {
        Some(url) => Place::Postgres(url.clone()),
        None => Place::Sqlite(config.data.join("outbox.sqlite")),
    };
    let options = Options {
        recipients: recipients(config, clinic)?,
        domain: config.mail_from.domain().to_owned(),
        zone: TimeZone::get(&clinic.time_zone).map_err(explain("the clinic's time zone"))?,
        key: Options::key_from(secret.expose_secret()),
    };
    Ok(Outbox::open(place, options).await)
}

/// The way out of these settings.
pub(super) fn mailer(config: &Config) -> Result<Mailer, String> {
    match &config.relay {
        Some(relay) => {
            Mailer::relay(relay.clone(), config.mail_from.domain(), MAIL_LIMIT).map_err(explain("CLINIC_SMTP_URL"))
        }
        None => Ok(Mailer::folder(config.data.join("mail"))),
    }
}

fn courier(config: &Config, clinic: &Clinic, outbox: &Outbox) -> Result<Courier, String> {
    let mailer = mailer(config)?;
    let door = match &config.alarm {
        Some(alarm) => {
            Some(Door::new(alarm, config.mail_from.clone(), config.origin()).map_err(explain("CLINIC_ALARM"))?)
        }
        None => None,
    };
    let letterhead = Letterhead::new(clinic, config.mail_from.clone());
    let schedule = Schedule { waits: config.retry.clone(), give_up: config.retry_for };
    Ok(Courier::new(outbox.clone(), mailer, letterhead, schedule, config.mail_per_minute, door))
}

/// What an operator wants to know first: where it is, where letters go, what is not set yet.
fn welcome(config: &Config, clinic: &Clinic, address: SocketAddr) {
    println!("The site is at http://{address}");
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
