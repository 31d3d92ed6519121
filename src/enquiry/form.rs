//! The form as posted: what was typed, what is wrong with it, and the [`Enquiry`] it makes.
//!
//! Invariant: [`Answers`] keeps every character that was typed, so that a page with mistakes shows them again; only the
//! checks look at tidied text (trimmed, without invisible signs).
//!
//! Never: the words of a mistake (they stand in `templates/components/mistake.html`).

use super::{
    Channel, Enquiry, ForWhom, Mailbox, Phone, Voicemail,
    rules::{self, Rules},
};
use serde::{Deserialize, de::value::MapDeserializer};
use std::collections::HashMap;
use validator::{Validate, ValidateArgs as _};

/// Version of the notice beside the send button; a change of its words changes this.
pub const NOTICE: &str = "2026-11";

/// Everything the form posts, exactly as typed; what is absent is empty.
///
/// The names are the names of the fields on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Validate)]
#[serde(default)]
#[validate(context = Rules)]
#[validate(schema(function = rules::channel, use_context, skip_on_field_errors = false))]
#[validate(schema(function = rules::phone, use_context, skip_on_field_errors = false))]
#[validate(schema(function = rules::voicemail, skip_on_field_errors = false))]
#[validate(schema(function = rules::email, use_context, skip_on_field_errors = false))]
#[validate(schema(function = rules::email_private, skip_on_field_errors = false))]
#[validate(schema(function = rules::text_consent, skip_on_field_errors = false))]
pub struct Answers {
    /// What to call the person.
    #[validate(custom(function = rules::name))]
    pub name: String,
    /// `phone`, `email` or `text`.
    pub channel: String,
    /// Telephone number.
    pub phone: String,
    /// Email address.
    pub email: String,
    /// `named`, `unnamed` or `none`.
    pub voicemail: String,
    /// `yes` or `no`.
    pub email_private: String,
    /// `yes` if text messages may be sent.
    pub text_consent: String,
    /// Good times, free text.
    #[validate(custom(function = rules::times))]
    pub times: String,
    /// `me`, `couple`, `family`, `child` or `unsure`.
    #[validate(custom(function = rules::for_whom))]
    pub for_whom: String,
    /// Free text.
    #[validate(custom(function = rules::message))]
    pub message: String,
    /// `yes`.
    #[validate(custom(function = rules::consent))]
    pub consent: String,
    /// Slug of the article at whose foot the form stood.
    pub about: String,
    /// `yes` if the article's title is to be left out.
    pub about_omit: String,
    /// Signed token, or empty.
    pub token: String,
    /// Honeypot: no label that a person sees, no name that a browser fills.
    pub reason_code: String,
    /// The address about whose spelling the form has already asked.
    pub email_asked: String,
}

/// A field of the form, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// See [`Answers::name`].
    Name,
    /// See [`Answers::channel`].
    Channel,
    /// See [`Answers::phone`].
    Phone,
    /// See [`Answers::voicemail`].
    Voicemail,
    /// See [`Answers::text_consent`].
    TextConsent,
    /// See [`Answers::email`].
    Email,
    /// See [`Answers::email_private`].
    EmailPrivate,
    /// See [`Answers::times`].
    Times,
    /// See [`Answers::for_whom`].
    ForWhom,
    /// See [`Answers::message`].
    Message,
    /// See [`Answers::consent`].
    Consent,
}

/// What is wrong with an answer; the template has the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// No name.
    NameMissing,
    /// More than [`rules::NAME_MAX`] characters.
    NameTooLong,
    /// No channel, or one that is not offered.
    ChannelMissing,
    /// The chosen channel needs a number.
    PhoneMissing,
    /// Digits are missing.
    PhoneTooShort,
    /// More digits than a number has.
    PhoneTooLong,
    /// A number was given, but not what may be left on it.
    VoicemailMissing,
    /// Text messages were chosen, but not agreed to.
    TextConsentMissing,
    /// The chosen channel needs an address.
    EmailMissing,
    /// Not an address.
    EmailMalformed,
    /// Likely a slip of the finger; holds what may have been meant. Asked once.
    EmailUnlikely(String),
    /// An address was given, but not whether it is private.
    EmailPrivateMissing,
    /// More than [`rules::TIMES_MAX`] characters.
    TimesTooLong,
    /// Not one of the list.
    ForWhomUnknown,
    /// More than [`rules::MESSAGE_MAX`] characters; holds how many.
    MessageTooLong(usize),
    /// The box is not ticked.
    ConsentMissing,
}

impl Mistake {
    /// The field that it belongs to.
    pub fn field(&self) -> Field {
        match self {
            Self::NameMissing | Self::NameTooLong => Field::Name,
            Self::ChannelMissing => Field::Channel,
            Self::PhoneMissing | Self::PhoneTooShort | Self::PhoneTooLong => Field::Phone,
            Self::VoicemailMissing => Field::Voicemail,
            Self::TextConsentMissing => Field::TextConsent,
            Self::EmailMissing | Self::EmailMalformed | Self::EmailUnlikely(_) => Field::Email,
            Self::EmailPrivateMissing => Field::EmailPrivate,
            Self::TimesTooLong => Field::Times,
            Self::ForWhomUnknown => Field::ForWhom,
            Self::MessageTooLong(_) => Field::Message,
            Self::ConsentMissing => Field::Consent,
        }
    }
}

impl Answers {
    /// Reads an `application/x-www-form-urlencoded` body.
    ///
    /// Never fails: unknown names are ignored, bytes that are not UTF-8 become the replacement sign, and of a name that
    /// comes twice the last one counts. A person must never lose words to a parser.
    pub fn from_body(body: &[u8]) -> Self {
        let pairs: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let read: Result<Self, serde::de::value::Error> = Self::deserialize(MapDeserializer::new(pairs.into_iter()));
        read.expect("text fields with defaults can always be read from a map of text")
    }

    /// Checks the answers.
    ///
    /// # Errors
    /// Every mistake, in the order of the page.
    pub fn check(&self, rules: &Rules) -> Result<(), Vec<Mistake>> {
        let tidy = self.tidied();
        let Err(errors) = tidy.validate_with_args(rules) else { return Ok(()) };
        let mut mistakes: Vec<Mistake> = errors
            .field_errors()
            .values()
            .flat_map(|errors| errors.iter())
            .map(|error| tidy.mistake(&error.code, rules))
            .collect();
        mistakes.sort_by_key(Mistake::field);
        Err(mistakes)
    }

    /// The code of a rule as a mistake, with what the words of it need.
    fn mistake(&self, code: &str, rules: &Rules) -> Mistake {
        match code {
            "name-missing" => Mistake::NameMissing,
            "name-too-long" => Mistake::NameTooLong,
            "channel-missing" => Mistake::ChannelMissing,
            "phone-missing" => Mistake::PhoneMissing,
            "phone-too-short" => Mistake::PhoneTooShort,
            "phone-too-long" => Mistake::PhoneTooLong,
            "voicemail-missing" => Mistake::VoicemailMissing,
            "text-consent-missing" => Mistake::TextConsentMissing,
            "email-missing" => Mistake::EmailMissing,
            "email-malformed" => Mistake::EmailMalformed,
            "email-unlikely" => Mistake::EmailUnlikely((rules.likely_address)(&self.email).unwrap_or_default()),
            "email-private-missing" => Mistake::EmailPrivateMissing,
            "times-too-long" => Mistake::TimesTooLong,
            "for-whom-unknown" => Mistake::ForWhomUnknown,
            "message-too-long" => Mistake::MessageTooLong(rules::characters(&self.message)),
            "consent-missing" => Mistake::ConsentMissing,
            other => unreachable!("rules.rs has a rule `{other}` that no mistake stands for"),
        }
    }

    /// The enquiry, if the answers are sound; `about` is the title of the article, looked up by the caller.
    ///
    /// # Errors
    /// Every mistake, in the order of the page.
    pub fn enquiry(&self, rules: &Rules, about: Option<String>) -> Result<Enquiry, Vec<Mistake>> {
        self.check(rules)?;
        let tidy = self.tidied();
        let channel = match tidy.channel.as_str() {
            "phone" => Channel::Phone,
            "text" => Channel::Text,
            _ => Channel::Email,
        };
        let phone = filled(tidy.phone).map(|number| Phone { number, voicemail: voicemail(&tidy.voicemail) });
        let email = filled(tidy.email).map(|address| Mailbox { address, private: tidy.email_private == "yes" });
        Ok(Enquiry {
            name: tidy.name,
            channel,
            phone,
            email,
            times: filled(tidy.times),
            for_whom: for_whom(&tidy.for_whom),
            message: filled(tidy.message),
            about: about.filter(|_| self.keeps_about()),
            notice: NOTICE.to_owned(),
        })
    }

    /// The article's title goes along, unless its box is ticked.
    pub fn keeps_about(&self) -> bool {
        self.about_omit != "yes"
    }

    /// The answers as the checks read them: trimmed, in one line where the field has one, invisible signs left out.
    #[must_use]
    pub fn tidied(&self) -> Self {
        let line = |text: &String| rules::tidy_line(text);
        Self {
            name: line(&self.name),
            channel: line(&self.channel),
            phone: line(&self.phone),
            email: line(&self.email),
            voicemail: line(&self.voicemail),
            email_private: line(&self.email_private),
            text_consent: line(&self.text_consent),
            times: line(&self.times),
            for_whom: line(&self.for_whom),
            message: rules::tidy_text(&self.message),
            consent: line(&self.consent),
            about: line(&self.about),
            about_omit: line(&self.about_omit),
            token: line(&self.token),
            reason_code: line(&self.reason_code),
            email_asked: line(&self.email_asked),
        }
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The check made sure that it is one of the three.
fn voicemail(text: &str) -> Voicemail {
    match text {
        "named" => Voicemail::Named,
        "unnamed" => Voicemail::Unnamed,
        _ => Voicemail::None,
    }
}

fn for_whom(text: &str) -> Option<ForWhom> {
    Some(match text {
        "me" => ForWhom::Me,
        "couple" => ForWhom::Couple,
        "family" => ForWhom::Family,
        "child" => ForWhom::Child,
        "unsure" => ForWhom::Unsure,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules { text_messages: false, acceptable: |text| text.contains('@'), likely_address: rules::likely_address }
    }

    fn sound() -> Answers {
        Answers::from_body(b"name=Ana&channel=phone&phone=(650)+555-0123&voicemail=unnamed&consent=yes")
    }

    #[test]
    fn a_sound_form_becomes_an_enquiry() {
        let enquiry = sound().enquiry(&rules(), None).unwrap();
        assert_eq!(enquiry.name, "Ana");
        assert_eq!(enquiry.phone.unwrap().voicemail, Voicemail::Unnamed);
        assert_eq!(enquiry.email, None);
    }

    #[test]
    fn mistakes_come_in_the_order_of_the_page() {
        let mistakes = Answers::default().check(&rules()).unwrap_err();
        assert_eq!(mistakes, [Mistake::NameMissing, Mistake::ChannelMissing, Mistake::ConsentMissing]);
    }

    #[test]
    fn each_wrong_answer_has_its_mistake() {
        let table: [(&str, Mistake); 16] = [
            ("name=", Mistake::NameMissing),
            ("name=%E2%80%8B+%C2%A0", Mistake::NameMissing),
            ("channel=", Mistake::ChannelMissing),
            ("channel=pigeon", Mistake::ChannelMissing),
            ("channel=text&text_consent=yes", Mistake::ChannelMissing),
            ("phone=&voicemail=", Mistake::PhoneMissing),
            ("phone=555", Mistake::PhoneTooShort),
            ("phone=call me", Mistake::PhoneTooShort),
            ("phone=6505550123 6505550124", Mistake::PhoneTooLong),
            ("voicemail=", Mistake::VoicemailMissing),
            ("voicemail=maybe", Mistake::VoicemailMissing),
            ("channel=email", Mistake::EmailMissing),
            ("channel=email&email=nobody&email_private=yes", Mistake::EmailMalformed),
            ("channel=email&email=a@example.com", Mistake::EmailPrivateMissing),
            ("for_whom=dog", Mistake::ForWhomUnknown),
            ("consent=", Mistake::ConsentMissing),
        ];
        for (change, mistake) in table {
            let body = format!("name=Ana&channel=phone&phone=6505550123&voicemail=none&consent=yes&{change}");
            assert_eq!(Answers::from_body(body.as_bytes()).check(&rules()), Err(vec![mistake]), "{change}");
        }
    }

    #[test]
    fn a_likely_typing_error_is_asked_about_once() {
        let body = "name=Ana&channel=email&email=ana@gmial.com&email_private=yes&consent=yes";
        let asked = Answers::from_body(body.as_bytes()).check(&rules());
        assert_eq!(asked, Err(vec![Mistake::EmailUnlikely("ana@gmail.com".to_owned())]));
        let again = format!("{body}&email_asked=ana@gmial.com");
        assert_eq!(Answers::from_body(again.as_bytes()).check(&rules()), Ok(()));
    }

    #[test]
    fn a_long_message_is_counted_as_people_see_it_and_kept_whole() {
        let flag = "🏳️‍🌈"; // one sign, four code points, fourteen bytes
        let mut answers = sound();
        answers.message = flag.repeat(rules::MESSAGE_MAX);
        assert_eq!(answers.check(&rules()), Ok(()));
        answers.message.push('!');
        assert_eq!(answers.check(&rules()), Err(vec![Mistake::MessageTooLong(rules::MESSAGE_MAX + 1)]));
        assert!(answers.message.ends_with("🏳️‍🌈!"));
    }

    #[test]
    fn line_breaks_and_nul_never_reach_a_single_line() {
        let answers = Answers::from_body(b"name=Ana%0D%0ABcc:%20x@example.com%00&phone=650%0D%0A5550123");
        let tidy = answers.tidied();
        assert_eq!(tidy.name, "Ana Bcc: x@example.com");
        assert_eq!(tidy.phone, "650 5550123");
        assert!(answers.name.contains('\n'), "what was typed is kept for the page");
    }

    #[test]
    fn a_body_of_any_bytes_is_read() {
        let odd = Answers::from_body(b"name=%FF%FE&name=Ana&&=&unknown=1&message=%ZZ");
        assert_eq!(odd.name, "Ana");
        assert_eq!(odd.message, "%ZZ");
    }
}
