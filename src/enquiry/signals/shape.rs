//! Spam signals in the shape of a post: web addresses, markup, one text in several fields, random letters.
//!
//! Invariant: none depends on a language. Typing errors, capitals and scripts never count.
//!
//! Never: phrases.

use super::words::{Class, Word, words};
use super::{Finding, findings};
use crate::content::signals::ShapeFacts;
use crate::enquiry::{Enquiry, telephone};

/// The signals that an enquiry has, with this text in the honeypot.
pub(super) fn signals<'a>(facts: &'a ShapeFacts, enquiry: &Enquiry, honeypot: &str) -> Vec<Finding<'a>> {
    let read = |text: &str| words(text, &facts.endings);
    let message_text = enquiry.message.as_deref().unwrap_or_default();
    let (name, message) = (read(&enquiry.name), read(message_text));
    let times = read(enquiry.times.as_deref().unwrap_or_default());
    let links = links(&message);
    let others = message.iter().filter(|word| !matches!(word.class, Class::Link | Class::Stop)).count();
    let odd_phone = enquiry.phone.as_ref().is_some_and(|phone| telephone::is_odd(&phone.number));
    findings(&[
        (self::links(&name) > 0, &facts.name_is_link),
        (has_markup(&enquiry.name) || has_markup(message_text), &facts.markup),
        (is_same_text(&name, &times, &message), &facts.same_text),
        (!message.is_empty() && read(honeypot) == message, &facts.stuffed),
        (is_gibberish(message_text), &facts.gibberish),
        (odd_phone, &facts.odd_phone),
        (links >= facts.links.limit as usize, &facts.links),
        (links >= facts.many_links.limit as usize, &facts.many_links),
        (others < links * facts.bare_links.limit as usize, &facts.bare_links),
    ])
}

fn links(text: &[Word]) -> usize {
    text.iter().filter(|word| word.class == Class::Link).count()
}

/// Links in `BBCode` or HTML.
fn has_markup(text: &str) -> bool {
    let text = text.to_lowercase();
    ["[url", "[/url", "[link", "<a ", "</a>", "href="].iter().any(|tag| text.contains(tag))
}

/// The name is repeated in another field, or (if it is several words) twice in the message. The honeypot does not
/// count: a browser may fill it with the name.
fn is_same_text(name: &[Word], times: &[Word], message: &[Word]) -> bool {
    let joined = |words: &[Word]| words.iter().flat_map(|word| ["<", &word.text, ">"]).collect::<String>();
    let twice = || name.len() > 1 && joined(message).matches(&joined(name)).nth(1).is_some();
    !name.is_empty() && (name == times || name == message || twice())
}

/// At least half of the words are random letters. For a single word the rule is stricter, since there are names like
/// Rothschild.
fn is_gibberish(text: &str) -> bool {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let odd = |run| words.iter().filter(|word| is_scrambled(word, run)).count();
    let most = |odd: usize| odd * 2 >= words.len();
    (odd(6) > 0 && most(odd(6))) || (odd(5) > 1 && most(odd(5)))
}

/// A Latin word that no language has: three capitals after small letters, or `most` consonants in a row. A word with a
/// repeated letter (`hmmmm`, `plssss`) is not counted, since people write that.
fn is_scrambled(word: &str, most: usize) -> bool {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() < 6
        || !word.is_ascii()
        || letters.windows(3).any(|three| three[0] == three[1] && three[1] == three[2])
    {
        return false;
    }
    let capitals = letters.windows(2).filter(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase()).count();
    let is_vowel = |c: char| "aeiouy".contains(c.to_ascii_lowercase());
    let run = word.split(|c: char| is_vowel(c) || !c.is_ascii_alphabetic()).map(str::len).max().unwrap_or_default();
    capitals >= 3 || run >= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_letters_are_found_and_real_words_of_any_language_are_not() {
        let table = [
            ("xJqPvLzRkWbTn", true),
            ("qwrtpsdf zxcvbnm", true),
            ("tXmvQeYh hello", true),
            ("PLEASE CALL ME", false),
            ("plssssss", false),
            ("hlppppppppp", false),
            ("asdkjh lskdjf qwe", true),
            ("Rothschild", false),
            ("McDonald on LinkedIn", false),
            ("Czwartek wstrzymać", false),
            ("помогите пожалуйста", false),
            ("650-555-0123", false),
            ("", false),
        ];
        for (text, odd) in table {
            assert_eq!(is_gibberish(text), odd, "{text}");
        }
    }

    #[test]
    fn one_text_in_several_fields_is_found() {
        let table = [
            ("cheap beds", "cheap beds", "x", true),
            ("hello", "", "Hello!", false),
            ("hello", "", "Hello", true),
            ("cheap beds", "", "cheap beds, cheap beds", true),
            ("Ana", "", "Ana here, call Ana", false),
            ("", "", "", false),
        ];
        let read = |text: &str| words(text, &[]);
        for (name, times, message, same) in table {
            assert_eq!(is_same_text(&read(name), &read(times), &read(message)), same, "{name} {times} {message}");
        }
    }
}
