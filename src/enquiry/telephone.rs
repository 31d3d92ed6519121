//! Telephone numbers as visitors type them: what may be one, and which of them a link can dial.
//!
//! Never: whether a number is in use, and no change of what was typed.

/// Whether a text has only digits and the signs of a number, and no word but that for an extension. The direction marks
/// are those that telephones put around a copied number.
pub fn is_number(text: &str) -> bool {
    let is_sign = |c: char| {
        c.is_numeric()
            || " +-()[]./,;:#*\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2212}".contains(c)
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let is_extension = |word: &str| ["", "x", "ext", "extension"].iter().any(|known| word.eq_ignore_ascii_case(known));
    text.split(is_sign).all(is_extension)
}

/// Whether a number has fewer than three different digits: hardly anybody's has.
pub fn is_odd(number: &str) -> bool {
    let mut digits: Vec<char> = number.chars().filter(|c| c.is_numeric()).collect();
    digits.sort_unstable();
    digits.dedup();
    digits.len() < 3
}

/// The number in a `tel:` or `sms:` link (RFC 3966 5.1), without an extension; none for an odd one. Ten digits are a US
/// number.
pub fn link_number(number: &str) -> Option<String> {
    let main = number.split(|c: char| c.is_alphabetic() || matches!(c, '#' | ',' | ';' | '*')).next()?;
    let digits: String = main.chars().filter(char::is_ascii_digit).collect();
    match (main.trim_start().trim_start_matches('(').starts_with('+'), digits.len()) {
        _ if is_odd(&digits) => None,
        (true, 7..=15) => Some(format!("+{digits}")),
        (false, 10) => Some(format!("+1{digits}")),
        (false, 11) if digits.starts_with('1') => Some(format!("+{digits}")),
        (false, 7..=15) => Some(digits),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_only_digits_and_signs() {
        let table = [
            ("(650) 799-1375", true),
            ("+44 20 7946 0958", true),
            ("650.799.1375 ext. 12", true),
            ("650/799/1375 X12", true),
            ("650\u{2011}799\u{2013}1375", true),
            ("\u{202a}650 799 1375\u{202c}", true),
            ("٠٥٠ ١٢٣ ٤٥٦٧", true),
            ("650 799 1375 ask for Ana", false),
            ("cheap-seo.example/6507991375", false),
            ("<b>6507991375", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_number(text), expected, "{text}");
        }
    }

    #[test]
    fn a_phone_link_has_only_the_digits_without_extension() {
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
            ("000-000-0000", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(link_number(typed).as_deref(), expected, "{typed}");
        }
    }
}
