//! `letter`: the letter that staff would read, about a sample enquiry.

use crate::{
    config::Config,
    content,
    enquiry::{Enquiry, SpamScore, link::Links},
    mail::{
        letter::Letter,
        message::MessageBuilder,
        outbox::{EarlierEnquiry, StoredEnquiry},
    },
};
use jiff::Timestamp;
use std::process::ExitCode;

/// Every field is labeled as a sample.
const SAMPLE: &str = include_str!("letter/sample.json");
/// Links of a sample are signed with this, so that they are not valid.
const NO_SECRET: &str = "a sample is signed with no secret";

pub(super) fn run(config: &Config, html: bool, now: Timestamp) -> ExitCode {
    match write(config, html, now) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::from(1)
        }
    }
}

fn write(config: &Config, html: bool, now: Timestamp) -> Result<String, String> {
    let clinic = content::clinic_facts(&config.content).map_err(|faults| faults.to_string())?;
    let builder = MessageBuilder::new(&clinic, config.mail_from.clone(), Links::new(config.origin(), NO_SECRET));
    let letter = Letter::new(&sample(now), &builder).map_err(|error| error.to_string())?;
    if html {
        return Ok(letter.html);
    }
    Ok(format!("From: {} <{}>\nSubject: {}\n\n{}", builder.sender_name, builder.sender, letter.subject, letter.text))
}

fn sample(now: Timestamp) -> StoredEnquiry {
    let enquiry: Enquiry = serde_json::from_str(SAMPLE).expect("the sample is an enquiry");
    StoredEnquiry {
        reference: "SAMPLE".into(),
        number: 41,
        received: now,
        enquiry,
        spam: SpamScore::default(),
        previous: Some(EarlierEnquiry { number: 40, reference: "EARLIER".into(), held: false }),
        corrects: None,
    }
}
