//! Front matter and Markdown of an article, up to the page and the feed.

use super::{one_in, text};
use crate::support::{content_folder::ContentFolder, edition::edition, html::Dom};
use http::{HeaderMap, Request};
use jiff::civil::date;
use proptest::{collection::vec, prelude::*, sample::select, strategy::ValueTree as _};
use relationship_clinic::{
    catalog::{Catalog, Counters},
    content::{Faults, load},
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{LazyLock, Mutex},
};

const SLUG: &str = "an-article";
/// A folder with this article alone; a test that writes the article holds the lock.
static FOLDER: LazyLock<Mutex<ContentFolder>> = LazyLock::new(|| {
    let folder = ContentFolder::copied();
    folder.keep_only(SLUG);
    folder.write("addresses.txt", "");
    Mutex::new(folder)
});

/// Writes the article and reads the folder.
fn read(folder: &ContentFolder, article: &str) -> Result<(), Faults> {
    folder.write(&format!("articles/{SLUG}.md"), article);
    load(folder.folder(), None, date(2026, 11, 24)).map(drop)
}

/// Line, column and text of every fault are usable.
fn check_faults(faults: &Faults, article: &str) -> Result<(), TestCaseError> {
    prop_assert!(faults.iter().count() > 0);
    for fault in faults.iter().filter(|fault| fault.file.contains(SLUG)) {
        prop_assert!((1..=article.lines().count().max(1) + 1).contains(&fault.line), "{fault:?}");
        prop_assert!(fault.column >= 1 && !fault.message.is_empty() && !fault.remedy.is_empty(), "{fault:?}");
        prop_assert!(!fault.to_string().is_empty());
    }
    Ok(())
}

/// Text without control characters that TOML has no escape for.
fn typed() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.replace(|c: char| c.is_control() && c > '\u{1f}', " "))
}

/// Front matter in which most values are valid.
fn front_matter() -> impl Strategy<Value = String> {
    let without_notes = |text: String| text.replace("[^", "[");
    let question = (typed(), blocks("").prop_map(without_notes))
        .prop_map(|(ask, answer)| BTreeMap::from([("ask", format!("Why {ask}?")), ("answer", answer)]));
    let takeaway = (typed(), typed()).prop_map(|(lead, text)| BTreeMap::from([("lead", lead), ("text", text)]));
    let fields =
        (typed(), typed(), vec(question, 0..3), vec(takeaway, 0..3), vec(inline().prop_map(without_notes), 0..3));
    fields.prop_map(|(title, description, questions, takeaways, sources)| {
        let quoted = |text: String| toml::Value::String(text).to_string();
        let tables = |tables: Vec<BTreeMap<&str, String>>| toml::Value::try_from(tables).unwrap().to_string();
        format!(
            "title = {}\ndescription = {}\npublished = 2026-06-01\ntopics = [\"trust\"]\nquestions = {}\ntakeaways = {}\nsources = {}\n",
            quoted(format!("A title {title}")),
            quoted(format!("A description that is long enough for tests {description}")),
            tables(questions),
            tables(takeaways),
            toml::Value::from(sources),
        )
    })
}

/// Text in a line, with links, notes and code.
fn inline() -> impl Strategy<Value = String> {
    const VALID: &[&str] = &[
        "[the form](/contact)",
        "[a page](https://example.org/?a=b&c=\"d\")",
        "[^one]",
        "[^two]",
        "`code`",
        "**bold**",
        "*a*",
        "a word",
        "&amp;",
        "\\<",
        "[mail](mailto:a@example.org)",
        "<https://example.org>",
    ];
    const OTHER: &[&str] = &[
        "[here](#questions)",
        "<b>",
        "[x](javascript:alert(1))",
        "[^None]",
        "![a](b.svg)",
        "[x]: /contact",
        "[x]",
        "[x](JaVaScRiPt:a)",
        "[x](//example.org)",
        "[x](data:text/html,a)",
        "![",
        "](",
        "[^",
    ];
    let part = prop_oneof![
        48 => select(VALID).prop_map(str::to_owned),
        24 => "[a-z]{1,8}",
        1 => select(OTHER).prop_map(str::to_owned),
        1 => text().prop_map(|text| text.replace(char::is_control, "&#14;")),
    ];
    vec(part, 1..6).prop_map(|parts| parts.join(" "))
}

const NOTES: &str = "[^one]: A note with a [link](/contact).\n\n[^two]: Another.\n\n    With two paragraphs.\n";

/// Blocks of Markdown; most of them are allowed.
fn blocks(end: &'static str) -> impl Strategy<Value = String> {
    let heading = select(
        &[
            "One",
            "Two",
            "Message",
            "Name",
            "Questions",
            "Notes",
            "Question 1",
            "Note 1 mark",
            "Main",
            "Menu",
            "Search",
            "\u{dc}ber",
            "!",
            "Sources",
            "Contents",
        ][..],
    );
    let valid = prop_oneof![
        4 => inline(),
        3 => heading.prop_map(|text| format!("## {text}")),
        2 => inline().prop_map(|text| format!("- {text}\n- {text}")),
        1 => inline().prop_map(|text| format!("3. {text}\n\n   {text}")),
        1 => inline().prop_map(|text| format!("> {text}\n>\n> - a")),
        1 => inline().prop_map(|text| format!("| {text} | b |\n| --- | :-: |\n| c | {text} |")),
        1 => Just("```rust\nlet a = \"<b>\";\n```".to_owned()),
        1 => Just("{retention}".to_owned()),
        1 => Just("---".to_owned()),
    ];
    let other = prop_oneof![
        inline().prop_map(|text| format!("# {text}")),
        inline().prop_map(|text| format!("#### {text}")),
        inline().prop_map(|text| format!("<div onclick=\"a\">{text}</div>")),
        text().prop_map(|text| text.replace(char::is_control, "&#14;")),
    ];
    vec(prop_oneof![30 => valid, 1 => other], 0..8).prop_map(move |blocks| blocks.join("\n\n") + "\n\n" + end)
}

fn page(catalog: &Catalog, path: &str) -> String {
    let response = catalog.respond(&Request::get(path).body(()).unwrap()).unwrap();
    assert_eq!(response.status(), 200, "{path}");
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn check_page(html: &str) -> Result<(), TestCaseError> {
    let dom = Dom::new(html);
    prop_assert!(dom.errors().is_empty(), "{:?}", dom.errors());
    let ids = dom.attributes("[id]", "id");
    let distinct: HashSet<&String> = ids.iter().collect();
    prop_assert_eq!(distinct.len(), ids.len(), "an id is there twice: {:?}", ids);
    for name in ["aria-labelledby", "aria-describedby", "for"] {
        for targets in dom.attributes("*", name) {
            prop_assert!(targets.split(' ').all(|target| distinct.contains(&target.to_owned())), "{name}={targets}");
        }
    }
    for href in dom.attributes("main [href]", "href") {
        if let Some(id) = href.strip_prefix('#') {
            prop_assert!(id.is_empty() || distinct.contains(&id.to_owned()), "{href} leads nowhere");
        } else {
            let starts = ["/", "https://", "http://", "mailto:", "tel:", "sms:"];
            let allowed = starts.iter().any(|start| href.starts_with(start)) && !href.starts_with("//");
            prop_assert!(allowed, "{href} is not allowed");
        }
    }
    let elements = dom.all("main *");
    let mut attributes = elements.iter().flat_map(|element| element.value().attrs());
    prop_assert!(attributes.all(|(name, _)| name != "style" && !name.starts_with("on")));
    prop_assert!(dom.all("main script:not([type='application/ld+json'])").is_empty());
    for data in dom.all("script[type='application/ld+json']") {
        serde_json::from_str::<serde_json::Value>(&data.inner_html()).unwrap();
    }
    Ok(())
}

fn check_documents(folder: &ContentFolder) -> Result<(), TestCaseError> {
    let edition = edition(folder.folder(), "https://www.clinic.example", date(2026, 11, 24));
    let catalog = edition.catalog(Catalog::builder(HeaderMap::new()), &Counters::default());
    for path in ["/feed.xml", "/sitemap.xml"] {
        prop_assert!(roxmltree::Document::parse(&page(&catalog, path)).is_ok(), "{path}");
    }
    check_page(&page(&catalog, &format!("/articles/{SLUG}")))
}

proptest! {
    #![proptest_config(one_in(4))]

    #[test]
    fn an_article_is_faulty_or_makes_a_valid_page_and_feed(front in front_matter(), body in blocks(NOTES)) {
        let folder = FOLDER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let article = format!("+++\n{front}+++\nThe lead.\n\n{body}");
        if let Err(faults) = read(&folder, &article) {
            return check_faults(&faults, &article);
        }
        check_documents(&folder)?;
    }

    #[test]
    fn any_file_is_read_or_has_faults_with_places(lines in vec(prop_oneof![
        Just("+++".to_owned()), Just("title = \"A title of an article\"".to_owned()), Just("published = 2026-06-01".to_owned()),
        "[a-z]{1,6} = .{0,9}", text(), inline(), blocks(NOTES),
    ], 0..12), begins: bool) {
        let folder = FOLDER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let article = if begins { "+++\n" } else { "" }.to_owned() + &lines.join("\n");
        if let Err(faults) = read(&folder, &article) {
            check_faults(&faults, &article)?;
        }
    }
}

#[test]
fn a_control_character_written_as_an_escape_is_in_no_document() {
    let folder = FOLDER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let takeaways = r#"takeaways = [{ lead = "A\u000E", text = "B\uFFFE" }]"#;
    let text = "The lead&#14; and &#xFFFF;.";
    let front = "title = \"A title\"\ndescription = \"A description\"\npublished = 2026-06-01\ntopics = [\"trust\"]";
    read(&folder, &format!("+++\n{front}\n{takeaways}\n+++\n{text}\n")).unwrap();
    check_documents(&folder).unwrap();
}

#[test]
fn most_generated_articles_are_valid() {
    let folder = FOLDER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let valid = (0..40).filter(|_| {
        let (front, body) = (front_matter(), blocks(NOTES)).new_tree(&mut runner).unwrap().current();
        read(&folder, &format!("+++\n{front}+++\nThe lead.\n\n{body}")).is_ok()
    });
    assert!(valid.count() > 10, "too few to test pages with");
}
