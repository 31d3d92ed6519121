//! `letter`: the letter that staff would read, about a sample enquiry.

use super::Ended;
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

pub(super) fn run(config: &Config, html: bool, now: Timestamp) -> Ended {
    let clinic = content::clinic_facts(&config.content)?;
    let builder = MessageBuilder::new(&clinic, config.mail_from.clone(), Links::new(config.origin(), NO_SECRET));
    let Letter { subject, text, html: markup, .. } = Letter::new(&sample(now), &builder)?;
    if html {
        println!("{markup}");
    } else {
        println!("From: {} <{}>\nSubject: {subject}\n\n{text}", builder.sender_name, builder.sender);
    }
    Ok(ExitCode::SUCCESS)
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
