//! What a request's headers ask for: a content coding, bytes only if they changed, a part of the bytes.
//!
//! Invariant: a coding with weight 0 is never chosen while another is there. If the client refuses every coding there
//! is, the uncompressed bytes are sent, as the RFC allows (9110, 12.4.1). A part lies inside the bytes; several ranges
//! at once are answered with the whole, as the RFC allows, so that a small request cannot ask for a large response.
//!
//! Dates (`If-Modified-Since`) are ignored: every resource has a strong `ETag`.

use super::compression::Coding;
use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT_ENCODING, IF_NONE_MATCH, IF_RANGE},
};
use std::ops::Range;

/// The weight of uncompressed bytes that the client neither names nor refuses: less than any weight it can write.
const UNNAMED: f32 = 0.0001;

/// The coding with the highest weight in `Accept-Encoding` (RFC 9110, 12.5.3) among those that are there; at equal
/// weights Brotli, then gzip.
pub(super) fn preferred_coding(headers: &HeaderMap, has: impl Fn(Coding) -> bool) -> Coding {
    let (mut br, mut gzip, mut identity, mut any) = (None, None, None, None);
    for item in headers.get_all(ACCEPT_ENCODING).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
        let mut parts = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let weight = match parts.next().unwrap_or_default() {
            b"*" => &mut any,
            name if name.eq_ignore_ascii_case(b"br") => &mut br,
            name if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") => &mut gzip,
            name if name.eq_ignore_ascii_case(b"identity") => &mut identity,
            _ => continue,
        };
        *weight = Some(parts.find_map(weight_of).unwrap_or(1.0));
    }
    let mut best = (Coding::Identity, identity.or(any).unwrap_or(UNNAMED));
    for (coding, weight) in [(Coding::Gzip, gzip.or(any)), (Coding::Br, br.or(any))] {
        let weight = weight.unwrap_or(0.0);
        if weight > 0.0 && weight >= best.1 && has(coding) {
            best = (coding, weight);
        }
    }
    best.0
}

/// The value of a `q=` parameter, 0 to 1 with at most three decimals; a malformed one counts as 0; `None` for another
/// parameter.
fn weight_of(parameter: &[u8]) -> Option<f32> {
    let [b'q' | b'Q', b'=', value @ ..] = parameter else { return None };
    let weight = std::str::from_utf8(value).ok().filter(|value| value.len() <= 5).and_then(|value| value.parse().ok());
    Some(weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0))
}

/// The client has these bytes already: answer 304 (RFC 9110, 13.1.2).
pub(super) fn has_current_copy(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().any(|value| contains(value.as_bytes(), tag.as_bytes()))
}

/// A part may be sent: no `If-Range`, or it names exactly these bytes (strong comparison, RFC 9110, 13.1.5).
pub(super) fn may_send_part(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    headers.get(IF_RANGE).is_none_or(|value| value == tag)
}

/// `*`, or a list with this tag in it, compared weakly (13.1.2). Tags may hold commas, so the list is split at quotes.
fn contains(list: &[u8], tag: &[u8]) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    let mut rest = list;
    while let Some(start) = rest.iter().position(|byte| *byte == b'"') {
        let Some(length) = rest[start + 1..].iter().position(|byte| *byte == b'"') else { return false };
        let end = start + length + 2;
        if rest[start..end] == *tag {
            return true;
        }
        rest = &rest[end..];
    }
    false
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Everything: another unit, several ranges, or a malformed header.
    Whole,
    /// These bytes.
    Bytes(Range<usize>),
    /// Only bytes that are not there: 416.
    Outside,
}

/// Reads a `Range` header (RFC 9110, 14) for bytes of this length.
pub(super) fn part(value: &HeaderValue, length: usize) -> Part {
    value.to_str().ok().and_then(|text| parse_range(text, length)).unwrap_or(Part::Whole)
}

fn parse_range(text: &str, length: usize) -> Option<Part> {
    let (unit, bounds) = text.split_once('=')?;
    let (first, last) = bounds.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let range = if first.is_empty() {
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
    Some(if range.is_empty() { Part::Outside } else { Part::Bytes(range) })
}

/// Digits only (`usize` would accept a plus sign); a number beyond `usize` counts as its maximum.
fn number(text: &str) -> Option<usize> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::Coding::{Br, Gzip, Identity};
    use super::*;
    use http::HeaderName;

    const TAG: HeaderValue = HeaderValue::from_static("\"a,b-br11\"");

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn accept(lines: &[&str]) -> HeaderMap {
        headers(&lines.iter().map(|line| (ACCEPT_ENCODING, *line)).collect::<Vec<_>>())
    }

    #[test]
    fn the_coding_with_the_highest_weight_is_preferred_and_brotli_among_equals() {
        let table: &[(&[&str], Coding)] = &[
            (&[], Identity),
            (&[""], Identity),
            (&["gzip"], Gzip),
            (&["br"], Br),
            (&["x-gzip"], Gzip),
            (&["GZip, BR"], Br),
            (&["gzip, deflate, br, zstd"], Br),
            (&["gzip", "br"], Br),
            (&["gzip;q=0.8, br;q=0.5"], Gzip),
            (&["gzip;q=0.5,br;q=0.5"], Br),
            (&["br;q=0, gzip"], Gzip),
            (&["br;q=0.000, gzip;q=0.001"], Gzip),
            (&["br ; q=0.2 , gzip ;Q=1.000"], Gzip),
            (&["*"], Br),
            (&["*;q=0"], Identity),
            (&["*;q=0, gzip"], Gzip),
            (&["br;q=0, *"], Gzip),
            (&["gzip;q=0.3, *;q=0.5"], Br),
            (&["identity"], Identity),
            (&["identity, gzip;q=0.5"], Identity),
            (&["identity;q=0.5, gzip;q=0.5"], Gzip),
            (&["identity;q=0"], Identity),
            (&["identity;q=0, gzip;q=0.1"], Gzip),
            (&["deflate, zstd"], Identity),
            (&["br;q=2"], Identity),
            (&["br;q=0.0001"], Identity),
            (&["br;q="], Identity),
            (&["gzip;level=9;q=0.5"], Gzip),
            (&[",,;,"], Identity),
        ];
        for (lines, coding) in table {
            assert_eq!(preferred_coding(&accept(lines), |_| true), *coding, "{lines:?}");
        }
    }

    #[test]
    fn a_missing_coding_is_replaced_by_the_next_best() {
        let table = [
            ("br, gzip", Br, Gzip),
            ("br", Br, Identity),
            ("br, gzip;q=0", Br, Identity),
            ("gzip, br;q=0.1", Gzip, Br),
            ("gzip;q=0.3, *;q=0.5", Br, Identity),
            ("identity;q=0, br", Br, Identity),
        ];
        for (line, absent, coding) in table {
            assert_eq!(
                preferred_coding(&accept(&[line]), |coding| coding != absent),
                coding,
                "{line} without {absent:?}"
            );
        }
    }

    #[test]
    fn a_tag_in_the_list_means_that_the_copy_is_current() {
        let table = [
            ("\"a,b-br11\"", true),
            ("W/\"a,b-br11\"", true),
            ("*", true),
            (" * ", true),
            ("\"x\", \"a,b-br11\"", true),
            ("W/\"x\",W/\"a,b-br11\" , \"y\"", true),
            ("\"a,b-br5\"", false),
            ("\"a\", \"b-br11\"", false),
            ("a,b-br11", false),
            ("\"a,b-br11", false),
            ("", false),
        ];
        for (value, expected) in table {
            assert_eq!(has_current_copy(&headers(&[(IF_NONE_MATCH, value)]), &TAG), expected, "{value}");
        }
        let two_lines = headers(&[(IF_NONE_MATCH, "\"x\""), (IF_NONE_MATCH, "\"a,b-br11\"")]);
        assert!(has_current_copy(&two_lines, &TAG), "two lines");
    }

    #[test]
    fn a_part_is_sent_only_of_the_same_bytes() {
        let table = [
            ("\"a,b-br11\"", true),
            ("W/\"a,b-br11\"", false),
            ("\"other\"", false),
            ("Tue, 14 Nov 2023 22:13:20 GMT", false),
        ];
        for (value, expected) in table {
            assert_eq!(may_send_part(&headers(&[(IF_RANGE, value)]), &TAG), expected, "{value}");
        }
        assert!(may_send_part(&HeaderMap::new(), &TAG), "no condition");
    }

    #[test]
    fn a_range_header_is_parsed_by_the_rfc() {
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
            assert_eq!(part(&HeaderValue::from_static(text), 100), expected, "{text}");
        }
        assert_eq!(part(&HeaderValue::from_static("bytes=0-"), 0), Part::Outside, "empty bytes");
    }
}
