//! The darkroom: develops the photographs of an edition side by side, and keeps the prints on disk by the hash of the
//! photograph, so that each is developed once.
//!
//! Invariant: what is kept was written whole; a print is checked by the hash in its name, and a photograph's folder
//! appears by rename. It is only a cache, deletable at any time; without it every start takes longer.

use super::{Print, blank, check_weight, develop};
use crate::{
    assets::{fault::AssetFault, size::Size},
    catalog::Media,
};
use bytes::Bytes;
use rayon::prelude::*;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Other widths or qualities: another folder name.
const FOLDER: &str = "photos-v1";

/// How photographs are developed.
#[derive(Debug, Clone, Copy)]
pub struct Photos<'a> {
    /// Folder of all caches.
    pub cache: &'a Path,
    /// Whether photographs without prints are waited for. If not, a blank stands in their place.
    pub wait: bool,
}

/// A photograph's key and file.
type Named = (String, PathBuf);

/// Makes or finds the prints of every photograph, in their order. Of one that has only a blank, that is the one print.
pub(in crate::assets) fn develop_all(
    photos: Vec<Named>,
    how: Photos<'_>,
) -> Vec<(Named, Result<Vec<Print>, AssetFault>)> {
    let kept = how.cache.join(FOLDER);
    let printed = photos.into_par_iter().map(|named| {
        let prints = prints(&named.1, &kept, how.wait);
        (named, prints)
    });
    printed.collect()
}

fn prints(file: &Path, kept: &Path, wait: bool) -> Result<Vec<Print>, AssetFault> {
    let unreadable = |error| AssetFault::unreadable(file, &error);
    check_weight(file, fs::metadata(file).map_err(unreadable)?.len())?;
    let bytes = fs::read(file).map_err(unreadable)?;
    let folder = kept.join(blake3::hash(&bytes).to_hex().as_str());
    if let Some(prints) = find(&folder) {
        return Ok(prints);
    }
    if !wait {
        return Ok(vec![blank(file, &bytes)?]);
    }
    let prints = develop(file, &bytes)?;
    if let Err(error) = keep(&folder, &prints) {
        tracing::warn!(%error, "the prints of a photograph are not kept; the next start makes them again");
    }
    Ok(prints)
}

/// Prints that were kept, if all of them are whole.
fn find(folder: &Path) -> Option<Vec<Print>> {
    let names = fs::read_dir(folder).ok()?.map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names = names.collect::<Option<Vec<String>>>()?;
    names.sort();
    names.iter().map(|name| whole(folder, name)).collect()
}

fn whole(folder: &Path, name: &str) -> Option<Print> {
    let (media, bytes) = (Media::of(name)?, Bytes::from(fs::read(folder.join(name)).ok()?));
    let size = Size::of(media, &bytes, folder).ok()?;
    name.contains(blake3::hash(&bytes).to_hex().as_str()).then_some(Print { media, size, bytes })
}

fn keep(folder: &Path, prints: &[Print]) -> io::Result<()> {
    let draft = folder.with_extension(format!("{}.tmp", std::process::id()));
    fs::create_dir_all(&draft)?;
    for (number, print) in prints.iter().enumerate() {
        let ending = if print.media == Media::Jpeg { "jpg" } else { "webp" };
        let name = format!("{number}.{}.{ending}", blake3::hash(&print.bytes).to_hex());
        fs::write(draft.join(name), &print.bytes)?;
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

    #[test]
    fn a_photograph_is_developed_once_and_again_only_when_its_prints_are_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let (file, cache) = (folder.path().join("room.png"), folder.path().join("cache"));
        RgbImage::from_fn(900, 600, |x, y| {
            image::Rgb([u8::try_from(x % 256).unwrap(), u8::try_from(y % 256).unwrap(), 9])
        })
        .save(&file)
        .unwrap();
        let named = || vec![("a".into(), file.clone()), ("b".into(), file.clone())];
        let all = || develop_all(named(), Photos { cache: &cache, wait: true });
        let hasty = || develop_all(named(), Photos { cache: &cache, wait: false }).remove(0).1.unwrap();
        assert_eq!(hasty().len(), 1, "a blank");
        let first = all();
        assert_eq!(first.iter().map(|((key, _), _)| key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let prints = first[0].1.clone().unwrap();
        let kept: Vec<PathBuf> = fs::read_dir(cache.join(FOLDER)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!(find(&kept[0]), Some(prints.clone()), "all of them, in their order");
        assert_eq!(hasty(), prints, "what is there needs no patience");

        let one = fs::read_dir(&kept[0]).unwrap().next().unwrap().unwrap().path();
        fs::write(&one, b"torn").unwrap();
        assert_eq!(find(&kept[0]), None);
        assert_eq!(all()[1].1, Ok(prints.clone()));
        assert_eq!(find(&kept[0]), Some(prints));
    }

    #[test]
    fn without_a_place_to_keep_them_prints_are_made_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("room.png");
        RgbImage::new(800, 10).save(&file).unwrap();
        let found = develop_all(vec![("a".into(), file.clone())], Photos { cache: &file, wait: true });
        assert_eq!(found[0].1.as_ref().unwrap().len(), 3);
        let gone = develop_all(
            vec![("a".into(), folder.path().join("gone.jpg"))],
            Photos { cache: folder.path(), wait: false },
        );
        assert!(gone[0].1.as_ref().unwrap_err().to_string().contains("gone.jpg: cannot be read"));
    }
}
