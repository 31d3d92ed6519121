//! Findings about the relay: connection, TLS, certificate, log-in.

use super::Finding;
use crate::{
    config::{Relay, Tls},
    mail::mailer::{DeliveryError, Inspection, Validity},
};
use jiff::{SignedDuration, Timestamp};

/// A certificate should be renewed while at least this much is left, or a third of its validity if that is shorter.
const RENEWAL_DUE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Findings from an inspection of the relay.
pub fn examine(relay: &Relay, inspection: &Inspection, now: Timestamp) -> Vec<Finding> {
    let place = format!("{}:{}", relay.host, relay.port);
    let (certificate, logged_in) = match inspection {
        Inspection::Unreachable(reason) => {
            let message = format!("The relay {place} cannot be reached: {reason}.");
            let remedy = "Check host and port in CLINIC_SMTP_URL, and whether a firewall blocks this machine.";
            return vec![Finding::change("relay", message, remedy)];
        }
        Inspection::NotSecured(error) => {
            let message = format!("The relay {place} answers, but no encrypted session can be started: {error}.");
            let remedy = if message.contains("certificate") {
                "If the certificate has expired, renew it. If its issuer is unknown and the relay is your own, name the issuer's \
                 certificate in CLINIC_SMTP_CA. If it is for another name, write that name in CLINIC_SMTP_URL."
            } else {
                "Check scheme and port in CLINIC_SMTP_URL: smtps:// goes with port 465, smtp://…?tls=required with 587."
            };
            return vec![Finding::change("tls", message, remedy)];
        }
        Inspection::Secured { certificate, log_in } => (certificate, log_in),
    };
    let mut findings = vec![Finding::right("relay", format!("The relay {place} can be reached."))];
    findings.push(match relay.tls {
        Tls::Loopback => Finding::note("tls", "The relay is on this machine; the connection is not encrypted.", ""),
        Tls::Implicit => Finding::right("tls", "The connection is encrypted from its start (TLS)."),
        Tls::Required => Finding::right("tls", "The connection is encrypted by STARTTLS."),
    });
    findings.extend(certificate.map(|validity| expiry(validity, now)));
    findings.push(log_in(relay, logged_in));
    findings
}

fn expiry(Validity { not_before, not_after }: Validity, now: Timestamp) -> Finding {
    let (left, whole) = (not_after.duration_since(now), not_after.duration_since(not_before));
    let until = not_after.strftime("%B %-d, %Y");
    let days = left.as_hours() / 24;
    if left < RENEWAL_DUE.min(whole / 3) {
        let message = format!("The relay's certificate expires on {until}, days left: {days}.");
        return Finding::change(
            "tls",
            message,
            "Have the relay's certificate renewed now; an automatic renewal is late.",
        );
    }
    Finding::right("tls", format!("The relay's certificate is trusted and valid until {until}, days left: {days}."))
}

fn log_in(relay: &Relay, result: &Result<(), DeliveryError>) -> Finding {
    match result {
        Ok(()) if relay.login.is_some() => Finding::right("relay", "The relay accepts user and password (AUTH)."),
        Ok(()) => {
            let message = "No user and password are set; a probe shows whether the relay takes emails without them.";
            Finding::note("relay", message, "")
        }
        Err(error) => {
            let remedy = if error.is_permanent() {
                "Check user and password in CLINIC_SMTP_URL; characters such as @ / : are written as %40 %2F %3A."
            } else {
                "Try again in some minutes; then ask the relay's provider."
            };
            Finding::change("relay", format!("The relay refuses the log-in: {error}."), remedy)
        }
    }
}
