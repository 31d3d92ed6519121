//! Compressed variants on disk, by the hash of the plain bytes.
//!
//! Invariant: what [`VariantCache::get`] returns was written whole for these plain bytes: a file is checked by length
//! and hash, and appears by rename. It is only a cache: bounded, and deletable at any time.
//!
//! Never: anything personal; only public pages are compressed.

use super::encode::Variants;
use bytes::{Buf, Bytes};
use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::SystemTime,
};

/// Another layout or other levels: another folder name.
const FOLDER: &str = "variants-br11-gz12-v2";
/// Two lengths and a hash.
const HEADER: usize = 4 + 4 + blake3::OUT_LEN;
/// The length that stands for "gains nothing".
const ABSENT: u32 = u32::MAX;

/// A folder of variants.
#[derive(Debug)]
pub struct VariantCache {
    folder: PathBuf,
    limit: u64,
    writes: AtomicU64,
}

impl VariantCache {
    /// Opens or makes the cache under `folder`, to hold `limit` bytes at most once it is tidied.
    ///
    /// # Errors
    /// The folder cannot be made. Serve without a cache then.
    pub fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        let folder = folder.join(FOLDER);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, limit, writes: AtomicU64::new(0) })
    }

    /// The variants of the plain bytes with this hash; `None` if absent or damaged.
    pub(super) fn get(&self, hash: &blake3::Hash) -> Option<Variants> {
        let bytes = fs::read(self.file(hash)).ok()?;
        unpack(hash, Bytes::from(bytes))
    }

    /// Keeps variants. Not synced to disk: a torn file fails its check and is made again.
    pub(super) fn put(&self, hash: &blake3::Hash, variants: &Variants) -> io::Result<()> {
        let number = self.writes.fetch_add(1, Relaxed);
        let draft = self.folder.join(format!("{}.{}-{number}.tmp", hash.to_hex(), std::process::id()));
        let written = fs::write(&draft, pack(hash, variants)).and_then(|()| fs::rename(&draft, self.file(hash)));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written
    }

    /// Deletes the oldest files that are not `used` until the rest fits the limit, and drafts an hour old.
    pub(super) fn trim(&self, used: &HashSet<blake3::Hash>) -> io::Result<()> {
        let mut total = 0;
        let mut spare = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            total += about.len();
            let hash = entry.file_name().to_str().and_then(|name| blake3::Hash::from_hex(name).ok());
            if hash.is_none_or(|hash| !used.contains(&hash)) {
                spare.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.len(), entry.path(), hash));
            }
        }
        spare.sort_by_key(|(at, ..)| *at);
        for (at, length, path, hash) in spare {
            let is_old_draft = hash.is_none() && at.elapsed().is_ok_and(|age| age.as_secs() > 3600);
            if is_old_draft || (hash.is_some() && total > self.limit) {
                fs::remove_file(path)?;
                total = total.saturating_sub(length);
            }
        }
        Ok(())
    }

    fn file(&self, hash: &blake3::Hash) -> PathBuf {
        self.folder.join(hash.to_hex().as_str())
    }
}

fn pack(hash: &blake3::Hash, variants: &Variants) -> Vec<u8> {
    let (gzip, br) = (variants.gzip.as_deref(), variants.br.as_deref());
    let length = |bytes: Option<&[u8]>| {
        bytes.map_or(ABSENT, |bytes| u32::try_from(bytes.len()).expect("a page has less than four gigabytes"))
    };
    let mut out = Vec::with_capacity(HEADER + gzip.map_or(0, <[u8]>::len) + br.map_or(0, <[u8]>::len));
    out.extend(length(gzip).to_le_bytes());
    out.extend(length(br).to_le_bytes());
    out.extend([0; blake3::OUT_LEN]);
    out.extend(gzip.unwrap_or_default());
    out.extend(br.unwrap_or_default());
    let sum = checksum(hash, &out);
    out[8..HEADER].copy_from_slice(sum.as_bytes());
    out
}

fn unpack(hash: &blake3::Hash, mut bytes: Bytes) -> Option<Variants> {
    if bytes.len() < HEADER || checksum(hash, &bytes).as_bytes() != &bytes[8..HEADER] {
        return None;
    }
    let lengths = [bytes.get_u32_le(), bytes.get_u32_le()];
    bytes.advance(blake3::OUT_LEN);
    let mut take = |length: u32| match length {
        ABSENT => Some(None),
        _ if length as usize <= bytes.len() => Some(Some(bytes.split_to(length as usize))),
        _ => None,
    };
    let (gzip, br) = (take(lengths[0])?, take(lengths[1])?);
    bytes.is_empty().then_some(Variants { gzip, br })
}

/// Over the plain bytes' hash, the lengths and the variants: a file under another's name fails as well.
fn checksum(hash: &blake3::Hash, file: &[u8]) -> blake3::Hash {
    blake3::Hasher::new().update(hash.as_bytes()).update(&file[..8]).update(&file[HEADER..]).finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants() -> Variants {
        Variants { gzip: Some(Bytes::from_static(b"gzip bytes")), br: None }
    }

    #[test]
    fn variants_come_back_as_they_were_put() {
        let folder = tempfile::tempdir().unwrap();
        let cache = VariantCache::open(folder.path(), 1 << 20).unwrap();
        let hash = blake3::hash(b"page");
        assert_eq!(cache.get(&hash), None, "nothing yet");
        cache.put(&hash, &variants()).unwrap();
        assert_eq!(cache.get(&hash), Some(variants()));
        assert_eq!(VariantCache::open(folder.path(), 0).unwrap().get(&hash), Some(variants()), "after a restart");
    }

    #[test]
    fn a_damaged_file_is_no_hit() {
        let hash = blake3::hash(b"page");
        let whole = pack(&hash, &variants());
        assert!(unpack(&hash, Bytes::from(whole.clone())).is_some(), "whole");
        for length in 0..whole.len() {
            assert_eq!(unpack(&hash, Bytes::copy_from_slice(&whole[..length])), None, "cut at {length}");
        }
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            assert_eq!(unpack(&hash, Bytes::from(bent)), None, "bent at {at}");
        }
        assert_eq!(unpack(&blake3::hash(b"other"), Bytes::from(whole)), None, "another page's file");
    }

    #[test]
    fn trimming_keeps_what_is_used_and_fits_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let cache = VariantCache::open(folder.path(), 0).unwrap();
        let (used, spare) = (blake3::hash(b"used"), blake3::hash(b"spare"));
        cache.put(&used, &variants()).unwrap();
        cache.put(&spare, &variants()).unwrap();
        cache.trim(&HashSet::from([used])).unwrap();
        assert!(cache.get(&used).is_some(), "used");
        assert!(cache.get(&spare).is_none(), "spare");
    }
}
