//! Compresses bytes with gzip and Brotli.
//!
//! Levels, by measurement on article pages: Brotli 11 is 15 % smaller than Brotli 5 at forty times the cost (10 ms a
//! page), libdeflate 12 is 2 % smaller than libdeflate 9, so prepared resources use the best levels, in the background,
//! and answers made per request use the fast ones (half a millisecond a page). Left out: Brotli 9 (22 times the cost of
//! 5 for 0.3 %), zstd (larger than Brotli), zopfli (42 times the cost of libdeflate 12 for 0.8 %).
//!
//! Never: files, threads.

use super::request_headers;
use bytes::Bytes;
use http::HeaderMap;
use libdeflater::{CompressionLvl, Compressor, Decompressor};

/// Responses below this many bytes fit into one packet anyway.
const SMALLEST: usize = 1_000;

/// A content coding (RFC 9110, 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// No compression.
    Identity,
    /// gzip (RFC 1952).
    Gzip,
    /// Brotli (RFC 7932).
    Br,
}

impl Coding {
    /// The value of `Content-Encoding`; `None` for uncompressed bytes.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Br => Some("br"),
        }
    }
}

/// How much work compression may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// For a response made per request.
    Fast,
    /// For a resource that is served many times.
    Best,
}

/// The compressed bytes; `None` if they would not be smaller than `identity`.
pub(super) fn compress(identity: &[u8], coding: Coding, level: Level) -> Option<Bytes> {
    let bytes = match coding {
        Coding::Identity => return None,
        Coding::Gzip => gzip(identity, level),
        Coding::Br => brotli(identity, level),
    };
    (bytes.len() < identity.len()).then(|| Bytes::from(bytes.into_boxed_slice()))
}

/// Compresses a response made per request with the coding that the client prefers, and names that coding; `None` if the
/// uncompressed bytes are to be sent. Takes half a millisecond for a page of ten kilobytes.
pub fn compress_response(request: &HeaderMap, identity: &[u8]) -> Option<(&'static str, Bytes)> {
    if identity.len() < SMALLEST {
        return None;
    }
    let coding = request_headers::preferred_coding(request, |_| true);
    Some((coding.name()?, compress(identity, coding, Level::Fast)?))
}

fn gzip(identity: &[u8], level: Level) -> Vec<u8> {
    let level = CompressionLvl::new(if level == Level::Fast { 9 } else { 12 }).expect("libdeflate has levels 9 and 12");
    let mut compressor = Compressor::new(level);
    let mut out = vec![0; compressor.gzip_compress_bound(identity.len())];
    let length = compressor.gzip_compress(identity, &mut out).expect("the output has the size of the upper bound");
    out.truncate(length);
    out
}

/// The bytes that were compressed with gzip; `None` if it is damaged. A gzip file ends with their number (RFC 1952).
pub(super) fn restore(gzip: &[u8]) -> Option<Bytes> {
    let length = u32::from_le_bytes(*gzip.last_chunk()?);
    let mut out = vec![0; length.try_into().ok()?];
    Decompressor::new().gzip_decompress(gzip, &mut out).ok()?;
    Some(out.into())
}

fn brotli(mut identity: &[u8], level: Level) -> Vec<u8> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: if level == Level::Fast { 5 } else { 11 },
        lgwin: window_bits(identity.len(), level),
        mode: brotli::enc::backward_references::BrotliEncoderMode::BROTLI_MODE_TEXT,
        size_hint: identity.len(),
        ..Default::default()
    };
    let mut out = Vec::with_capacity(identity.len() / 2);
    brotli::BrotliCompress(&mut identity, &mut out, &params).expect("reading and writing memory cannot fail");
    out
}

/// Bits of Brotli's window. At level 11, the smallest one that fits the text saves a fifth of the time for the same
/// bytes. At level 5, a small window has a hash table that takes ten times as long, so it keeps the usual 22.
fn window_bits(length: usize, level: Level) -> i32 {
    if level == Level::Fast {
        return 22;
    }
    let bits = usize::BITS - (length + 16).leading_zeros();
    bits.clamp(10, 22).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_codings_restore_the_same_text_at_both_levels() {
        let text = "How to say no to a person you love, and still be heard. ".repeat(40).into_bytes();
        for level in [Level::Fast, Level::Best] {
            let mut restored = Vec::new();
            let br = compress(&text, Coding::Br, level).unwrap();
            brotli::BrotliDecompress(&mut &br[..], &mut restored).unwrap();
            assert_eq!(restored, text, "br {level:?}");
            let gzip = compress(&text, Coding::Gzip, level).unwrap();
            assert_eq!(restore(&gzip).unwrap(), text, "gzip {level:?}");
        }
    }

    #[test]
    fn compression_that_gains_nothing_is_left_out() {
        for level in [Level::Fast, Level::Best] {
            for coding in [Coding::Identity, Coding::Gzip, Coding::Br] {
                assert_eq!(compress(b"ok\n", coding, level), None, "{coding:?} {level:?}");
            }
        }
    }
}
