//! Compression behind the readers' backs, the cache that keeps it, and the files that come of it.

use crate::house::{House, eventually, page, quick, shelves};
use axum::Router;
use relationship_clinic::catalog::{Catalog, Encoder, Improver, VariantCache};
use std::{fs, path::Path, sync::Arc};

fn encoder(cache: &Path) -> Arc<Encoder> {
    Arc::new(Encoder::new(Some(VariantCache::open(cache, 64 << 20).unwrap())))
}

async fn tag(house: &House, path: &str, coding: &str) -> String {
    let answer = house.get(path, &[&format!("Accept-Encoding: {coding}")]).await;
    assert!(answer.status == 200 && !answer.text().is_empty());
    answer.header("etag").unwrap().to_owned()
}

async fn is_small(house: &House, path: &str) {
    eventually("the smallest variant", async || tag(house, path, "br").await.contains("-br11").then_some(())).await;
}

#[tokio::test]
async fn pages_are_small_at_once_and_smaller_soon_and_from_the_start_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = encoder(folder.path());
    let house = House::with(quick(), shelves(Arc::clone(&first)).build(), Router::new());
    assert!(tag(&house, "/", "br").await.contains("-br5"), "at once");
    assert!(tag(&house, "/", "gzip").await.contains("-gz9"), "at once");

    let improver = Improver::start(Arc::clone(&house.shelf), Arc::clone(&first)).unwrap();
    for path in ["/", "/articles/boundaries", "/drawing.svg"] {
        is_small(&house, path).await;
    }
    assert!(tag(&house, "/", "gzip").await.contains("-gz12"));
    let missing = house.get("/nowhere", &["Accept-Encoding: br"]).await;
    assert!(missing.text().contains("not found"));

    let again = shelves(Arc::clone(&first)).page("/new", page("new")).build();
    house.shelf.replace(again);
    assert!(tag(&house, "/", "br").await.contains("-br11"), "what is known is not compressed again");
    is_small(&house, "/new").await;
    drop(improver);

    let restarted = House::with(quick(), shelves(encoder(folder.path())).build(), Router::new());
    assert!(tag(&restarted, "/", "br").await.contains("-br11"), "from the cache");
}

#[tokio::test]
async fn a_damaged_or_missing_cache_costs_time_only() {
    let folder = tempfile::tempdir().unwrap();
    let first = encoder(folder.path());
    let house = House::with(quick(), shelves(Arc::clone(&first)).build(), Router::new());
    let improver = Improver::start(Arc::clone(&house.shelf), Arc::clone(&first)).unwrap();
    is_small(&house, "/").await;
    drop(improver);
    let variants = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    for entry in fs::read_dir(&variants).unwrap() {
        let file = entry.unwrap().path();
        let mut bytes = fs::read(&file).unwrap();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        fs::write(&file, bytes).unwrap();
    }
    let restarted = House::with(quick(), shelves(encoder(folder.path())).build(), Router::new());
    assert!(tag(&restarted, "/", "br").await.contains("-br5"), "damaged files are not served");

    let encoder = encoder(folder.path());
    fs::remove_dir_all(folder.path()).unwrap();
    let house = House::with(quick(), shelves(Arc::clone(&encoder)).build(), Router::new());
    let _improver = Improver::start(Arc::clone(&house.shelf), encoder).unwrap();
    is_small(&house, "/").await;
}

#[test]
fn an_export_holds_every_page_with_its_variants() {
    let folder = tempfile::tempdir().unwrap();
    let catalog: Catalog = shelves(Arc::default()).build();
    let exported = catalog.export(folder.path()).unwrap();
    assert!(exported.files > 20 && exported.bytes > 4 << 20, "{exported:?}");
    for file in ["index.html", "articles/boundaries.html", "404.html", "410.html", "drawing.svg"] {
        for ending in ["", ".gz", ".br"] {
            assert!(folder.path().join(format!("{file}{ending}")).is_file(), "{file}{ending}");
        }
    }
    let haste = served_length(&catalog, "/articles/boundaries");
    let file = fs::metadata(folder.path().join("articles/boundaries.html.br")).unwrap().len();
    assert!(file < haste, "as small as it gets: {file} B, not {haste} B");
    assert!(folder.path().join("picture.png").is_file());
    assert!(!folder.path().join("picture.png.br").exists(), "pictures are not compressed again");
    let redirects = fs::read_to_string(folder.path().join("_redirects")).unwrap();
    assert!(redirects.contains("/post/boundaries /articles/boundaries 308\n"), "{redirects}");
}

/// Length of the Brotli variant that is served.
fn served_length(catalog: &Catalog, path: &str) -> u64 {
    let request = http::Request::get(path).header("accept-encoding", "br").body(()).unwrap();
    catalog.answer(&request).unwrap().body().len() as u64
}
