//! After a change, pages that come out the same are kept: they must be the very pages that making all anew would give.

use crate::support::{self, words::Words};
use http::{HeaderMap, Request};
use jiff::civil::Date;
use relationship_clinic::{
    catalog::{Catalog, Encoder, Tally},
    pages::Edition,
};
use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

const TODAY: Date = Date::constant(2026, 11, 24);

fn edition(words: &Path) -> Edition {
    support::edition::edition(words, "https://clinic.example", TODAY)
}

fn all_anew(edition: &Edition) -> Catalog {
    edition.catalog(HeaderMap::new(), Arc::new(Encoder::new(None)), &Tally::default())
}

fn answer(catalog: &Catalog, path: &str) -> http::Response<bytes::Bytes> {
    let request = Request::get(path).header("accept-encoding", "br").body(()).expect("a sound request");
    catalog.answer(&request).unwrap_or_else(|| panic!("nothing is at {path}"))
}

fn rewrite(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("the file is there");
    assert!(text.contains(from), "`{from}` is missing in {}", file.display());
    fs::write(file, text.replacen(from, to, 1)).expect("it can be written");
}

/// Articles that are served from the very bytes of the catalog before.
fn kept(before: &Catalog, after: &Catalog) -> usize {
    let articles =
        after.paths().filter(|path| path.starts_with("/articles/") && before.paths().any(|old| old == *path));
    articles.filter(|path| answer(before, path).body().as_ptr() == answer(after, path).body().as_ptr()).count()
}

#[test]
fn a_change_makes_the_pages_that_show_it_and_keeps_the_others() {
    type Change = fn(&Path);
    let table: [(&str, Change, std::ops::RangeInclusive<usize>); 8] = [
        ("nothing", |_| {}, 9..=9),
        (
            "the words of an article",
            |words| rewrite(&words.join("articles/choosing-a-therapist/index.md"), "\n## ", "\nNew words.\n\n## "),
            4..=8,
        ),
        (
            "the title of an article",
            |words| rewrite(&words.join("articles/trust-after-betrayal/index.md"), "title = \"", "title = \"On "),
            2..=8,
        ),
        (
            "a picture",
            |words| rewrite(&words.join("articles/choosing-a-therapist/hero.svg"), "</svg>", "<g/></svg>"),
            4..=8,
        ),
        ("a topic", |words| rewrite(&words.join("topics/trust.md"), "title = \"", "title = \"All "), 0..=0),
        ("a fact", |words| rewrite(&words.join("clinic.toml"), "(650) 799-1375", "(650) 555-0100"), 0..=0),
        (
            "a new article",
            |words| {
                let old =
                    fs::read_to_string(words.join("articles/choosing-a-therapist/index.md")).expect("it is there");
                fs::write(
                    words.join("articles/a-new-one.md"),
                    old.replace("hero.svg", "choosing-a-therapist/hero.svg"),
                )
                .expect("it can be written");
            },
            1..=9,
        ),
        ("a page", |words| rewrite(&words.join("pages/approach.md"), "\n\n", "\n\nNew words.\n\n"), 9..=9),
    ];
    for (what, change, expected) in table {
        let words = Words::copied();
        let before = edition(words.folder());
        let served = all_anew(&before);
        change(words.folder());
        let after = edition(words.folder());
        let (anew, joined) = (
            all_anew(&after),
            after.catalog_after(&before, &served, HeaderMap::new(), Arc::new(Encoder::new(None)), &Tally::default()),
        );
        let paths = |catalog: &Catalog| catalog.paths().map(str::to_owned).collect::<BTreeSet<String>>();
        assert_eq!(paths(&joined), paths(&anew), "{what}");
        for path in anew.paths() {
            let (joined, anew) = (answer(&joined, path), answer(&anew, path));
            assert!(joined.body() == anew.body(), "{what}: {path} is not what it would be if made anew");
            assert_eq!(joined.headers(), anew.headers(), "{what}: {path}");
        }
        let count = kept(&served, &joined);
        assert!(expected.contains(&count), "{what}: {count} articles were kept");
    }
}
