//! Search over the shipped content: the expected page first, the section in it, and the words marked in the excerpt.

use jiff::civil::date;
use relationship_clinic::{
    content::{Article, Site, load},
    search::{Found, Hit, Index},
};
use serde::Deserialize;
use std::{fs, path::Path, sync::LazyLock, time::Instant};

static SITE: LazyLock<Site> = LazyLock::new(|| {
    load(Path::new("content"), None, date(2026, 11, 25)).expect("the shipped content has no errors").site
});
static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&SITE));

#[derive(Deserialize)]
struct Queries {
    query: Vec<Query>,
}

#[derive(Deserialize)]
struct Query {
    r#type: String,
    first: Vec<String>,
    at: Option<String>,
}

fn queries() -> Vec<Query> {
    let text = fs::read_to_string("tests/content/queries.toml").unwrap();
    toml::from_str::<Queries>(&text).unwrap().query
}

fn excerpt(hit: &Hit) -> String {
    hit.excerpt.iter().map(|stretch| stretch.text.as_str()).collect()
}

fn marked(hit: &Hit) -> Vec<String> {
    hit.excerpt.iter().filter(|stretch| stretch.marked).map(|stretch| stretch.text.to_lowercase()).collect()
}

#[test]
fn each_query_finds_its_page_and_section_first() {
    let queries = queries();
    assert!(queries.len() >= 40, "at least forty queries");
    let mut wrong = Vec::new();
    for query in queries {
        let found = INDEX.find(&query.r#type);
        let first = found.hits.first().map(|hit| hit.path.clone()).unwrap_or_default();
        let (page, place) = first.split_once('#').unwrap_or((&first, ""));
        if !query.first.iter().any(|path| path == page) || query.at.as_ref().is_some_and(|at| at != place) {
            wrong.push(format!("{}: {first}, wanted {:?} {:?}", query.r#type, query.first, query.at));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_excerpt_contains_and_marks_the_matched_words() {
    for (typed, word) in [("apologizing", "apolog"), ("betrayl", "betray"), ("QUARRELS", "quarrel"), ("caf\u{e9}s", "")]
    {
        let found = INDEX.find(typed);
        for hit in &found.hits {
            let title = format!("{} {}", hit.title, hit.heading.clone().unwrap_or_default()).to_lowercase();
            let marks = marked(hit);
            assert!(!marks.is_empty() || title.contains(word), "{typed}: nothing is marked in {hit:?}");
            assert!(excerpt(hit).chars().count() < 400, "{typed}: {}", excerpt(hit));
        }
    }
    let apology = INDEX.find("apology");
    assert!(marked(&apology.hits[0]).iter().any(|mark| mark.starts_with("apolog")), "{:?}", apology.hits[0]);
}

#[test]
fn every_hit_links_to_an_existing_heading() {
    let ids: Vec<String> = SITE
        .articles
        .iter()
        .flat_map(|a| {
            let headings = a.headings.iter().map(|h| h.id.clone()).chain(a.questions.iter().map(|q| q.id.clone()));
            headings
                .map(|id| format!("/articles/{}#{id}", a.slug))
                .chain([format!("/articles/{}", a.slug)])
                .collect::<Vec<_>>()
        })
        .chain(SITE.pages.iter().flat_map(|p| {
            p.headings
                .iter()
                .map(|h| format!("/{}#{}", p.slug, h.id))
                .chain([format!("/{}", p.slug)])
                .collect::<Vec<_>>()
        }))
        .chain(SITE.topics.iter().map(|t| format!("/topics/{}", t.slug)))
        .collect();
    for query in queries() {
        for hit in INDEX.find(&query.r#type).hits {
            assert!(ids.contains(&hit.path), "{}: {}", query.r#type, hit.path);
            let excerpt = excerpt(&hit);
            let open = excerpt.strip_suffix(" \u{2026}").is_some_and(|text| text.ends_with(['(', '\u{201c}', ' ']));
            assert!(!open, "{}: a quotation or parenthesis is left open: {excerpt}", query.r#type);
        }
    }
}

#[test]
fn unknown_words_find_nothing_and_odd_queries_do_not_panic() {
    assert_eq!(INDEX.find("zzyzzyx qwrtpsd"), Found::default());
    for odd in
        ["", " ", "?", "\u{0}", "'", "\u{2019}s", "the", "\u{301}", "\u{1f600}", "a b c d e f g h i j k l m n o p q"]
    {
        assert!(INDEX.find(odd).hits.len() <= 20, "{odd:?}");
    }
    let long = "attachment ".repeat(5000);
    assert_eq!(INDEX.find(&long).hits[0], INDEX.find("attachment").hits[0], "a long query is cut");
}

#[test]
fn a_misspelling_is_corrected_and_a_correct_word_is_not() {
    assert_eq!(INDEX.find("atachment and therapy").read_as.as_deref(), Some("attachment and therapy"));
    assert_eq!(INDEX.find("attachment therapies").read_as, None);
}

#[test]
fn at_most_three_words_are_corrected() {
    let found = INDEX.find("atachment therapyy betrayl appologizing");
    assert_eq!(found.read_as.as_deref(), Some("attachment therapy betrayal appologizing"));
    assert!(found.hits[0].path.starts_with("/articles/"), "the words that are known find their pages");
}

/// The shipped articles and 111 copies with other slugs.
fn a_thousand_articles() -> Site {
    let mut site = SITE.clone();
    let copies = |n: usize| SITE.articles.iter().map(move |a| Article { slug: format!("{}-{n}", a.slug), ..a.clone() });
    site.articles.extend((1..112).flat_map(copies));
    assert!(site.articles.len() >= 1000);
    site
}

#[test]
fn a_thousand_articles_are_searched_in_a_tenth_of_a_second() {
    let site = a_thousand_articles();
    let begun = Instant::now();
    let index = Index::new(&site);
    let made = begun.elapsed();
    let mut times: Vec<_> = queries()
        .iter()
        .map(|query| {
            let begun = Instant::now();
            assert!(!index.find(&query.r#type).hits.is_empty(), "{}", query.r#type);
            begun.elapsed()
        })
        .collect();
    times.sort();
    let (middle, worst) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{} articles: index made in {made:?}; a search {middle:?}, the slowest {worst:?}", site.articles.len());
    // A release build takes a fifth of a millisecond; this bound catches a search that reads every text.
    assert!(middle.as_millis() < 100, "{middle:?}");
}
