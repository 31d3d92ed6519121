//! The body of the form, its validation and its spam score.

use super::{one_in, text};
use jiff::civil::date;
use proptest::{array::uniform16, collection::vec, prelude::*, sample::select};
use relationship_clinic::{
    content,
    enquiry::{
        Enquiry,
        form::{MESSAGE_MAX, NAME_MAX, Rules, Submission, TIMES_MAX},
        signals::{Circumstances, FetchSite, Signals},
        token::Token,
    },
    mail::address::acceptable,
};
use std::{path::Path, sync::LazyLock};
use unicode_segmentation::UnicodeSegmentation as _;

const NAMES: [&str; 16] = [
    "name",
    "channel",
    "phone",
    "email",
    "voicemail",
    "email_private",
    "text_consent",
    "times",
    "for_whom",
    "message",
    "consent",
    "about",
    "about_omit",
    "token",
    "reason_code",
    "email_asked",
];
const VALID: [(&str, &[&str]); 9] = [
    ("name", &["Ana", "O\u{2019}Neil", "\u{645}\u{631}\u{64a}\u{645}"]),
    ("channel", &["phone", "email", "text"]),
    ("phone", &["(650) 555-0123", "+1 650 555 0123 ext. 4"]),
    ("email", &["ann@example.org", "ann@gmial.com"]),
    ("voicemail", &["named", "unnamed", "none"]),
    ("email_private", &["yes", "no"]),
    ("text_consent", &["yes"]),
    ("for_whom", &["", "me", "couple"]),
    ("consent", &["yes"]),
];
const RULES: Rules = Rules { text_messages: true, is_address: acceptable };

static SIGNALS: LazyLock<Signals> = LazyLock::new(|| {
    let site = content::load(Path::new("content"), None, date(2026, 11, 24)).unwrap().site;
    Signals::new(&site.signals)
});

fn body<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// A valid form in which some answers are replaced by any text.
fn mostly_valid() -> impl Strategy<Value = Submission> {
    let answers: Vec<_> = VALID.map(|(_, answers)| select(answers)).into();
    (answers, vec((select(&NAMES[..]), text()), 0..4)).prop_map(|(answers, replaced)| {
        let valid = VALID.iter().zip(&answers).map(|((name, _), answer)| (*name, *answer));
        let replaced = replaced.iter().map(|(name, text)| (*name, text.as_str()));
        Submission::from_body(body(valid.chain(replaced)).as_bytes())
    })
}

fn posted_again(enquiry: &Enquiry, form: &Submission) -> Submission {
    let phone = enquiry.phone.as_ref().map(|phone| phone.number.clone());
    Submission {
        name: enquiry.name.clone(),
        phone: phone.unwrap_or_default(),
        email: enquiry.email.as_ref().map(|email| email.address.clone()).unwrap_or_default(),
        times: enquiry.times.clone().unwrap_or_default(),
        message: enquiry.message.clone().unwrap_or_default(),
        ..form.clone()
    }
}

fn has_control(text: &str, allowed: &[char]) -> bool {
    text.chars().any(|c| c.is_control() && !allowed.contains(&c))
}

proptest! {
    #![proptest_config(one_in(1))]

    #[test]
    fn any_bytes_are_read_and_validated(body in vec(any::<u8>(), 0..3000)) {
        let _ = Submission::from_body(&body).enquiry(&RULES, None);
    }

    #[test]
    fn a_form_is_read_as_it_was_typed(typed in uniform16(text())) {
        let fields = NAMES.iter().zip(&typed).map(|(name, text)| (*name, text.as_str()));
        let [name, channel, phone, email, voicemail, email_private, text_consent, times, for_whom, message, consent,
            about, about_omit, token, reason_code, email_asked] = typed.clone();
        let form = Submission { name, channel, phone, email, voicemail, email_private, text_consent, times, for_whom,
            message, consent, about, about_omit, token, reason_code, email_asked };
        prop_assert_eq!(Submission::from_body(body(fields).as_bytes()), form);
    }

    #[test]
    fn what_is_accepted_follows_the_rules_and_is_accepted_again_unchanged(form in mostly_valid()) {
        let Ok(enquiry) = form.enquiry(&RULES, None) else { return Ok(()) };
        let characters = |text: &str| text.graphemes(true).count();
        prop_assert!((1..=NAME_MAX).contains(&characters(&enquiry.name)));
        prop_assert!(!has_control(&enquiry.name, &[]));
        if let Some(phone) = &enquiry.phone {
            prop_assert!(!has_control(&phone.number, &[]));
            prop_assert!((7..=19).contains(&phone.number.chars().filter(|c| c.is_numeric()).count()));
        }
        if let Some(email) = &enquiry.email {
            prop_assert!(acceptable(&email.address));
        }
        let times = enquiry.times.clone().unwrap_or_default();
        prop_assert!(characters(&times) <= TIMES_MAX && !has_control(&times, &[]));
        let message = enquiry.message.clone().unwrap_or_default();
        prop_assert!(characters(&message) <= MESSAGE_MAX && !has_control(&message, &['\n', '\t']));
        prop_assert_eq!(posted_again(&enquiry, &form).enquiry(&RULES, None), Ok(enquiry));
    }

    #[test]
    fn every_accepted_enquiry_has_a_score_with_reasons(form in mostly_valid(), message in text()) {
        let form = Submission { message, ..form };
        let Ok(enquiry) = form.enquiry(&RULES, None) else { return Ok(()) };
        let around = Circumstances {
            honeypot: form.reason_code,
            token: Token::Missing,
            site: FetchSite::Unknown,
            recent: 0,
            repeated: false,
        };
        let score = SIGNALS.score(&enquiry, &around);
        prop_assert!(!score.reasons.is_empty(), "the missing token counts");
    }
}
