//! Lists over several pages, and related articles, with forty-five generated articles.

use crate::support::{clinic::Clinic, content_folder::ContentFolder, html::Dom};
use std::{collections::BTreeSet, fs, path::Path, sync::LazyLock};

/// Subjects of the generated articles: name, a word that only they have, number of articles.
const SUBJECTS: [(&str, &str, usize); 3] =
    [("gardens", "wheelbarrow", 15), ("boats", "rudder", 15), ("bread", "sourdough", 15)];
static LARGE: LazyLock<(Clinic, ContentFolder)> = LazyLock::new(|| {
    let content = ContentFolder::copied();
    fs::write(
        content.folder().join("topics/hobbies.md"),
        "+++\ntitle = \"Hobbies\"\ndescription = \"A topic that was made for the tests, with as many articles as would fill two pages and a half.\"\n+++\n",
    )
    .expect("the content file can be written");
    for (subject, word, count) in SUBJECTS {
        for number in 1..=count {
            write_article(content.folder(), subject, word, number);
        }
    }
    let clinic = content.open(&[]);
    (clinic, content)
});

fn write_article(folder: &Path, subject: &str, word: &str, number: usize) {
    let text = format!(
        "+++\ntitle = \"On {subject}, part {number} of many\"\ndescription = \"Part {number} of a row of articles on {subject}, which were made for the tests of lists and of likeness.\"\npublished = 2026-01-{number:02}\ntopics = [\"hobbies\"]\n+++\nThe lead of part {number}.\n\n## What is needed\n\nEverybody who cares for {subject} knows the {word}. Without a {word} there is little to do, and a good {word} lasts.\n"
    );
    fs::write(folder.join(format!("articles/{subject}-{number}.md")), text).expect("the content file can be written");
}

/// Addresses of the articles in the list of a page.
fn listed(dom: &Dom) -> Vec<String> {
    let all = dom.attributes("section .article-list__link", "href");
    all.into_iter().filter(|href| href.starts_with("/articles/")).collect()
}

/// Addresses of the articles in the sitemap: the shipped ones that are public today and the generated ones.
fn in_sitemap() -> BTreeSet<String> {
    let sitemap = LARGE.0.get("/sitemap.xml").body;
    let paths = sitemap.split("<loc>http://localhost:3000").skip(1).filter_map(|rest| rest.split('<').next());
    paths.filter(|path| path.starts_with("/articles/")).map(str::to_owned).collect()
}

/// Follows the links of a list from its first page.
fn follow(first: &str) -> Vec<(String, Dom)> {
    let mut pages = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(path) = next {
        let answer = LARGE.0.get(&path);
        answer.is(200);
        let dom = Dom::new(&answer.body);
        next = dom.attributes("main a[rel=next]", "href").pop();
        pages.push((path, dom));
    }
    pages
}

#[test]
fn a_long_list_has_every_article_once_on_pages_of_twenty() {
    let sitemap = in_sitemap();
    assert!(sitemap.len() > 45, "{sitemap:#?}");
    for (first, all) in [("/articles", sitemap.len()), ("/topics/hobbies", 45)] {
        let pages = follow(first);
        let counts: Vec<usize> = pages.iter().map(|(_, dom)| listed(dom).len()).collect();
        assert_eq!(counts, [20, 20, all - 40], "{first}");
        let unique: BTreeSet<String> = pages.iter().flat_map(|(_, dom)| listed(dom)).collect();
        assert_eq!(unique.len(), all, "{first}");
        assert!(unique.is_subset(&sitemap), "{first}");
    }
}

#[test]
fn each_page_of_a_list_has_its_own_address_and_links_to_its_neighbors() {
    for first in ["/articles", "/topics/hobbies"] {
        let origin = "http://localhost:3000";
        let pages = follow(first);
        let paths: Vec<String> = pages.iter().map(|(path, _)| format!("{origin}{path}")).collect();
        assert_eq!(paths[1], format!("{origin}{first}/page/2"));
        let mut titles = BTreeSet::new();
        for (at, (path, dom)) in pages.iter().enumerate() {
            assert_eq!(dom.attributes("link[rel=canonical]", "href"), [paths[at].clone()], "{path}");
            let before: Vec<String> = at.checked_sub(1).map(|at| paths[at].clone()).into_iter().collect();
            assert_eq!(dom.attributes("link[rel=prev]", "href"), before, "{path}");
            assert_eq!(
                dom.attributes("link[rel=next]", "href"),
                paths[at + 1..].iter().take(1).cloned().collect::<Vec<_>>(),
                "{path}"
            );
            assert!(titles.insert((dom.text("title"), dom.attributes("meta[name=description]", "content"))), "{path}");
            assert_eq!(dom.errors().len(), 0, "{path}: {:?}", dom.errors());
        }
        assert_eq!(titles.iter().map(|(title, _)| title).collect::<BTreeSet<_>>().len(), 3, "{titles:?}");
    }
}

#[test]
fn a_list_has_no_page_before_the_first_or_after_the_last() {
    let clinic = &LARGE.0;
    for first in ["/articles", "/topics/hobbies"] {
        assert_eq!(clinic.get(&format!("{first}/page/1")).is(308).header("location"), first);
        assert_eq!(clinic.get(&format!("{first}/page/2/")).is(308).header("location"), format!("{first}/page/2"));
        for beyond in ["0", "4", "999", "02", "x", ""] {
            let status = clinic.get(&format!("{first}/page/{beyond}")).status;
            assert_eq!(status, 404, "{first}/page/{beyond}");
        }
    }
    assert_eq!(clinic.get("/topics/trust/page/2").status, 404, "a short list has one page");
    assert!(Dom::new(&clinic.get("/topics/trust").body).all("link[rel=next], main a[rel=next]").is_empty());
}

#[test]
fn what_to_read_next_shares_the_topic_and_then_the_words() {
    for (subject, _, count) in SUBJECTS {
        for number in [1, count] {
            let dom = Dom::new(&LARGE.0.get(&format!("/articles/{subject}-{number}")).body);
            let next: Vec<String> = listed(&dom);
            assert_eq!(next.len(), 3, "{subject}-{number}");
            assert!(next.iter().all(|path| path.starts_with(&format!("/articles/{subject}-"))), "{next:?}");
            assert!(!next.contains(&format!("/articles/{subject}-{number}")), "not itself");
        }
    }
}
