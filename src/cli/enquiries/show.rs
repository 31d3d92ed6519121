//! One enquiry for an operator: how it stands, what it says, how its letters fare.

use super::{Failed, table};
use crate::{
    cli::now,
    enquiry::{Enquiry, Judgement},
    mail::{
        letter::inert,
        outbox::{Entry, LetterEntry, NotDone, Outbox},
    },
};
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    enquiry: Option<&'a Enquiry>,
    judgement: Option<&'a Judgement>,
    letters: &'a [LetterEntry],
}

/// What is known of one enquiry.
pub(super) async fn show(outbox: &Outbox, reference: &str, json: bool) -> Result<String, Failed> {
    let (content, letters) = outbox.show(reference).await?;
    let entry = outbox.entry(reference).await?.ok_or_else(|| NotDone::Nothing {
        reference: reference.to_owned(),
        why: "no enquiry has this reference; look at the list",
    })?;
    if json {
        let (enquiry, judgement) = content.as_ref().map(|(enquiry, judgement)| (enquiry, judgement)).unzip();
        let whole = Whole { entry: &entry, enquiry, judgement, letters: &letters };
        return Ok(serde_json::to_string_pretty(&whole).expect("an enquiry is plain data") + "\n");
    }
    let mut text = table::list(std::slice::from_ref(&entry), now());
    match &content {
        None => text.push_str("\nIts words are erased.\n"),
        Some((enquiry, judgement)) => text.push_str(&words(enquiry, judgement)),
    }
    for letter in &letters {
        let _ = writeln!(text, "\nLetter to {}: {}, {} tries", letter.recipient, letter.state, letter.attempts);
        if let Some(fault) = &letter.fault {
            let _ = writeln!(text, "  the last one: {fault}");
        }
    }
    Ok(text)
}

/// A terminal obeys some signs, so they are made visible.
fn words(enquiry: &Enquiry, judgement: &Judgement) -> String {
    let line = |text: Option<&str>| text.map(inert::line).unwrap_or_default();
    let phone = enquiry.phone.as_ref();
    let email = enquiry.email.as_ref();
    let lines = [
        ("Name", inert::line(&enquiry.name)),
        ("Way to answer", said(&enquiry.channel)),
        ("Telephone", line(phone.map(|phone| phone.number.as_str()))),
        ("Message left there", phone.map(|phone| said(&phone.voicemail)).unwrap_or_default()),
        ("Email", line(email.map(|mailbox| mailbox.address.as_str()))),
        ("Private", email.map(|mailbox| if mailbox.private { "yes" } else { "no" }.to_owned()).unwrap_or_default()),
        ("Good times", line(enquiry.times.as_deref())),
        ("For", enquiry.for_whom.as_ref().map(said).unwrap_or_default()),
        ("About", line(enquiry.about.as_deref())),
        ("Signs of advertising", judgement.score.to_string()),
    ];
    let mut text = String::new();
    for (label, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(text, "\n{label}: {value}");
    }
    for reason in &judgement.reasons {
        let _ = write!(text, "\n- {}", inert::line(reason));
    }
    for line in enquiry.message.as_deref().map(inert::lines).unwrap_or_default() {
        let _ = write!(text, "\n> {line}");
    }
    text + "\n"
}

/// The word that stands for it in a form and in an export.
pub(super) fn said(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
