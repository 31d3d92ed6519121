//! An enquiry: what somebody typed, whether it can be answered, and what to make of it.
//!
//! Pure decisions: everything here is data in, data out. Invariant: an [`Enquiry`] names a channel and has the number or
//! address which that channel needs.
//!
//! Never: HTTP, mail, a database or the clock.

pub mod form;
pub mod link;
pub mod response_time;
pub mod retention;
pub mod signals;
pub mod text;
pub mod token;

use serde::{Deserialize, Serialize};

/// A sound enquiry, as it is kept and as staff read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enquiry {
    /// What to call the person.
    pub name: String,
    /// How they wish to be reached.
    pub channel: Channel,
    /// Present whenever a number was given, also beside the email channel.
    pub phone: Option<Phone>,
    /// Present whenever an address was given, also beside the phone channel.
    pub email: Option<Mailbox>,
    /// Good times, in their words.
    pub times: Option<String>,
    /// For whom.
    pub for_whom: Option<ForWhom>,
    /// Their message.
    pub message: Option<String>,
    /// Title of the article they were reading, from the closed list of articles.
    pub about: Option<String>,
    /// Version of the notice that they agreed to.
    pub notice: String,
}

/// The way to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A call.
    Phone,
    /// An email.
    Email,
    /// A text message; only with its own consent.
    Text,
}

/// A telephone number and what may be left on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// As typed, trimmed.
    pub number: String,
    /// What may be left; never guessed.
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
    /// No message: speak only to them.
    None,
}

/// An email address and whether it is private.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Checked address, as typed.
    pub address: String,
    /// They said that nobody else reads it.
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

/// What is to be done with an enquiry; nothing is ever dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpamScore {
    /// Deliver, label or hold.
    pub action: Action,
    /// Sum of the signals.
    pub score: u32,
    /// Each signal in words that staff understand.
    pub reasons: Vec<String>,
}

/// See [`SpamScore`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// To the mailbox as it is.
    #[default]
    Deliver,
    /// To the mailbox, with the reasons in words.
    Label,
    /// Kept, listed to staff daily, released by a link.
    Hold,
}
