//! A resource's bytes: uncompressed at once, compressed as soon as the background worker has made them.
//!
//! Invariant: each encoding has a strong `ETag` of its own, made of the content's hash, the coding and its level. A
//! compressed body is set once and never changes. Of a body from the disk cache, the uncompressed bytes are restored when
//! they are requested.
//!
//! Never: a compression inside a request.

use super::{
    compression::{Coding, Level, compress, restore},
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
    /// Without bytes if they are to be restored from `gzip`.
    identity: Encoded,
    /// Inside: `None` if compression gains nothing.
    gzip: OnceLock<Option<Encoded>>,
    br: OnceLock<Option<Encoded>>,
}

/// The bytes in one coding. Cheap to clone.
#[derive(Debug, Clone)]
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

    /// A body without uncompressed bytes, which [`Body::get`] restores; `None` if the cache has no gzip bytes of it.
    pub fn from_cache(cache: &DiskCache, hash: blake3::Hash) -> Option<Self> {
        let bytes = cached(cache, &hash, Coding::Gzip).filter(|bytes| !bytes.is_empty())?;
        let gzip = OnceLock::from(Some(Encoded { coding: Coding::Gzip, etag: etag(&hash, Coding::Gzip), bytes }));
        Some(Self { gzip, ..Self::new(Bytes::new(), hash) })
    }

    /// The bytes in a compressed coding, if there are any yet.
    pub fn compressed(&self, coding: Coding) -> Option<&Encoded> {
        match coding {
            Coding::Identity => None,
            Coding::Gzip => self.gzip.get()?.as_ref(),
            Coding::Br => self.br.get()?.as_ref(),
        }
    }

    /// The bytes in a coding; uncompressed if this one is not there yet. Restoring a page takes 50 µs.
    pub fn get(&self, coding: Coding) -> Encoded {
        if let Some(encoded) = self.compressed(coding) {
            return encoded.clone();
        }
        let mut identity = self.identity.clone();
        if let Some(gzip) = self.compressed(Coding::Gzip).filter(|_| identity.bytes.is_empty()) {
            identity.bytes = restore(&gzip.bytes).expect("gzip bytes of the cache were restored when they were read");
        }
        identity
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
            let bytes = cache.and_then(|cache| cached(cache, &self.hash, coding)).unwrap_or_else(|| {
                let bytes = compress(&self.get(Coding::Identity).bytes, coding, Level::Best).unwrap_or_default();
                if let Some(Err(error)) = cache.map(|cache| cache.put(&cache_name(&self.hash, coding), &bytes)) {
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

/// A compressed body from the disk cache; gzip bytes that cannot be restored count as absent, and are made again.
fn cached(cache: &DiskCache, hash: &blake3::Hash, coding: Coding) -> Option<Bytes> {
    let is_whole = |bytes: &Bytes| bytes.is_empty() || coding != Coding::Gzip || restore(bytes).is_some();
    cache.get(&cache_name(hash, coding)).filter(is_whole)
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
        let mut etags = ALL.map(|coding| body.get(coding).etag.to_str().unwrap().to_owned()).to_vec();
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
            assert_eq!(ALL.map(|coding| body.get(coding).coding), [Coding::Identity; 3]);
        }
    }

    #[test]
    fn a_body_from_the_cache_has_the_same_bytes_in_each_coding() {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
        let made = body(&"text ".repeat(1_000));
        assert!(Body::from_cache(&cache, made.hash).is_none(), "not compressed yet");
        made.fill(Coding::Gzip, Some(&cache));
        let cached = Body::from_cache(&cache, made.hash).unwrap();
        assert_eq!(cached.identity.bytes, "", "not in memory");
        for coding in ALL {
            made.fill(coding, None);
            cached.fill(coding, None);
            assert_eq!(cached.get(coding).bytes, made.get(coding).bytes, "{coding:?}");
            assert_eq!(cached.get(coding).etag, made.get(coding).etag, "{coding:?}");
        }
    }

    #[test]
    fn gzip_bytes_of_the_cache_that_cannot_be_restored_are_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
        let text = "text ".repeat(1_000);
        let whole = compress(text.as_bytes(), Coding::Gzip, Level::Best).unwrap();
        let mut damaged = whole.to_vec();
        damaged[whole.len() / 2] ^= 1;
        for bytes in [&b"no gzip at all"[..], &whole[..whole.len() - 9], &damaged] {
            let made = body(&text);
            cache.put(&cache_name(&made.hash, Coding::Gzip), bytes).unwrap();
            assert!(Body::from_cache(&cache, made.hash).is_none(), "an empty page");
            made.fill(Coding::Gzip, Some(&cache));
            assert_eq!(made.get(Coding::Gzip).bytes, whole);
            let cached = Body::from_cache(&cache, made.hash).expect("the cache has whole bytes again");
            assert_eq!(cached.get(Coding::Identity).bytes, text);
        }
    }
}
