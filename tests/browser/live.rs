//! Words that are saved while somebody looks at them.

use crate::{
    support::{browser::DESK, words::Words},
    visitor::{ARTICLE, Visitor},
};
use std::{
    fs,
    time::{Duration, Instant},
};

/// Saving to seeing, on a machine that runs the other browser tests meanwhile.
const SOON: Duration = Duration::from_secs(1);
/// Saves before the limit counts as broken: a busy machine may be late once.
const TRIES: usize = 5;

#[tokio::test]
async fn a_saved_article_shows_in_an_open_browser_within_a_second() {
    let words = Words::copied();
    let visitor = Visitor::at(words.open(&[]), DESK).await;
    visitor.open(ARTICLE).await;
    let slug = ARTICLE.trim_start_matches("/articles/");
    let file = words.file("articles").join(slug).join("index.md");
    let text = fs::read_to_string(&file).expect("the article is there");
    let mut took = Vec::new();
    for number in 1..=TRIES {
        visitor.browser.until("the page listens for changes", LISTENS).await;
        let saved = Instant::now();
        fs::write(&file, format!("{text}\n\nSaved for the {number}. time.\n")).expect("it can be saved");
        let shown = format!("return document.body.textContent.includes('Saved for the {number}. time.')");
        visitor.browser.until("the saved words", &shown).await;
        took.push(saved.elapsed());
        if saved.elapsed() < SOON {
            break;
        }
    }
    println!("saved to seen: {took:?}");
    assert!(took.last().expect("it was tried") < &SOON, "{took:?}");
    visitor.leave().await;
}

/// The page has finished loading and asked to be told.
const LISTENS: &str = "return document.readyState === 'complete' &&
    [...document.scripts].some((script) => script.src.includes('dev'))";
