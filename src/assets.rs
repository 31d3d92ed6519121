//! Stylesheet, script, icons and pictures: read from their folders and named by their content.
//!
//! Invariant: an address under `/assets/` never changes its bytes, so it may be kept for ever; a file that changed has
//! a new address. Every `url()` in the stylesheet leads to such a file, or [`Assets::load`] says which does not.
//!
//! A photograph of the words is one key and several files: a JPEG under the key itself, and WebP in other widths.
//!
//! Never: pages; the network.

mod fault;
mod folder;
mod photo;
mod size;
mod style;

pub use fault::{AssetFault, AssetFaults};
pub use photo::darkroom::Photos;
pub use size::Size;

use crate::catalog::{Builder, Caching, Media, Resource, hashed};
use bytes::Bytes;
use photo::{Print, darkroom};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Key of the one stylesheet that all files in `css/` make.
pub const STYLESHEET: &str = "css/site.css";
/// Files under it keep their names: `root/favicon.ico` is `/favicon.ico`.
const ROOT: &str = "root/";
/// Files under it are joined.
const STYLES: &str = "css/";

/// All files, by key: their path below the static folder, or the key that the words give a picture.
#[derive(Debug, Default)]
pub struct Assets {
    files: BTreeMap<String, Asset>,
    has_blanks: bool,
}

/// A file ready to be served.
#[derive(Debug, Clone)]
struct Asset {
    address: String,
    media: Media,
    bytes: Bytes,
    caching: Caching,
    size: Option<Size>,
    /// Of a photograph: its widths, as `srcset` wants them.
    widths: Option<String>,
}

impl Assets {
    /// Reads the static folder and the pictures that the words use, given as key and file. Photographs among them come
    /// in several widths.
    ///
    /// # Errors
    /// Every file that cannot be read or is of no kind that is served, and every mistake in a stylesheet.
    pub fn load(
        static_folder: &Path,
        pictures: impl IntoIterator<Item = (String, PathBuf)>,
        photos: Photos<'_>,
    ) -> Result<Self, AssetFaults> {
        let mut faults = Vec::new();
        let mut assets = Self::default();
        let (styles, others) = folder::list(static_folder, &mut faults).into_iter().partition::<Vec<_>, _>(is_style);
        let (photographs, drawings) = pictures.into_iter().partition::<Vec<_>, _>(is_photo);
        for (key, file) in others.into_iter().chain(drawings) {
            assets.read(key, &file, &mut faults);
        }
        for ((key, file), prints) in darkroom::develop_all(photographs, photos) {
            match prints {
                Ok(_) if assets.files.contains_key(&key) => faults.push(AssetFault::twice(&file, &key)),
                Ok(prints) => assets.hang(&key, prints),
                Err(fault) => faults.push(fault),
            }
        }
        // Last, because it names the others by their addresses.
        assets.join(styles, static_folder, &mut faults);
        if faults.is_empty() { Ok(assets) } else { Err(AssetFaults(faults)) }
    }

    /// Address of a file: `site.js`, `img/logo.svg`, [`STYLESHEET`], or a picture's key.
    pub fn url(&self, key: &str) -> Option<&str> {
        self.files.get(key).map(|asset| asset.address.as_str())
    }

    /// Width and height of a picture, so that a page keeps its place while the picture is on its way.
    pub fn size(&self, key: &str) -> Option<Size> {
        self.files.get(key)?.size
    }

    /// The widths of a photograph, all WebP, as the value of `srcset`; `None` for any other picture.
    pub fn widths(&self, key: &str) -> Option<&str> {
        self.files.get(key)?.widths.as_deref()
    }

    /// A photograph has no prints yet, and a blank stands in its place.
    pub fn has_blanks(&self) -> bool {
        self.has_blanks
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Puts every file into a catalog.
    #[must_use]
    pub fn shelve(&self, builder: Builder) -> Builder {
        self.files.values().fold(builder, |builder, asset| {
            let resource = Resource::new(asset.media, asset.bytes.clone()).caching(asset.caching);
            builder.page(asset.address.clone(), resource)
        })
    }

    fn read(&mut self, key: String, file: &Path, faults: &mut Vec<AssetFault>) {
        let read = || {
            let media = Media::of(&key).ok_or_else(|| AssetFault::unknown_kind(file))?;
            let bytes = Bytes::from(fs::read(file).map_err(|error| AssetFault::unreadable(file, &error))?);
            let size = if media.is_picture() { Some(Size::of(media, &bytes, file)?) } else { None };
            Ok(Asset::new(&key, media, bytes, size))
        };
        match read() {
            Ok(_) if self.files.contains_key(&key) => faults.push(AssetFault::twice(file, &key)),
            Ok(asset) => {
                self.files.insert(key, asset);
            }
            Err(fault) => faults.push(fault),
        }
    }

    /// Takes a photograph's prints: the last, a JPEG or a blank, under `key`, the others under keys of their own.
    fn hang(&mut self, key: &str, mut prints: Vec<Print>) {
        let stem = key.rsplit_once('.').map_or(key, |(stem, _)| stem);
        let Some(fallback) = prints.pop() else { return };
        let mut widths = Vec::new();
        for Print { media, size, bytes } in prints {
            let asset = Asset::new(&format!("{stem}-{}.webp", size.width), media, bytes, Some(size));
            widths.push(format!("{} {}w", asset.address, size.width));
            self.files.insert(format!("{key}@{}", size.width), asset);
        }
        let is_blank = fallback.media == Media::Svg;
        self.has_blanks |= is_blank;
        let name = format!("{stem}.{}", if is_blank { "svg" } else { "jpg" });
        let asset = Asset::new(&name, fallback.media, fallback.bytes, Some(fallback.size));
        self.files.insert(key.to_owned(), Asset { widths: (!is_blank).then(|| widths.join(", ")), ..asset });
    }

    fn join(&mut self, styles: Vec<(String, PathBuf)>, folder: &Path, faults: &mut Vec<AssetFault>) {
        if styles.is_empty() {
            faults.push(AssetFault::no_styles(&folder.join(STYLES)));
            return;
        }
        let sheet = style::join(styles, |key| self.url(key).map(str::to_owned), faults);
        self.files.insert(STYLESHEET.into(), Asset::new("site.css", Media::Css, sheet.into(), None));
    }
}

impl Asset {
    fn new(name: &str, media: Media, bytes: Bytes, size: Option<Size>) -> Self {
        let (address, caching) = match name.strip_prefix(ROOT) {
            Some(name) => (format!("/{name}"), Caching::Short),
            None => (hashed(&plain_name(name), &bytes), Caching::Forever),
        };
        Self { address, media, bytes, caching, size, widths: None }
    }
}

fn is_style((key, _): &(String, PathBuf)) -> bool {
    key.starts_with(STYLES) && Media::of(key) == Some(Media::Css)
}

fn is_photo((key, _): &(String, PathBuf)) -> bool {
    Media::of(key).is_some_and(photo::is_photo)
}

/// A name that needs no escaping in an address: `Our Room (1).JPG` becomes `our-room--1-.jpg`.
fn plain_name(name: &str) -> String {
    let plain = |sign: char| match sign {
        'a'..='z' | '0'..='9' | '.' | '-' | '_' | '/' => sign,
        'A'..='Z' => sign.to_ascii_lowercase(),
        _ => '-',
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Encoder};
    use http::Request;

    const SVG: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 84 48"/>"#;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        folder
    }

    fn photos(cache: &Path) -> Photos<'_> {
        Photos { cache, wait: true }
    }

    fn faults(files: &[(&str, &str)]) -> String {
        let folder = folder(files);
        let faults = Assets::load(folder.path(), [], photos(folder.path())).unwrap_err();
        faults.to_string().replace(folder.path().to_str().unwrap(), "static")
    }

    #[test]
    fn files_are_named_by_content_and_the_root_keeps_its_names() {
        let folder = folder(&[
            ("css/b.css", "b { color: red; }"),
            ("css/layers.css", "@layer a, b;"),
            ("css/a.css", "a { background: url('../img/Logo 1.svg#x') }"),
            ("img/Logo 1.svg", SVG),
            ("site.js", "1"),
            ("root/favicon.ico.svg", SVG),
            (".DS_Store", "?"),
            ("css/a.css~", "?"),
        ]);
        let picture = folder.path().join("img/Logo 1.svg");
        let drawing = [("articles/x/picture.svg".to_owned(), picture)];
        let assets = Assets::load(folder.path(), drawing, photos(folder.path())).unwrap();
        let logo = assets.url("img/Logo 1.svg").unwrap();
        assert!(logo.starts_with("/assets/img/logo-1."), "{logo}");
        assert!(assets.url("site.js").unwrap().starts_with("/assets/site."));
        assert!(assets.url("articles/x/picture.svg").unwrap().starts_with("/assets/articles/x/picture."));
        assert_eq!(assets.url("root/favicon.ico.svg"), Some("/favicon.ico.svg"));
        assert_eq!(assets.size("img/Logo 1.svg"), Some(Size { width: 84, height: 48 }));
        assert_eq!(assets.url(".DS_Store"), None);

        let catalog = assets.shelve(Catalog::builder(http::HeaderMap::new(), Encoder::default().into())).build();
        let sheet = catalog.answer(&Request::get(assets.url(STYLESHEET).unwrap()).body(()).unwrap()).unwrap();
        let expected = format!("@layer a,b;a{{background: url(\"{logo}#x\")}}b{{color: red}}");
        assert_eq!(sheet.body(), expected.as_bytes());
        assert_eq!(sheet.headers()["cache-control"], "public, max-age=31536000, immutable");
    }

    #[test]
    fn a_photograph_has_an_address_for_each_width_and_one_for_everybody() {
        let folder = folder(&[("css/a.css", "a{}")]);
        let file = folder.path().join("Our Room.PNG");
        image::RgbImage::new(1000, 500).save_with_format(&file, image::ImageFormat::Png).unwrap();
        let key = "people/Our Room.PNG";
        let assets = Assets::load(folder.path(), [(key.to_owned(), file)], photos(folder.path())).unwrap();
        let address = assets.url(key).unwrap();
        assert!(address.starts_with("/assets/people/our-room."), "{address}");
        assert_eq!(Media::of(address), Some(Media::Jpeg));
        assert_eq!(assets.size(key), Some(Size { width: 1000, height: 500 }));
        let widths: Vec<&str> = assets.widths(key).unwrap().split(", ").collect();
        let catalog = assets.shelve(Catalog::builder(http::HeaderMap::new(), Encoder::default().into())).build();
        for (source, width) in widths.iter().zip(["480w", "800w", "1000w"]) {
            let (address, said) = source.split_once(' ').unwrap();
            assert_eq!(said, width);
            let answer = catalog.answer(&Request::get(address).body(()).unwrap()).unwrap();
            assert_eq!(answer.headers()["content-type"], "image/webp");
        }
        assert_eq!(widths.len(), 3);
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_place() {
        let told = faults(&[
            ("css/a.css", "a { color: red }\nb { background: url(no.svg) }"),
            ("css/b.css", "@import 'a.css';"),
            ("img/bad.svg", "<svg"),
            ("img/flat.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
            ("img/not.png", "text"),
            ("tool.exe", ""),
        ]);
        for part in [
            "static/css/a.css:2:17: ",
            "static/css/b.css:1:1: ",
            "static/img/bad.svg: ",
            "static/img/flat.svg: ",
            "static/img/not.png: ",
            "static/tool.exe: ",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
        assert_eq!(told.lines().count(), 6, "{told}");
    }

    #[test]
    fn a_folder_without_styles_is_a_fault() {
        assert!(faults(&[("site.js", "1")]).contains("static/css"));
        assert!(
            Assets::load(Path::new("/nowhere"), [], photos(Path::new("/nowhere")))
                .unwrap_err()
                .to_string()
                .contains("/nowhere")
        );
    }
}
