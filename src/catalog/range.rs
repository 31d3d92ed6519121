//! Parts of a picture: one range of bytes (RFC 9110, 14).
//!
//! Invariant: a part lies inside the bytes. Several ranges at once are answered with the whole, which the RFC allows
//! and which leaves nothing to amplify.

use http::HeaderValue;
use std::ops::Range;

/// What a `Range` line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Everything: no range, another unit, several ranges, or nonsense.
    Whole,
    /// These bytes.
    Bytes(Range<usize>),
    /// Only bytes that are not there: 416.
    Outside,
}

/// Reads a `Range` line for bytes of this length.
pub(super) fn part(value: Option<&HeaderValue>, length: usize) -> Part {
    value.and_then(|value| value.to_str().ok()).and_then(|text| ask(text, length)).unwrap_or(Part::Whole)
}

fn ask(text: &str, length: usize) -> Option<Part> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let asked = if first.is_empty() {
        let count = number(last)?;
        length.saturating_sub(count)..if count == 0 { 0 } else { length }
    } else {
        let first = number(first)?;
        let last = if last.is_empty() { usize::MAX } else { number(last)? };
        if last < first {
            return None;
        }
        first..last.saturating_add(1).min(length)
    };
    Some(if asked.is_empty() { Part::Outside } else { Part::Bytes(asked) })
}

/// Digits only (`usize` would take a plus sign); too large a number is as good as the largest.
fn number(text: &str) -> Option<usize> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_line_is_read_as_the_rfc_says() {
        let table = [
            ("bytes=0-0", Part::Bytes(0..1)),
            ("bytes=0-99", Part::Bytes(0..100)),
            ("bytes=10-19", Part::Bytes(10..20)),
            ("Bytes = 10-19", Part::Bytes(10..20)),
            ("bytes=90-200", Part::Bytes(90..100)),
            ("bytes=90-", Part::Bytes(90..100)),
            ("bytes=-10", Part::Bytes(90..100)),
            ("bytes=-200", Part::Bytes(0..100)),
            ("bytes=-0", Part::Outside),
            ("bytes=100-", Part::Outside),
            ("bytes=99999999999999999999999-", Part::Outside),
            ("bytes=0-99999999999999999999999", Part::Bytes(0..100)),
            ("bytes=20-10", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=+1-5", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=", Part::Whole),
            ("bytes=-", Part::Whole),
            ("lines=0-5", Part::Whole),
        ];
        for (text, expected) in table {
            assert_eq!(part(Some(&HeaderValue::from_static(text)), 100), expected, "{text}");
        }
        assert_eq!(part(None, 100), Part::Whole, "no line");
        assert_eq!(part(Some(&HeaderValue::from_static("bytes=0-")), 0), Part::Outside, "nothing to part");
    }
}
