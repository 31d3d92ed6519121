//! What a look at the relay means: can it be reached, is the line private, does it let us in.

use super::{Finding, Topic};
use crate::{
    config::{Relay, Tls},
    mail::mailer::{DeliveryError, Distrust, Look, Secured},
};
use jiff::{SignedDuration, Timestamp};

/// A certificate should be renewed before fewer days than this are left, or a third of its life if that is shorter.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Judges a look, and the greeting if there was one.
pub fn judge(relay: &Relay, look: &Look, greeting: Option<&Result<(), DeliveryError>>, now: Timestamp) -> Vec<Finding> {
    let place = format!("{}:{}", relay.host, relay.port);
    let reached = Topic::Relay.right(format!("The relay {place} can be reached."));
    match look {
        Look::Unreachable(why) => {
            let saying = format!("The relay {place} cannot be reached: {why}.");
            vec![Topic::Relay.change(
                saying,
                "Look at host and port in CLINIC_SMTP_URL, and whether a firewall lets this machine out.",
            )]
        }
        Look::Broken(why) => {
            let saying = format!("The relay {place} answers, but the line cannot be made private: {why}.");
            let remedy =
                "Look at scheme and port in CLINIC_SMTP_URL: smtps:// goes with 465, smtp://…?tls=required with 587.";
            vec![reached, Topic::Tls.change(saying, remedy).by("RFC 8314, 3.3")]
        }
        Look::NoStartTls => {
            let saying = format!("The relay {place} offers no encryption (STARTTLS), so no letter is sent there.");
            let remedy = "Write smtps:// in CLINIC_SMTP_URL if it takes TLS on port 465, or use another relay. If it used to offer \
                          STARTTLS, somebody may be meddling with the line.";
            vec![reached, Topic::Tls.change(saying, remedy).by("RFC 3207, 6")]
        }
        Look::Plain => {
            let saying = "The relay is on this machine, so the line to it is not encrypted.";
            [reached, Topic::Tls.note(saying)].into_iter().chain(log_in(relay, greeting)).collect()
        }
        Look::Secured(secured) => {
            [reached].into_iter().chain(encryption(relay, secured, now)).chain(log_in(relay, greeting)).collect()
        }
    }
}

fn encryption(relay: &Relay, secured: &Secured, now: Timestamp) -> Vec<Finding> {
    let way = if relay.tls == Tls::Implicit { "from the first byte" } else { "by STARTTLS" };
    let version = Topic::Tls.right(format!("The line is encrypted with {}, {way}.", secured.version));
    vec![version, certificate(relay, secured, now)]
}

fn certificate(relay: &Relay, secured: &Secured, now: Timestamp) -> Finding {
    let until = secured.not_after.strftime("%B %-d, %Y");
    let expired = format!("The relay's certificate ran out on {until}; no letter is sent there.");
    let renew = "Whoever runs the relay must renew its certificate.";
    match &secured.trust {
        Err(Distrust::Expired) => Topic::Tls.change(expired, renew),
        Err(Distrust::NotYet) => {
            Topic::Tls.change("The relay's certificate does not hold yet.", "Look at the clock of this machine.")
        }
        Err(Distrust::UnknownIssuer) => {
            let saying = "The relay's certificate comes from an issuer whom this machine does not know; no letter is sent there.";
            let remedy = "If the relay is your own, name its issuer's certificate in CLINIC_SMTP_CA. If not, somebody else may be answering.";
            Topic::Tls.change(saying, remedy)
        }
        Err(Distrust::WrongName) => {
            let saying =
                format!("The relay's certificate is for another name than {}; no letter is sent there.", relay.host);
            Topic::Tls.change(saying, "Write the name from the certificate in CLINIC_SMTP_URL.").by("RFC 9525, 6")
        }
        Err(Distrust::Other(why)) => {
            Topic::Tls.change(format!("The relay's certificate is not accepted: {why}."), renew)
        }
        Ok(()) if secured.not_after <= now => Topic::Tls.change(expired, renew),
        Ok(()) => lasting(secured, now),
    }
}

fn lasting(secured: &Secured, now: Timestamp) -> Finding {
    let (left, life) = (secured.not_after.duration_since(now), secured.not_after.duration_since(secured.not_before));
    let days = left.as_hours() / 24;
    let until = secured.not_after.strftime("%B %-d, %Y");
    let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    if left < SOON.min(life / 3) {
        let saying = format!("The relay's certificate runs out on {until}, in {days}.");
        return Topic::Tls.change(
            saying,
            "Whoever runs the relay should renew its certificate now; it is late for an automatic renewal.",
        );
    }
    Topic::Tls.right(format!("The relay's certificate is trusted and holds until {until}, {days} from now."))
}

fn log_in(relay: &Relay, greeting: Option<&Result<(), DeliveryError>>) -> Option<Finding> {
    Some(match (greeting?, &relay.login) {
        (Ok(()), Some(_)) => Topic::Relay.right("The relay accepts user and password (AUTH)."),
        (Ok(()), None) => Topic::Relay
            .note("No user and password are set; whether the relay takes letters without them, a probe tells."),
        (Err(error), Some(_)) if error.is_permanent() => {
            let saying = format!("The relay does not let this program in: {error}.");
            Topic::Relay
                .change(
                    saying,
                    "Look at user and password in CLINIC_SMTP_URL; signs such as @ / : are written as %40 %2F %3A.",
                )
                .by("RFC 4954, 6")
        }
        (Err(error), _) => {
            let saying = format!("The relay does not let this program in now: {error}.");
            Topic::Relay.change(saying, "Ask again in some minutes; then ask whoever runs the relay.")
        }
    })
}
