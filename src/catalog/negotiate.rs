//! Which coding a reader gets: `Accept-Encoding` with weights (RFC 9110, 12.5.3).
//!
//! Invariant: a coding with weight 0 is never chosen while another is there. If the reader refuses every coding there
//! is, plain bytes are sent all the same: a page is worth more than an empty refusal, and the RFC allows it (12.4.1).

use super::encode::Coding;
use http::{HeaderMap, header::ACCEPT_ENCODING};

/// What a reader takes: weights, 0 for refused. A named weight q is 1000 q + 1; 1 is "not named, not refused".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    br: u16,
    gzip: u16,
    identity: u16,
}

impl Accepted {
    /// Reads all `Accept-Encoding` lines; none at all means plain bytes.
    pub fn read(headers: &HeaderMap) -> Self {
        let mut named = Named::default();
        for value in headers.get_all(ACCEPT_ENCODING) {
            for item in value.as_bytes().split(|byte| *byte == b',') {
                named.note(item);
            }
        }
        let other = named.any;
        Self {
            br: named.br.or(other).unwrap_or(0),
            gzip: named.gzip.or(other).unwrap_or(0),
            identity: named.identity.or(other).unwrap_or(1),
        }
    }

    /// The best coding there is: the highest weight, and at equal weights Brotli, then gzip, then plain.
    pub fn choose(self, has: impl Fn(Coding) -> bool) -> Coding {
        let mut best = (Coding::Identity, self.identity);
        for (coding, weight) in [(Coding::Gzip, self.gzip), (Coding::Br, self.br)] {
            if weight > 0 && weight >= best.1 && has(coding) {
                best = (coding, weight);
            }
        }
        best.0
    }
}

/// Weights as written.
#[derive(Default)]
struct Named {
    br: Option<u16>,
    gzip: Option<u16>,
    identity: Option<u16>,
    any: Option<u16>,
}

impl Named {
    fn note(&mut self, item: &[u8]) {
        let mut parts = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let place = match name {
            b"*" => &mut self.any,
            _ if name.eq_ignore_ascii_case(b"br") => &mut self.br,
            _ if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") => &mut self.gzip,
            _ if name.eq_ignore_ascii_case(b"identity") => &mut self.identity,
            _ => return,
        };
        *place = Some(parts.find_map(weight_of).map_or(1001, |q| if q == 0 { 0 } else { q + 1 }));
    }
}

/// Thousandths of a `q=` parameter; a malformed weight counts as 0; `None` for another parameter.
fn weight_of(parameter: &[u8]) -> Option<u16> {
    let [b'q' | b'Q', b'=', value @ ..] = parameter else { return None };
    Some(match value {
        [b'1'] => 1000,
        [b'1', b'.', zeros @ ..] if zeros.len() <= 3 && zeros.iter().all(|byte| *byte == b'0') => 1000,
        [b'0', b'.', digits @ ..] if digits.len() <= 3 && digits.iter().all(u8::is_ascii_digit) => {
            let scale = [1000, 100, 10, 1][digits.len()];
            digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')) * scale
        }
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::Coding::{Br, Gzip, Identity};
    use super::*;
    use http::HeaderValue;

    fn accepted(lines: &[&str]) -> Accepted {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_str(line).unwrap());
        }
        Accepted::read(&headers)
    }

    #[test]
    fn the_heaviest_coding_wins_and_brotli_among_equals() {
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
            assert_eq!(accepted(lines).choose(|_| true), *coding, "{lines:?}");
        }
    }

    #[test]
    fn an_absent_variant_gives_way_to_the_next_best() {
        let table = [
            ("br, gzip", Br, Gzip),
            ("br", Br, Identity),
            ("br, gzip;q=0", Br, Identity),
            ("gzip, br;q=0.1", Gzip, Br),
            ("gzip;q=0.3, *;q=0.5", Br, Identity),
            ("identity;q=0, br", Br, Identity),
        ];
        for (line, absent, coding) in table {
            assert_eq!(accepted(&[line]).choose(|coding| coding != absent), coding, "{line} without {absent:?}");
        }
    }
}
