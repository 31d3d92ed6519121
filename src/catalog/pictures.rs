//! Pictures that the program draws itself, kept on disk by their address.
//!
//! Invariant: a picture is drawn once, unless the disk forgets it; without a disk it is drawn each time, and nobody is
//! sent away.
//!
//! Never: what is on them, or when they are drawn.

use super::disk_cache::DiskCache;
use bytes::Bytes;
use std::{collections::HashSet, io, path::Path};

/// Other pictures of the same address never happen, so the layout alone asks for another name.
const FOLDER: &str = "pictures-v1";

/// A folder of pictures, or none.
#[derive(Debug, Default)]
pub struct Pictures(Option<DiskCache>);

impl Pictures {
    /// Opens or makes the folder under `folder`, to hold `limit` bytes at most: the oldest pictures make room for new ones.
    ///
    /// # Errors
    /// The folder cannot be made. Serve with the default then, which keeps nothing.
    pub fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        DiskCache::open(&folder.join(FOLDER), limit).map(|kept| Self(Some(kept)))
    }

    /// The picture of this address: from disk, or drawn now and kept. Blocks.
    pub fn get(&self, address: &str, draw: impl FnOnce() -> Vec<u8>) -> Bytes {
        let name = blake3::hash(address.as_bytes());
        if let Some(bytes) = self.0.as_ref().and_then(|kept| kept.get(&name)) {
            return bytes;
        }
        let bytes = Bytes::from(draw());
        if let Some(kept) = &self.0
            && let Err(error) = kept.put(&name, &bytes).and_then(|()| kept.trim(&HashSet::from([name])))
        {
            tracing::debug!(%error, "a card could not be kept");
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_drawn_once_and_kept_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let pictures = Pictures::open(folder.path(), 0).unwrap();
        assert_eq!(pictures.get("/a", || b"first".to_vec()), "first");
        assert_eq!(pictures.get("/a", || panic!("drawn twice")), "first");
        let again = Pictures::open(folder.path(), 0).unwrap();
        assert_eq!(again.get("/a", || panic!("drawn twice")), "first");
        assert_eq!(again.get("/b", || b"other".to_vec()), "other");
        assert_eq!(again.get("/a", || b"again".to_vec()), "again", "the oldest made room");
    }

    #[test]
    fn without_a_disk_it_is_drawn_each_time() {
        let pictures = Pictures::default();
        assert_eq!(pictures.get("/a", || b"1".to_vec()), "1");
        assert_eq!(pictures.get("/a", || b"2".to_vec()), "2");
    }
}
