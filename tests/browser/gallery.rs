//! The gallery: every page and state in four views, measured, and hung in `target/screenshots` for people to look at.
//!
//! `tests/screenshots` makes it alone and says where it is.

use crate::{
    axe,
    extremes::{House, Shown, State, houses},
    pages::{look, unfit},
    support::browser::{DESK, Driver, PHONE, View},
    visitor::{Visitor, none},
};
use data_encoding::BASE64;
use serde_json::json;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// A picture is cut at this height, in CSS pixels: browsers paint no endless ones.
const TALLEST: u32 = 8000;

const INDEX: &str = "<!doctype html><meta charset=\"utf-8\"><title>Screenshots</title>
<ul><li><a href=\"phone.html\">Phone</a><li><a href=\"desk.html\">Desk</a><li><a href=\"large.html\">Phone, large text</a></ul>";

/// Everything has arrived and nothing is fading in any more.
const STILL: &str = "return (async () => {
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
        Shown::At(path) => visitor.open(path).await,
        Shown::Answered(html) => {
            visitor.open("/contact").await;
            let frame = visitor.browser.devtools("Page.getFrameTree", json!({})).await;
            let content = json!({ "frameId": frame["frameTree"]["frame"]["id"], "html": html });
            visitor.browser.devtools("Page.setDocumentContent", content).await;
        }
    }
    visitor.browser.run(STILL).await.as_str().unwrap_or_default().trim().to_owned()
}

/// Takes the whole page, from its head to its foot.
async fn photograph(visitor: &Visitor, view: View, name: &str) -> Vec<String> {
    let height = visitor.browser.run("return document.documentElement.scrollHeight").await;
    let height = u32::try_from(height.as_u64().expect("a height")).expect("a page of some size");
    let mut names = Vec::new();
    for top in (0..height).step_by(TALLEST as usize) {
        let clip = json!({ "x": 0, "y": top, "width": view.width, "height": TALLEST.min(height - top), "scale": 1 });
        let taken = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = visitor.browser.devtools("Page.captureScreenshot", taken).await;
        let bytes = BASE64.decode(taken["data"].as_str().expect("a picture").as_bytes()).expect("as base64");
        let file = format!("{name}-{}.png", names.len() + 1);
        fs::write(folder().join(&file), bytes).expect("the picture can be kept");
        names.push(file);
    }
    names
}

/// Shows a state by day and by night; says what does not fit and what the accessibility engine objects to.
async fn hang(visitor: &Visitor, view: View, state: &State, size: &str, wall: &mut String) -> Vec<String> {
    look(visitor, view).await;
    let heading = show(visitor, state).await;
    let mut faults = Vec::new();
    if heading.is_empty() || !heading.starts_with(state.heading) {
        faults.push(format!("{}: the heading is `{heading}`", state.name));
    }
    for seen in [View { dark: false, ..view }, View { dark: true, ..view }] {
        visitor.browser.look(seen).await;
        let name = format!("{}-{size}-{}", state.name, if seen.dark { "dark" } else { "light" });
        let files = photograph(visitor, seen, &name).await;
        writeln!(wall, "<figure id=\"{name}\"><figcaption>{name}</figcaption>").expect("text grows");
        for file in files {
            writeln!(wall, "<img src=\"{file}\" alt=\"\" width=\"{}\" loading=\"lazy\">", view.width)
                .expect("text grows");
        }
        wall.push_str("</figure>\n");
        let found = unfit(visitor).await.into_iter().chain(axe::opinion(visitor).await);
        faults.extend(found.map(|fault| format!("{name}: {fault}")));
    }
    faults
}

async fn walk(view: View, size: &str) {
    fs::create_dir_all(folder()).expect("a folder for the pictures");
    let mut faults = Vec::new();
    let mut wall = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>{size}</title>\n<style>figure{{display:inline-block;vertical-align:top;margin:1rem}}img{{display:block}}</style>\n"
    );
    let driver = Driver::shared();
    for House { clinic, states, .. } in houses() {
        let visitor = Visitor::at(clinic, view).await;
        visitor.browser.before_each_page(&axe::engine()).await;
        for state in &states {
            faults.extend(hang(&visitor, view, state, size, &mut wall).await);
        }
        visitor.leave().await;
    }
    drop(driver);
    fs::write(folder().join("index.html"), INDEX).expect("the way in can be kept");
    fs::write(folder().join(format!("{size}.html")), wall).expect("the list can be kept");
    none(&faults, "a state is not as it should be");
}

#[tokio::test]
async fn every_state_is_sound_and_photographed_on_a_phone() {
    walk(PHONE, "phone").await;
}

#[tokio::test]
async fn every_state_is_sound_and_photographed_at_a_desk() {
    walk(DESK, "desk").await;
}

/// Twice the reader's own size of text, on the phone alone: there it is hardest.
#[tokio::test]
async fn every_state_is_sound_and_photographed_with_text_of_twice_the_size() {
    walk(View { text: 32, ..PHONE }, "large").await;
}
