//! Compressed variants on disk, by the hash of the plain bytes.
//!
//! Invariant: what [`VariantCache::get`] returns was written whole for these plain bytes ([`Kept`]).
//!
//! Never: anything personal; only public pages are compressed.

use super::{encode::Variants, kept::Kept};
use bytes::{Buf, Bytes};
use std::{collections::HashSet, io, path::Path};

/// Another layout or other levels: another folder name.
const FOLDER: &str = "variants-br11-gz12-v3";
/// Two lengths.
const HEADER: usize = 4 + 4;
/// The length that stands for "gains nothing".
const ABSENT: u32 = u32::MAX;

/// A folder of variants.
#[derive(Debug)]
pub struct VariantCache(Kept);

impl VariantCache {
    /// Opens or makes the cache under `folder`, to hold `limit` bytes at most once it is tidied.
    ///
    /// # Errors
    /// The folder cannot be made. Serve without a cache then.
    pub fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        Kept::open(&folder.join(FOLDER), limit).map(Self)
    }

    /// The variants of the plain bytes with this hash; `None` if absent or damaged.
    pub(super) fn get(&self, hash: &blake3::Hash) -> Option<Variants> {
        self.0.get(hash).and_then(unpack)
    }

    /// Keeps variants.
    pub(super) fn put(&self, hash: &blake3::Hash, variants: &Variants) -> io::Result<()> {
        self.0.put(hash, &pack(variants))
    }

    /// See [`Kept::trim`].
    pub(super) fn trim(&self, used: &HashSet<blake3::Hash>) -> io::Result<()> {
        self.0.trim(used)
    }
}

fn pack(variants: &Variants) -> Vec<u8> {
    let (gzip, br) = (variants.gzip.as_deref(), variants.br.as_deref());
    let length = |bytes: Option<&[u8]>| {
        bytes.map_or(ABSENT, |bytes| u32::try_from(bytes.len()).expect("a page has less than four gigabytes"))
    };
    let mut out = Vec::with_capacity(HEADER + gzip.map_or(0, <[u8]>::len) + br.map_or(0, <[u8]>::len));
    out.extend(length(gzip).to_le_bytes());
    out.extend(length(br).to_le_bytes());
    out.extend(gzip.unwrap_or_default());
    out.extend(br.unwrap_or_default());
    out
}

fn unpack(mut bytes: Bytes) -> Option<Variants> {
    if bytes.len() < HEADER {
        return None;
    }
    let lengths = [bytes.get_u32_le(), bytes.get_u32_le()];
    let mut take = |length: u32| match length {
        ABSENT => Some(None),
        _ if length as usize <= bytes.len() => Some(Some(bytes.split_to(length as usize))),
        _ => None,
    };
    let (gzip, br) = (take(lengths[0])?, take(lengths[1])?);
    bytes.is_empty().then_some(Variants { gzip, br })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_come_back_as_they_were_put() {
        let folder = tempfile::tempdir().unwrap();
        let cache = VariantCache::open(folder.path(), 1 << 20).unwrap();
        let variants = Variants { gzip: Some(Bytes::from_static(b"gzip bytes")), br: None };
        let hash = blake3::hash(b"page");
        assert_eq!(cache.get(&hash), None, "nothing yet");
        cache.put(&hash, &variants).unwrap();
        assert_eq!(cache.get(&hash).as_ref(), Some(&variants));
        assert_eq!(VariantCache::open(folder.path(), 0).unwrap().get(&hash), Some(variants), "after a restart");
    }

    #[test]
    fn bytes_of_another_layout_are_no_variants() {
        let packed = pack(&Variants { gzip: Some(Bytes::from_static(b"gzip")), br: Some(Bytes::from_static(b"br")) });
        assert!(unpack(Bytes::from(packed.clone())).is_some(), "whole");
        for length in 0..packed.len() {
            assert_eq!(unpack(Bytes::copy_from_slice(&packed[..length])), None, "cut at {length}");
        }
    }
}
