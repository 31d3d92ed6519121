//! Addresses are promises: what was recorded once answers for ever, or `check` says where it was lost.

use crate::{BODY, FRONT, faults, folder, write};
use jiff::civil::date;
use relationship_clinic::content::{Level, load, record};
use std::{fs, path::Path};

fn site(folder: &Path) -> relationship_clinic::content::Site {
    load(folder, date(2026, 11, 24)).unwrap_or_else(|faults| panic!("{faults}")).site
}

/// Every fault as `place message / remedy`.
fn told(folder: &tempfile::TempDir) -> Vec<String> {
    let errors = faults(folder).into_iter().filter(|(_, level, _, _)| *level == Level::Error);
    errors.map(|(at, _, message, remedy)| format!("{at} {message} / {remedy}")).collect()
}

#[track_caller]
fn one_fault(folder: &tempfile::TempDir, parts: &[&str]) {
    let told = told(folder);
    assert_eq!(told.len(), 1, "{told:#?}");
    for part in parts {
        assert!(told[0].contains(part), "`{part}` is missing in {}", told[0]);
    }
}

#[test]
fn every_shipped_address_is_recorded() {
    assert_eq!(site(Path::new("content")).unrecorded, Vec::<String>::new(), "run `check --record`");
}

#[test]
fn a_renamed_article_is_told_with_its_line_and_the_alias_to_write() {
    let folder = folder();
    write(folder.path(), "addresses.txt", "# a remark\n/articles/trust-after-an-affair\n/articles/sound\n");
    let text = FRONT.replace("A sound title for tests", "Trust after a betrayal") + BODY;
    write(folder.path(), "articles/trust-after-betrayal.md", &text);
    one_fault(
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
    assert_eq!(told(&folder), Vec::<String>::new());
    let expected = ("/articles/trust-after-an-affair".to_owned(), "/articles/trust-after-betrayal".to_owned());
    assert_eq!(site(folder.path()).redirects, [expected]);
}

#[test]
fn an_address_that_becomes_a_draft_or_waits_again_is_lost_and_a_retired_one_is_not() {
    for (line, lost) in [("draft = true", true), ("retired = true", false), ("expires = 2026-07-01", false)] {
        let folder = folder();
        write(folder.path(), "addresses.txt", "/articles/sound\n");
        write(folder.path(), "articles/sound.md", &format!("{FRONT}{line}\n{BODY}"));
        assert_eq!(told(&folder).len(), usize::from(lost), "{line}: {:#?}", told(&folder));
    }
    let folder = folder();
    write(folder.path(), "addresses.txt", "/articles/sound\n");
    write(folder.path(), "articles/sound.md", &(FRONT.replace("2026-06-01", "2026-12-24") + BODY));
    one_fault(&folder, &["/articles/sound was published"]);
}

#[test]
fn an_article_that_waits_for_its_day_may_be_recorded_before() {
    let folder = folder();
    write(folder.path(), "articles/coming.md", &(FRONT.replace("2026-06-01", "2026-12-24") + BODY));
    write(folder.path(), "articles/idea.md", &format!("{FRONT}draft = true\n{BODY}"));
    let lines = ["/articles/coming from 2026-12-24", "/articles/sound", "/topics/trust"];
    assert_eq!(site(folder.path()).unrecorded, lines, "a draft is nobody's business");
    record(folder.path(), &site(folder.path()).unrecorded).unwrap();
    assert_eq!(site(folder.path()).unrecorded, Vec::<String>::new());
    fs::remove_file(folder.path().join("articles/coming.md")).unwrap();
    one_fault(&folder, &["nothing will be at /articles/coming on 2026-12-24", "take this line out"]);
}

#[test]
fn recording_keeps_every_line_and_explains_a_new_file() {
    let folder = folder();
    record(folder.path(), &["/a".to_owned()]).unwrap();
    record(folder.path(), &["/b".to_owned()]).unwrap();
    let text = fs::read_to_string(folder.path().join("addresses.txt")).unwrap();
    assert!(text.starts_with("# Every address"), "{text}");
    assert!(text.ends_with("\n/a\n/b\n"), "{text}");
}

#[test]
fn the_ledger_leads_old_pages_on_and_says_what_is_gone() {
    let folder = folder();
    write(folder.path(), "addresses.txt", "/about-us -> /articles/sound\n/contact-us -> /contact\n/shop gone\n");
    let site = site(folder.path());
    let expected = [("/about-us", "/articles/sound"), ("/contact-us", "/contact")];
    assert_eq!(site.redirects, expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
    assert_eq!(site.gone, ["/shop"]);
}

#[test]
fn chains_circles_and_dead_ends_are_faults() {
    let table = [
        ("/a -> /articles/sound\n/b -> /a\n", ":2:1", "write /b -> /articles/sound"),
        ("/a -> /nowhere\n", ":1:1", "path of a page"),
        ("/a -> /a\n", ":1:1", "which is not a page"),
        ("/articles/sound -> /contact\n", ":1:1", "write the path alone"),
        ("/articles/sound gone\n", ":1:1", "write the path alone"),
        ("/articles/sound\n/articles/sound\n", ":2:1", "keep one"),
        ("articles/sound\n", ":1:1", "/path -> /other"),
    ];
    for (ledger, place, remedy) in table {
        let folder = folder();
        write(folder.path(), "addresses.txt", ledger);
        one_fault(&folder, &[&format!("addresses.txt{place} "), remedy]);
    }
    let folder = folder();
    write(folder.path(), "addresses.txt", "/a -> /b\n/b -> /a\n");
    assert_eq!(told(&folder).len(), 2, "a circle is told in both lines: {:#?}", told(&folder));
}

#[test]
fn an_old_name_shares_the_fate_of_its_page() {
    let alias = "aliases = [\"/post/old\"]\n";
    let folder = folder();
    write(folder.path(), "articles/sound.md", &format!("{FRONT}{alias}retired = true\n{BODY}"));
    let site = site(folder.path());
    assert_eq!((site.redirects, site.gone), (vec![], vec!["/articles/sound".to_owned(), "/post/old".to_owned()]));
    let topic = fs::read_to_string(folder.path().join("topics/trust.md")).unwrap();
    write(folder.path(), "topics/trust.md", &topic.replacen("+++\n", "+++\naliases = [\"/topics/faith\"]\n", 1));
    let redirects = self::site(folder.path()).redirects;
    assert_eq!(redirects, [("/topics/faith".to_owned(), "/topics/trust".to_owned())], "topics have old names too");
}
