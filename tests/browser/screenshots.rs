//! Screenshots of every page and state in six views, saved in `target/screenshots`, with checks of layout and
//! accessibility. `tests/screenshots` runs only these.

use crate::{
    axe,
    page_states::{Shown, Site, State, sites},
    pages::{overflow_faults, set_view},
    support::browser::{DESKTOP, Driver, PHONE, View},
    visitor::{Visitor, assert_none},
};
use data_encoding::BASE64;
use serde_json::json;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Greatest height of one image, in CSS pixels; taller pages are split.
const MAX_HEIGHT: u32 = 8000;

const INDEX: &str = "<!doctype html><meta charset=\"utf-8\"><title>Screenshots</title>
<ul><li><a href=\"phone.html\">Phone</a><li><a href=\"desktop.html\">Desktop</a><li><a href=\"large.html\">Phone, large text</a></ul>";

/// Waits until all images and fonts are loaded and painted; returns the heading.
const LOADED: &str = "return (async () => {
    for (const image of document.images) image.loading = 'eager';
    await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
    await document.fonts.ready;
    document.scrollingElement.scrollTop = 0;
    await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
    return document.querySelector('h1').textContent;
})()";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots")
}

async fn show(visitor: &Visitor, state: &State) -> String {
    match &state.shown {
        Shown::Path(path) => visitor.open(path).await,
        Shown::Html(html) => {
            visitor.open("/contact").await;
            let frame = visitor.browser.devtools("Page.getFrameTree", json!({})).await;
            let content = json!({ "frameId": frame["frameTree"]["frame"]["id"], "html": html });
            visitor.browser.devtools("Page.setDocumentContent", content).await;
        }
    }
    visitor.browser.run(LOADED).await.as_str().unwrap_or_default().trim().to_owned()
}

/// Captures the whole page; returns the file names.
async fn capture(visitor: &Visitor, view: View, name: &str) -> Vec<String> {
    let height = visitor.browser.run("return document.documentElement.scrollHeight").await;
    let height = u32::try_from(height.as_u64().expect("a height")).expect("a page of some size");
    let mut names = Vec::new();
    for top in (0..height).step_by(MAX_HEIGHT as usize) {
        let clip = json!({ "x": 0, "y": top, "width": view.width, "height": MAX_HEIGHT.min(height - top), "scale": 1 });
        let taken = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = visitor.browser.devtools("Page.captureScreenshot", taken).await;
        let bytes =
            BASE64.decode(taken["data"].as_str().expect("a picture").as_bytes()).expect("the picture is base64");
        let file = format!("{name}-{}.png", names.len() + 1);
        fs::write(folder().join(&file), bytes).expect("the image can be written");
        names.push(file);
    }
    names
}

/// Captures a state in both color schemes; returns what does not fit and what axe-core finds.
async fn check_state(visitor: &Visitor, view: View, state: &State, size: &str, html: &mut String) -> Vec<String> {
    set_view(visitor, view).await;
    let heading = show(visitor, state).await;
    let mut faults = Vec::new();
    if heading.is_empty() || !heading.starts_with(state.heading) {
        faults.push(format!("{}: the heading is `{heading}`", state.name));
    }
    for seen in [View { dark: false, ..view }, View { dark: true, ..view }] {
        visitor.browser.set_view(seen).await;
        let name = format!("{}-{size}-{}", state.name, if seen.dark { "dark" } else { "light" });
        let files = capture(visitor, seen, &name).await;
        writeln!(html, "<figure id=\"{name}\"><figcaption>{name}</figcaption>")
            .expect("writing to a String cannot fail");
        for file in files {
            writeln!(html, "<img src=\"{file}\" alt=\"\" width=\"{}\" loading=\"lazy\">", view.width)
                .expect("writing to a String cannot fail");
        }
        html.push_str("</figure>\n");
        let found = overflow_faults(visitor).await.into_iter().chain(axe::violations(visitor).await);
        faults.extend(found.map(|fault| format!("{name}: {fault}")));
    }
    faults
}

async fn check_all(view: View, size: &str) {
    fs::create_dir_all(folder()).expect("a folder for the images");
    let mut faults = Vec::new();
    let mut html = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>{size}</title>\n<style>figure{{display:inline-block;vertical-align:top;margin:1rem}}img{{display:block}}</style>\n"
    );
    let driver = Driver::shared();
    for Site { clinic, states, .. } in sites() {
        let visitor = Visitor::at(clinic, view).await;
        visitor.browser.before_each_page(&axe::engine()).await;
        for state in &states {
            faults.extend(check_state(&visitor, view, state, size, &mut html).await);
        }
        visitor.close().await;
    }
    drop(driver);
    fs::write(folder().join("index.html"), INDEX).expect("the index can be written");
    fs::write(folder().join(format!("{size}.html")), html).expect("the list can be written");
    assert_none(&faults, "a state has faults");
}

#[tokio::test]
async fn every_state_fits_and_is_accessible_on_a_phone() {
    check_all(PHONE, "phone").await;
}

#[tokio::test]
async fn every_state_fits_and_is_accessible_on_a_desktop() {
    check_all(DESKTOP, "desktop").await;
}

/// Only on the phone, where large text fits least.
#[tokio::test]
async fn every_state_fits_and_is_accessible_with_text_of_twice_the_size() {
    check_all(View { text: 32, ..PHONE }, "large").await;
}
