//! Telephone numbers in pages that are not the clinic's: with a wrong digit, a visitor calls a stranger.
//!
//! Never: an error; the number of another practice may be meant, so each is a warning.

use super::{Clinic, Crisis, source::SourceFile};
use std::ops::Range;

/// Digits of the area code, and of the other two groups of a number.
const GROUPS: [usize; 3] = [3, 3, 4];

/// Area codes that are free for the caller, such as those of help lines and agencies (47 CFR 52.101).
const TOLL_FREE: [&str; 7] = ["800", "833", "844", "855", "866", "877", "888"];

/// The clinic's number and those of the help lines.
pub(super) struct Telephones {
    written: String,
    clinic: String,
    help: Vec<String>,
}

impl Telephones {
    pub(super) fn new(clinic: &Clinic, crisis: &Crisis) -> Self {
        let help = crisis.lines.iter().flat_map(|line| &line.ways).filter_map(|way| dialed(&way.href)).collect();
        Self { written: clinic.telephone.clone(), clinic: national(&clinic.telephone), help }
    }

    /// A warning for each other number, written with the clinic's area code or in a link. Toll-free
    /// numbers, and numbers of other areas without a link, are no misspelling of the clinic's.
    pub(super) fn check(&self, source: &mut SourceFile) {
        let area = self.clinic.get(..GROUPS[0]).unwrap_or(&self.clinic);
        let is_other = |number: &String| *number != self.clinic && !self.help.contains(number);
        let linked = source.links.iter().filter_map(|link| Some((link.span(), dialed(link.get_ref())?)));
        let is_local_or_free =
            |number: &str| number.starts_with(area) || TOLL_FREE.iter().any(|code| number.starts_with(code));
        let linked = linked.filter(|(_, number)| !is_local_or_free(number));
        let others = linked.chain(numbers(&source.text, area)).filter(|(_, number)| is_other(number));
        for span in others.map(|(span, _)| span).collect::<Vec<_>>() {
            let remedy = format!("write {}, unless another's number is meant", self.written);
            source.warn(span, "this telephone number is not the clinic's", remedy);
        }
    }
}

/// The number that a `tel:` or `sms:` link dials.
fn dialed(link: &str) -> Option<String> {
    let (scheme, number) = link.split_once(':')?;
    ["tel", "sms"].contains(&&*scheme.to_lowercase()).then(|| national(number.split('?').next().unwrap_or_default()))
}

/// The digits of a number without the country code.
fn national(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(GROUPS.iter().sum())..].to_owned()
}

/// The numbers with an area code in `text`, such as +1 (650) 799-1375, with their places.
fn numbers(text: &str, area: &str) -> impl Iterator<Item = (Range<usize>, String)> {
    text.match_indices(area).filter_map(|(at, area)| {
        let before = text[..at].strip_suffix('1').unwrap_or(&text[..at]);
        let (middle, rest) = group(&text[at + area.len()..], GROUPS[1])?;
        let (last, rest) = group(rest, GROUPS[2])?;
        let is_longer = before.ends_with(is_digit) || rest.starts_with(is_digit);
        (!is_longer).then(|| (at..text.len() - rest.len(), [area, middle, last].concat()))
    })
}

/// The next `length` digits, after two signs between at most, and what follows them.
fn group(text: &str, length: usize) -> Option<(&str, &str)> {
    let between = text.char_indices().take(3).find(|(_, sign)| is_digit(*sign))?.0;
    let text = &text[between..];
    let is_whole = text.chars().take_while(|sign| is_digit(*sign)).take(length).count() == length;
    is_whole.then(|| text.split_at(length))
}

fn is_digit(sign: char) -> bool {
    sign.is_ascii_digit()
}
