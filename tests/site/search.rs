//! The search as a reader meets it: a plain form, an answer that nobody keeps, and help where nothing was found.

use crate::support::{
    clinic::{Clinic, wait_for},
    html::Dom,
    words::Words,
};
use std::{fs, sync::LazyLock};

static CLINIC: LazyLock<Clinic> = LazyLock::new(Clinic::start);

#[test]
fn every_answer_is_sound_html_that_nobody_keeps_or_indexes() {
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
        assert_eq!(dom.text("title"), "Search", "{path}: what was looked for stays out of lists of pages");
        assert!(!dom.all("a[data-exit]").is_empty(), "{path}");
        let ids = dom.attributes("[id]", "id");
        assert_eq!(ids.len(), ids.iter().collect::<std::collections::BTreeSet<_>>().len(), "{path}: {ids:?}");
    }
}

#[test]
fn a_hit_leads_to_its_heading_and_shows_the_words_marked() {
    let answer = CLINIC.get("/search?q=appologizing");
    let dom = Dom::new(&answer.body);
    let first = dom.attributes("ol .article-list__link", "href").remove(0);
    let (page, fragment) = first.split_once('#').expect("a place in the page");
    let ids = Dom::new(&CLINIC.get(page).is(200).body).attributes("[id]", "id");
    assert!(ids.contains(&fragment.to_owned()), "{first}");
    assert!(dom.text("mark").to_lowercase().starts_with("apolog"), "{}", dom.text("mark"));
    assert_eq!(
        dom.attributes("input[type=search]", "value"),
        ["appologizing"],
        "what was typed stands in the form again"
    );
    answer.has("it looked for: <strong>apolog");
}

#[test]
fn what_was_typed_is_never_markup() {
    let answer = CLINIC.get("/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E+trust");
    answer.is(200).lacks("<script>alert");
    assert_eq!(
        Dom::new(&answer.body).attributes("input[type=search]", "value"),
        ["\"><script>alert(1)</script> trust"]
    );
}

#[test]
fn where_nothing_is_found_there_is_help() {
    let answer = CLINIC.get("/search?q=zzyzzyx");
    answer.is(200).has("Nothing found").has("tel:+16507991375").has("href=\"/articles\"").has("href=\"/contact\"");
    answer.has("href=\"/topics/trust\"").lacks("<ol class=\"ledger__body\"");
}

#[test]
fn the_form_stands_where_readers_look_for_something() {
    for path in ["/articles", "/no-such-page", "/search"] {
        let dom = Dom::new(&CLINIC.get(path).body);
        assert_eq!(dom.attributes("form[role=search]", "action"), ["/search"], "{path}");
        assert_eq!(dom.attributes("form[role=search] input", "name"), ["q"], "{path}");
        assert_eq!(dom.attributes("form[role=search]", "method"), ["get"], "{path}");
    }
}

#[test]
fn slips_in_the_address_of_the_search_are_put_right() {
    for path in ["/search/?q=trust", "/Search?q=trust", "/SEARCH/?q=trust"] {
        assert_eq!(CLINIC.get(path).is(308).header("location"), "/search?q=trust", "{path}");
    }
}

#[test]
fn what_readers_look_for_is_never_logged() {
    let clinic = Clinic::with(&[("RUST_LOG", "trace")]);
    clinic.get("/search?q=secretqueryword").is(200);
    clinic.get("/search?q=secretqueryword&x=%").is(200);
    let log = clinic.log();
    assert!(!log.contains("secretqueryword"), "{log}");
}

#[test]
fn new_words_are_found_as_soon_as_they_are_public() {
    let words = Words::copied();
    let clinic = words.open(&[]);
    clinic.get("/search?q=bergamot").is(200).has("Nothing found");
    let file = words.folder().join("pages/approach.md");
    let text = fs::read_to_string(&file).expect("the page is there");
    fs::write(&file, format!("{text}\n\nA cup of bergamot tea.\n")).expect("it can be written");
    wait_for(|| clinic.get("/search?q=bergamot").body.contains("href=\"/approach#").then_some(()))
        .expect("it is found");
}
