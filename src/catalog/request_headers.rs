//! What a request's headers ask for: a content coding, and bytes only if they changed.
//!
//! Invariant: a coding with weight 0 is never chosen while another is there. If the client refuses every coding there
//! is, the uncompressed bytes are sent, as the RFC allows (9110, 12.4.1).
//!
//! Dates (`If-Modified-Since`) are ignored: every resource has a strong `ETag`. So is `Range` (9110, 14.2): the largest
//! file is a picture.

use super::compression::Coding;
use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT_ENCODING, IF_NONE_MATCH},
};

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

/// The client has these bytes already: answer 304 (RFC 9110, 13.1.2). The list may be `*`, and its tags are compared
/// weakly. It is split at commas, which no `ETag` of this site has.
pub(super) fn has_current_copy(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().map(HeaderValue::as_bytes);
    let mut tags = lists.flat_map(|list| list.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    tags.any(|tag| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::Coding::{Br, Gzip, Identity};
    use super::*;
    use http::HeaderName;

    const TAG: HeaderValue = HeaderValue::from_static("\"ab-br11\"");

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
            (&["gzip;q=0.5, zstd"], Gzip),
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
    fn an_etag_in_the_list_means_that_the_copy_is_current() {
        let table = [
            ("\"ab-br11\"", true),
            ("W/\"ab-br11\"", true),
            ("*", true),
            (" * ", true),
            ("\"x\", \"ab-br11\"", true),
            ("W/\"x\",W/\"ab-br11\" , \"y\"", true),
            ("\"ab-br5\"", false),
            ("\"x,y\", \"ab-br11\"", true),
            ("\"a\", \"b-br11\"", false),
            ("ab-br11", false),
            ("\"ab-br11", false),
            ("", false),
        ];
        for (value, expected) in table {
            assert_eq!(has_current_copy(&headers(&[(IF_NONE_MATCH, value)]), &TAG), expected, "{value}");
        }
        let two_lines = headers(&[(IF_NONE_MATCH, "\"x\""), (IF_NONE_MATCH, "\"ab-br11\"")]);
        assert!(has_current_copy(&two_lines, &TAG), "two lines");
    }
}
