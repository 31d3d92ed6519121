//! Sends one message to an SMTP relay or writes it to a folder. The only module with transports.
//!
//! Invariant: `Ok` means that the relay acknowledged the final dot, or that the file is on disk; nothing after the
//! acknowledgment turns it into a failure. Every session ends within its time limit. Neither password nor message is sent
//! unencrypted, unless the relay is on loopback.
//!
//! Never: a retry, a connection pool, a decision about what happens to a letter.

mod folder;
mod line_stream;
mod relay_client;

pub use relay_client::{Inspection, Validity};

use super::{
    message::auto_submitted,
    outbox::{Unavailable, random},
};
use crate::config::Relay;
use lettre::{
    Address, Message,
    address::Envelope,
    message::{Mailbox, SinglePart},
    transport::smtp::Error,
};
use relay_client::RelayClient;
use std::{path::PathBuf, time::Duration};
use tokio::time::timeout;

/// Time for QUIT; its answer does not change the result.
const QUIT_LIMIT: Duration = Duration::from_secs(2);

/// A message, ready to send.
#[derive(Debug, Clone)]
pub struct OutgoingMessage {
    /// Sender and the one recipient.
    pub envelope: Envelope,
    /// Headers and body, 7 bit.
    pub bytes: Vec<u8>,
    /// File name without extension, if it is written to a folder.
    pub name: String,
}

impl OutgoingMessage {
    /// A message of plain text that is not stored, with the present Date and a random Message-ID that begins with `kind`.
    pub(super) fn text(
        from: &Address,
        to: &Address,
        subject: &str,
        text: String,
        kind: &str,
    ) -> Result<Self, DeliveryError> {
        let name = format!("{kind}-{}", data_encoding::HEXLOWER.encode(&random::<8>()));
        let message = Message::builder()
            .from(Mailbox::new(None, from.clone()))
            .to(Mailbox::new(None, to.clone()))
            .subject(subject)
            .message_id(Some(format!("<{name}@{}>", from.domain())))
            .raw_header(auto_submitted("auto-generated"))
            .singlepart(SinglePart::plain(text))
            .map_err(|error| DeliveryError::Unwritable(error.to_string()))?;
        Ok(Self { envelope: message.envelope().clone(), bytes: message.formatted(), name })
    }
}

/// Sends messages through one transport.
#[derive(Debug, Clone)]
pub struct Mailer {
    transport: Transport,
    limit: Duration,
}

#[derive(Debug, Clone)]
enum Transport {
    Relay(Box<RelayClient>),
    Folder(PathBuf),
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
}

/// Why a message was not delivered. Reasons hold nothing that a person wrote: `refused at RCPT (550)`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The letter cannot be built.
    #[error("{0}")]
    Unwritable(String),
    /// It failed from MAIL on: another letter may pass.
    #[error("{reason}")]
    Letter {
        /// The relay answered 5xx (RFC 5321 4.2.1).
        permanent: bool,
        /// What happened.
        reason: String,
    },
    /// Connection, greeting, TLS, log-in or the mail folder failed: no letter would pass, and none fails because of it.
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

    /// The relay answered 5xx: a person has to change something.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Letter { permanent: true, .. } | Self::Session { permanent: true, .. })
    }
}

/// A way to send messages. In production it is a [`Mailer`].
#[expect(async_fn_in_trait, reason = "tasks use the mailer itself, whose futures are Send")]
pub trait MessageSender {
    /// The longest that [`MessageSender::send`] takes, QUIT included.
    fn limit(&self) -> Duration;
    /// Sends once.
    async fn send(&self, message: &OutgoingMessage) -> Result<(), DeliveryError>;
    /// Whether the relay would take a letter now: connects, encrypts, logs in and leaves. A folder is not tried.
    async fn check(&self) -> Result<(), DeliveryError>;
}

impl Mailer {
    /// Sends to a relay. `domain` is the sender's and is named in EHLO (RFC 5321 4.1.1.1) instead of the machine's name.
    pub fn relay(relay: Relay, domain: &str, limit: Duration) -> Result<Self, MailerError> {
        Ok(Self { transport: Transport::Relay(Box::new(RelayClient::new(relay, domain)?)), limit })
    }

    /// Writes each message as an `.eml` file.
    pub fn folder(folder: PathBuf) -> Self {
        Self { transport: Transport::Folder(folder), limit: Duration::from_secs(10) }
    }

    /// Connects to the relay, encrypts, logs in and leaves without a message, step by step for `doctor`; `None` for a
    /// folder.
    pub async fn inspect(&self) -> Option<Inspection> {
        let Transport::Relay(client) = &self.transport else { return None };
        let late = |_| Inspection::Unreachable("it does not answer in time".to_owned());
        Some(timeout(self.limit, client.inspect()).await.unwrap_or_else(late))
    }
}

impl MessageSender for Mailer {
    fn limit(&self) -> Duration {
        self.limit + QUIT_LIMIT
    }

    async fn send(&self, message: &OutgoingMessage) -> Result<(), DeliveryError> {
        match &self.transport {
            Transport::Folder(folder) => folder::write(folder, message).await,
            Transport::Relay(client) => client.send(message, self.limit).await,
        }
    }

    async fn check(&self) -> Result<(), DeliveryError> {
        match &self.transport {
            Transport::Folder(_) => Ok(()),
            Transport::Relay(client) => client.check(self.limit).await,
        }
    }
}
