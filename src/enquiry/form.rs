//! The contact form as posted, its validation, and the [`Enquiry`] made from it.
//!
//! Invariant: a [`Submission`] keeps every character as typed, so that a page with errors shows it again. Only the
//! validation and the enquiry use tidied text (trimmed, without invisible characters).
//!
//! Never: the wording of an error (`templates/components/form_error.html`), or a posted value in an error, since errors
//! are logged.

use super::{
    Channel, Enquiry, ForWhom, Mailbox, Phone, Voicemail, telephone,
    text::{characters, likely_address, tidy_line, tidy_text},
};
use serde::{
    Deserialize,
    de::value::{Error, MapDeserializer, StrDeserializer},
};
use std::{borrow::Cow, collections::HashMap};
use validator::{Validate, ValidateArgs as _, ValidationError, ValidationErrors};

/// Version of the notice beside the send button; a change of its text changes this.
pub const NOTICE: &str = "2026-11";
/// Most characters of a name, as people see them.
pub const NAME_MAX: usize = 120;
/// Most characters of the good times.
pub const TIMES_MAX: usize = 300;
/// Most characters of the message.
pub const MESSAGE_MAX: usize = 1_500;
/// Most characters of a telephone number as typed.
const PHONE_MAX: usize = 40;
/// Fewest digits of a telephone number: seven within an area.
const DIGITS_MIN: usize = 7;
/// Most digits of a telephone number (E.164), and some for an extension.
const DIGITS_MAX: usize = 19;
/// Most bytes of a character as people see it, on average over a field: it may have any number of marks.
const CHARACTER_MAX: usize = 16;
/// Most characters of a field that nobody types; the rest is left out.
const HIDDEN_MAX: usize = 1_000;

/// The validated fields, in the order of the page.
const FIELDS: [&str; 11] = [
    "for_whom",
    "name",
    "channel",
    "phone",
    "voicemail",
    "text_consent",
    "times",
    "email",
    "email_private",
    "message",
    "consent",
];

/// Everything the form posts, exactly as typed; what is absent is empty. The names are those of the posted fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Validate)]
#[serde(default)]
#[validate(context = "Context<'v_a>")]
pub struct Submission {
    /// What to call the person.
    #[validate(custom(function = name))]
    pub name: String,
    /// `phone`, `email` or `text`.
    #[validate(custom(function = channel, use_context))]
    pub channel: String,
    /// Telephone number.
    #[validate(custom(function = phone, use_context))]
    pub phone: String,
    /// Email address.
    #[validate(custom(function = email, use_context))]
    pub email: String,
    /// `named`, `unnamed` or `none`.
    #[validate(custom(function = voicemail, use_context))]
    pub voicemail: String,
    /// `yes` or `no`.
    #[validate(custom(function = email_private, use_context))]
    pub email_private: String,
    /// `yes` if text messages may be sent.
    #[validate(custom(function = text_consent, use_context))]
    pub text_consent: String,
    /// Good times, free text.
    #[validate(custom(function = times))]
    pub times: String,
    /// `me`, `couple`, `family`, `child` or `unsure`.
    #[validate(custom(function = for_whom))]
    pub for_whom: String,
    /// Free text.
    #[validate(custom(function = message))]
    pub message: String,
    /// `yes`.
    #[validate(custom(function = consent))]
    pub consent: String,
    /// Slug of the article below which the form stood.
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

/// What the validation depends on besides the submission.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The clinic offers text messages.
    pub text_messages: bool,
    /// Whether a mail program can send to this address.
    pub is_address: fn(&str) -> bool,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Its posted name, such as `email_private`.
    pub field: &'static str,
    /// Which rule it breaks, such as `email-private-missing`; the template has the wording for each.
    pub code: Cow<'static, str>,
}

impl Submission {
    /// Reads an `application/x-www-form-urlencoded` body.
    ///
    /// Never fails: unknown names are ignored, bytes that are not UTF-8 become the replacement character, of a name
    /// that comes twice the last one counts, and a field that nobody types is cut to its longest useful length.
    pub fn from_body(body: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(body);
        let pairs = pairs.map(|(name, value)| (name.to_string(), value.chars().take(longest(&name)).collect()));
        let pairs: HashMap<String, String> = pairs.collect();
        let read: Result<Self, Error> = Self::deserialize(MapDeserializer::new(pairs.into_iter()));
        read.expect("text fields with defaults can always be read from a map of text")
    }

    /// The enquiry, if every field is valid; `about` is the title of the article, looked up by the caller.
    ///
    /// # Errors
    /// One for each wrong field, in the order of the page.
    pub fn enquiry(&self, rules: &Rules, about: Option<String>) -> Result<Enquiry, Vec<FieldError>> {
        let tidy = Self {
            name: tidy_line(&self.name),
            phone: tidy_line(&self.phone),
            email: tidy_line(&self.email),
            times: tidy_line(&self.times),
            message: tidy_text(&self.message),
            email_asked: tidy_line(&self.email_asked),
            ..self.clone()
        };
        tidy.validate_with_args(&Context { form: &tidy, rules }).map_err(|errors| in_page_order(&errors))?;
        let private = tidy.email_private == "yes";
        // Validation has made sure of channel and voicemail, so their defaults are never used.
        let voicemail = choice(&tidy.voicemail).unwrap_or(Voicemail::None);
        Ok(Enquiry {
            channel: choice(&tidy.channel).unwrap_or(Channel::Email),
            name: tidy.name,
            phone: filled(tidy.phone).map(|number| Phone { number, voicemail }),
            email: filled(tidy.email).map(|address| Mailbox { address, private }),
            times: filled(tidy.times),
            for_whom: choice(&tidy.for_whom),
            message: filled(tidy.message),
            about: about.filter(|_| self.keeps_about()),
            notice: NOTICE.to_owned(),
        })
    }

    /// The article's title goes along, unless its box is ticked.
    pub fn keeps_about(&self) -> bool {
        self.about_omit != "yes"
    }
}

/// Most characters that are kept of the field with this posted name.
fn longest(name: &str) -> usize {
    match name {
        "name" | "phone" | "email" | "times" | "message" => usize::MAX,
        // A program may repeat the message in the honeypot.
        "reason_code" => MESSAGE_MAX * CHARACTER_MAX,
        _ => HIDDEN_MAX,
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The value of a radio button as its type.
fn choice<'de, T: Deserialize<'de>>(value: &'de str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(value)).ok()
}

fn in_page_order(errors: &ValidationErrors) -> Vec<FieldError> {
    let found = errors.field_errors();
    let error = |field| Some(FieldError { field, code: found.get(field)?.first()?.code.clone() });
    FIELDS.into_iter().filter_map(error).collect()
}

/// What the rule of a field may depend on besides its value.
#[derive(Debug)]
pub struct Context<'a> {
    form: &'a Submission,
    rules: &'a Rules,
}

impl Context<'_> {
    fn needs_phone(&self) -> bool {
        self.form.channel == "phone" || (self.form.channel == "text" && self.rules.text_messages)
    }

    fn needs_email(&self) -> bool {
        self.form.channel == "email"
    }
}

type Rule = Result<(), ValidationError>;

fn require(holds: bool, code: &'static str) -> Rule {
    if holds { Ok(()) } else { Err(ValidationError::new(code)) }
}

/// Whether a text has at most `max` characters.
fn fits(text: &str, max: usize) -> bool {
    text.len() <= max * CHARACTER_MAX && characters(text) <= max
}

fn name(name: &str) -> Rule {
    require(!name.is_empty(), "name-missing")?;
    require(fits(name, NAME_MAX), "name-too-long")
}

fn channel(channel: &str, context: &Context<'_>) -> Rule {
    let chosen: Option<Channel> = choice(channel);
    let offered = chosen.is_some_and(|channel| channel != Channel::Text || context.rules.text_messages);
    require(offered, "channel-missing")
}

fn phone(phone: &str, context: &Context<'_>) -> Rule {
    if phone.is_empty() {
        return require(!context.needs_phone(), "phone-missing");
    }
    let digits = phone.chars().filter(|c| c.is_numeric()).count();
    require(fits(phone, PHONE_MAX) && digits <= DIGITS_MAX, "phone-too-long")?;
    require(digits >= DIGITS_MIN, "phone-too-short")?;
    require(telephone::is_number(phone), "phone-malformed")
}

/// Required whenever a number is needed or given, without a default.
fn voicemail(voicemail: &str, context: &Context<'_>) -> Rule {
    let asked = context.needs_phone() || !context.form.phone.is_empty();
    require(!asked || choice::<Voicemail>(voicemail).is_some(), "voicemail-missing")
}

fn text_consent(consent: &str, context: &Context<'_>) -> Rule {
    require(context.form.channel != "text" || consent == "yes", "text-consent-missing")
}

/// An unlikely spelling is asked about once.
fn email(email: &str, context: &Context<'_>) -> Rule {
    if email.is_empty() {
        return require(!context.needs_email(), "email-missing");
    }
    require((context.rules.is_address)(email), "email-malformed")?;
    require(context.form.email_asked == email || likely_address(email).is_none(), "email-unlikely")
}

fn email_private(private: &str, context: &Context<'_>) -> Rule {
    let asked = context.needs_email() || !context.form.email.is_empty();
    require(!asked || matches!(private, "yes" | "no"), "email-private-missing")
}

fn times(times: &str) -> Rule {
    require(fits(times, TIMES_MAX), "times-too-long")
}

fn for_whom(whom: &str) -> Rule {
    require(whom.is_empty() || choice::<ForWhom>(whom).is_some(), "for-whom-unknown")
}

fn message(message: &str) -> Rule {
    require(fits(message, MESSAGE_MAX), "message-too-long")
}

fn consent(consent: &str) -> Rule {
    require(consent == "yes", "consent-missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { text_messages: false, is_address: |text| text.contains('@') };

    fn valid() -> Submission {
        Submission::from_body(b"name=Ana&channel=phone&phone=(650)+555-0123&voicemail=unnamed&consent=yes")
    }

    /// The codes of the errors.
    fn errors(form: &Submission) -> Vec<String> {
        form.enquiry(&RULES, None).err().unwrap_or_default().into_iter().map(|error| error.code.into_owned()).collect()
    }

    #[test]
    fn a_valid_form_becomes_an_enquiry() {
        let enquiry = valid().enquiry(&RULES, None).unwrap();
        assert_eq!(enquiry.name, "Ana");
        assert_eq!(enquiry.phone.unwrap().voicemail, Voicemail::Unnamed);
        assert_eq!(enquiry.email, None);
    }

    #[test]
    fn every_answer_is_in_the_enquiry_without_space_around_it() {
        let body = "name=+Ana+&channel=email&email=+ana@gmial.com%0A&email_private=no&email_asked=+ana@gmial.com&\
            phone=+6505550123+&voicemail=named&times=+Mondays%0A&for_whom=couple&message=%0D%0AHello+&consent=yes";
        let enquiry = |more: &str| {
            let form = Submission::from_body(format!("{body}{more}").as_bytes());
            form.enquiry(&RULES, Some("An article".into())).unwrap()
        };
        let expected = Enquiry {
            name: "Ana".into(),
            channel: Channel::Email,
            phone: Some(Phone { number: "6505550123".into(), voicemail: Voicemail::Named }),
            email: Some(Mailbox { address: "ana@gmial.com".into(), private: false }),
            times: Some("Mondays".into()),
            for_whom: Some(ForWhom::Couple),
            message: Some("Hello".into()),
            about: Some("An article".into()),
            notice: NOTICE.into(),
        };
        assert_eq!(enquiry(""), expected);
        assert!(enquiry("&email_private=yes").email.unwrap().private);
        assert_eq!(enquiry("&about_omit=yes").about, None);
    }

    #[test]
    fn a_number_is_required_for_the_channels_that_use_it() {
        let rules = Rules { text_messages: true, ..RULES };
        let errors = |channel: &str| {
            let body =
                format!("name=Ana&text_consent=yes&email=ana@example.org&email_private=yes&consent=yes&{channel}");
            let found = Submission::from_body(body.as_bytes()).enquiry(&rules, None).err().unwrap_or_default();
            found.into_iter().map(|error| error.code.into_owned()).collect::<Vec<_>>()
        };
        for channel in ["channel=phone", "channel=text"] {
            assert_eq!(errors(channel), ["phone-missing", "voicemail-missing"], "{channel}");
        }
        assert!(errors("channel=email").is_empty());
        assert_eq!(errors("channel=text&text_consent=&phone=6505550123&voicemail=none"), ["text-consent-missing"]);
    }

    #[test]
    fn errors_come_in_the_order_of_the_page() {
        assert_eq!(errors(&Submission::default()), ["name-missing", "channel-missing", "consent-missing"]);
    }

    #[test]
    fn each_wrong_answer_has_its_error() {
        let table: [(&str, &[&str]); 18] = [
            ("name=", &["name-missing"]),
            ("name=%E2%80%8B+%C2%A0", &["name-missing"]),
            ("channel=", &["channel-missing"]),
            ("channel=pigeon", &["channel-missing"]),
            ("channel=text&text_consent=yes", &["channel-missing"]),
            ("phone=&voicemail=", &["phone-missing", "voicemail-missing"]),
            ("phone=555", &["phone-too-short"]),
            ("phone=call me", &["phone-too-short"]),
            ("phone=6505550123 6505550124", &["phone-too-long"]),
            (
                "phone=%2B+%2B+%2B+%2B+%2B+%2B+%2B+%2B+%2B+%2B+%2B+%2B+%2B+%2B+%2B+%2B+%2B+6505550123",
                &["phone-too-long"],
            ),
            ("phone=6505550123 cheap rankings", &["phone-malformed"]),
            ("voicemail=", &["voicemail-missing"]),
            ("voicemail=maybe", &["voicemail-missing"]),
            ("channel=email", &["email-missing", "email-private-missing"]),
            ("channel=email&email=nobody&email_private=yes", &["email-malformed"]),
            ("channel=email&email=a@example.com", &["email-private-missing"]),
            ("for_whom=dog", &["for-whom-unknown"]),
            ("consent=", &["consent-missing"]),
        ];
        for (change, codes) in table {
            let body = format!("name=Ana&channel=phone&phone=6505550123&voicemail=none&consent=yes&{change}");
            assert_eq!(errors(&Submission::from_body(body.as_bytes())), codes, "{change}");
        }
    }

    #[test]
    fn every_rule_has_its_wording_in_the_template() {
        let (rules, _) = include_str!("form.rs").split_once("#[cfg(test)]").unwrap();
        let codes = rules.split('"').filter(|text| text.contains('-') && !text.contains(char::is_whitespace));
        let codes: Vec<&str> = codes.filter(|code| code.starts_with(char::is_alphabetic)).collect();
        assert_eq!(codes.len(), 17, "{codes:?}");
        let template = include_str!("../../templates/components/form_error.html");
        for code in codes {
            assert!(template.contains(&format!("when \"{code}\" -")), "{code}");
        }
    }

    #[test]
    fn a_likely_typing_error_is_asked_about_once() {
        let body = "name=Ana&channel=email&email=ana@gmial.com&email_private=yes&consent=yes";
        assert_eq!(errors(&Submission::from_body(body.as_bytes())), ["email-unlikely"]);
        let again = format!("{body}&email_asked=ana@gmial.com");
        assert!(errors(&Submission::from_body(again.as_bytes())).is_empty());
    }

    #[test]
    fn a_long_message_is_counted_as_people_see_it_and_kept_whole() {
        let flag = "🏳️‍🌈"; // one character on the screen, four code points, fourteen bytes
        let mut form = valid();
        form.message = flag.repeat(MESSAGE_MAX);
        assert!(errors(&form).is_empty());
        form.message.push('!');
        assert_eq!(errors(&form), ["message-too-long"]);
        assert!(form.message.ends_with("🏳️‍🌈!"));
    }

    #[test]
    fn line_breaks_and_nul_never_reach_a_single_line() {
        let body =
            b"name=Ana%0D%0ABcc:%20x@example.com%00&channel=phone&phone=650%0D%0A5550123&voicemail=none&consent=yes";
        let form = Submission::from_body(body);
        let enquiry = form.enquiry(&RULES, None).unwrap();
        assert_eq!(enquiry.name, "Ana Bcc: x@example.com");
        assert_eq!(enquiry.phone.unwrap().number, "650 5550123");
        assert!(form.name.contains('\n'), "what was typed is kept for the page");
    }

    #[test]
    fn typed_text_is_kept_whole_and_what_nobody_types_is_cut() {
        let names = FIELDS.into_iter().chain(["about", "token", "email_asked", "reason_code"]);
        let long = "x".repeat(30_000);
        let body: String = names.flat_map(|name| [name, "=", &long, "&"]).collect();
        let form = Submission::from_body(body.as_bytes());
        let typed = [&form.name, &form.phone, &form.email, &form.times, &form.message];
        assert!(typed.iter().all(|text| text.len() == 30_000));
        let others = [&form.channel, &form.consent, &form.about, &form.token, &form.email_asked];
        assert!(others.iter().all(|text| text.len() == HIDDEN_MAX));
        assert_eq!(form.reason_code.len(), MESSAGE_MAX * CHARACTER_MAX);
        let too_long = ["name-too-long", "phone-too-long", "email-malformed", "times-too-long", "message-too-long"];
        let errors = errors(&form);
        assert!(too_long.iter().all(|code| errors.iter().any(|error| error == code)), "{errors:?}");
    }

    #[test]
    fn a_name_of_many_marks_is_too_long() {
        let mut form = valid();
        form.name = format!("e{}", "\u{301}".repeat(10_000));
        assert_eq!(errors(&form), ["name-too-long"]);
    }

    #[test]
    fn a_body_of_any_bytes_is_read() {
        let odd = Submission::from_body(b"name=%FF%FE&name=Ana&&=&unknown=1&message=%ZZ");
        assert_eq!(odd.name, "Ana");
        assert_eq!(odd.message, "%ZZ");
    }
}
