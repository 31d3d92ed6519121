//! Related articles: shared topics first, then rare words of the summaries, then the newest.

use crate::{BODY, FRONT, folder, write};
use jiff::civil::date;
use relationship_clinic::content::load;
use std::{fs, path::Path};

/// The related slugs of the article `valid` after each row of slug, topics, title and day in June 2026 was added.
fn related(rows: &[(&str, &str, &str, u8)]) -> Vec<String> {
    let folder = folder();
    let topic = fs::read_to_string(folder.path().join("topics/trust.md")).unwrap();
    write(folder.path(), "topics/couples.md", &topic);
    for (slug, topics, title, day) in rows {
        let front = FRONT.replace("\"trust\"", topics).replace("A valid title for tests", title);
        let text = front.replace("2026-06-01", &format!("2026-06-{day:02}")) + BODY;
        write(folder.path(), &format!("articles/{slug}.md"), &text);
    }
    let site = load(folder.path(), None, date(2026, 11, 24)).unwrap_or_else(|faults| panic!("{faults}")).site;
    site.articles.into_iter().find(|article| article.slug == "valid").unwrap().related
}

#[test]
fn shared_topics_come_before_shared_words_and_those_before_the_newest() {
    let rows = [
        ("words", "\"couples\"", "Another valid title for readers", 2),
        ("newest", "\"couples\"", "Quite another heading here", 4),
        ("topic", "\"trust\", \"couples\"", "Something else entirely here", 3),
        ("oldest", "\"couples\"", "Yet another heading of ours", 1),
    ];
    assert_eq!(related(&rows), ["topic", "words", "newest"]);
}

#[test]
fn every_shipped_article_has_three_others() {
    let site = load(Path::new("content"), None, date(2026, 11, 25)).unwrap_or_else(|faults| panic!("{faults}")).site;
    for article in &site.articles {
        let mut related = article.related.clone();
        related.sort();
        related.dedup();
        assert!(related.len() == 3 && !related.contains(&article.slug), "{}: {related:?}", article.slug);
    }
}
