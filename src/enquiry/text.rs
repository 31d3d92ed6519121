//! Typed text: tidying, counting, and the likely spelling of an email address.

use strsim::osa_distance;
use unicode_segmentation::UnicodeSegmentation as _;

/// Characters as people see them (grapheme clusters, UAX #29), not bytes.
pub fn characters(text: &str) -> usize {
    text.graphemes(true).count()
}

/// One line: white space becomes single spaces, control and invisible characters go, the ends are trimmed.
pub fn tidy_line(text: &str) -> String {
    let visible: String = text.chars().filter(|&c| c.is_whitespace() || is_kept(c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text of several lines: line breaks become `\n`, other control and invisible characters go, the ends are trimmed.
pub fn tidy_text(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let visible: String = unix.chars().filter(|&c| c == '\n' || c == '\t' || is_kept(c)).collect();
    visible.trim().to_owned()
}

/// Joiners stay, since emoji and several scripts need them; direction marks stay too, since `mail::letter::sanitize`
/// handles them.
fn is_kept(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}' | '\u{180E}')
}

/// Mail providers so common that one letter off is more likely a typing error than another provider.
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

/// Providers that are one letter from one of [`PROVIDERS`].
const NEIGHBORS: [&str; 3] = ["mail.com", "ymail.com", "email.com"];

/// The address with the domain of a well-known provider, if the typed domain is one letter (missing, added, other, or
/// two swapped) away from it.
pub fn likely_address(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let domain = domain.to_lowercase();
    let provider = PROVIDERS.iter().find(|provider| osa_distance(&domain, provider) == 1)?;
    (!NEIGHBORS.contains(&domain.as_str())).then(|| format!("{local}@{provider}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_in_a_known_domain_is_found_and_a_real_domain_is_left_alone() {
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
    fn tidying_keeps_every_script_and_drops_only_invisible_characters() {
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
