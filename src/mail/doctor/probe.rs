//! Sends a test message; only on request.

use super::Finding;
use crate::mail::{
    mailer::{Mailer, MessageSender as _, OutgoingMessage},
    message::AutoSubmitted,
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

/// Sends one message as letters are sent; `site` is the public origin.
pub async fn send(mailer: &Mailer, from: &Address, to: &Address, site: &str, now: Timestamp) -> Finding {
    let message = match message(from, to, site, now) {
        Ok(message) => message,
        Err(error) => {
            let text = format!("The probe cannot be written: {error}.");
            return Finding::change("probe", text, "Check CLINIC_MAIL_FROM.");
        }
    };
    match mailer.send(&message).await {
        Ok(()) => {
            let remedy = "Look for it in the mailbox and in the spam folder; its header Authentication-Results should say \
                          spf=pass and dkim=pass.";
            let text = "The relay took the probe (250 after its last line).".to_owned();
            Finding { remedy: remedy.to_owned(), ..Finding::right("probe", text) }
        }
        Err(error) => {
            let remedy = if error.is_permanent() {
                "The refusal is final: check CLINIC_MAIL_FROM and the probe's address, and ask the relay's provider which \
                 senders it takes."
            } else {
                "The relay may take it later: try again in some minutes."
            };
            Finding::change("probe", format!("The probe was not taken: {error}."), remedy)
        }
    }
}

fn message(
    from: &Address,
    to: &Address,
    site: &str,
    now: Timestamp,
) -> Result<OutgoingMessage, Box<dyn std::error::Error>> {
    let id = &blake3::hash(format!("{now}{site}").as_bytes()).to_hex()[..16];
    let message = Message::builder()
        .from(Mailbox::new(None, from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject("A probe from the website")
        .message_id(Some(format!("<probe-{id}@{}>", from.domain())))
        .date(SystemTime::try_from(now)?)
        .header(AutoSubmitted::GENERATED)
        .header(ContentType::TEXT_PLAIN)
        .body(Text { site }.render()?)?;
    Ok(OutgoingMessage {
        envelope: message.envelope().clone(),
        bytes: message.formatted(),
        name: format!("probe-{id}"),
    })
}
