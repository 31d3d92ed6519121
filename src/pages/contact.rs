//! The form's pages: the form itself (empty, with mistakes, or kept after trouble) and the receipt.
//!
//! They are made per request, since they carry a token or what somebody typed; they are never stored by anybody.

use super::{Head, House, Kind, rendered};
use crate::{
    content::{Article, AvailabilityState},
    enquiry::{
        form::{FieldError, Submission},
        promise, text,
    },
};
use askama::Template;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// The form as the templates see it.
#[derive(Debug, Clone, Copy)]
pub struct FormView<'a> {
    /// What was typed.
    pub answers: &'a Submission,
    /// What is wrong, in the order of the page.
    pub errors: &'a [FieldError],
    /// A fresh token, or empty on pages that everybody shares.
    pub token: &'a str,
    /// The article that the form stands under, from the closed list.
    pub(super) about: Option<&'a Article>,
    /// Text messages are offered.
    pub(super) texts: bool,
}

impl<'a> FormView<'a> {
    /// A form with these answers; `answers.about` counts only if it names an article.
    pub fn new(house: &House<'a>, answers: &'a Submission, errors: &'a [FieldError], token: &'a str) -> Self {
        let about = house.article(answers.about.trim());
        Self { answers, errors, token, about, texts: house.clinic().form.text_messages }
    }

    /// The error of the field with that posted name.
    pub(super) fn error(&self, field: &str) -> Option<&'a FieldError> {
        self.errors.iter().find(|error| error.field == field)
    }

    /// The likely spelling of the email address.
    pub(super) fn likely_email(&self) -> Option<String> {
        text::likely_address(&text::tidy_line(&self.answers.email))
    }

    /// Characters of the message.
    pub(super) fn message_length(&self) -> usize {
        text::characters(&text::tidy_text(&self.answers.message))
    }

    /// The address about which the form has just asked: sent again unchanged, it passes.
    pub(super) fn email_asked(&self) -> &'a str {
        let unlikely = self.error("email").is_some_and(|error| error.code == "email-unlikely");
        if unlikely { &self.answers.email } else { "" }
    }
}

/// Why a form comes back although its answers may be sound; the template has the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing could be kept (503).
    NotKept,
    /// It is not known whether it was kept (503).
    Unsure,
    /// Too many from one network (429).
    Flood,
    /// Sent from another website (403).
    CrossSite,
}

/// `/contact`.
#[derive(Template)]
#[template(path = "pages/contact.html")]
struct ContactPage<'a> {
    house: House<'a>,
    head: Head<'a>,
    form: FormView<'a>,
    /// The form comes back: the title begins with "Error: ".
    again: bool,
    trouble: Option<Trouble>,
}

/// `/contact/received`.
#[derive(Template)]
#[template(path = "pages/received.html")]
struct ReceivedPage<'a> {
    house: House<'a>,
    head: Head<'a>,
    reference: &'a str,
    /// By when an answer comes, if the clinic promises that.
    reply_by: Option<DateTime>,
}

/// The page with `form`, after `trouble` if there was any.
pub fn contact(house: House<'_>, form: FormView<'_>, trouble: Option<Trouble>) -> String {
    let again = !form.errors.is_empty() || trouble.is_some();
    let head = Head { index: !again, ..Head::of(Kind::Contact) };
    rendered(&ContactPage { house, head, form, again, trouble })
}

/// The receipt of an enquiry kept at `received`, with a reference that staff can find it by.
pub fn received(house: House<'_>, reference: &str, received: Timestamp) -> String {
    let head = Head::neutral("/contact/received");
    let zone = TimeZone::get(&house.clinic().time_zone).unwrap_or(TimeZone::UTC);
    let reply_by = promise::reply_by(house.clinic(), zone.to_datetime(received));
    rendered(&ReceivedPage { house, head, reference, reply_by })
}
