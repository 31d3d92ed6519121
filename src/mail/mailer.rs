//! Hands one mail over: to an SMTP relay, or to a folder. The only file that knows transports.
//!
//! Invariant: `Ok` means that the relay acknowledged the final dot, or that the file is on disk; nothing else is `Ok`,
//! and nothing after the acknowledgement can turn it into a failure. Every conversation ends within its limit. Neither
//! password nor letter leaves in the clear, unless the relay is on loopback.
//!
//! The conversation is held here, command by command, because lettre's own transport waits for the answer to QUIT inside
//! `send`: a relay that hangs after "550" or after "250" would make a refusal or a delivery look like a time-out.
//!
//! Never: a retry, a pool, a decision about what becomes of a letter.

mod folder;
mod look;
mod wire;

pub use look::{Distrust, Look, Secured, look};

use crate::{
    config::{Relay, Tls},
    mail::outbox::Unavailable,
};
use lettre::{
    address::Envelope,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret as _;
use std::{fmt, fs, path::PathBuf, time::Duration};
use tokio::time::timeout;

/// Farewells are polite, and nothing depends on them.
const FAREWELL: Duration = Duration::from_secs(2);

/// A mail, ready to go.
#[derive(Debug, Clone)]
pub struct OutgoingMessage {
    /// Sender and the one recipient.
    pub envelope: Envelope,
    /// Headers and body, 7 bit.
    pub bytes: Vec<u8>,
    /// Name of the file without ending, if it goes to a folder.
    pub name: String,
}

/// A way out.
#[derive(Debug, Clone)]
pub struct Mailer {
    way: Way,
    limit: Duration,
}

#[derive(Clone)]
enum Way {
    Relay { relay: Box<Relay>, tls: Option<TlsParameters>, hello: ClientId },
    Folder(PathBuf),
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Relay { .. } => "Relay",
            Self::Folder(_) => "Folder",
        })
    }
}

/// The relay's settings cannot work.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The extra certificate cannot be read.
    #[error("CLINIC_SMTP_CA: {0}; name a file with certificates in PEM form that this program may read")]
    Certificate(String),
    /// TLS cannot be set up.
    #[error("TLS to the relay cannot be set up: {0}")]
    Tls(Error),
    /// The machine trusts nobody.
    #[error("no trusted certificates were found on this machine ({0}); install the package ca-certificates")]
    Roots(std::io::Error),
}

/// Why a message was not delivered. Reasons hold nothing that a person wrote: `refused at RCPT (550)`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The letter could not be built, or failed from MAIL on: another letter may pass.
    #[error("{reason}")]
    Letter {
        /// The relay answered 5xx (RFC 5321 4.2.1), or the letter cannot be built.
        permanent: bool,
        /// What happened.
        reason: String,
    },
    /// Connection, greeting, TLS, log-in or the mail folder failed: no letter would pass.
    #[error("{reason}")]
    Session {
        /// The relay answered 5xx.
        permanent: bool,
        /// What happened.
        reason: String,
    },
    /// The letter's enquiry could not be read.
    #[error(transparent)]
    Outbox(#[from] Unavailable),
}

impl DeliveryError {
    fn session(reason: String) -> Self {
        Self::Session { permanent: false, reason }
    }

    /// A further attempt would end in the same way.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Letter { permanent: true, .. } | Self::Session { permanent: true, .. })
    }
}

impl Mailer {
    /// To a relay. `domain` is the sender's: it introduces us (RFC 5321 4.1.1.1), rather than the machine's name.
    pub fn relay(relay: Relay, domain: &str, limit: Duration) -> Result<Self, MailerError> {
        let tls = match relay.tls {
            Tls::Loopback => None,
            Tls::Implicit | Tls::Required => Some(parameters(&relay)?),
        };
        let hello = match domain.trim_matches(['[', ']']).parse() {
            Ok(ip) => ClientId::Ipv4(ip),
            Err(_) => ClientId::Domain(domain.to_owned()),
        };
        Ok(Self { way: Way::Relay { relay: Box::new(relay), tls, hello }, limit })
    }

    /// Each mail becomes an `.eml` file.
    pub fn folder(folder: PathBuf) -> Self {
        Self { way: Way::Folder(folder), limit: Duration::from_secs(10) }
    }

    /// The longest that [`Mailer::send`] takes, farewell included.
    pub fn limit(&self) -> Duration {
        self.limit + FAREWELL
    }

    /// Hands over, once.
    pub async fn send(&self, message: &OutgoingMessage) -> Result<(), DeliveryError> {
        match &self.way {
            Way::Folder(folder) => folder::write(folder, message).await,
            Way::Relay { relay, tls, hello } => self.converse(relay, tls.as_ref(), hello, message).await,
        }
    }

    /// Connects, secures the line, logs in and leaves: everything but a letter. A folder is always glad to see us.
    pub async fn greet(&self) -> Result<(), DeliveryError> {
        let Way::Relay { relay, tls, hello } = &self.way else { return Ok(()) };
        let mut connection = self.connect(relay, tls.as_ref(), hello).await?;
        let _ = timeout(FAREWELL, connection.abort()).await;
        Ok(())
    }

    async fn converse(
        &self,
        relay: &Relay,
        tls: Option<&TlsParameters>,
        hello: &ClientId,
        message: &OutgoingMessage,
    ) -> Result<(), DeliveryError> {
        let start = tokio::time::Instant::now();
        let mut connection = self.connect(relay, tls, hello).await?;
        let left = self.limit.saturating_sub(start.elapsed());
        let result = match timeout(left, hand_over(&mut connection, message)).await {
            Ok(result) => result,
            Err(_) => Err(DeliveryError::Letter { permanent: false, reason: "no answer in time after MAIL".into() }),
        };
        // Only now, and without a say in the result.
        let _ = timeout(FAREWELL, connection.abort()).await;
        result
    }

    async fn connect(
        &self,
        relay: &Relay,
        tls: Option<&TlsParameters>,
        hello: &ClientId,
    ) -> Result<AsyncSmtpConnection, DeliveryError> {
        let connected = timeout(self.limit, reach(relay, tls, hello)).await;
        connected.unwrap_or_else(|_| Err(DeliveryError::session("no answer in time before MAIL".into())))
    }
}

/// Connects, secures the line, logs in.
async fn reach(
    relay: &Relay,
    tls: Option<&TlsParameters>,
    hello: &ClientId,
) -> Result<AsyncSmtpConnection, DeliveryError> {
    let at = |place: &'static str| {
        move |error: Error| DeliveryError::Session { permanent: error.is_permanent(), reason: describe(place, &error) }
    };
    let mut connection = if let (Tls::Implicit, Some(tls)) = (relay.tls, tls) {
        let server = (relay.host.as_str(), relay.port);
        AsyncSmtpConnection::connect_tokio1(server, Some(wire::CONNECT), hello, Some(tls.clone()), None)
            .await
            .map_err(at("TLS or greeting"))?
    } else {
        let wire = wire::connect(&relay.host, relay.port, relay.tls == Tls::Loopback)
            .await
            .map_err(|error| DeliveryError::session(format!("no connection: {error}")))?;
        AsyncSmtpConnection::connect_with_transport(wire, hello).await.map_err(at("greeting"))?
    };
    if let (Tls::Required, Some(tls)) = (relay.tls, tls) {
        connection.starttls(tls.clone(), hello).await.map_err(at("STARTTLS"))?;
    }
    if let Some((user, password)) = &relay.login {
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map_err(at("AUTH"))?;
    }
    Ok(connection)
}

async fn hand_over(connection: &mut AsyncSmtpConnection, message: &OutgoingMessage) -> Result<(), DeliveryError> {
    let at = |place: &'static str| {
        move |error: Error| DeliveryError::Letter { permanent: error.is_permanent(), reason: describe(place, &error) }
    };
    connection.command(Mail::new(message.envelope.from().cloned(), vec![])).await.map_err(at("MAIL"))?;
    for recipient in message.envelope.to() {
        connection.command(Rcpt::new(recipient.clone(), vec![])).await.map_err(at("RCPT"))?;
    }
    connection.command(Data).await.map_err(at("DATA"))?;
    connection.message(&message.bytes).await.map_err(at("the final dot"))?;
    Ok(())
}

fn parameters(relay: &Relay) -> Result<TlsParameters, MailerError> {
    let mut builder = TlsParameters::builder(relay.host.clone());
    if let Some(file) = &relay.ca {
        let pem = fs::read(file).map_err(|e| MailerError::Certificate(e.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|e| MailerError::Certificate(e.to_string()))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(MailerError::Tls)
}

/// The code only: a server's words may repeat an address.
fn describe(place: &str, error: &Error) -> String {
    match error.status() {
        Some(code) => format!("refused at {place} ({code})"),
        None if error.is_response() => format!("unreadable answer at {place}"),
        None => format!("failed at {place}: {error}"),
    }
}
