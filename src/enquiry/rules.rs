//! The rules of the form, each a function for validator: tidied text in, a code out.
//!
//! What only one field decides is a rule of that field; what two decide together is a rule of the whole form. The code
//! becomes a [`Mistake`](super::form::Mistake); the words stand in the templates.
//!
//! Never puts a value into an error: validator's parameters hold what was typed, and errors end in logs.

use super::form::Answers;
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation as _;
use validator::ValidationError;

/// Most characters of a name, as people see them.
pub const NAME_MAX: usize = 120;
/// Most characters of the good times.
pub const TIMES_MAX: usize = 300;
/// Most characters of the message.
pub const MESSAGE_MAX: usize = 1_500;
/// Fewest digits of a telephone number: seven within an area.
const PHONE_MIN: usize = 7;
/// Most digits of a telephone number (E.164), and some for an extension.
const PHONE_MAX: usize = 19;

/// What the rules need to know beside the answers.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The clinic offers text messages.
    pub text_messages: bool,
    /// The address gate: syntax that a mail program can send to.
    pub acceptable: fn(&str) -> bool,
    /// A likelier spelling of an address, if there is one.
    pub likely_address: fn(&str) -> Option<String>,
}

type Rule = Result<(), ValidationError>;

fn wrong(code: &'static str) -> Rule {
    Err(ValidationError { code: Cow::Borrowed(code), message: None, params: std::collections::HashMap::new() })
}

fn demand(holds: bool, code: &'static str) -> Rule {
    if holds { Ok(()) } else { wrong(code) }
}

pub(super) fn name(name: &str) -> Rule {
    demand(!name.is_empty(), "name-missing")?;
    demand(characters(name) <= NAME_MAX, "name-too-long")
}

pub(super) fn times(times: &str) -> Rule {
    demand(characters(times) <= TIMES_MAX, "times-too-long")
}

pub(super) fn for_whom(choice: &str) -> Rule {
    demand(matches!(choice, "" | "me" | "couple" | "family" | "child" | "unsure"), "for-whom-unknown")
}

pub(super) fn message(message: &str) -> Rule {
    demand(characters(message) <= MESSAGE_MAX, "message-too-long")
}

pub(super) fn consent(consent: &str) -> Rule {
    demand(consent == "yes", "consent-missing")
}

pub(super) fn channel(answers: &Answers, rules: &Rules) -> Rule {
    let offered = match answers.channel.as_str() {
        "phone" | "email" => true,
        "text" => rules.text_messages,
        _ => false,
    };
    demand(offered, "channel-missing")
}

/// A number is needed by the channel; whenever one is given, it must have as many digits as a number has.
pub(super) fn phone(answers: &Answers, rules: &Rules) -> Rule {
    let needed = answers.channel == "phone" || (answers.channel == "text" && rules.text_messages);
    if answers.phone.is_empty() {
        return demand(!needed, "phone-missing");
    }
    let digits = answers.phone.chars().filter(|c| c.is_numeric()).count();
    demand(digits >= PHONE_MIN, "phone-too-short")?;
    demand(digits <= PHONE_MAX, "phone-too-long")
}

/// Asked whenever a number is given, with no answer taken for granted.
pub(super) fn voicemail(answers: &Answers) -> Rule {
    let answered = matches!(answers.voicemail.as_str(), "named" | "unnamed" | "none");
    demand(answers.phone.is_empty() || answered, "voicemail-missing")
}

/// An address is needed by the channel; whenever one is given, mail can be sent to it, and an unlikely spelling is asked
/// about once.
pub(super) fn email(answers: &Answers, rules: &Rules) -> Rule {
    if answers.email.is_empty() {
        return demand(answers.channel != "email", "email-missing");
    }
    demand((rules.acceptable)(&answers.email), "email-malformed")?;
    let asked = answers.email_asked == answers.email;
    demand(asked || (rules.likely_address)(&answers.email).is_none(), "email-unlikely")
}

/// Asked whenever an address is given.
pub(super) fn email_private(answers: &Answers) -> Rule {
    let answered = matches!(answers.email_private.as_str(), "yes" | "no");
    demand(answers.email.is_empty() || answered, "email-private-missing")
}

/// Text messages need a yes of their own.
pub(super) fn text_consent(answers: &Answers) -> Rule {
    demand(answers.channel != "text" || answers.text_consent == "yes", "text-consent-missing")
}

/// Characters as people see them (grapheme clusters, UAX #29), not bytes.
pub fn characters(text: &str) -> usize {
    text.graphemes(true).count()
}

/// One line: line breaks become spaces, other control and invisible signs go, the ends are trimmed.
pub fn tidy_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() && c.is_whitespace() { ' ' } else { c }).collect();
    let visible: String = spaced.chars().filter(|&c| is_kept(c)).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ")
}

/// Text of several lines: breaks become `\n` as in a file, other control and invisible signs go, the ends are trimmed.
pub fn tidy_text(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let visible: String = unix.chars().filter(|&c| c == '\n' || c == '\t' || is_kept(c)).collect();
    visible.trim().to_owned()
}

/// Joiners stay, since emoji and several scripts need them; direction marks stay too, the letter makes them harmless.
fn is_kept(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}' | '\u{180E}')
}

/// Providers whose names are typed so often that one letter off is likelier a slip than another provider.
const PROVIDERS: [&str; 10] = [
    "gmail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "icloud.com",
    "aol.com",
    "comcast.net",
    "protonmail.com",
    "stanford.edu",
    "sbcglobal.net",
];

/// Domains that are one letter from a provider and yet real providers of their own.
const REAL: [&str; 6] = ["mail.com", "gmx.com", "ymail.com", "email.com", "aim.com", "proton.me"];

/// The address with a well-known domain, if the typed domain is one slip away from it.
pub fn likely_address(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let domain = domain.to_lowercase();
    if PROVIDERS.contains(&domain.as_str()) || REAL.contains(&domain.as_str()) {
        return None;
    }
    let near = PROVIDERS.iter().find(|provider| is_one_slip(&domain, provider))?;
    Some(format!("{local}@{near}"))
}

/// One letter too many, too few, other, or two neighbours swapped (Damerau-Levenshtein distance 1).
fn is_one_slip(typed: &str, meant: &str) -> bool {
    let (a, b) = (typed.as_bytes(), meant.as_bytes());
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    matches!((a.len(), b.len()), (1, 0 | 1) | (0, 1)) || (a.len() == 2 && b.len() == 2 && a[0] == b[1] && a[1] == b[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_known_domain_is_seen_and_a_real_domain_is_left_alone() {
        let table = [
            ("a@gmial.com", Some("a@gmail.com")),
            ("a@gmail.co", Some("a@gmail.com")),
            ("a@gmail.con", Some("a@gmail.com")),
            ("a@Gmai.com", Some("a@gmail.com")),
            ("a@yaho.com", Some("a@yahoo.com")),
            ("a@hotmial.com", Some("a@hotmail.com")),
            ("a@gmail.com", None),
            ("a@mail.com", None),
            ("a@ymail.com", None),
            ("a@gmx.com", None),
            ("a@example.org", None),
            ("nobody", None),
        ];
        for (typed, meant) in table {
            assert_eq!(likely_address(typed).as_deref(), meant, "{typed}");
        }
    }

    #[test]
    fn tidying_keeps_every_script_and_drops_only_what_nobody_sees() {
        let table = [
            ("  Ana  ", "Ana"),
            ("Zo\u{200B}ë", "Zoë"),
            ("مريم", "مريم"),
            ("a\tb\r\nc", "a b c"),
            ("👩‍👩‍👧", "👩‍👩‍👧"),
            ("\u{feff}", ""),
        ];
        for (typed, tidy) in table {
            assert_eq!(tidy_line(typed), tidy, "{typed:?}");
        }
        assert_eq!(tidy_text(" one\r\n\r\ntwo\u{0} "), "one\n\ntwo");
    }
}
