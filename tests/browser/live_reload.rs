//! Live reload in development: a saved article appears in an open browser.

use crate::{
    support::{browser::DESKTOP, clinic::TIMEOUT, content_folder::ContentFolder},
    visitor::{ARTICLE, Visitor},
};
use std::{
    fs,
    time::{Duration, Instant},
};

/// From saving to showing, while the other browser tests run.
const LIMIT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_saved_article_shows_in_an_open_browser_within_a_second() {
    let content = ContentFolder::copied();
    let visitor = Visitor::at(content.open(&[]), DESKTOP).await;
    visitor.open(ARTICLE).await;
    let slug = ARTICLE.trim_start_matches("/articles/");
    let file = content.file("articles").join(slug).join("index.md");
    let text = fs::read_to_string(&file).expect("the article is there");
    let mut took = Vec::new();
    // Until one is within the limit, since a busy machine may be slow.
    for number in 1.. {
        visitor.browser.wait_until("the page waits for changes", WAITS_FOR_CHANGES).await;
        let saved = Instant::now();
        fs::write(&file, format!("{text}\n\nSaved {number} times.\n")).expect("the article can be saved");
        let shown = format!("return document.body.textContent.includes('Saved {number} times.')");
        visitor.browser.wait_until("the saved text", &shown).await;
        took.push(saved.elapsed());
        if saved.elapsed() < LIMIT {
            break;
        }
        assert!(took.iter().sum::<Duration>() < TIMEOUT, "{took:?}");
    }
    println!("saved to shown: {took:?}");
    visitor.close().await;
}

/// The page is loaded and its script waits for changes.
const WAITS_FOR_CHANGES: &str = "return document.readyState === 'complete' &&
    [...document.scripts].some((script) => script.src.includes('dev'))";
