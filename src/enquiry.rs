//! An enquiry: the form, its validation, its spam score, and what else is computed from them.
//!
//! Invariant: all functions are pure, and an [`Enquiry`] has the number or address that its channel needs.
//!
//! Never: HTTP, mail, a database or the clock.

pub mod form;
pub mod link;
pub mod response_time;
pub mod retention;
pub mod signals;
pub mod telephone;
pub mod text;
pub mod token;

use serde::{Deserialize, Serialize};

/// A valid enquiry, as it is stored and as staff read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enquiry {
    /// What to call the person.
    pub name: String,
    /// How they want to be contacted.
    pub channel: Channel,
    /// Present whenever a number was given, also beside the email channel.
    pub phone: Option<Phone>,
    /// Present whenever an address was given, also beside the phone channel.
    pub email: Option<Mailbox>,
    /// Good times, as typed.
    pub times: Option<String>,
    /// Who is to be helped.
    pub for_whom: Option<ForWhom>,
    /// Their message.
    pub message: Option<String>,
    /// Title of the article below which the form stood.
    pub about: Option<String>,
    /// Version of the notice beside the send button, such as `2026-11`.
    pub notice: String,
}

/// The only way in which staff contact the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A call.
    Phone,
    /// An email.
    Email,
    /// A text message; needs a consent of its own.
    Text,
}

/// A telephone number and what may be left on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// As typed, trimmed.
    pub number: String,
    /// What may be left; never assumed.
    pub voicemail: Voicemail,
}

/// What may be left on a telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voicemail {
    /// A message that names the clinic.
    Named,
    /// A message that does not name the clinic.
    Unnamed,
    /// No message.
    None,
}

/// An email address and whether it is private.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Checked address, as typed.
    pub address: String,
    /// According to the person, no one else reads it.
    pub private: bool,
}

/// For whom help is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForWhom {
    /// The writer.
    Me,
    /// The writer and a partner.
    Couple,
    /// A family.
    Family,
    /// A child or teenager.
    Child,
    /// Not known yet.
    Unsure,
}

/// The spam score of an enquiry, with the action that follows from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpamScore {
    /// Deliver, label or hold.
    pub action: Action,
    /// Sum of the signals.
    pub score: u32,
    /// One for each signal, as staff read it: `The same message came before (+2)`.
    pub reasons: Vec<String>,
}

impl SpamScore {
    /// Holds an enquiry because more than `limit` came within an hour.
    pub fn hold_above(&mut self, limit: u32) {
        self.action = Action::Hold;
        self.reasons.push(format!("More than {limit} messages came within an hour, so that this one waits here"));
    }
}

/// What happens to an enquiry; none is dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Mailed to staff.
    #[default]
    Deliver,
    /// Mailed to staff with a label and the reasons.
    Label,
    /// Held: listed to staff daily, mailed when they release it.
    Hold,
}
