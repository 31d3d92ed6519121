//! The search page: a plain form, results that are never cached, and help where nothing is found.

use crate::support::{
    clinic::{Clinic, wait_for},
    content_folder::ContentFolder,
    html::Dom,
};
use std::{fs, sync::LazyLock};

static CLINIC: LazyLock<Clinic> = LazyLock::new(Clinic::start);

#[test]
fn every_result_page_is_valid_html_and_neither_cached_nor_indexed() {
    for path in
        ["/search", "/search?q=", "/search?q=apology", "/search?q=zzyzzyx", "/search?q=the&page=2", "/search?q=%ff%00"]
    {
        let answer = CLINIC.get(path);
        answer.is(200);
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        let dom = Dom::new(&answer.body);
        assert_eq!(dom.errors().len(), 0, "{path}: {:?}", dom.errors());
        assert_eq!(dom.attributes("meta[name=robots]", "content"), ["noindex"], "{path}");
        assert!(dom.all("link[rel=canonical]").is_empty(), "{path}");
        assert_eq!(dom.all("h1").len(), 1, "{path}");
        assert_eq!(dom.text("title"), "Search", "{path}: the query is not in the title");
        assert!(!dom.all("a[data-exit]").is_empty(), "{path}");
        let ids = dom.attributes("[id]", "id");
        assert_eq!(ids.len(), ids.iter().collect::<std::collections::BTreeSet<_>>().len(), "{path}: {ids:?}");
    }
}

#[test]
fn a_hit_links_to_its_heading_and_marks_the_words() {
    let answer = CLINIC.get("/search?q=appologizing");
    let dom = Dom::new(&answer.body);
    let first = dom.attributes("ol .article-list__link", "href").remove(0);
    let (page, fragment) = first.split_once('#').expect("a place in the page");
    let ids = Dom::new(&CLINIC.get(page).is(200).body).attributes("[id]", "id");
    assert!(ids.contains(&fragment.to_owned()), "{first}");
    assert!(dom.text("mark").to_lowercase().starts_with("apolog"), "{}", dom.text("mark"));
    assert_eq!(dom.attributes("input[type=search]", "value"), ["appologizing"], "the form shows the query again");
    answer.has("we looked for: <strong>apolog");
}

#[test]
fn the_query_is_escaped() {
    let answer = CLINIC.get("/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E+trust");
    answer.is(200).lacks("<script>alert");
    assert_eq!(
        Dom::new(&answer.body).attributes("input[type=search]", "value"),
        ["\"><script>alert(1)</script> trust"]
    );
}

#[test]
fn without_hits_the_page_offers_help() {
    let answer = CLINIC.get("/search?q=zzyzzyx");
    answer
        .is(200)
        .has("We found nothing for these words.")
        .has("tel:+16507991375")
        .has("href=\"/articles\"")
        .has("href=\"/contact\"");
    answer.has("href=\"/topics/trust\"").lacks("<ol class=\"ledger__body\"");
}

#[test]
fn the_form_is_on_lists_and_on_missing_pages() {
    for path in ["/articles", "/no-such-page", "/search"] {
        let dom = Dom::new(&CLINIC.get(path).body);
        assert_eq!(dom.attributes("form[role=search]", "action"), ["/search"], "{path}");
        assert_eq!(dom.attributes("form[role=search] input", "name"), ["q"], "{path}");
        assert_eq!(dom.attributes("form[role=search]", "method"), ["get"], "{path}");
    }
}

#[test]
fn misspelled_addresses_of_the_search_are_redirected() {
    for path in ["/search/?q=trust", "/Search?q=trust", "/SEARCH/?q=trust"] {
        assert_eq!(CLINIC.get(path).is(308).header("location"), "/search?q=trust", "{path}");
    }
}

#[test]
fn queries_are_never_logged() {
    let clinic = Clinic::with(&[("RUST_LOG", "trace")]);
    clinic.get("/search?q=secretqueryword").is(200);
    clinic.get("/search?q=secretqueryword&x=%").is(200);
    let log = clinic.log();
    assert!(!log.contains("secretqueryword"), "{log}");
}

#[test]
fn new_text_is_found_as_soon_as_it_is_published() {
    let content = ContentFolder::copied();
    let clinic = content.open(&[]);
    clinic.get("/search?q=bergamot").is(200).has("We found nothing for these words.");
    let file = content.folder().join("pages/approach.md");
    let text = fs::read_to_string(&file).expect("the page is there");
    fs::write(&file, format!("{text}\n\nA cup of bergamot tea.\n")).expect("the content file can be written");
    wait_for(|| clinic.get("/search?q=bergamot").body.contains("href=\"/approach#").then_some(()))
        .expect("the new text is found");
}
