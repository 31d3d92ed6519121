//! Bytes and their codings: plain, gzip and Brotli, each complete.
//!
//! Invariant: a variant that is not smaller than the plain bytes is absent; two variants with different bytes have
//! different tags, because the tag names the plain bytes' hash, the coding and the level.
//!
//! Levels, by measurement on article pages: Brotli 5 and libdeflate 9 cost half a millisecond a page together and are
//! ready before the first request; Brotli 11 is 15 % smaller at forty times the cost and libdeflate 12 another 2 %, so
//! both are made behind the reader's back. Brotli 9 (22 times the cost of 5 for 0.3 %), zstd (bigger than Brotli) and
//! zopfli (42 times the cost of libdeflate 12 for 0.8 %) are left out on purpose.
//!
//! Never: files, threads.

use bytes::Bytes;
use data_encoding::BASE32_DNSSEC;
use http::HeaderValue;
use libdeflater::{CompressionLvl, Compressor};

/// A content coding (RFC 9110, 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// gzip.
    Gzip,
    /// Brotli.
    Br,
}

impl Coding {
    /// The value of `Content-Encoding`; `None` for plain bytes.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Br => Some("br"),
        }
    }
}

/// How much work went into the variants of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Nothing to gain: pictures and fonts.
    None,
    /// At once.
    Fast,
    /// As small as it gets.
    Best,
}

impl Effort {
    const fn gzip(self) -> i32 {
        if matches!(self, Self::Best) { 12 } else { 9 }
    }

    const fn brotli(self) -> i32 {
        if matches!(self, Self::Best) { 11 } else { 5 }
    }

    /// Bits of Brotli's window. One that just holds the text saves level 11 a fifth of its time for the same bytes; level
    /// 5 has a hash table for small windows that takes ten times as long, so it keeps the usual 22.
    const fn window(self, length: usize) -> i32 {
        let bits = (usize::BITS - (length + 16).leading_zeros()).cast_signed();
        if matches!(self, Self::Fast) || bits > 22 {
            22
        } else if bits < 10 {
            10
        } else {
            bits
        }
    }
}

/// The compressed variants of one text; absent where nothing is gained.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Variants {
    pub gzip: Option<Bytes>,
    pub br: Option<Bytes>,
}

impl Variants {
    /// Compresses `identity`; pure.
    pub fn make(identity: &[u8], effort: Effort) -> Self {
        if effort == Effort::None {
            return Self::default();
        }
        let variant = |coding| Self::one(identity, effort, coding);
        Self { gzip: variant(Coding::Gzip), br: variant(Coding::Br) }
    }

    /// One variant alone, if it is smaller than `identity`.
    pub fn one(identity: &[u8], effort: Effort, coding: Coding) -> Option<Bytes> {
        let bytes = match coding {
            Coding::Identity => return None,
            Coding::Gzip => gzip(identity, effort.gzip()),
            Coding::Br => brotli(identity, effort),
        };
        (bytes.len() < identity.len()).then(|| Bytes::from(bytes.into_boxed_slice()))
    }
}

/// Plain bytes with their variants, shared by every catalog that has them.
#[derive(Debug)]
pub(super) struct Body {
    pub hash: blake3::Hash,
    pub identity: Bytes,
    pub variants: Variants,
    pub effort: Effort,
}

impl Body {
    /// Without variants.
    pub fn plain(identity: Bytes) -> Self {
        Self { hash: blake3::hash(&identity), identity, variants: Variants::default(), effort: Effort::None }
    }

    /// The same plain bytes with the smallest variants: slow.
    pub fn at_best(&self) -> Self {
        let variants = Variants::make(&self.identity, Effort::Best);
        Self { hash: self.hash, identity: self.identity.clone(), variants, effort: Effort::Best }
    }

    /// The bytes in a coding, if there are any.
    pub fn bytes(&self, coding: Coding) -> Option<&Bytes> {
        match coding {
            Coding::Identity => Some(&self.identity),
            Coding::Gzip => self.variants.gzip.as_ref(),
            Coding::Br => self.variants.br.as_ref(),
        }
    }

    /// The strong tag of a variant (RFC 9110, 8.8.3): other bytes, other tag.
    pub fn tag(&self, coding: Coding) -> HeaderValue {
        let hash = short_hash(&self.hash, 16);
        let tag = match coding {
            Coding::Identity => format!("\"{hash}\""),
            Coding::Gzip => format!("\"{hash}-gz{}\"", self.effort.gzip()),
            Coding::Br => format!("\"{hash}-br{}\"", self.effort.brotli()),
        };
        HeaderValue::from_str(&tag).expect("base32 and a level are visible ASCII")
    }
}

/// The first `bytes` bytes of a hash in lower-case base32.
pub(super) fn short_hash(hash: &blake3::Hash, bytes: usize) -> String {
    BASE32_DNSSEC.encode(&hash.as_bytes()[..bytes])
}

fn gzip(identity: &[u8], level: i32) -> Vec<u8> {
    let level = CompressionLvl::new(level).expect("9 and 12 are levels of libdeflate");
    let mut compressor = Compressor::new(level);
    let mut out = vec![0; compressor.gzip_compress_bound(identity.len())];
    let length = compressor.gzip_compress(identity, &mut out).expect("the bound is room enough");
    out.truncate(length);
    out
}

fn brotli(mut identity: &[u8], effort: Effort) -> Vec<u8> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: effort.brotli(),
        lgwin: effort.window(identity.len()),
        mode: brotli::enc::backward_references::BrotliEncoderMode::BROTLI_MODE_TEXT,
        size_hint: identity.len(),
        ..Default::default()
    };
    let mut out = Vec::with_capacity(identity.len() / 2);
    brotli::BrotliCompress(&mut identity, &mut out, &params).expect("memory is read and written without faults");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Vec<u8> {
        "How to say no to somebody you love, and still be heard. ".repeat(40).into_bytes()
    }

    fn body(effort: Effort) -> Body {
        let identity = Bytes::from(text());
        Body { hash: blake3::hash(&identity), variants: Variants::make(&identity, effort), identity, effort }
    }

    #[test]
    fn both_codings_give_the_same_text_back_at_both_levels() {
        for effort in [Effort::Fast, Effort::Best] {
            let body = body(effort);
            let mut plain = Vec::new();
            brotli::BrotliDecompress(&mut &body.variants.br.as_ref().unwrap()[..], &mut plain).unwrap();
            assert_eq!(plain, text(), "br {effort:?}");
            let mut plain = vec![0; text().len()];
            let gzip = body.variants.gzip.as_ref().unwrap();
            libdeflater::Decompressor::new().gzip_decompress(gzip, &mut plain).unwrap();
            assert_eq!(plain, text(), "gzip {effort:?}");
        }
    }

    #[test]
    fn a_variant_that_gains_nothing_is_absent() {
        for effort in [Effort::Fast, Effort::Best, Effort::None] {
            assert_eq!(Variants::make(b"ok\n", effort), Variants::default(), "{effort:?}");
        }
    }

    #[test]
    fn every_variant_has_a_tag_of_its_own() {
        let (fast, best) = (body(Effort::Fast), body(Effort::Best));
        let tags = [
            fast.tag(Coding::Identity),
            fast.tag(Coding::Gzip),
            fast.tag(Coding::Br),
            best.tag(Coding::Gzip),
            best.tag(Coding::Br),
        ];
        for (i, tag) in tags.iter().enumerate() {
            assert!(!tags[..i].contains(tag), "{tag:?} twice");
        }
        assert_eq!(fast.tag(Coding::Identity), best.tag(Coding::Identity), "the same plain bytes, the same tag");
    }
}
