//! Builds the messages that the website sends to staff and visitors.
//!
//! Invariant: the same letter always makes the same bytes: Message-ID, Date and boundary are fixed when it is queued.
//! No header holds a character that a visitor typed, except a checked address in Reply-To.
//!
//! Never: a transport, a database, the clock.

use super::{
    letter::Letter,
    mailer::OutgoingMessage,
    outbox::{ClaimedLetter, MessageKind, Note, StoredEnquiry},
};
use crate::{content::Clinic, enquiry::link::Links};
use askama::Template;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        self, Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    time::SystemTime,
};

/// An acknowledgment that is older would only confuse.
const STALE: SignedDuration = SignedDuration::from_hours(24);

/// Why a message cannot be built; without anything that a visitor typed.
type BuildError = Box<dyn Error + Send + Sync>;

/// What all messages have in common.
#[derive(Debug, Clone)]
pub struct MessageBuilder {
    /// Name before the sender's address.
    pub sender_name: String,
    /// Sender in the header.
    pub sender: Address,
    /// Sender in the envelope of letters and notes: a relay returns there what it cannot deliver (RFC 3464).
    pub bounces_to: Address,
    /// Zone of the clinic.
    pub zone: TimeZone,
    /// Name of that zone for people ("Pacific time"), if it has one.
    pub zone_name: Option<&'static str>,
    /// Makes the links of letters and notes.
    pub links: Links,
    /// A visitor with a private mailbox gets an acknowledgment.
    pub acknowledges: bool,
}

#[derive(Template)]
#[template(path = "mail/acknowledgement.txt", escape = "none")]
struct Acknowledgement;

impl MessageBuilder {
    /// Takes name and time zone from the clinic's facts; `links` lead to its website.
    pub fn new(clinic: &Clinic, sender: Address, links: Links) -> Self {
        // lettre panics on a control character in a display name.
        let name = clinic.name.replace(char::is_control, " ");
        Self {
            sender_name: format!("{name} website"),
            bounces_to: sender.clone(),
            sender,
            zone: TimeZone::get(&clinic.time_zone).unwrap_or(TimeZone::UTC),
            zone_name: zone_name(&clinic.time_zone),
            links,
            acknowledges: clinic.form.acknowledge,
        }
    }

    /// The message of a letter; `stored` is its enquiry, if it is about one that can be read.
    pub fn message(
        &self,
        claimed: &ClaimedLetter,
        stored: Option<&StoredEnquiry>,
        now: Timestamp,
    ) -> Result<OutgoingMessage, BuildError> {
        let build = || match (&claimed.kind, stored) {
            (MessageKind::Note(note), _) => self.note(claimed, note),
            (MessageKind::Acknowledgement, _) if now.duration_since(claimed.queued) > STALE => {
                Err("it comes too late to be of use".into())
            }
            (MessageKind::Acknowledgement, _) => self.acknowledgement(claimed),
            (MessageKind::Enquiry, Some(stored)) => self.enquiry(claimed, stored),
            (MessageKind::Enquiry, None) => Err("its enquiry has no content that can be read".into()),
        };
        // lettre panics on some header values; a panic here would be repeated at every try.
        catch_unwind(AssertUnwindSafe(build)).unwrap_or_else(|_| Err("building it panicked".into()))
    }

    fn enquiry(&self, claimed: &ClaimedLetter, stored: &StoredEnquiry) -> Result<OutgoingMessage, BuildError> {
        let copy = if claimed.copy > 1 { format!("-{}", claimed.copy) } else { String::new() };
        let name = format!("{}-{}{copy}", stored.number, stored.reference);
        let letter = Letter::new(stored, self)?;
        let mut builder = self.headers(claimed, Some(&self.sender_name), letter.subject, "auto-generated")?;
        if let Some(address) = letter.reply_to {
            builder = builder.reply_to(Mailbox::new(None, address));
        }
        self.two_parts(claimed, builder, letter.text, letter.html, name)
    }

    /// To staff or to the editor.
    fn note(&self, claimed: &ClaimedLetter, note: &Note) -> Result<OutgoingMessage, BuildError> {
        let name = format!("{}-{}", left_side(claimed), claimed.copy);
        let subject = note.subject.clone();
        let builder = self.headers(claimed, Some(&self.sender_name), subject, "auto-generated")?;
        self.two_parts(claimed, builder, note.text.clone(), note.html.clone(), name)
    }

    /// The note to a visitor: fixed text, without the clinic's name before the address, not to be replied to.
    fn acknowledgement(&self, claimed: &ClaimedLetter) -> Result<OutgoingMessage, BuildError> {
        let content = Acknowledgement.render()?;
        let (subject, text) = content.split_once("\n\n").unwrap_or((&content, ""));
        // With the null sender (RFC 5321 4.5.5) there is no bounce.
        let envelope = Envelope::new(None, vec![claimed.recipient.parse()?])?;
        let builder = self.headers(claimed, None, subject.to_owned(), "auto-replied")?;
        let message = builder.envelope(envelope.clone()).singlepart(SinglePart::plain(text.to_owned()))?;
        let name = format!("acknowledgement-{}", left_side(claimed));
        Ok(OutgoingMessage { envelope, bytes: message.formatted(), name })
    }

    fn headers(
        &self,
        claimed: &ClaimedLetter,
        name: Option<&str>,
        subject: String,
        automatic: &str,
    ) -> Result<message::MessageBuilder, BuildError> {
        Ok(Message::builder()
            .from(Mailbox::new(name.map(str::to_owned), self.sender.clone()))
            .to(Mailbox::new(None, claimed.recipient.parse()?))
            .subject(subject)
            .message_id(Some(claimed.message_id.clone()))
            .date(SystemTime::try_from(claimed.dated)?)
            .raw_header(auto_submitted(automatic)))
    }

    fn two_parts(
        &self,
        claimed: &ClaimedLetter,
        builder: message::MessageBuilder,
        text: String,
        html: String,
        name: String,
    ) -> Result<OutgoingMessage, BuildError> {
        let boundary = blake3::hash(claimed.message_id.as_bytes()).to_hex();
        let parts = MultiPart::builder()
            .kind(message::MultiPartKind::Alternative)
            .boundary(&boundary.as_str()[..32])
            .singlepart(SinglePart::plain(text))
            .singlepart(SinglePart::html(html));
        let envelope = Envelope::new(Some(self.bounces_to.clone()), vec![claimed.recipient.parse()?])?;
        let message = builder.envelope(envelope.clone()).multipart(parts)?;
        Ok(OutgoingMessage { envelope, bytes: message.formatted(), name })
    }

    /// A time for people, in the clinic's zone: `Tuesday, November 24, 2026, 3:12 PM Pacific time`.
    pub(crate) fn when(&self, at: Timestamp) -> String {
        let local = at.to_zoned_datetime(self.zone.clone());
        let zone = self.zone_name.map_or_else(|| local.strftime("%Z").to_string(), str::to_owned);
        format!("{} {zone}", local.strftime("%A, %B %-d, %Y, %-I:%M %p"))
    }
}

/// The left side of the Message-ID: `daily-2026-11-24.` and a nonce.
fn left_side(claimed: &ClaimedLetter) -> &str {
    claimed.message_id.trim_start_matches('<').split('@').next().unwrap_or_default()
}

/// What people of the United States call a zone.
fn zone_name(zone: &str) -> Option<&'static str> {
    match zone {
        "America/Los_Angeles" => Some("Pacific time"),
        "America/Denver" => Some("Mountain time"),
        "America/Chicago" => Some("Central time"),
        "America/New_York" => Some("Eastern time"),
        _ => None,
    }
}

/// A header that stops automatic replies, which others might read (RFC 3834 5). `kind` is `auto-generated`, or
/// `auto-replied` for an automatic reply.
pub(super) fn auto_submitted(kind: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), kind.to_owned())
}
