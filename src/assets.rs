//! Stylesheet, script, icons and pictures: read from their folders and named by their content.
//!
//! Invariant: an address under `/assets/` never changes its bytes, so it may be cached forever; a file that changed has
//! another address. A photograph of an article is one key and several files: a JPEG under the key itself, and WebP in other
//! widths.
//!
//! Never: pages; the network.

mod fault;
mod files;
mod image_cache;
mod photo;
mod size;
mod stylesheet;

pub use fault::{AssetFault, AssetFaults};
pub use image_cache::Photos;
pub use size::Size;

use crate::catalog::{Builder, Caching, Media, Resource, hashed_path};
use bytes::Bytes;
use photo::Rendition;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Key of the one stylesheet that all files in `css/` make.
pub const STYLESHEET: &str = "css/site.css";
/// Files below it keep their names: `root/favicon.ico` is `/favicon.ico`.
const ROOT: &str = "root/";
/// Files below it are joined.
const STYLES: &str = "css/";

/// All files, by key: their path below the static folder, or the key that an article gives a picture.
#[derive(Debug, Default)]
pub struct Assets {
    files: BTreeMap<String, Asset>,
    /// Whether a photograph has no renditions yet and a placeholder stands in for it.
    pub has_placeholders: bool,
}

/// A file ready to be served.
#[derive(Debug, Clone)]
struct Asset {
    address: String,
    media: Media,
    bytes: Bytes,
    caching: Caching,
    size: Option<Size>,
    /// The value of `srcset` of a photograph.
    srcset: Option<String>,
}

impl Assets {
    /// Reads the static folder and the pictures of the content, given as key and file. Photographs among them get several
    /// widths.
    ///
    /// # Errors
    /// Every file that cannot be read or is of a type that is not served, and every fault in a stylesheet.
    pub fn load(
        static_folder: &Path,
        pictures: impl IntoIterator<Item = (String, PathBuf)>,
        photos: Photos<'_>,
    ) -> Result<Self, AssetFaults> {
        let mut faults = Vec::new();
        let mut assets = Self::default();
        let (styles, others) = files::list(static_folder, &mut faults).into_iter().partition::<Vec<_>, _>(is_style);
        let (photographs, drawings) = pictures.into_iter().partition::<Vec<_>, _>(is_photo);
        for (key, file) in others.into_iter().chain(drawings) {
            assets.add(&file, &key, read(&key, &file).map(|asset| vec![(key.clone(), asset)]), &mut faults);
        }
        for ((key, file), renditions) in image_cache::render_all(photographs, photos) {
            assets.has_placeholders |=
                matches!(&renditions, Ok(made) if made.iter().any(|one| one.media == Media::Svg));
            assets.add(&file, &key, renditions.map(|made| photo_assets(&key, made)), &mut faults);
        }
        if styles.is_empty() {
            let remedy = "put at least one .css file there";
            faults.push(AssetFault::new(&static_folder.join(STYLES), "holds no stylesheet", remedy));
        }
        let sheet = stylesheet::join(styles, &mut faults);
        assets.files.insert(STYLESHEET.into(), Asset::new("site.css", Media::Css, sheet.into(), None));
        if faults.is_empty() { Ok(assets) } else { Err(AssetFaults(faults)) }
    }

    /// The same assets, if all `keys` of static files are there.
    ///
    /// # Errors
    /// Every static file that is missing.
    pub fn require(self, static_folder: &Path, keys: &[&str]) -> Result<Self, AssetFaults> {
        let missing = keys.iter().filter(|key| !self.files.contains_key(**key));
        let problem = "is missing, and every page needs it";
        let faults: Vec<_> = missing
            .map(|key| AssetFault::new(&static_folder.join(key), problem, "restore it from the release"))
            .collect();
        if faults.is_empty() { Ok(self) } else { Err(AssetFaults(faults)) }
    }

    /// Address of a file: `site.js`, `logo.svg`, [`STYLESHEET`], or a picture's key.
    pub fn url(&self, key: &str) -> Option<&str> {
        self.files.get(key).map(|asset| asset.address.as_str())
    }

    /// Width and height of a picture, so that a browser reserves its space.
    pub fn size(&self, key: &str) -> Option<Size> {
        self.files.get(key)?.size
    }

    /// The widths of a photograph, all WebP, as the value of `srcset`; `None` for any other picture.
    pub fn srcset(&self, key: &str) -> Option<&str> {
        self.files.get(key)?.srcset.as_deref()
    }

    /// Adds every file to a catalog.
    #[must_use]
    pub fn add_to(&self, builder: Builder) -> Builder {
        self.files.values().fold(builder, |builder, asset| {
            let resource = Resource::new(asset.media, asset.bytes.clone()).caching(asset.caching);
            builder.resource(asset.address.clone(), resource)
        })
    }

    /// Takes what was made of one file, unless another file has its key.
    fn add(
        &mut self,
        file: &Path,
        key: &str,
        made: Result<Vec<(String, Asset)>, AssetFault>,
        faults: &mut Vec<AssetFault>,
    ) {
        match made {
            Ok(_) if self.files.contains_key(key) => {
                let problem = format!("another file is already known as {key}");
                faults.push(AssetFault::new(file, problem, "rename one of them"));
            }
            Ok(made) => self.files.extend(made),
            Err(fault) => faults.push(fault),
        }
    }
}

impl Asset {
    fn new(name: &str, media: Media, bytes: Bytes, size: Option<Size>) -> Self {
        let (address, caching) = match name.strip_prefix(ROOT) {
            Some(name) => (format!("/{name}"), Caching::Short),
            None => (hashed_path(&plain_name(name), &bytes), Caching::Immutable),
        };
        Self { address, media, bytes, caching, size, srcset: None }
    }
}

fn read(key: &str, file: &Path) -> Result<Asset, AssetFault> {
    let media = Media::of(key).ok_or_else(|| {
        let remedy = "serve html, css, js, xml, txt, json, webmanifest, speculationrules, svg, png, jpg, webp, gif, ico, woff2 or pdf";
        AssetFault::new(file, "is of a type that is not served", remedy)
    })?;
    let bytes = Bytes::from(fs::read(file).map_err(|error| AssetFault::unreadable(file, &error))?);
    let size = if media.is_picture() { Some(Size::of(media, &bytes, file)?) } else { None };
    Ok(Asset::new(key, media, bytes, size))
}

/// A photograph's files by key: the last rendition, a JPEG or a placeholder, under `key`, the others under keys of their
/// own.
fn photo_assets(key: &str, mut renditions: Vec<Rendition>) -> Vec<(String, Asset)> {
    let stem = key.rsplit_once('.').map_or(key, |(stem, _)| stem);
    let Some(last) = renditions.pop() else { return Vec::new() };
    let mut files = Vec::new();
    let mut widths = Vec::new();
    for Rendition { media, size, bytes } in renditions {
        let asset = Asset::new(&format!("{stem}-{}.webp", size.width), media, bytes, Some(size));
        widths.push(format!("{} {}w", asset.address, size.width));
        files.push((format!("{key}@{}", size.width), asset));
    }
    let extension = if last.media == Media::Svg { "svg" } else { "jpg" };
    let asset = Asset::new(&format!("{stem}.{extension}"), last.media, last.bytes, Some(last.size));
    let srcset = (!widths.is_empty()).then(|| widths.join(", "));
    files.push((key.to_owned(), Asset { srcset, ..asset }));
    files
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
    use crate::catalog::Catalog;
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
    fn files_are_named_by_content_except_those_of_the_root() {
        let folder = folder(&[
            ("css/b.css", "b { color: red; }"),
            ("css/layers.css", "@layer a, b;"),
            ("css/a.css", "a { color: blue }"),
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

        let catalog = assets.add_to(Catalog::builder(http::HeaderMap::new())).build();
        let sheet = catalog.respond(&Request::get(assets.url(STYLESHEET).unwrap()).body(()).unwrap()).unwrap();
        assert_eq!(sheet.body(), "@layer a, b;\na { color: blue }\nb { color: red; }\n");
        assert_eq!(sheet.headers()["cache-control"], "public, max-age=31536000, immutable");
    }

    #[test]
    fn a_photograph_has_an_address_for_each_width_and_one_jpeg() {
        let folder = folder(&[("css/a.css", "a{}")]);
        let file = folder.path().join("Our Room.PNG");
        image::RgbImage::new(1000, 500).save_with_format(&file, image::ImageFormat::Png).unwrap();
        let key = "people/Our Room.PNG";
        let assets = Assets::load(folder.path(), [(key.to_owned(), file)], photos(folder.path())).unwrap();
        let address = assets.url(key).unwrap();
        assert!(address.starts_with("/assets/people/our-room."), "{address}");
        assert_eq!(Media::of(address), Some(Media::Jpeg));
        assert_eq!(assets.size(key), Some(Size { width: 1000, height: 500 }));
        let widths: Vec<&str> = assets.srcset(key).unwrap().split(", ").collect();
        let catalog = assets.add_to(Catalog::builder(http::HeaderMap::new())).build();
        for (source, width) in widths.iter().zip(["480w", "800w", "1000w"]) {
            let (address, declared) = source.split_once(' ').unwrap();
            assert_eq!(declared, width);
            let answer = catalog.respond(&Request::get(address).body(()).unwrap()).unwrap();
            assert_eq!(answer.headers()["content-type"], "image/webp");
        }
        assert_eq!(widths.len(), 3);
    }

    #[test]
    fn every_fault_is_reported_at_once_with_its_place() {
        let text = faults(&[
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
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert_eq!(text.lines().count(), 6, "{text}");
    }

    #[test]
    fn a_symbolic_link_leads_to_a_file_inside_or_is_a_fault() {
        let (folder, outside) = (folder(&[("css/a.css", "a{}"), ("site.js", "1")]), folder(&[("secret.txt", "?")]));
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
        link(Path::new("site.js"), "same.js");
        let assets = Assets::load(folder.path(), [], photos(folder.path())).unwrap();
        assert!(assets.url("same.js").is_some());
        link(&outside.path().join("secret.txt"), "a.txt");
        link(outside.path(), "b");
        link(Path::new("."), "c");
        link(Path::new("missing"), "d.txt");
        let faults = Assets::load(folder.path(), [], photos(folder.path())).unwrap_err().to_string();
        assert_eq!(faults.matches("is a symbolic link out of the folder, or to a folder").count(), 4, "{faults}");
        assert_eq!(faults.lines().count(), 4, "{faults}");
    }

    #[test]
    fn a_file_that_every_page_needs_and_is_missing_is_a_fault() {
        let folder = folder(&[("css/a.css", "a{}"), ("site.js", "1")]);
        let assets = Assets::load(folder.path(), [], photos(folder.path())).unwrap();
        let faults = assets.require(folder.path(), &["site.js", "logo.svg"]).unwrap_err().to_string();
        assert!(faults.contains("logo.svg: is missing") && faults.contains("restore it"), "{faults}");
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
