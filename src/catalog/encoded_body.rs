//! A resource's bytes: uncompressed at once, compressed as soon as the background worker has made them.
//!
//! Invariant: each encoding has a strong `ETag` of its own, made of the content's hash, the coding and its level. A
//! compressed body is set once and never changes.

use super::{
    compression::{Coding, Level, compress},
    disk_cache::DiskCache,
};
use bytes::Bytes;
use data_encoding::BASE32_DNSSEC;
use http::HeaderValue;
use std::sync::OnceLock;

/// The bytes of one content in each coding, shared by every catalog that has this content.
#[derive(Debug)]
pub(super) struct Body {
    pub hash: blake3::Hash,
    identity: Encoded,
    /// Inside: `None` if compression gains nothing.
    gzip: OnceLock<Option<Encoded>>,
    br: OnceLock<Option<Encoded>>,
}

/// The bytes in one coding.
#[derive(Debug)]
pub(super) struct Encoded {
    pub coding: Coding,
    /// Strong (RFC 9110, 8.8.3): different for different bytes.
    pub etag: HeaderValue,
    pub bytes: Bytes,
}

impl Body {
    /// A body without compressed bytes yet.
    pub fn new(identity: Bytes, hash: blake3::Hash) -> Self {
        let coding = Coding::Identity;
        let identity = Encoded { coding, etag: etag(&hash, coding), bytes: identity };
        Self { hash, identity, gzip: OnceLock::new(), br: OnceLock::new() }
    }

    /// The bytes in a coding, if there are any yet.
    pub fn get(&self, coding: Coding) -> Option<&Encoded> {
        match coding {
            Coding::Identity => Some(&self.identity),
            Coding::Gzip => self.gzip.get()?.as_ref(),
            Coding::Br => self.br.get()?.as_ref(),
        }
    }

    /// The uncompressed bytes.
    pub fn identity(&self) -> &Encoded {
        &self.identity
    }

    /// Makes one compressed body, or reads it from the disk cache; does nothing if it is there already. A cache that
    /// cannot be written costs time only.
    pub fn fill(&self, coding: Coding, cache: Option<&DiskCache>) {
        let slot = match coding {
            Coding::Identity => return,
            Coding::Gzip => &self.gzip,
            Coding::Br => &self.br,
        };
        slot.get_or_init(|| {
            let name = cache_name(&self.hash, coding);
            let cached = cache.and_then(|cache| cache.get(&name));
            let bytes = cached.unwrap_or_else(|| {
                let bytes = compress(&self.identity.bytes, coding, Level::Best).unwrap_or_default();
                if let Some(Err(error)) = cache.map(|cache| cache.put(&name, &bytes)) {
                    tracing::debug!(%error, "a compressed page could not be written to the cache");
                }
                bytes
            });
            (!bytes.is_empty()).then(|| Encoded { coding, etag: etag(&self.hash, coding), bytes })
        });
    }
}

/// The `ETag` of a content with this hash in this coding.
fn etag(hash: &blake3::Hash, coding: Coding) -> HeaderValue {
    let level = match coding {
        Coding::Identity => "",
        Coding::Gzip => "-gz12",
        Coding::Br => "-br11",
    };
    let etag = format!("\"{}{level}\"", short_hash(hash, 16));
    HeaderValue::from_str(&etag).expect("base32 and a level are visible ASCII")
}

/// The name of a compressed body in the disk cache, where an empty file stands for "compression gains nothing".
pub(super) fn cache_name(hash: &blake3::Hash, coding: Coding) -> blake3::Hash {
    let coding = coding.name().unwrap_or_default();
    blake3::Hasher::new().update(hash.as_bytes()).update(coding.as_bytes()).finalize()
}

/// The first `bytes` bytes of a hash in lower-case base32.
pub(super) fn short_hash(hash: &blake3::Hash, bytes: usize) -> String {
    BASE32_DNSSEC.encode(&hash.as_bytes()[..bytes])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Coding; 3] = [Coding::Identity, Coding::Gzip, Coding::Br];

    fn body(text: &str) -> Body {
        Body::new(Bytes::from(text.to_owned()), blake3::hash(text.as_bytes()))
    }

    #[test]
    fn every_encoding_has_its_own_etag() {
        let body = body(&"text ".repeat(100));
        for coding in ALL {
            body.fill(coding, None);
        }
        let mut etags = ALL.map(|coding| body.get(coding).unwrap().etag.to_str().unwrap().to_owned()).to_vec();
        etags.dedup();
        assert_eq!(etags.len(), 3, "{etags:?}");
    }

    #[test]
    fn a_body_that_compression_does_not_shrink_is_only_there_uncompressed_also_from_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
        for _ in 0..2 {
            let body = body("ok");
            for coding in ALL {
                body.fill(coding, Some(&cache));
            }
            assert_eq!(ALL.map(|coding| body.get(coding).is_some()), [true, false, false]);
        }
    }
}
