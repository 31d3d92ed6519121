//! `addresses.txt`: every recorded address keeps answering, or `check` reports the line that would answer 404.

use crate::{BODY, FRONT, faults, folder, write};
use jiff::civil::date;
use relationship_clinic::content::{Level, load, record};
use std::{fs, path::Path};

fn site(folder: &Path) -> relationship_clinic::content::Site {
    load(folder, None, date(2026, 11, 25)).unwrap_or_else(|faults| panic!("{faults}")).site
}

/// Every error as `place message / remedy`.
fn errors(folder: &tempfile::TempDir) -> Vec<String> {
    let errors = faults(folder).into_iter().filter(|(_, level, _, _)| *level == Level::Error);
    errors.map(|(at, _, message, remedy)| format!("{at} {message} / {remedy}")).collect()
}

#[track_caller]
fn assert_one_error(folder: &tempfile::TempDir, parts: &[&str]) {
    let errors = errors(folder);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    for part in parts {
        assert!(errors[0].contains(part), "`{part}` is missing in {}", errors[0]);
    }
}

#[test]
fn every_shipped_address_is_recorded() {
    assert_eq!(site(Path::new("content")).unrecorded, Vec::<String>::new(), "run `check --record`");
}

#[test]
fn a_renamed_article_is_reported_with_its_line_and_the_alias_to_write() {
    let folder = folder();
    write(folder.path(), "addresses.txt", "# a comment\n/articles/trust-after-an-affair\n/articles/valid\n");
    let text = FRONT.replace("A valid title for tests", "Trust after a betrayal") + BODY;
    write(folder.path(), "articles/trust-after-betrayal.md", &text);
    assert_one_error(
        &folder,
        &[
            "addresses.txt:2:1 ",
            "/articles/trust-after-an-affair was published and would answer 404",
            "/articles/trust-after-betrayal now",
            "aliases = [\"/articles/trust-after-an-affair\"]",
            "articles/trust-after-betrayal.md",
            "retired = true",
        ],
    );
    let with_alias = text.replace("+++\nThe", "aliases = [\"/articles/trust-after-an-affair\"]\n+++\nThe");
    write(folder.path(), "articles/trust-after-betrayal.md", &with_alias);
    assert_eq!(errors(&folder), Vec::<String>::new());
    let expected = ("/articles/trust-after-an-affair".to_owned(), "/articles/trust-after-betrayal".to_owned());
    assert_eq!(site(folder.path()).redirects, [expected]);
}

#[test]
fn an_address_that_becomes_a_draft_or_is_postponed_is_an_error_and_a_retired_one_is_not() {
    for (line, lost) in [("draft = true", true), ("retired = true", false), ("expires = 2026-07-01", false)] {
        let folder = folder();
        write(folder.path(), "addresses.txt", "/articles/valid\n");
        write(folder.path(), "articles/valid.md", &format!("{FRONT}{line}\n{BODY}"));
        assert_eq!(errors(&folder).len(), usize::from(lost), "{line}: {:#?}", errors(&folder));
    }
    let folder = folder();
    write(folder.path(), "addresses.txt", "/articles/valid\n");
    write(folder.path(), "articles/valid.md", &(FRONT.replace("2026-06-01", "2026-12-24") + BODY));
    assert_one_error(&folder, &["/articles/valid was published"]);
}

#[test]
fn a_scheduled_article_may_be_recorded_before_its_day() {
    let folder = folder();
    write(folder.path(), "articles/coming.md", &(FRONT.replace("2026-06-01", "2026-12-24") + BODY));
    write(folder.path(), "articles/idea.md", &format!("{FRONT}draft = true\n{BODY}"));
    let lines = ["/articles/coming from 2026-12-24", "/articles/valid", "/topics/trust"];
    assert_eq!(site(folder.path()).unrecorded, lines, "a draft is not recorded");
    record(folder.path(), &site(folder.path()).unrecorded).unwrap();
    assert_eq!(site(folder.path()).unrecorded, Vec::<String>::new());
    fs::remove_file(folder.path().join("articles/coming.md")).unwrap();
    assert_one_error(&folder, &["there will be no page at /articles/coming on 2026-12-24", "remove this line"]);
}

#[test]
fn recording_keeps_every_line_and_starts_a_new_file_with_a_comment() {
    let folder = folder();
    record(folder.path(), &["/a".to_owned()]).unwrap();
    record(folder.path(), &["/a".to_owned(), "/b".to_owned()]).unwrap();
    let text = fs::read_to_string(folder.path().join("addresses.txt")).unwrap();
    assert!(text.starts_with("# Every address"), "{text}");
    assert!(text.ends_with("\n/a\n/b\n"), "{text}");
}

#[test]
fn lines_add_redirects_and_410_answers() {
    let folder = folder();
    write(folder.path(), "addresses.txt", "/about-us -> /articles/valid\n/contact-us -> /contact\n/shop gone\n");
    let site = site(folder.path());
    let expected = [("/about-us", "/articles/valid"), ("/contact-us", "/contact")];
    assert_eq!(site.redirects, expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
    assert_eq!(site.gone, ["/shop"]);
}

#[test]
fn chains_loops_and_missing_targets_are_errors() {
    let table = [
        ("/a -> /articles/valid\n/b -> /a\n", ":2:1", "write /b -> /articles/valid"),
        ("/a -> /nowhere\n", ":1:1", "path of a page"),
        ("/a -> /a\n", ":1:1", "which is not a page"),
        ("/articles/valid -> /contact\n", ":1:1", "write only the path"),
        ("/articles/valid gone\n", ":1:1", "write only the path"),
        ("/articles/valid\n/articles/valid\n", ":2:1", "remove one"),
        ("articles/valid\n", ":1:1", "/path -> /other"),
    ];
    for (lines, place, remedy) in table {
        let folder = folder();
        write(folder.path(), "addresses.txt", lines);
        assert_one_error(&folder, &[&format!("addresses.txt{place} "), remedy]);
    }
    let folder = folder();
    write(folder.path(), "addresses.txt", "/a -> /b\n/b -> /a\n");
    assert_eq!(errors(&folder).len(), 2, "a loop is reported in both lines: {:#?}", errors(&folder));
}

#[test]
fn an_alias_redirects_to_a_public_page_and_is_gone_with_a_retired_one() {
    let alias = "aliases = [\"/post/old\"]\n";
    let folder = folder();
    write(folder.path(), "articles/valid.md", &format!("{FRONT}{alias}retired = true\n{BODY}"));
    let site = site(folder.path());
    assert_eq!((site.redirects, site.gone), (vec![], vec!["/articles/valid".to_owned(), "/post/old".to_owned()]));
    let topic = fs::read_to_string(folder.path().join("topics/trust.md")).unwrap();
    write(folder.path(), "topics/trust.md", &topic.replacen("+++\n", "+++\naliases = [\"/topics/faith\"]\n", 1));
    let redirects = self::site(folder.path()).redirects;
    assert_eq!(redirects, [("/topics/faith".to_owned(), "/topics/trust".to_owned())], "topics have aliases too");
}
