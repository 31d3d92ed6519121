//! What a letter says, decided: who, how, what may be left, which actions are safe. The words are in the templates.
//!
//! Invariant: an action (`tel:`, `sms:`, `mailto:`, Reply-To) exists only for the way that was chosen, and for email only
//! if the mailbox is private.

use super::{Letterhead, inert};
use crate::{
    enquiry::{Action, Channel, Enquiry, ForWhom, Mailbox, Voicemail, link::Deed, retention},
    mail::outbox::{Earlier, Stored},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use lettre::Address;

/// How to reach the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// Call that number; what may be left there.
    Phone(String, Safety),
    /// Write a text message to that number.
    Text(String, Safety),
    /// Write to that address; what "Reply" does.
    Email(String, Reply),
}

/// What may be left on a telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// A message that names the clinic.
    Named,
    /// A message that does not name the clinic.
    Unnamed,
    /// Nothing.
    Silent,
}

/// What "Reply" does, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It goes to the person.
    Goes,
    /// Others may read the mailbox: it does not go there, on purpose.
    NotPrivate,
    /// Mail programs differ in what they do with letters outside ASCII before the @.
    UnusualLetters,
}

/// The enquiry with the number before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// This is No. 1.
    Nothing,
    /// Staff should have its letter.
    Sent(u64, String),
    /// It is held, so there is no letter of it.
    Held(u64, String),
    /// Erased after its time.
    Forgotten(u64),
}

/// Everything the templates need; all text in it is inert.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) name: String,
    pub(super) contact: Contact,
    /// Given beside the chosen way, and not to be used.
    pub(super) unused: Option<String>,
    pub(super) times: Option<String>,
    pub(super) for_whom: Option<ForWhom>,
    pub(super) received: String,
    pub(super) reference: String,
    pub(super) number: u64,
    pub(super) before: Before,
    pub(super) corrects: Option<Earlier>,
    pub(super) message: Vec<String>,
    pub(super) about: Option<String>,
    pub(super) notice: String,
    /// Link of the one safe action.
    pub(super) action: Option<String>,
    /// Reasons, if it may be advertising.
    pub(super) label: Option<Vec<String>>,
    /// Somebody released it.
    pub(super) was_held: bool,
    pub(super) score: u32,
    /// The person was told that a message arrived.
    pub(super) acknowledged: bool,
    /// Marks it as answered.
    pub(super) answered: String,
    /// Marks it as advertising.
    pub(super) spam: String,
}

impl View {
    pub(super) fn new(stored: &Stored, head: &Letterhead) -> Self {
        let enquiry = &stored.enquiry;
        let judgement = &stored.judgement;
        let optional = |text: &Option<String>| text.as_deref().map(inert::line).filter(|text| !text.is_empty());
        let message = enquiry.message.as_deref().map(inert::lines).unwrap_or_default();
        Self {
            name: inert::line(&enquiry.name),
            contact: contact(enquiry),
            unused: unused(enquiry),
            times: optional(&enquiry.times),
            for_whom: enquiry.for_whom,
            received: head.when(stored.received),
            reference: stored.reference.clone(),
            number: stored.number,
            before: before(stored),
            corrects: stored.corrects.clone(),
            message: if message.iter().all(|line| line.trim().is_empty()) { Vec::new() } else { message },
            about: optional(&enquiry.about),
            notice: inert::line(&enquiry.notice),
            action: action(enquiry),
            label: (judgement.action != Action::Deliver)
                .then(|| judgement.reasons.iter().map(|reason| inert::line(reason)).collect()),
            was_held: judgement.action == Action::Hold,
            score: judgement.score,
            acknowledged: head.acknowledges && super::acknowledged(enquiry, judgement).is_some(),
            answered: link(stored, head, Deed::Answered),
            spam: link(stored, head, Deed::Spam),
        }
    }
}

/// Good for as long as the website knows the enquiry's number. The end hangs on the enquiry alone, so that a letter is
/// the same at every try.
fn link(stored: &Stored, head: &Letterhead, deed: Deed) -> String {
    let trace = SignedDuration::from_hours(24 * retention::TRACE_DAYS);
    head.links.to(deed, &stored.reference, stored.received.saturating_add(trace).unwrap_or(Timestamp::MAX))
}

fn contact(enquiry: &Enquiry) -> Contact {
    let phone = || {
        let phone = enquiry.phone.as_ref();
        let safety = match phone.map(|phone| phone.voicemail) {
            Some(Voicemail::Named) => Safety::Named,
            Some(Voicemail::Unnamed) => Safety::Unnamed,
            Some(Voicemail::None) | None => Safety::Silent,
        };
        (phone.map(|phone| inert::line(&phone.number)).unwrap_or_default(), safety)
    };
    match enquiry.channel {
        Channel::Phone => Contact::Phone(phone().0, phone().1),
        Channel::Text => Contact::Text(phone().0, phone().1),
        Channel::Email => {
            let address = enquiry.email.as_ref().map(|mailbox| inert::line(&mailbox.address)).unwrap_or_default();
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
        Channel::Email => enquiry.phone.as_ref().map(|phone| inert::line(&phone.number)),
        Channel::Phone | Channel::Text => enquiry.email.as_ref().map(|mailbox| inert::line(&mailbox.address)),
    }
}

/// The address that a quick "Reply" may go to: chosen, private, and sendable everywhere.
pub(super) fn reply_to(enquiry: &Enquiry) -> Option<Address> {
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
    let number = || enquiry.phone.as_ref().and_then(|phone| dialled(&phone.number));
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

/// The digits as a telephone takes them (RFC 3966 5.1), without an extension. Ten digits are a number of this country.
fn dialled(number: &str) -> Option<String> {
    let main = number.split(|c: char| c.is_alphabetic() || matches!(c, '#' | ',' | ';' | '*')).next()?;
    let digits: String = main.chars().filter(char::is_ascii_digit).collect();
    match (main.trim_start().trim_start_matches('(').starts_with('+'), digits.len()) {
        (true, 7..=15) => Some(format!("+{digits}")),
        (false, 10) => Some(format!("+1{digits}")),
        (false, 11) if digits.starts_with('1') => Some(format!("+{digits}")),
        (false, 7..=15) => Some(digits),
        _ => None,
    }
}

fn before(stored: &Stored) -> Before {
    match &stored.previous {
        _ if stored.number <= 1 => Before::Nothing,
        None => Before::Forgotten(stored.number - 1),
        Some(earlier) if earlier.held => Before::Held(earlier.number, earlier.reference.clone()),
        Some(earlier) => Before::Sent(earlier.number, earlier.reference.clone()),
    }
}

pub(super) fn received(at: Timestamp, zone: &TimeZone, zone_words: Option<&str>) -> String {
    let local = at.to_zoned_datetime(zone.clone());
    let time = local.strftime("%A, %B %-d, %Y, %-I:%M %p");
    match zone_words {
        Some(words) => format!("{time} {words}"),
        None => format!("{time} {}", local.strftime("%Z")),
    }
}

/// What people of the United States call a zone.
pub(super) fn zone(name: &str) -> Option<&'static str> {
    match name {
        "America/Los_Angeles" => Some("Pacific time"),
        "America/Denver" => Some("Mountain time"),
        "America/Chicago" => Some("Central time"),
        "America/New_York" => Some("Eastern time"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_dialled_as_typed_without_ornament_or_extension() {
        let cases = [
            ("(650) 799-1375", Some("+16507991375")),
            ("650.799.1375", Some("+16507991375")),
            ("1 650 799 1375", Some("+16507991375")),
            ("+44 20 7946 0958", Some("+442079460958")),
            ("(+44) 20 7946 0958", Some("+442079460958")),
            ("650-799-1375 ext. 12", Some("+16507991375")),
            ("799-1375", Some("7991375")),
            ("911", None),
            ("*67 650 799 1375", None),
            ("call me", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(dialled(typed).as_deref(), expected, "{typed}");
        }
    }

    #[test]
    fn an_address_is_replied_to_in_letters_that_every_relay_takes() {
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
