//! One SMTP session with a relay, command by command.
//!
//! lettre's own transport waits for the answer to QUIT inside `send`: a relay that hangs after "550" or after "250" would
//! make a refusal or a delivery look like a timeout.

use super::{
    DeliveryError, MailerError, OutgoingMessage, QUIT_LIMIT,
    line_stream::{self, CONNECT_LIMIT},
};
use crate::config::{Relay, Tls};
use jiff::Timestamp;
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    commands::{Data, Mail, Rcpt},
    extension::ClientId,
};
use rustls::{
    CertificateError, RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    pki_types::{CertificateDer, UnixTime},
    server::ParsedCertificate,
};
use secrecy::ExposeSecret as _;
use std::{fmt, fs, time::Duration};
use tokio::time::{Instant, timeout};

#[derive(Clone)]
pub(super) struct RelayClient {
    relay: Relay,
    tls: Option<TlsParameters>,
    client_id: ClientId,
}

impl fmt::Debug for RelayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayClient").field("relay", &self.relay).finish_non_exhaustive()
    }
}

/// How far a session without a message came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspection {
    /// No connection.
    Unreachable(String),
    /// Connected, but the greeting or TLS failed.
    NotSecured(DeliveryError),
    /// Ready to log in.
    Secured {
        /// Validity of the relay's certificate; absent without TLS.
        certificate: Option<Validity>,
        /// Result of AUTH; `Ok` without user and password.
        log_in: Result<(), DeliveryError>,
    },
}

/// Period in which a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From the certificate's `notBefore`.
    pub not_before: Timestamp,
    /// From the certificate's `notAfter`.
    pub not_after: Timestamp,
}

impl RelayClient {
    pub(super) fn new(relay: Relay, domain: &str) -> Result<Self, MailerError> {
        let tls = match relay.tls {
            Tls::Loopback => None,
            Tls::Implicit | Tls::Required => Some(tls_parameters(&relay)?),
        };
        let client_id = match domain.trim_matches(['[', ']']).parse() {
            Ok(ip) => ClientId::Ipv4(ip),
            Err(_) => ClientId::Domain(domain.to_owned()),
        };
        Ok(Self { relay, tls, client_id })
    }

    pub(super) async fn send(&self, message: &OutgoingMessage, limit: Duration) -> Result<(), DeliveryError> {
        let start = Instant::now();
        let mut connection = self.open(limit).await?;
        let left = limit.saturating_sub(start.elapsed());
        let late = |_| Err(DeliveryError::Letter { permanent: false, reason: "no answer in time after MAIL".into() });
        let result = timeout(left, transfer(&mut connection, message)).await.unwrap_or_else(late);
        let _ = timeout(QUIT_LIMIT, connection.abort()).await;
        result
    }

    pub(super) async fn check(&self, limit: Duration) -> Result<(), DeliveryError> {
        let mut connection = self.open(limit).await?;
        let _ = timeout(QUIT_LIMIT, connection.abort()).await;
        Ok(())
    }

    pub(super) async fn inspect(&self) -> Inspection {
        let Relay { host, port, tls, .. } = &self.relay;
        // A connection of its own, because lettre reports a refused connection and a failed handshake alike.
        if let Err(error) = line_stream::connect(host, *port, *tls == Tls::Loopback).await {
            return Inspection::Unreachable(error.to_string());
        }
        let mut connection = match self.connect().await {
            Ok(connection) => connection,
            Err(error) => return Inspection::NotSecured(error),
        };
        let certificate = connection.peer_certificate().ok().and_then(|der| validity(&der));
        let log_in = self.log_in(&mut connection).await;
        let _ = timeout(QUIT_LIMIT, connection.abort()).await;
        Inspection::Secured { certificate, log_in }
    }

    /// Connects, encrypts and logs in.
    async fn open(&self, limit: Duration) -> Result<AsyncSmtpConnection, DeliveryError> {
        let opened = timeout(limit, async {
            let mut connection = self.connect().await?;
            self.log_in(&mut connection).await?;
            Ok(connection)
        });
        let late = |_| Err(DeliveryError::session("no answer in time before MAIL".into()));
        opened.await.unwrap_or_else(late)
    }

    /// Connects and encrypts.
    async fn connect(&self) -> Result<AsyncSmtpConnection, DeliveryError> {
        let Relay { host, port, tls, .. } = &self.relay;
        if let (Tls::Implicit, Some(parameters)) = (tls, &self.tls) {
            let (server, parameters) = ((host.as_str(), *port), Some(parameters.clone()));
            let connected =
                AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_LIMIT), &self.client_id, parameters, None);
            return connected.await.map_err(|error| session_error("TLS or greeting", &error));
        }
        let stream = line_stream::connect(host, *port, *tls == Tls::Loopback)
            .await
            .map_err(|error| DeliveryError::session(format!("no connection: {error}")))?;
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &self.client_id)
            .await
            .map_err(|error| session_error("greeting", &error))?;
        if let (Tls::Required, Some(parameters)) = (tls, &self.tls) {
            let started = connection.starttls(parameters.clone(), &self.client_id).await;
            started.map_err(|error| session_error("STARTTLS", &error))?;
        }
        Ok(connection)
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), DeliveryError> {
        let Some((user, password)) = &self.relay.login else { return Ok(()) };
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        let answer = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
        answer.map(drop).map_err(|error| session_error("AUTH", &error))
    }
}

async fn transfer(connection: &mut AsyncSmtpConnection, message: &OutgoingMessage) -> Result<(), DeliveryError> {
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

fn tls_parameters(relay: &Relay) -> Result<TlsParameters, MailerError> {
    let mut builder = TlsParameters::builder(relay.host.clone());
    if let Some(file) = &relay.ca {
        let pem = fs::read(file).map_err(|e| MailerError::Certificate(e.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|e| MailerError::Certificate(e.to_string()))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(MailerError::Tls)
}

/// The dates of a certificate. rustls has no accessor for them, but its check at a time outside of them reports the date
/// that it compared, before it looks for an issuer.
fn validity(certificate: &[u8]) -> Option<Validity> {
    let der = CertificateDer::from(certificate);
    let certificate = ParsedCertificate::try_from(&der).ok()?;
    let error_at = |seconds| {
        let (roots, at) = (RootCertStore::empty(), UnixTime::since_unix_epoch(Duration::from_secs(seconds)));
        match verify_server_cert_signed_by_trust_anchor(&certificate, &roots, &[], at, &[]) {
            Err(rustls::Error::InvalidCertificate(error)) => Some(error),
            _ => None,
        }
    };
    let CertificateError::NotValidYetContext { not_before, .. } = error_at(0)? else { return None };
    let CertificateError::ExpiredContext { not_after, .. } = error_at(u64::MAX)? else { return None };
    let timestamp = |time: UnixTime| Timestamp::from_second(time.as_secs().try_into().ok()?).ok();
    Some(Validity { not_before: timestamp(not_before)?, not_after: timestamp(not_after)? })
}

fn session_error(place: &str, error: &Error) -> DeliveryError {
    DeliveryError::Session { permanent: error.is_permanent(), reason: describe(place, error) }
}

/// The status code only, because the text of an answer may repeat an address.
fn describe(place: &str, error: &Error) -> String {
    match error.status() {
        Some(code) => format!("refused at {place} ({code})"),
        None if error.is_response() => format!("unreadable answer at {place}"),
        None => format!("failed at {place}: {error}"),
    }
}
