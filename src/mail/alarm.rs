//! Sends alarms over a channel other than the staff's mail path: a second relay or a command.
//!
//! Invariant: a notice names the problem, since when it exists, and where to look; no reference, name or number of a
//! person. Every channel ends within its time limit.
//!
//! Never: a retry (the delivery worker notifies again), a shell.

use crate::{
    config::Alarm,
    mail::{
        health::ProblemKind,
        mailer::{DeliveryError, Mailer, MailerError, MessageSender as _, OutgoingMessage},
    },
};
use jiff::Timestamp;
use lettre::Address;
use std::{io, path::Path, path::PathBuf, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

/// The longest that [`AlarmChannel::notify`] takes.
const LIMIT: Duration = Duration::from_secs(30);

/// A channel for alarms that is ready to use.
#[derive(Debug, Clone)]
pub struct AlarmChannel {
    transport: Transport,
    /// Public origin, so that one inbox can serve several sites.
    site: String,
}

#[derive(Debug, Clone)]
enum Transport {
    Relay { mailer: Mailer, from: Address, to: Address },
    Command(PathBuf),
}

/// Why the notice was not sent.
#[derive(Debug, thiserror::Error)]
pub enum AlarmError {
    /// The relay did not take it.
    #[error("CLINIC_ALARM relay: {0}")]
    Relay(#[from] DeliveryError),
    /// The program could not be run.
    #[error("CLINIC_ALARM command: {0}")]
    Command(#[from] io::Error),
    /// It took too long.
    #[error("CLINIC_ALARM did not answer within {} seconds", LIMIT.as_secs())]
    Timeout,
}

/// A way to report problems. In production it is an [`AlarmChannel`].
#[expect(async_fn_in_trait, reason = "tasks use the channel itself, whose futures are Send")]
pub trait Notifier {
    /// Sends one notice.
    async fn notify(&self, kind: ProblemKind, since: Timestamp) -> Result<(), AlarmError>;
}

impl AlarmChannel {
    /// Prepares the channel. `from` is the sender through a second relay; `site` is the public origin.
    pub fn new(alarm: &Alarm, from: Address, site: &str) -> Result<Self, MailerError> {
        let transport = match alarm {
            Alarm::Relay(relay, to) => {
                let mailer = Mailer::relay(relay.clone(), from.domain(), LIMIT)?;
                Transport::Relay { mailer, from, to: to.clone() }
            }
            Alarm::Command(program) => Transport::Command(program.clone()),
        };
        Ok(Self { transport, site: site.to_owned() })
    }
}

impl Notifier for AlarmChannel {
    async fn notify(&self, kind: ProblemKind, since: Timestamp) -> Result<(), AlarmError> {
        let notice = format!(
            "{site} {} Since {}. The program's log says why; `enquiries list` shows what waits.",
            kind.sentence(),
            since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            site = self.site
        );
        let sent = async {
            match &self.transport {
                Transport::Relay { mailer, from, to } => {
                    let subject = format!("Website alarm: {}", kind.name());
                    let message = OutgoingMessage::text(from, to, &subject, notice, "alarm")?;
                    Ok(mailer.send(&message).await?)
                }
                Transport::Command(program) => run(program, &notice).await,
            }
        };
        timeout(LIMIT, sent).await.map_err(|_| AlarmError::Timeout)?
    }
}

async fn run(program: &Path, notice: &str) -> Result<(), AlarmError> {
    let mut child = Command::new(program)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program need not read the notice; only its exit status counts.
        let _ = stdin.write_all(format!("{notice}\n").as_bytes()).await;
    }
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("it ended with {status}")).into()) }
}
