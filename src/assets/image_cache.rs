//! The renditions of all photographs, made in parallel and cached on disk by the hash of the photograph, so that each is
//! rendered once.
//!
//! Invariant: what is read from the cache was written whole: each file's name holds the hash of its bytes, and a photograph's
//! folder appears by rename. The cache may be deleted at any time; the next start then takes longer.

use super::{
    fault::AssetFault,
    photo::{Rendition, check_length, placeholder, render},
    size::Size,
};
use crate::catalog::Media;
use bytes::Bytes;
use rayon::prelude::*;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Photographs that are rendered at the same time; the largest needs half a gigabyte of memory.
const AT_ONCE: usize = 2;
/// Other widths, qualities or filters need another folder name.
const FOLDER: &str = "photos-v2";

/// How photographs are rendered.
#[derive(Debug, Clone, Copy)]
pub struct Photos<'a> {
    /// Folder of all caches.
    pub cache: &'a Path,
    /// Whether to wait for photographs that are not cached. If not, each gets a placeholder.
    pub wait: bool,
}

/// A photograph's key and file.
type Named = (String, PathBuf);

/// Reads or makes the renditions of every photograph, in order. A placeholder is the only rendition of its photograph.
pub(super) fn render_all(photos: Vec<Named>, how: Photos<'_>) -> Vec<(Named, Result<Vec<Rendition>, AssetFault>)> {
    let cache = how.cache.join(FOLDER);
    let made = in_parts(&photos, |(_, file)| renditions(file, &cache, how.wait));
    photos.into_iter().zip(made).collect()
}

/// Calls `make` for every item, in [`AT_ONCE`] parts at the same time.
fn in_parts<T: Sync, R: Send>(items: &[T], make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    items.par_chunks(items.len().div_ceil(AT_ONCE).max(1)).flat_map_iter(|part| part.iter().map(&make)).collect()
}

fn renditions(file: &Path, cache: &Path, wait: bool) -> Result<Vec<Rendition>, AssetFault> {
    let unreadable = |error| AssetFault::unreadable(file, &error);
    check_length(file, fs::metadata(file).map_err(unreadable)?.len())?;
    let bytes = fs::read(file).map_err(unreadable)?;
    let folder = cache.join(blake3::hash(&bytes).to_hex().as_str());
    if let Some(renditions) = read(&folder) {
        return Ok(renditions);
    }
    if !wait {
        return Ok(vec![placeholder(file, &bytes)?]);
    }
    let renditions = render(file, &bytes)?;
    if let Err(error) = write(&folder, &renditions) {
        tracing::warn!(%error, "the renditions of a photograph are not cached; the next start makes them again");
    }
    Ok(renditions)
}

/// The cached renditions, if all of them are whole.
fn read(folder: &Path) -> Option<Vec<Rendition>> {
    let names = fs::read_dir(folder).ok()?.map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names = names.collect::<Option<Vec<String>>>()?;
    names.sort();
    names.iter().map(|name| read_one(folder, name)).collect()
}

fn read_one(folder: &Path, name: &str) -> Option<Rendition> {
    let (media, bytes) = (Media::of(name)?, Bytes::from(fs::read(folder.join(name)).ok()?));
    let size = Size::of(media, &bytes, folder).ok()?;
    name.contains(blake3::hash(&bytes).to_hex().as_str()).then_some(Rendition { media, size, bytes })
}

fn write(folder: &Path, renditions: &[Rendition]) -> io::Result<()> {
    let draft = folder.with_extension(format!("{}.tmp", std::process::id()));
    fs::create_dir_all(&draft)?;
    for (number, rendition) in renditions.iter().enumerate() {
        let extension = if rendition.media == Media::Jpeg { "jpg" } else { "webp" };
        let name = format!("{number}.{}.{extension}", blake3::hash(&rendition.bytes).to_hex());
        fs::write(draft.join(name), &rendition.bytes)?;
    }
    let _ = fs::remove_dir_all(folder);
    let moved = fs::rename(&draft, folder);
    let _ = fs::remove_dir_all(&draft);
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn a_photograph_is_rendered_once_and_again_only_if_the_cache_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let (file, cache) = (folder.path().join("room.png"), folder.path().join("cache"));
        RgbImage::from_fn(900, 600, |x, y| {
            image::Rgb([u8::try_from(x % 256).unwrap(), u8::try_from(y % 256).unwrap(), 9])
        })
        .save(&file)
        .unwrap();
        let named = || vec![("a".into(), file.clone()), ("b".into(), file.clone())];
        let waiting = || render_all(named(), Photos { cache: &cache, wait: true });
        let without_waiting = || render_all(named(), Photos { cache: &cache, wait: false }).remove(0).1.unwrap();
        assert_eq!(without_waiting().len(), 1, "a placeholder");
        let first = waiting();
        assert_eq!(first.iter().map(|((key, _), _)| key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let renditions = first[0].1.clone().unwrap();
        let folders: Vec<PathBuf> =
            fs::read_dir(cache.join(FOLDER)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(folders.len(), 1, "{folders:?}");
        assert_eq!(read(&folders[0]), Some(renditions.clone()), "all of them, in their order");
        assert_eq!(without_waiting(), renditions, "a cached rendition needs no waiting");

        let one = fs::read_dir(&folders[0]).unwrap().next().unwrap().unwrap().path();
        fs::write(&one, b"torn").unwrap();
        assert_eq!(read(&folders[0]), None);
        assert_eq!(waiting()[1].1, Ok(renditions.clone()));
        assert_eq!(read(&folders[0]), Some(renditions));
    }

    #[test]
    fn two_photographs_are_rendered_at_the_same_time() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let make = |number: &usize| {
            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(1));
            running.fetch_sub(1, SeqCst);
            *number
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(8).build().unwrap();
        let numbers: Vec<usize> = (0..41).collect();
        assert_eq!(pool.install(|| in_parts(&numbers, make)), numbers);
        assert!(most.load(SeqCst) <= AT_ONCE, "{most:?}");
        assert_eq!(in_parts(&[], make), [0; 0]);
    }

    #[test]
    fn without_a_cache_renditions_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("room.png");
        RgbImage::new(800, 10).save(&file).unwrap();
        let rendered = render_all(vec![("a".into(), file.clone())], Photos { cache: &file, wait: true });
        assert_eq!(rendered[0].1.as_ref().unwrap().len(), 3);
        let missing = render_all(
            vec![("a".into(), folder.path().join("gone.jpg"))],
            Photos { cache: folder.path(), wait: false },
        );
        assert!(missing[0].1.as_ref().unwrap_err().to_string().contains("gone.jpg: cannot be read"));
    }
}
