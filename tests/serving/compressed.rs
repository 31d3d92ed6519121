//! Compression in the background, the disk cache, and the exported files.

use crate::test_server::{TestServer, all, page, resources, short_limits};
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
async fn served(server: &TestServer, path: &str, coding: &str) -> (Option<String>, String) {
    let answer = server.get(path, &[&format!("Accept-Encoding: {coding}")]).await;
    assert!(answer.status == 200 && !answer.text().is_empty());
    (answer.header("content-encoding").map(str::to_owned), answer.header("etag").unwrap().to_owned())
}

/// Compresses what the server serves, as the background worker does.
fn compress(server: &TestServer, cache: &Path) {
    Compressor::open(cache).compress(&server.catalog.load(), || false);
}

fn start(catalog: Catalog) -> TestServer {
    TestServer::with(short_limits(), Arc::new(catalog), Router::new())
}

#[tokio::test]
async fn a_page_is_served_uncompressed_until_its_compressed_bodies_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(all());
    let (coding, plain) = served(&server, "/", "br, gzip").await;
    assert_eq!(coding, None, "at once");
    assert_eq!(server.get("/", &["Accept-Encoding: br"]).await.header("vary"), Some("accept-encoding"));

    compress(&server, folder.path());
    for path in ["/", "/articles/boundaries", "/drawing.svg"] {
        assert_eq!(served(&server, path, "br, gzip").await.0.as_deref(), Some("br"), "{path}");
    }
    let (_, tag) = served(&server, "/", "br, gzip").await;
    let known = server.get("/", &["Accept-Encoding: br", &format!("If-None-Match: {plain}")]).await;
    assert_eq!(known.status, 200, "the uncompressed bytes have another tag");
    let known = server.get("/", &["Accept-Encoding: br", &format!("If-None-Match: {tag}")]).await;
    assert_eq!(known.status, 304);
    let missing = server.get("/nowhere", &["Accept-Encoding: br"]).await;
    assert!(missing.text().contains("not found"));
}

#[tokio::test]
async fn a_new_catalog_reuses_compressed_bodies_of_unchanged_content() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(all());
    compress(&server, folder.path());
    let builder = Catalog::builder(web::security(true)).reuse_compressed(&server.catalog.load());
    server.catalog.store(Arc::new(resources(builder).resource("/new", page("new")).build()));
    assert_eq!(served(&server, "/", "br").await.0.as_deref(), Some("br"), "at once");
    assert_eq!(served(&server, "/new", "br").await.0, None, "not yet");
    compress(&server, folder.path());
    assert_eq!(served(&server, "/new", "br").await.0.as_deref(), Some("br"));
}

#[tokio::test]
async fn compressed_bodies_are_read_from_the_disk_cache_unless_they_are_corrupted() {
    let folder = tempfile::tempdir().unwrap();
    let text = async || {
        let server = start(all());
        compress(&server, folder.path());
        assert_eq!(served(&server, "/", "br").await.0.as_deref(), Some("br"));
        server.get("/", &["Accept-Encoding: br"]).await.text()
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
    assert_eq!(text().await, first, "corrupted files are not served");
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
