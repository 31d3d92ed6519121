//! Conditional requests: has the reader got these bytes already (RFC 9110, 13)?
//!
//! Invariant: with `If-None-Match`, dates do not count.

use http::{
    HeaderMap, HeaderValue,
    header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE},
};
use std::time::SystemTime;

/// The reader's copy is good: answer 304.
pub(super) fn unchanged(headers: &HeaderMap, tag: &HeaderValue, modified: Option<SystemTime>) -> bool {
    let mut tags = headers.get_all(IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        return tags.any(|value| names(value.as_bytes(), tag.as_bytes()));
    }
    match (modified, headers.get(IF_MODIFIED_SINCE).and_then(date)) {
        (Some(modified), Some(since)) => modified <= since,
        _ => false,
    }
}

/// A part may be sent: no `If-Range`, or it names exactly these bytes (strong comparison, RFC 9110, 13.1.5).
pub(super) fn same_bytes(headers: &HeaderMap, tag: &HeaderValue, modified: Option<SystemTime>) -> bool {
    match headers.get(IF_RANGE) {
        None => true,
        Some(value) => value == tag || modified.is_some_and(|modified| date(value) == Some(modified)),
    }
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// `*`, or a list with this tag in it, compared weakly (13.1.2). Tags may hold commas, so quotes are followed.
fn names(list: &[u8], tag: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    const TAG: HeaderValue = HeaderValue::from_static("\"a,b-br11\"");

    fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn modified() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000) // Tue, 14 Nov 2023 22:13:20 GMT
    }

    #[test]
    fn a_tag_in_the_list_means_unchanged() {
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
            assert_eq!(unchanged(&headers(&[(IF_NONE_MATCH, value)]), &TAG, None), expected, "{value}");
        }
        let two_lines = headers(&[(IF_NONE_MATCH, "\"x\""), (IF_NONE_MATCH, "\"a,b-br11\"")]);
        assert!(unchanged(&two_lines, &TAG, None), "two lines");
    }

    #[test]
    fn a_date_counts_only_without_a_tag() {
        let (same, earlier) = ("Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:19 GMT");
        let table: &[(&[(http::HeaderName, &str)], bool)] = &[
            (&[(IF_MODIFIED_SINCE, same)], true),
            (&[(IF_MODIFIED_SINCE, earlier)], false),
            (&[(IF_MODIFIED_SINCE, "yesterday")], false),
            (&[(IF_MODIFIED_SINCE, same), (IF_NONE_MATCH, "\"other\"")], false),
            (&[], false),
        ];
        for (pairs, expected) in table {
            assert_eq!(unchanged(&headers(pairs), &TAG, Some(modified())), *expected, "{pairs:?}");
        }
        assert!(!unchanged(&headers(&[(IF_MODIFIED_SINCE, same)]), &TAG, None), "a resource without a date");
    }

    #[test]
    fn a_part_is_sent_only_of_the_same_bytes() {
        let table = [
            ("\"a,b-br11\"", true),
            ("W/\"a,b-br11\"", false),
            ("\"other\"", false),
            ("Tue, 14 Nov 2023 22:13:20 GMT", true),
            ("Tue, 14 Nov 2023 22:13:21 GMT", false),
        ];
        for (value, expected) in table {
            let headers = headers(&[(IF_RANGE, value)]);
            assert_eq!(same_bytes(&headers, &TAG, Some(modified())), expected, "{value}");
        }
        assert!(same_bytes(&HeaderMap::new(), &TAG, None), "no condition");
    }
}
