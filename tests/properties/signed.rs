//! Tokens of the form and links of staff.

use super::{one_in, text};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use proptest::{prelude::*, sample::select};
use relationship_clinic::enquiry::{
    link::{Link, LinkAction, Links},
    token::{Key, Token},
};

const SECRET: &str = "a secret of at least thirty-two characters";

/// Another text: one character is replaced, removed or added.
fn changed(text: &str, at: usize, by: &str) -> String {
    let at = at % (text.len() + 1);
    let rest = text[at..].get(1..).unwrap_or_default();
    format!("{}{by}{rest}", &text[..at])
}

fn actions() -> impl Strategy<Value = LinkAction> {
    select(&[LinkAction::Answered, LinkAction::Release, LinkAction::Spam][..])
}

proptest! {
    #![proptest_config(one_in(1))]

    #[test]
    fn a_token_is_read_with_its_age_and_no_changed_one_is_valid(
        issued in 0..i64::MAX / 2, age in -1_000_000..i64::MAX / 2, nonce: [u8; 16], at: usize, by in "[A-Za-z0-9_=-]{0,2}",
    ) {
        let key = Key::new(SECRET, "form");
        let token = Token::issue(&key, issued, nonce);
        let valid = Token::Valid { nonce: BASE64URL_NOPAD.encode(&nonce), age: age.max(0).unsigned_abs() };
        prop_assert_eq!(Token::read(&key, &token, issued + age), valid);
        let other = changed(&token, at, &by);
        if other != token {
            prop_assert_eq!(Token::read(&key, &other, issued + age), Token::Invalid);
        }
        prop_assert_eq!(Token::read(&Key::new(SECRET, "link"), &token, issued + age), Token::Invalid);
    }

    #[test]
    fn a_link_permits_its_action_until_it_expires_and_no_changed_one_is_valid(
        action in actions(), reference in "[A-Z0-9]{8}", until in 0..100_000_000_000_i64,
        seconds in -1_000_000..1_000_000_i64, at: usize, by in "[A-Za-z0-9_=-]{0,2}",
    ) {
        let links = Links::new("https://www.clinic.example", SECRET);
        let address = links.to(action, &reference, Timestamp::from_second(until).unwrap());
        let token = address.strip_prefix("https://www.clinic.example/t/").unwrap();
        let link = Link { action, reference, expired: seconds > 0 };
        let now = Timestamp::from_second(until + seconds).unwrap();
        prop_assert_eq!(links.read(token, now), Some(link));
        let other = changed(token, at, &by);
        if other != token {
            prop_assert_eq!(links.read(&other, now), None);
        }
    }

    #[test]
    fn no_text_is_a_token_or_a_link(text in prop_oneof![text(), "[A-Za-z0-9_-]{0,80}"]) {
        let read = Token::read(&Key::new(SECRET, "form"), &text, 0);
        prop_assert!(matches!(read, Token::Missing | Token::Invalid));
        let links = Links::new("https://www.clinic.example", SECRET);
        prop_assert_eq!(links.read(&text, Timestamp::UNIX_EPOCH), None);
    }
}
