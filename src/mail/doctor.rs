//! The doctor: why letters would leave and be believed, or not, in words that say what to change.
//!
//! Asking and judging are apart: [`names`] asks name servers and [`super::mailer::look`] a relay; everything else here is
//! a pure function from what they said to findings. Invariant: what could not be asked is never held against anybody: no
//! answer of a name server is no fault of the clinic's records.
//!
//! Never: a change of anything; a mailbox's name in a finding, since findings go to the log too.

pub mod dkim;
pub mod dmarc;
pub mod mx;
pub mod names;
pub mod probe;
pub mod records;
pub mod relay;
pub mod sender;
pub mod spf;
mod tags;

use crate::{
    config::Config,
    mail::{
        doctor::{names::Names, records::Records},
        mailer::{self, Mailer},
    },
};
use jiff::Timestamp;
use serde::Serialize;

/// One thing that the doctor looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub topic: Topic,
    /// How it is.
    pub grade: Grade,
    /// What was found, in a sentence.
    pub saying: String,
    /// What to do, where there is something to do.
    pub remedy: Option<String>,
    /// The rule behind it: an RFC and its section; empty where common sense is enough.
    pub rule: &'static str,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The program's own settings.
    Settings,
    /// The way to the relay, and its log-in.
    Relay,
    /// Encryption to the relay, and its certificate.
    Tls,
    /// The sender's domain beside the site's.
    Sender,
    /// Whether name servers answer.
    Dns,
    /// Where answers and bounces go (RFC 5321 5.1, RFC 7505).
    Mx,
    /// Which servers may send (RFC 7208).
    Spf,
    /// The key of signatures (RFC 6376).
    Dkim,
    /// What receivers do with forgeries (RFC 9989, which replaced RFC 7489).
    Dmarc,
    /// A letter that was sent to try it.
    Probe,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// As it should be.
    Right,
    /// Worth knowing; nothing has to be done.
    Note,
    /// It could not be found out.
    Unknown,
    /// Something is to be changed.
    Change,
}

impl Topic {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Relay => "relay",
            Self::Tls => "TLS",
            Self::Sender => "sender",
            Self::Dns => "DNS",
            Self::Mx => "MX",
            Self::Spf => "SPF",
            Self::Dkim => "DKIM",
            Self::Dmarc => "DMARC",
            Self::Probe => "probe",
        }
    }

    pub(crate) fn right(self, saying: impl Into<String>) -> Finding {
        Finding { topic: self, grade: Grade::Right, saying: saying.into(), remedy: None, rule: "" }
    }

    pub(crate) fn note(self, saying: impl Into<String>) -> Finding {
        Finding { grade: Grade::Note, ..self.right(saying) }
    }

    pub(crate) fn unknown(self, saying: impl Into<String>) -> Finding {
        Finding { grade: Grade::Unknown, ..self.right(saying) }
    }

    pub(crate) fn change(self, saying: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { grade: Grade::Change, remedy: Some(remedy.into()), ..self.right(saying) }
    }
}

impl Finding {
    pub(crate) fn by(self, rule: &'static str) -> Self {
        Self { rule, ..self }
    }

    pub(crate) fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}

/// Looks at everything but the way of a letter itself: settings, relay, sender, records. `mailer` is the one that the
/// courier would use, `now` judges certificates. Takes as long as the slowest of them: seconds, a minute at most.
pub async fn examine(config: &Config, mailer: &Mailer, now: Timestamp) -> Vec<Finding> {
    let domain = config.mail_from.domain();
    let site = config.base_url.host_str().unwrap_or_default();
    let mut findings = settings(config);
    let (relay, records) = tokio::join!(ask_relay(config, mailer, now), ask_names(config, domain));
    findings.extend(relay);
    findings.extend(sender::judge(domain, site));
    findings.extend(records);
    findings
}

fn settings(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Topic::Settings.right("Every setting can be read.")];
    if config.staging {
        findings.push(Topic::Settings.note("CLINIC_STAGING is on, so letters go to a folder and to nobody's mailbox."));
    } else if config.relay.is_none() {
        let saying = "No relay is set, so each letter is written to a folder and reaches nobody's mailbox.";
        let remedy = "Set CLINIC_SMTP_URL or CLINIC_SMTP_URL_FILE: smtps://user:password@host.";
        findings.push(Topic::Settings.change(saying, remedy));
    }
    if config.alarm.is_none() {
        let saying = "CLINIC_ALARM is not set: when letters do not leave, only the log and /health/form say so.";
        findings.push(Topic::Settings.note(saying));
    }
    findings
}

async fn ask_relay(config: &Config, mailer: &Mailer, now: Timestamp) -> Vec<Finding> {
    let Some(relay) = &config.relay else { return Vec::new() };
    let look = mailer::look(relay).await;
    // Somebody who is not who they say gets no password.
    let greeting = if look.is_fine() { Some(mailer.greet().await) } else { None };
    relay::judge(relay, &look, greeting.as_ref(), now)
}

async fn ask_names(config: &Config, domain: &str) -> Vec<Finding> {
    if !sender::has_records(domain) {
        return Vec::new();
    }
    let names = Names::new(config.resolver);
    match records::gather(&names, domain, &config.dkim_selectors).await {
        Ok(records) => judge(domain, &config.dkim_selectors, &records),
        Err(silence) => vec![silent(domain, &silence)],
    }
}

/// One finding for all records, since none could be asked for.
fn silent(domain: &str, silence: &str) -> Finding {
    let saying = format!(
        "{silence} Nothing is known about MX, SPF, DKIM and DMARC of {domain}, and nothing is said against them."
    );
    Topic::Dns
        .change(saying, "Look at this machine's network, or name another server in CLINIC_RESOLVER; then ask again.")
}

/// What the records of the sender's domain say, all together.
pub fn judge(domain: &str, selectors: &[String], records: &Records) -> Vec<Finding> {
    if records.mx.is_no_such_name() {
        return vec![mx::no_such_domain(domain)];
    }
    let mut findings = mx::judge(domain, &records.mx, &records.host);
    findings.extend(spf::judge(domain, &records.txt));
    findings.extend(dkim::judge(domain, selectors, &records.txt));
    let right = |finding: &Finding| finding.grade == Grade::Right && matches!(finding.topic, Topic::Spf | Topic::Dkim);
    let vouched = findings.iter().any(right);
    findings.extend(dmarc::judge(domain, &records.txt, vouched));
    findings
}
