//! The second door: a way to shout that does not use the staff's mail path.
//!
//! Invariant: what goes out says which kind of trouble, since when, and where to look; no reference, no name, no number
//! of anybody. Every way ends within its time limit.
//!
//! Never: a retry (the courier tells again), a redirect followed, a shell.

use crate::{
    config::{Alarm, Relay},
    mail::{
        health::TroubleKind,
        letter::AutoSubmitted,
        mailer::{Mailer, MailerError, OutgoingMessage},
    },
};
use http_body_util::Full;
use hyper::{Request, body::Bytes, header};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::Timestamp;
use lettre::{Address, Message, message::Mailbox};
use serde::Serialize;
use std::{path::PathBuf, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

/// The longest that telling takes.
const LIMIT: Duration = Duration::from_secs(30);

type Https = hyper_rustls::HttpsConnector<HttpConnector>;

/// A second door that can be used.
#[derive(Debug, Clone)]
pub struct Door {
    way: Way,
    /// Public origin, so that one inbox can serve several sites.
    site: String,
}

#[derive(Debug, Clone)]
enum Way {
    Relay { mailer: Mailer, from: Address, to: Address },
    Webhook { client: Client<Https, Full<Bytes>>, url: String },
    Command(PathBuf),
}

/// Why the notice did not get through.
#[derive(Debug, thiserror::Error)]
pub enum NotTold {
    /// The relay did not take it.
    #[error("CLINIC_ALARM relay: {0}")]
    Relay(String),
    /// The address did not answer 2xx.
    #[error("CLINIC_ALARM webhook: {0}")]
    Webhook(String),
    /// The program could not be run, or did not end well.
    #[error("CLINIC_ALARM command: {0}")]
    Command(String),
    /// It took too long.
    #[error("CLINIC_ALARM did not answer within {} seconds", LIMIT.as_secs())]
    Slow,
}

/// What a program or a webhook reads.
#[derive(Serialize)]
struct Notice<'a> {
    site: &'a str,
    trouble: &'static str,
    since: String,
    /// Chat services show this field.
    text: String,
}

impl Door {
    /// Prepares the door. `from` sends to a second relay; `site` is the public origin.
    pub fn new(alarm: &Alarm, from: Address, site: &str) -> Result<Self, MailerError> {
        let way = match alarm {
            Alarm::Relay(relay, to) => Way::Relay { mailer: second_relay(relay, &from)?, from, to: to.clone() },
            Alarm::Webhook(url) => Way::Webhook { client: client()?, url: url.to_string() },
            Alarm::Command(program) => Way::Command(program.clone()),
        };
        Ok(Self { way, site: site.to_owned() })
    }

    /// Tells, once.
    pub async fn tell(&self, kind: TroubleKind, since: Timestamp) -> Result<(), NotTold> {
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let text = format!(
            "{} {} Since {since}. See {}/health/form and the program's log; `enquiries list` shows what waits.",
            self.site,
            kind.sentence(),
            self.site
        );
        let notice = Notice { site: &self.site, trouble: kind.name(), since, text };
        let told = async {
            match &self.way {
                Way::Relay { mailer, from, to } => mail(mailer, from, to, &notice).await,
                Way::Webhook { client, url } => post(client, url, &notice).await,
                Way::Command(program) => command(program, &notice).await,
            }
        };
        timeout(LIMIT, told).await.map_err(|_| NotTold::Slow)?
    }
}

fn second_relay(relay: &Relay, from: &Address) -> Result<Mailer, MailerError> {
    Mailer::relay(relay.clone(), from.domain(), LIMIT)
}

async fn mail(mailer: &Mailer, from: &Address, to: &Address, notice: &Notice<'_>) -> Result<(), NotTold> {
    let message = Message::builder()
        .from(Mailbox::new(None, from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(format!("Website alarm: {}", notice.trouble))
        .header(AutoSubmitted::GENERATED)
        .body(notice.text.clone())
        .map_err(|e| NotTold::Relay(e.to_string()))?;
    let parcel =
        OutgoingMessage { envelope: message.envelope().clone(), bytes: message.formatted(), name: "alarm".into() };
    mailer.send(&parcel).await.map_err(|error| NotTold::Relay(error.to_string()))
}

fn client() -> Result<Client<Https, Full<Bytes>>, MailerError> {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
        .map_err(MailerError::Roots)?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector))
}

async fn post(client: &Client<Https, Full<Bytes>>, url: &str, notice: &Notice<'_>) -> Result<(), NotTold> {
    let body = serde_json::to_vec(notice).expect("a notice is plain data");
    let request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "relationship-clinic")
        .body(Full::new(Bytes::from(body)))
        .map_err(|e| NotTold::Webhook(e.to_string()))?;
    // The address may hold a secret: no error of ours repeats it.
    let answer = client.request(request).await.map_err(|e| NotTold::Webhook(e.to_string()))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(NotTold::Webhook(format!("it answered {status}"))),
    }
}

async fn command(program: &PathBuf, notice: &Notice<'_>) -> Result<(), NotTold> {
    let failed = |error: std::io::Error| NotTold::Command(error.to_string());
    let mut child = Command::new(program)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read is no failure; its exit status counts.
        let _ = stdin.write_all(notice.text.as_bytes()).await;
        let _ = stdin.write_all(b"\n").await;
    }
    let status = child.wait().await.map_err(failed)?;
    if status.success() { Ok(()) } else { Err(NotTold::Command(format!("it ended with {status}"))) }
}
