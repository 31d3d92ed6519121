//! Sends a test message; only on request.

use super::Finding;
use crate::mail::mailer::{Mailer, MessageSender as _, OutgoingMessage};
use askama::Template;
use lettre::Address;

#[derive(Template)]
#[template(path = "mail/probe.txt", escape = "none")]
struct Text<'a> {
    site: &'a str,
}

/// Sends one message as letters are sent; `site` is the public origin.
pub async fn send(mailer: &Mailer, from: &Address, to: &Address, site: &str) -> Finding {
    let text = Text { site }.render().expect("a template that only fills in text can be rendered");
    let sent = match OutgoingMessage::text(from, to, "A probe from the website", text, "probe") {
        Ok(message) => mailer.send(&message).await,
        Err(error) => Err(error),
    };
    match sent {
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
