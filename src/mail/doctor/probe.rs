//! A letter that tries the whole way, sent only when somebody asks for it.

use super::{Finding, Topic};
use crate::mail::{
    letter::AutoSubmitted,
    mailer::{DeliveryError, Mailer, OutgoingMessage},
};
use askama::Template;
use jiff::Timestamp;
use lettre::{
    Address, Message,
    message::{Mailbox, header::ContentType},
};
use std::time::SystemTime;

#[derive(Template)]
#[template(path = "mail/probe.txt", escape = "none")]
struct Text<'a> {
    site: &'a str,
}

/// Sends a probe by the real way; `site` is the public origin. The relay's own words are not repeated, since they may
/// hold an address; its code is.
pub async fn send(mailer: &Mailer, from: &Address, to: &Address, site: &str, now: Timestamp) -> Finding {
    match parcel(from, to, site, now) {
        Ok(parcel) => judge(&mailer.send(&parcel).await),
        Err(why) => Topic::Probe.change(format!("The probe cannot be written: {why}."), "Look at CLINIC_MAIL_FROM."),
    }
}

/// What the relay's answer to the probe means.
pub fn judge(sent: &Result<(), DeliveryError>) -> Finding {
    match sent {
        Ok(()) => Topic::Probe
            .right("The relay took the probe (250 after its last line).")
            .remedy("Look for it in the mailbox, and among the junk; its header Authentication-Results should say spf=pass and dkim=pass."),
        Err(error) => {
            let remedy = if error.is_permanent() {
                "The relay says never: look at CLINIC_MAIL_FROM and the probe's address, and ask whoever runs the relay which senders it takes."
            } else {
                "The relay may take it later: ask again in some minutes."
            };
            Topic::Probe.change(format!("The probe was not taken: {error}."), remedy)
        }
    }
}

fn parcel(from: &Address, to: &Address, site: &str, now: Timestamp) -> Result<OutgoingMessage, String> {
    let id = blake3::hash(format!("{now}{site}").as_bytes()).to_hex();
    let text = Text { site }.render().map_err(|error| error.to_string())?;
    let message = Message::builder()
        .from(Mailbox::new(None, from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject("A probe from the website")
        .message_id(Some(format!("<probe-{}@{}>", &id[..16], from.domain())))
        .date(SystemTime::try_from(now).map_err(|error| error.to_string())?)
        .header(AutoSubmitted::GENERATED)
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|error| error.to_string())?;
    Ok(OutgoingMessage {
        envelope: message.envelope().clone(),
        bytes: message.formatted(),
        name: format!("probe-{}", &id[..16]),
    })
}
