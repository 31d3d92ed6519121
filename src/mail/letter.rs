//! The letter that staff read about one enquiry.
//!
//! Invariant: the same enquiry always makes the same bytes: Message-ID, Date and boundary are fixed when it is stored.
//! No sign that a visitor typed stands in a header, except a checked address in Reply-To.
//!
//! Never: a transport, a database, the clock.

pub(crate) mod inert;
mod phrases;

pub use phrases::{Before, Contact, Reply, Safety};

use crate::{
    content::Clinic,
    enquiry::{Action, Enquiry, ForWhom, Judgement, link::Links},
    mail::{
        mailer::OutgoingMessage,
        outbox::{Claimed, Note, Stored},
    },
};
use askama::Template;
use jiff::{Timestamp, tz::TimeZone};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use std::{error::Error, time::SystemTime};

/// Where an acknowledgement may go: a chosen, private mailbox, and only if nothing looks like advertising.
pub fn acknowledged(enquiry: &Enquiry, judgement: &Judgement) -> Option<Address> {
    phrases::reply_to(enquiry).filter(|_| judgement.action == Action::Deliver)
}

/// What every letter has in common.
#[derive(Debug, Clone)]
pub struct Letterhead {
    /// Name before the sender's address: fixed words, never a visitor's.
    pub sender_name: String,
    /// Sender in header and envelope: bounces go there.
    pub sender: Address,
    /// Zone of the clinic.
    pub zone: TimeZone,
    /// Words for that zone ("Pacific time"), or none.
    pub zone_words: Option<&'static str>,
    /// Writes what staff can do from their mailbox.
    pub links: Links,
    /// Whoever wrote from a private mailbox is told that it arrived.
    pub acknowledges: bool,
}

/// The letter cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the letter cannot be written: {0}")]
pub struct Unwritable(String);

/// Both parts and the headers that depend on the enquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Neutral.
    pub subject: String,
    /// Where a quick "Reply" goes, if that is safe.
    pub reply_to: Option<Address>,
    /// Complete by itself.
    pub text: String,
    /// The same for programs that show HTML.
    pub html: String,
}

#[derive(Template)]
#[template(path = "mail/acknowledgement.txt", escape = "none")]
struct Acknowledgement;

#[derive(Template)]
#[template(path = "mail/enquiry.subject.txt", escape = "none")]
struct Subject<'a>(&'a phrases::View);

#[derive(Template)]
#[template(path = "mail/enquiry.txt", escape = "none")]
struct Text<'a>(&'a phrases::View);

#[derive(Template)]
#[template(path = "mail/enquiry.html")]
struct Html<'a>(&'a phrases::View);

impl Letterhead {
    /// Of the clinic; `links` lead back to its website.
    pub fn new(clinic: &Clinic, sender: Address, links: Links) -> Self {
        let zone = TimeZone::get(&clinic.time_zone).unwrap_or(TimeZone::UTC);
        // lettre panics on a control character in a display name.
        let name = clinic.name.replace(char::is_control, " ");
        let zone_words = phrases::zone(&clinic.time_zone);
        Self {
            sender_name: format!("{name} website"),
            sender,
            zone,
            zone_words,
            links,
            acknowledges: clinic.form.acknowledge,
        }
    }

    /// Writes both parts.
    pub fn write(&self, stored: &Stored) -> Result<Letter, Unwritable> {
        let view = phrases::View::new(stored, self);
        let render = |part: Result<String, askama::Error>| part.map_err(|e| Unwritable(e.to_string()));
        Ok(Letter {
            subject: render(Subject(&view).render())?,
            reply_to: phrases::reply_to(&stored.enquiry),
            text: render(Text(&view).render())?,
            html: render(Html(&view).render())?,
        })
    }

    /// Packs a letter for its one recipient.
    pub fn pack(&self, claimed: &Claimed, stored: &Stored) -> Result<OutgoingMessage, Unwritable> {
        let copy = if claimed.copy > 1 { format!("-{}", claimed.copy) } else { String::new() };
        let name = format!("{}-{}{copy}", stored.number, stored.reference);
        self.parcel(claimed, self.write(stored)?, name)
    }

    /// Packs a note for its one recipient.
    pub fn pack_note(&self, claimed: &Claimed, note: &Note) -> Result<OutgoingMessage, Unwritable> {
        let Note { subject, text, html, .. } = note.clone();
        // The left side of the Message-ID: `daily-2026-11-24.` and a nonce.
        let name = claimed.message_id.trim_start_matches('<').split('@').next().unwrap_or_default();
        let name = format!("{name}-{}", claimed.copy);
        self.parcel(claimed, Letter { subject, reply_to: None, text, html }, name)
    }

    /// Packs the note to whoever wrote: fixed words, no name of the clinic before the address, no way back.
    pub fn pack_acknowledgement(&self, claimed: &Claimed) -> Result<OutgoingMessage, Unwritable> {
        let wrong = |e: &dyn Error| Unwritable(e.to_string());
        let recipient: Address = claimed.recipient.parse().map_err(|e| wrong(&e))?;
        let words = Acknowledgement.render().map_err(|e| wrong(&e))?;
        let (subject, text) = words.split_once("\n\n").unwrap_or((&words, ""));
        // The null sender (RFC 5321 4.5.5): what cannot be delivered comes back to nobody.
        let envelope = Envelope::new(None, vec![recipient.clone()]).map_err(|e| wrong(&e))?;
        let message = Message::builder()
            .envelope(envelope.clone())
            .from(Mailbox::new(None, self.sender.clone()))
            .to(Mailbox::new(None, recipient))
            .subject(subject)
            .message_id(Some(claimed.message_id.clone()))
            .date(SystemTime::try_from(claimed.dated).map_err(|e| wrong(&e))?)
            .header(AutoSubmitted::REPLIED)
            .singlepart(SinglePart::plain(text.to_owned()))
            .map_err(|e| wrong(&e))?;
        let name = claimed.message_id.trim_matches(['<', '>']).split('@').next().unwrap_or_default();
        Ok(OutgoingMessage { envelope, bytes: message.formatted(), name: format!("acknowledgement-{name}") })
    }

    fn parcel(&self, claimed: &Claimed, letter: Letter, name: String) -> Result<OutgoingMessage, Unwritable> {
        let wrong = |e: &dyn Error| Unwritable(e.to_string());
        let recipient: Address = claimed.recipient.parse().map_err(|e| wrong(&e))?;
        let boundary = blake3::hash(claimed.message_id.as_bytes()).to_hex();
        let parts = MultiPart::builder()
            .kind(lettre::message::MultiPartKind::Alternative)
            .boundary(&boundary.as_str()[..32])
            .singlepart(SinglePart::plain(letter.text))
            .singlepart(SinglePart::html(letter.html));
        let mut builder = Message::builder()
            .from(Mailbox::new(Some(self.sender_name.clone()), self.sender.clone()))
            .to(Mailbox::new(None, recipient))
            .subject(letter.subject)
            .message_id(Some(claimed.message_id.clone()))
            .date(SystemTime::try_from(claimed.dated).map_err(|e| wrong(&e))?)
            .header(AutoSubmitted::GENERATED);
        if let Some(address) = letter.reply_to {
            builder = builder.reply_to(Mailbox::new(None, address));
        }
        let message = builder.multipart(parts).map_err(|e| wrong(&e))?;
        Ok(OutgoingMessage { envelope: message.envelope().clone(), bytes: message.formatted(), name })
    }

    /// A time for people, in the clinic's zone: `Tuesday, November 24, 2026, 3:12 PM Pacific time`.
    pub(crate) fn when(&self, at: Timestamp) -> String {
        phrases::received(at, &self.zone, self.zone_words)
    }
}

/// Vacation responders stay silent: they could write to a mailbox that is watched (RFC 3834 5).
#[derive(Debug, Clone)]
pub(crate) struct AutoSubmitted(&'static str);

impl AutoSubmitted {
    /// Of a letter that nobody's mail brought about.
    pub(crate) const GENERATED: Self = Self("auto-generated");
    /// Of an answer without a person.
    pub(crate) const REPLIED: Self = Self("auto-replied");
}

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self::GENERATED)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.to_owned())
    }
}
