//! The letter that staff read about one enquiry: contact, safety and actions. The text is in the templates.
//!
//! Invariant: an action (`tel:`, `sms:`, `mailto:`, Reply-To) exists only for the chosen channel, and for email only if the
//! mailbox is private. Text that a visitor typed is sanitized.
//!
//! Never: a transport, a database, the clock.

pub(crate) mod sanitize;

use super::{message::MessageBuilder, outbox::StoredEnquiry};
use crate::enquiry::{
    Action, Channel, Enquiry, ForWhom, Mailbox, SpamScore, Voicemail, link::LinkAction, retention, telephone,
};
use askama::Template;
use jiff::{SignedDuration, Timestamp};
use lettre::Address;

/// Both parts and the headers that depend on the enquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Nothing about the visitor.
    pub subject: String,
    /// The visitor's address, if a reply is safe.
    pub reply_to: Option<Address>,
    /// Complete by itself.
    pub text: String,
    /// The same for programs that show HTML.
    pub html: String,
}

impl Letter {
    /// Writes both parts.
    pub fn new(stored: &StoredEnquiry, builder: &MessageBuilder) -> askama::Result<Self> {
        let view = View::new(stored, builder);
        Ok(Self {
            subject: Subject(&view).render()?,
            reply_to: reply_to(&stored.enquiry),
            text: Text(&view).render()?,
            html: Html(&view).render()?,
        })
    }
}

/// Where an acknowledgment may go: a chosen, private mailbox, and only if nothing looks like advertising.
pub fn acknowledged(enquiry: &Enquiry, spam: &SpamScore) -> Option<Address> {
    reply_to(enquiry).filter(|_| spam.action == Action::Deliver)
}

#[derive(Template)]
#[template(path = "mail/enquiry.subject.txt", escape = "none")]
struct Subject<'a>(&'a View<'a>);

/// A reply quotes the letter to the visitor. What is for staff stands last, below `-- ` (RFC 3676 4.3): some mail programs
/// leave it out of a reply. Others quote all of it, so a visitor may read every remark.
#[derive(Template)]
#[template(path = "mail/enquiry.txt", escape = "none")]
struct Text<'a>(&'a View<'a>);

#[derive(Template)]
#[template(path = "mail/enquiry.html")]
struct Html<'a>(&'a View<'a>);

/// How to reach the visitor.
enum Contact {
    /// Call that number; what may be left there.
    Phone(String, Voicemail),
    /// Write a text message to that number.
    Text(String, Voicemail),
    /// Write to that address; what "Reply" does.
    Email(String, Reply),
}

/// What "Reply" does, and why.
enum Reply {
    /// It goes to the visitor.
    Goes,
    /// Others may read the mailbox: it does not go there, on purpose.
    NotPrivate,
    /// Mail programs differ in what they do with letters outside ASCII before the @.
    UnusualLetters,
}

struct View<'a> {
    stored: &'a StoredEnquiry,
    name: String,
    contact: Contact,
    /// Given beside the chosen channel, and not to be used.
    unused: Option<String>,
    times: Option<String>,
    received: String,
    message: Vec<String>,
    about: Option<String>,
    notice: String,
    /// Link of the one safe action.
    action: Option<String>,
    /// Reasons, if it may be advertising.
    label: Option<Vec<String>>,
    was_held: bool,
    /// An acknowledgment was sent to the visitor.
    acknowledged: bool,
    /// Links that mark the enquiry.
    answered: String,
    spam: String,
}

impl<'a> View<'a> {
    fn new(stored: &'a StoredEnquiry, builder: &MessageBuilder) -> Self {
        let (enquiry, spam) = (&stored.enquiry, &stored.spam);
        let optional = |text: &Option<String>| text.as_deref().map(sanitize::line).filter(|text| !text.is_empty());
        let mut message = enquiry.message.as_deref().map(sanitize::lines).unwrap_or_default();
        if message.iter().all(|line| line.trim().is_empty()) {
            message.clear();
        }
        // Valid for as long as the enquiry's number is kept. The end depends on the enquiry alone, so that a letter is
        // the same at every try.
        let end = SignedDuration::from_hours(24 * retention::RECORD_DAYS);
        let end = stored.received.saturating_add(end).unwrap_or(Timestamp::MAX);
        let link = |action| builder.links.to(action, &stored.reference, end);
        Self {
            stored,
            name: sanitize::line(&enquiry.name),
            contact: contact(enquiry),
            unused: unused(enquiry),
            times: optional(&enquiry.times),
            received: builder.when(stored.received),
            message,
            about: optional(&enquiry.about),
            notice: sanitize::line(&enquiry.notice),
            action: action(enquiry),
            label: (spam.action != Action::Deliver)
                .then(|| spam.reasons.iter().map(|reason| sanitize::line(reason)).collect()),
            was_held: spam.action == Action::Hold,
            acknowledged: builder.acknowledges && acknowledged(enquiry, spam).is_some(),
            answered: link(LinkAction::Answered),
            spam: link(LinkAction::Spam),
        }
    }
}

fn contact(enquiry: &Enquiry) -> Contact {
    let phone = enquiry.phone.as_ref();
    let number = phone.map(|phone| sanitize::line(&phone.number)).unwrap_or_default();
    let voicemail = phone.map_or(Voicemail::None, |phone| phone.voicemail);
    match enquiry.channel {
        Channel::Phone => Contact::Phone(number, voicemail),
        Channel::Text => Contact::Text(number, voicemail),
        Channel::Email => {
            let address = enquiry.email.as_ref().map(|mailbox| sanitize::line(&mailbox.address)).unwrap_or_default();
            Contact::Email(address, enquiry.email.as_ref().map_or(Reply::NotPrivate, reply))
        }
    }
}

fn reply(mailbox: &Mailbox) -> Reply {
    match (mailbox.private, plain_address(&mailbox.address)) {
        (false, _) => Reply::NotPrivate,
        (true, Some(_)) => Reply::Goes,
        (true, None) => Reply::UnusualLetters,
    }
}

fn unused(enquiry: &Enquiry) -> Option<String> {
    match enquiry.channel {
        Channel::Email => enquiry.phone.as_ref().map(|phone| sanitize::line(&phone.number)),
        Channel::Phone | Channel::Text => enquiry.email.as_ref().map(|mailbox| sanitize::line(&mailbox.address)),
    }
}

/// The address that a quick "Reply" may go to: chosen, private, and sendable everywhere.
fn reply_to(enquiry: &Enquiry) -> Option<Address> {
    let mailbox = enquiry.email.as_ref().filter(|mailbox| enquiry.channel == Channel::Email && mailbox.private)?;
    plain_address(&mailbox.address)
}

/// The address with its domain in A-labels; none if the name before the @ needs more than ASCII, or if it cannot stand
/// in a header.
fn plain_address(text: &str) -> Option<Address> {
    if !crate::mail::address::acceptable(text) {
        return None;
    }
    let (user, domain) = text.rsplit_once('@').filter(|(user, _)| user.is_ascii())?;
    Address::new(user, idna::domain_to_ascii(domain).ok()?).ok()
}

fn action(enquiry: &Enquiry) -> Option<String> {
    let number = || enquiry.phone.as_ref().and_then(|phone| telephone::link_number(&phone.number));
    match enquiry.channel {
        Channel::Phone => number().map(|number| format!("tel:{number}")),
        Channel::Text => number().map(|number| format!("sms:{number}")),
        Channel::Email => reply_to(enquiry).map(|address| {
            // RFC 6068 2: what is special in an address of a URI is percent-encoded.
            let user: String = url::form_urlencoded::byte_serialize(address.user().as_bytes()).collect();
            format!("mailto:{user}@{}?subject=Your%20message", address.domain())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_address_is_ascii_or_absent() {
        let cases = [
            ("ann@example.org", Some("ann@example.org")),
            ("ann@bücher.example", Some("ann@xn--bcher-kva.example")),
            ("änn@example.org", None),
            ("ann@[127.0.0.1]", None),
            ("ann@example.org\r\nBcc: x@example.org", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(plain_address(typed).map(|a| a.to_string()).as_deref(), expected, "{typed:?}");
        }
    }
}
