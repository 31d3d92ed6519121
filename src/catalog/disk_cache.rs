//! A cache folder of files named by a hash.
//!
//! Invariant: what [`DiskCache::get`] returns was written completely under this name: a checksum covers name and bytes,
//! and a file appears by rename. The folder is limited in size and may be deleted at any time.
//!
//! Never: anything personal.

use bytes::Bytes;
use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::SystemTime,
};

/// A folder of files named by hash.
#[derive(Debug)]
pub(super) struct DiskCache {
    folder: PathBuf,
    limit: u64,
    writes: AtomicU64,
}

impl DiskCache {
    /// Opens or creates `folder`; [`DiskCache::trim`] limits it to `limit` bytes.
    pub fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), limit, writes: AtomicU64::new(0) })
    }

    /// The bytes with this name; `None` if they are absent or corrupted.
    pub fn get(&self, name: &blake3::Hash) -> Option<Bytes> {
        let mut file = Bytes::from(fs::read(self.file(name)).ok()?);
        if file.len() < blake3::OUT_LEN {
            return None;
        }
        let bytes = file.split_off(blake3::OUT_LEN);
        (checksum(name, &bytes).as_bytes() == &file[..]).then_some(bytes)
    }

    /// Writes bytes without a sync: after a crash, an incomplete file fails its checksum.
    pub fn put(&self, name: &blake3::Hash, bytes: &[u8]) -> io::Result<()> {
        let number = self.writes.fetch_add(1, Relaxed);
        let temporary = self.folder.join(format!("{}.{}-{number}.tmp", name.to_hex(), std::process::id()));
        let file = [checksum(name, bytes).as_bytes(), bytes].concat();
        let written = fs::write(&temporary, file).and_then(|()| fs::rename(&temporary, self.file(name)));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Deletes the oldest files that are not `used` until the rest fits the limit, and temporary files older than an
    /// hour.
    pub fn trim(&self, used: &HashSet<blake3::Hash>) -> io::Result<()> {
        let mut total = 0;
        let mut unused = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            total += metadata.len();
            let name = entry.file_name().to_str().and_then(|name| blake3::Hash::from_hex(name).ok());
            if name.is_none_or(|name| !used.contains(&name)) {
                unused.push((
                    metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                    metadata.len(),
                    entry.path(),
                    name,
                ));
            }
        }
        unused.sort_by_key(|(at, ..)| *at);
        for (at, length, path, name) in unused {
            let is_stale = name.is_none() && at.elapsed().is_ok_and(|age| age.as_secs() > 3600);
            if is_stale || (name.is_some() && total > self.limit) {
                fs::remove_file(path)?;
                total = total.saturating_sub(length);
            }
        }
        Ok(())
    }

    fn file(&self, name: &blake3::Hash) -> PathBuf {
        self.folder.join(name.to_hex().as_str())
    }
}

/// Covers the name, so that a file renamed to another name fails.
fn checksum(name: &blake3::Hash, bytes: &[u8]) -> blake3::Hash {
    blake3::Hasher::new().update(name.as_bytes()).update(bytes).finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrupted_file_is_not_returned() {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(folder.path(), 1 << 20).unwrap();
        let name = blake3::hash(b"page");
        assert_eq!(cache.get(&name), None, "nothing yet");
        cache.put(&name, b"bytes").unwrap();
        let whole = fs::read(cache.file(&name)).unwrap();
        assert_eq!(cache.get(&name).as_deref(), Some(&b"bytes"[..]), "whole");
        for length in 0..whole.len() {
            fs::write(cache.file(&name), &whole[..length]).unwrap();
            assert_eq!(cache.get(&name), None, "truncated at {length}");
        }
        for at in 0..whole.len() {
            let mut corrupted = whole.clone();
            corrupted[at] ^= 1;
            fs::write(cache.file(&name), corrupted).unwrap();
            assert_eq!(cache.get(&name), None, "corrupted at {at}");
        }
        let other = blake3::hash(b"other");
        fs::write(cache.file(&other), &whole).unwrap();
        assert_eq!(cache.get(&other), None, "another page's file");
    }

    #[test]
    fn trimming_deletes_unused_files_beyond_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(folder.path(), 0).unwrap();
        let (used, unused) = (blake3::hash(b"used"), blake3::hash(b"unused"));
        cache.put(&used, b"1").unwrap();
        cache.put(&unused, b"2").unwrap();
        cache.trim(&HashSet::from([used])).unwrap();
        assert!(cache.get(&used).is_some(), "used");
        assert!(cache.get(&unused).is_none(), "unused");
    }
}
