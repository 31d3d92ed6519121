//! The pages of the contact form: the form itself (empty, or with errors and the posted answers) and the receipt.
//!
//! They are made per request, since they hold a token or what a visitor typed, and are never cached.

use super::{Edition, PageKind, PageMeta, rendered};
use crate::{
    content::{Article, AvailabilityState},
    enquiry::{
        form::{FieldError, Submission},
        response_time, text,
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
    /// A fresh token, or empty on cached pages.
    pub token: &'a str,
    /// The article below which the form is shown.
    pub(super) about: Option<&'a Article>,
}

impl<'a> FormView<'a> {
    /// A form with these answers; `answers.about` is ignored unless it is the slug of an article.
    pub fn new(context: &'a Edition, answers: &'a Submission, errors: &'a [FieldError], token: &'a str) -> Self {
        let about = context.article(answers.about.trim());
        Self { answers, errors, token, about }
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

    /// The address that this page suggests a correction of: posted again unchanged, it is accepted.
    pub(super) fn email_asked(&self) -> &'a str {
        let unlikely = self.error("email").is_some_and(|error| error.code == "email-unlikely");
        if unlikely { &self.answers.email } else { "" }
    }
}

/// Why a form is shown again although its answers may be valid; the template has the wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmissionError {
    /// Nothing could be stored (503).
    NotStored,
    /// It is not known whether it was stored (503).
    MaybeStored,
    /// Too many posts from one network (429).
    RateLimited,
    /// Posted from another website (403).
    CrossSite,
}

/// `/contact`.
#[derive(Template)]
#[template(path = "pages/contact.html")]
struct ContactPage<'a> {
    context: &'a Edition,
    meta: PageMeta<'a>,
    form: FormView<'a>,
    /// The title begins with "Error: ".
    has_error: bool,
    submission_error: Option<SubmissionError>,
}

/// `/contact/received`.
#[derive(Template)]
#[template(path = "pages/received.html")]
struct ReceivedPage<'a> {
    context: &'a Edition,
    meta: PageMeta<'a>,
    reference: &'a str,
    /// By when the clinic replies, if its facts file promises a time.
    reply_by: Option<DateTime>,
}

/// The page with `form`, and with the wording of `submission_error`.
pub fn contact(context: &Edition, form: FormView<'_>, submission_error: Option<SubmissionError>) -> String {
    let has_error = !form.errors.is_empty() || submission_error.is_some();
    let meta = PageMeta { index: !has_error, ..PageMeta::of(PageKind::Contact) };
    rendered(&ContactPage { context, meta, form, has_error, submission_error })
}

/// The receipt of an enquiry stored at `received`, with the reference by which staff identify it.
pub fn received(context: &Edition, reference: &str, received: Timestamp) -> String {
    let meta = PageMeta::neutral("/contact/received");
    let zone = TimeZone::get(&context.site.clinic.time_zone).unwrap_or(TimeZone::UTC);
    let reply_by = response_time::reply_by(&context.site.clinic, zone.to_datetime(received));
    rendered(&ReceivedPage { context, meta, reference, reply_by })
}
