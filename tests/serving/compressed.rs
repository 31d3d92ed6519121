//! Compression in the background, the disk cache, and the exported files.

use crate::house::{House, eventually, page, quick, resources};
use axum::Router;
use relationship_clinic::catalog::{Catalog, Compressor};
use std::{fs, path::Path, sync::Arc};

/// What is served for `path` to a client that takes `coding`: content coding and `ETag`.
async fn served(house: &House, path: &str, coding: &str) -> (Option<String>, String) {
    let answer = house.get(path, &[&format!("Accept-Encoding: {coding}")]).await;
    assert!(answer.status == 200 && !answer.text().is_empty());
    (answer.header("content-encoding").map(str::to_owned), answer.header("etag").unwrap().to_owned())
}

async fn is_compressed(house: &House, path: &str) {
    eventually("Brotli", async || served(house, path, "br").await.0.is_some().then_some(())).await;
}

fn start(catalog: Catalog) -> House {
    House::with(quick(), Arc::new(catalog), Router::new())
}

#[tokio::test]
async fn a_page_is_served_uncompressed_until_its_compressed_bodies_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let house = start(resources().build());
    let (coding, plain) = served(&house, "/", "br, gzip").await;
    assert_eq!(coding, None, "at once");
    assert_eq!(house.get("/", &["Accept-Encoding: br"]).await.header("vary"), Some("accept-encoding"));

    let compressor = Compressor::open(folder.path());
    compressor.compress(&house.catalog.load(), || false);
    for path in ["/", "/articles/boundaries", "/drawing.svg"] {
        is_compressed(&house, path).await;
    }
    let (coding, tag) = served(&house, "/", "br, gzip").await;
    assert_eq!(coding.as_deref(), Some("br"));
    let known = house.get("/", &["Accept-Encoding: br", &format!("If-None-Match: {plain}")]).await;
    assert_eq!(known.status, 200, "the uncompressed bytes have another tag");
    let known = house.get("/", &["Accept-Encoding: br", &format!("If-None-Match: {tag}")]).await;
    assert_eq!(known.status, 304);
    let missing = house.get("/nowhere", &["Accept-Encoding: br"]).await;
    assert!(missing.text().contains("not found"));
}

#[tokio::test]
async fn a_new_catalog_takes_over_what_is_compressed_and_compresses_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let house = start(resources().build());
    let compressor = Compressor::open(folder.path());
    compressor.compress(&house.catalog.load(), || false);
    is_compressed(&house, "/").await;
    let next = resources().page("/new", page("new")).reuse_compressed(&house.catalog.load()).build();
    house.catalog.store(Arc::new(next));
    assert_eq!(served(&house, "/", "br").await.0.as_deref(), Some("br"), "at once");
    assert_eq!(served(&house, "/new", "br").await.0, None, "not yet");
    compressor.compress(&house.catalog.load(), || false);
    is_compressed(&house, "/new").await;
}

#[tokio::test]
async fn compressed_bodies_are_read_from_the_disk_cache_unless_they_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let compress = async || {
        let house = start(resources().build());
        let compressor = Compressor::open(folder.path());
        compressor.compress(&house.catalog.load(), || false);
        is_compressed(&house, "/").await;
        house.get("/", &["Accept-Encoding: br"]).await.text()
    };
    let text = compress().await;
    let files = || files_below(folder.path());
    let written = eventually("the files of the cache", async || Some(files()).filter(|files| files.len() > 10)).await;
    for file in &written {
        let mut bytes = fs::read(file).unwrap();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        fs::write(file, bytes).unwrap();
    }
    assert_eq!(compress().await, text, "damaged files are not served");
    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(compress().await, text, "without the folder");
}

/// Finished files of the cache, not those that are being written.
fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    files.filter(|file| file.extension().is_none()).collect()
}

#[test]
fn an_export_holds_every_page_in_every_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let exported = resources().build().export(folder.path()).unwrap();
    assert!(exported.files > 20 && exported.bytes > 4 << 20, "{exported:?}");
    for file in ["index.html", "articles/boundaries.html", "404.html", "410.html", "drawing.svg"] {
        for ending in ["", ".gz", ".br"] {
            assert!(folder.path().join(format!("{file}{ending}")).is_file(), "{file}{ending}");
        }
    }
    assert!(folder.path().join("picture.png").is_file());
    assert!(!folder.path().join("picture.png.br").exists(), "pictures are not compressed again");
    let redirects = fs::read_to_string(folder.path().join("_redirects")).unwrap();
    assert!(redirects.contains("/post/boundaries /articles/boundaries 308\n"), "{redirects}");
}
