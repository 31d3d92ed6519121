//! Checks whether mail would leave and be trusted: settings, relay, sender's domain, DNS records, a test message.
//!
//! Invariant: an unanswered DNS query is never reported as a missing record. Findings never contain a mailbox's name,
//! because they are logged.
//!
//! Never: a change of anything.

pub mod dns;
pub mod probe;
pub mod relay;

use crate::{
    config::{Config, Tls},
    mail::mailer::Mailer,
};
use jiff::Timestamp;
use serde::Serialize;

/// One result of the examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `settings`, `relay`, `tls`, `sender`, `bounces`, `dns`, `mx`, `spf`, `dkim`, `dmarc` or `probe`.
    pub topic: &'static str,
    /// Whether something is to be changed.
    pub grade: Grade,
    /// What was found, in a sentence.
    pub message: String,
    /// What to do; empty if there is nothing to do.
    pub remedy: String,
}

/// Whether something is to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// As it should be.
    Right,
    /// Worth knowing; nothing has to be done.
    Note,
    /// Something is to be changed.
    Change,
}

impl Finding {
    fn right(topic: &'static str, message: impl Into<String>) -> Self {
        Self { topic, grade: Grade::Right, message: message.into(), remedy: String::new() }
    }

    fn note(topic: &'static str, message: impl Into<String>, remedy: &str) -> Self {
        Self { topic, grade: Grade::Note, message: message.into(), remedy: remedy.to_owned() }
    }

    fn change(topic: &'static str, message: impl Into<String>, remedy: &str) -> Self {
        Self { grade: Grade::Change, ..Self::note(topic, message, remedy) }
    }
}

/// Examines everything except sending a message. `now` is compared with the relay's certificate. Takes seconds, at most
/// the mailer's limit.
pub async fn examine(config: &Config, mailer: &Mailer, now: Timestamp) -> Vec<Finding> {
    let domain = config.mail_from.domain();
    let host = config.relay.as_ref().filter(|relay| relay.tls != Tls::Loopback).map(|relay| relay.host.as_str());
    let records = async {
        if is_public(domain) {
            dns::examine(config.resolver, domain, &config.dkim_selectors, host).await
        } else {
            Vec::new()
        }
    };
    let (inspection, records) = tokio::join!(mailer.inspect(), records);
    let mut findings = settings(config);
    if let (Some(relay), Some(inspection)) = (&config.relay, inspection) {
        findings.extend(relay::examine(relay, &inspection, now));
    }
    findings.push(sender(domain, config.base_url.host_str().unwrap_or_default()));
    findings.extend(bounces(config));
    findings.extend(records);
    findings
}

fn settings(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::right("settings", "Every setting can be read.")];
    if config.staging {
        let message = "CLINIC_STAGING is on: emails are written to a folder and reach no mailbox.";
        findings.push(Finding::note("settings", message, ""));
    } else if config.relay.is_none() {
        let message = "No relay is set: emails are written to a folder and reach no mailbox.";
        let remedy = "Set CLINIC_SMTP_URL or CLINIC_SMTP_URL_FILE: smtps://user:password@host.";
        findings.push(Finding::change("settings", message, remedy));
    }
    if config.alarm.is_none() {
        let message = "CLINIC_ALARM is not set: when emails cannot be sent, only the log and /health/form say so.";
        findings.push(Finding::note("settings", message, ""));
    }
    findings
}

/// Whether a domain can have public DNS records: it is no IP address and no name of a local network.
fn is_public(domain: &str) -> bool {
    let last = domain.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let local = ["localhost", "local", "internal", "test", "invalid"];
    domain.contains('.') && !domain.starts_with('[') && !local.contains(&last.as_str())
}

/// Compares the domain of `CLINIC_MAIL_FROM` with the host of `CLINIC_BASE_URL`: one must equal the other or lie below
/// it. This is stricter than DMARC's alignment (RFC 9989 4.4) and needs no list of public suffixes.
fn sender(domain: &str, site: &str) -> Finding {
    if !is_public(domain) {
        let message = format!("Emails come from {domain}, which is not a public domain.");
        let remedy = "Set CLINIC_BASE_URL to the public address of the site, or CLINIC_MAIL_FROM to an address of the clinic's domain.";
        return Finding::change("sender", message, remedy);
    }
    let host = site.strip_prefix("www.").unwrap_or(site);
    let (dotted_host, dotted_domain) = (format!(".{host}").to_lowercase(), format!(".{domain}").to_lowercase());
    if dotted_host.ends_with(&dotted_domain) || dotted_domain.ends_with(&dotted_host) {
        return Finding::right("sender", format!("Emails come from {domain}, the domain of the site {site}."));
    }
    let message = format!("Emails come from {domain}, but the site is {site}: receivers may distrust them.");
    let remedy = format!("Set CLINIC_MAIL_FROM to an address at {host}, and let the relay sign for that domain.");
    Finding::change("sender", message, &remedy)
}

/// A mailbox that a person reads, but none of those that may have refused the letter; of the sender's domain, for SPF
/// (RFC 7208 2.4).
fn bounces(config: &Config) -> Option<Finding> {
    let problem = if config.bounces_to.domain() != config.mail_from.domain() {
        "Its domain is not the sender's."
    } else if config.mail_to.contains(&config.bounces_to) {
        "It is one of the recipients, whose mailbox may be the one that refuses."
    } else {
        return None;
    };
    let message = format!("An email that a relay returns later goes to CLINIC_BOUNCES_TO. {problem}");
    let remedy = "Set it to an address of the sender's domain that a person reads and that is none of CLINIC_MAIL_TO.";
    Some(Finding::change("bounces", message, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_belongs_to_the_site_if_one_name_equals_the_other_or_lies_below_it() {
        let table = [
            ("clinic.example", "www.clinic.example", Grade::Right),
            ("clinic.example", "CLINIC.example", Grade::Right),
            ("mail.clinic.example", "clinic.example", Grade::Right),
            ("clinic.example", "booking.clinic.example", Grade::Right),
            ("otherclinic.example", "clinic.example", Grade::Change),
            ("clinic.example", "clinic.example.org", Grade::Change),
            ("localhost", "localhost", Grade::Change),
            ("[127.0.0.1]", "127.0.0.1", Grade::Change),
        ];
        for (domain, site, grade) in table {
            assert_eq!(sender(domain, site).grade, grade, "{domain} {site}");
        }
    }
}
