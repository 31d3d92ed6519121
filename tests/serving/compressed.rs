//! Compression in the background, the disk cache, and the exported files.

use crate::house::{House, all, page, quick, resources};
use axum::Router;
use relationship_clinic::{
    catalog::{Catalog, Compressor},
    web,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What is served for `path` to a client that takes `coding`: content coding and `ETag`.
async fn served(house: &House, path: &str, coding: &str) -> (Option<String>, String) {
    let answer = house.get(path, &[&format!("Accept-Encoding: {coding}")]).await;
    assert!(answer.status == 200 && !answer.text().is_empty());
    (answer.header("content-encoding").map(str::to_owned), answer.header("etag").unwrap().to_owned())
}

/// Compresses what the house serves, as the background worker does.
fn compress(house: &House, cache: &Path) {
    Compressor::open(cache).compress(&house.catalog.load(), || false);
}

fn start(catalog: Catalog) -> House {
    House::with(quick(), Arc::new(catalog), Router::new())
}

#[tokio::test]
async fn a_page_is_served_uncompressed_until_its_compressed_bodies_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let house = start(all());
    let (coding, plain) = served(&house, "/", "br, gzip").await;
    assert_eq!(coding, None, "at once");
    assert_eq!(house.get("/", &["Accept-Encoding: br"]).await.header("vary"), Some("accept-encoding"));

    compress(&house, folder.path());
    for path in ["/", "/articles/boundaries", "/drawing.svg"] {
        assert_eq!(served(&house, path, "br, gzip").await.0.as_deref(), Some("br"), "{path}");
    }
    let (_, tag) = served(&house, "/", "br, gzip").await;
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
    let house = start(all());
    compress(&house, folder.path());
    let builder = Catalog::builder(web::security(true)).reuse_compressed(&house.catalog.load());
    house.catalog.store(Arc::new(resources(builder).page("/new", page("new")).build()));
    assert_eq!(served(&house, "/", "br").await.0.as_deref(), Some("br"), "at once");
    assert_eq!(served(&house, "/new", "br").await.0, None, "not yet");
    compress(&house, folder.path());
    assert_eq!(served(&house, "/new", "br").await.0.as_deref(), Some("br"));
}

#[tokio::test]
async fn compressed_bodies_are_read_from_the_disk_cache_unless_they_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let text = async || {
        let house = start(all());
        compress(&house, folder.path());
        assert_eq!(served(&house, "/", "br").await.0.as_deref(), Some("br"));
        house.get("/", &["Accept-Encoding: br"]).await.text()
    };
    let first = text().await;
    let files = files_below(folder.path());
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        let mut bytes = fs::read(&file).unwrap();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        fs::write(&file, bytes).unwrap();
    }
    assert_eq!(text().await, first, "damaged files are not served");
    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(text().await, first, "without the folder");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect()
}

#[test]
fn an_export_holds_every_page_in_every_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let exported = all().export(folder.path()).unwrap();
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
