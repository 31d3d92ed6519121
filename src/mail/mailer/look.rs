//! A look at a relay's encryption, for people: which version, whose certificate, until when, and is it trusted.
//!
//! Invariant: nothing secret is sent on this line, so it may look at a certificate that the mailer would refuse. Whether
//! letters leave is decided by the mailer's own check, which accepts no such thing.

use super::wire;
use crate::config::{Relay, Tls};
use jiff::Timestamp;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// The longest that a look takes.
const LIMIT: Duration = Duration::from_secs(20);
/// More lines or bytes than any greeting has.
const LINES: usize = 100;
const LINE: u64 = 2048;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// No connection.
    Unreachable(String),
    /// A connection, but no encryption could be agreed on.
    Broken(String),
    /// STARTTLS is wanted and not offered.
    NoStartTls,
    /// Loopback, without encryption.
    Plain,
    /// Encrypted.
    Secured(Secured),
}

/// An encrypted line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// `TLS 1.3` or `TLS 1.2`; older ones are not spoken here.
    pub version: &'static str,
    /// When the certificate begins to hold.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
    /// Whether the mailer would accept it.
    pub trust: Result<(), Distrust>,
}

/// Why a certificate is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYet,
    /// Nobody whom this machine trusts has signed it.
    UnknownIssuer,
    /// It is for another name.
    WrongName,
    /// Something rarer, in the words of the TLS library.
    Other(String),
}

impl Look {
    /// The mailer would go on from here.
    pub fn is_fine(&self) -> bool {
        matches!(self, Self::Plain | Self::Secured(Secured { trust: Ok(()), .. }))
    }
}

/// Looks, within twenty seconds.
pub async fn look(relay: &Relay) -> Look {
    let slow = || Look::Unreachable("it does not answer in time".to_owned());
    timeout(LIMIT, see(relay)).await.unwrap_or_else(|_| slow())
}

async fn see(relay: &Relay) -> Look {
    let loopback = relay.tls == Tls::Loopback;
    let stream = match wire::connect(&relay.host, relay.port, loopback).await {
        Ok(stream) => stream,
        Err(error) => return Look::Unreachable(error.to_string()),
    };
    if loopback {
        return Look::Plain;
    }
    let mut stream = BufReader::new(stream);
    if relay.tls == Tls::Required {
        match start_tls(&mut stream).await {
            Ok(true) => {}
            Ok(false) => return Look::NoStartTls,
            Err(error) => return Look::Broken(error.to_string()),
        }
    }
    secure(relay, stream).await.map_or_else(Look::Broken, Look::Secured)
}

/// Greeting, EHLO, STARTTLS (RFC 3207); false if it is not offered.
async fn start_tls<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> io::Result<bool> {
    reply(stream).await?;
    stream.write_all(b"EHLO doctor.invalid\r\n").await?;
    let offers = reply(stream).await?;
    if !offers.iter().any(|offer| offer.trim_end().eq_ignore_ascii_case("STARTTLS")) {
        let _ = stream.write_all(b"QUIT\r\n").await;
        return Ok(false);
    }
    stream.write_all(b"STARTTLS\r\n").await?;
    reply(stream).await?;
    Ok(true)
}

/// The texts of a good answer, one a line (RFC 5321 4.2).
async fn reply<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Vec<String>> {
    let mut texts = Vec::new();
    while texts.len() < LINES {
        let mut line = String::new();
        (&mut *stream).take(LINE).read_line(&mut line).await?;
        let (code, rest) = line.split_at_checked(4).ok_or_else(|| io::Error::other("its answer is cut off"))?;
        if !code.starts_with('2') {
            return Err(io::Error::other(format!("it answers {}", &code[..3])));
        }
        texts.push(rest.trim_end().to_owned());
        if code.ends_with(' ') {
            return Ok(texts);
        }
    }
    Err(io::Error::other("its answer does not end"))
}

async fn secure<S: AsyncRead + AsyncWrite + Unpin>(relay: &Relay, stream: S) -> Result<Secured, String> {
    let name = ServerName::try_from(relay.host.clone()).map_err(|error| error.to_string())?;
    let witness = Arc::new(Witness::new(relay)?);
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let mut line = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|e| e.to_string())?;
    let _ = line.shutdown().await;
    let session = line.get_ref().1;
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "TLS 1.2",
    };
    let certificate = session.peer_certificates().and_then(<[_]>::first).ok_or("it showed no certificate")?;
    let (not_before, not_after) = dates(certificate).ok_or("the dates of its certificate cannot be read")?;
    Ok(Secured { version, not_before, not_after, trust: witness.verdict() })
}

fn dates(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let validity = certificate.validity();
    let at = |seconds| Timestamp::from_second(seconds).ok();
    Some((at(validity.not_before.timestamp())?, at(validity.not_after.timestamp())?))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Judges as the mailer does, remembers the judgement, and lets the handshake go on, so that there is something to see.
#[derive(Debug)]
struct Witness {
    strict: Arc<WebPkiServerVerifier>,
    verdict: Mutex<Result<(), Distrust>>,
}

impl Witness {
    /// With the certificates of the system and the relay's own.
    fn new(relay: &Relay) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(file) = &relay.ca {
            let own = CertificateDer::pem_file_iter(file).map_err(|error| format!("CLINIC_SMTP_CA: {error}"))?;
            roots.add_parsable_certificates(own.filter_map(Result::ok));
        }
        let strict = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        Ok(Self { strict: strict.map_err(|error| error.to_string())?, verdict: Mutex::new(Ok(())) })
    }

    fn verdict(&self) -> Result<(), Distrust> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self.strict.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = judged.map(|_| ()).map_err(|e| distrust(&e));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

fn distrust(error: &Error) -> Distrust {
    match error {
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            Distrust::Expired
        }
        Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            Distrust::NotYet
        }
        // A bad signature: an issuer of the right name and with another key.
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            Distrust::UnknownIssuer
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Distrust::WrongName,
        other => Distrust::Other(other.to_string()),
    }
}
