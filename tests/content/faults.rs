//! Faults of content: a row for each kind, with the place, message and remedy that the editor sees.
//!
//! Each test takes the shipped facts and one article without faults, breaks a file, and reads the folder as `check` does.

use crate::{BODY, FRONT, faults, folder, write};
use jiff::civil::date;
use relationship_clinic::content::{Level, Piece, load};
use std::{fs, os::unix::fs::symlink, path::Path};

/// The front matter of the article `valid` without the lines of two keys.
fn without(one: &str, other: &str) -> String {
    let is_kept = |line: &&str| !line.starts_with(one) && !line.starts_with(other);
    FRONT.split_inclusive('\n').filter(is_kept).collect()
}

/// A kind of fault, the article with it, and the place, message and remedy that are expected.
fn rows() -> Vec<(&'static str, String, &'static str, &'static str, &'static str)> {
    let front = |more: &str| format!("{FRONT}{more}{BODY}");
    let body = |text: &str| format!("{FRONT}+++\nThe lead.\n\n{text}\n");
    let without = |key: &str| {
        let kept: Vec<&str> = FRONT.lines().filter(|line| !line.starts_with(key)).collect();
        format!("{}\n{BODY}", kept.join("\n"))
    };
    vec![
        ("unknown key", front("colour = \"red\"\n"), "6:1", "`colour` is not a key", "use one of"),
        ("a misspelled key", front("sensitiv = true\n"), "6:1", "`sensitiv` is not a key", "did you mean `sensitive`?"),
        ("missing title", without("title"), "1:1", "`title` is missing", "title = "),
        ("missing date", without("published"), "1:1", "`published` is missing", "2026-11-24"),
        ("missing topics", without("topics"), "1:1", "`topics` is missing", "topics = "),
        ("empty topics", FRONT.replace("[\"trust\"]", "[]") + BODY, "5:10", "`topics` is empty", "attachment"),
        ("NUL", body("Text\0."), "9:5", "U+0000", "remove it"),
        ("control character in a fact", front("author = \"\u{85}x\"\n"), "6:11", "U+0085", "remove it"),
        ("picture in a note", body("Text.[^a]\n\n[^a]: A note.\n\n    ![A](x.svg)"), "13:5", "inside a note", "after"),
        ("slot in a note", body("Text.[^a]\n\n[^a]: A note.\n\n    {hosts}"), "13:5", "inside a note", "after"),
        (
            "notes in two texts",
            front("[[questions]]\nask = \"Why?\"\nanswer = \"So.[^b]\\n\\n[^b]: A note.\"\n")
                + "\nText.[^a]\n\n[^a]: A note.\n",
            "8:14",
            "another text of this page has notes",
            "write it into the text",
        ),
        ("duplicate key", front("topics = [\"trust\"]\n"), "6:1", "duplicate key", "remove one"),
        ("impossible date", FRONT.replace("2026-06-01", "2026-02-30") + BODY, "4:", "", "2026-11-24"),
        ("date in quotes", FRONT.replace("2026-06-01", "\"2026-06-01\"") + BODY, "4:13", "published", "without quotes"),
        ("no front matter", "Just text.\n".to_owned(), "1:1", "front matter is missing", "+++"),
        ("open front matter", FRONT.to_owned(), "1:1", "does not end", "+++"),
        ("YAML", "---\ntitle: x\n---\n".to_owned(), "1:1", "YAML", "TOML"),
        ("level skipped", body("### Too deep"), "9:1", "a level is skipped", "##"),
        ("second h1", body("# Again"), "9:1", "second h1", "##"),
        ("picture without text", body("![](x.svg)"), "9:1", "no text alternative", "between the brackets"),
        ("missing picture", body("![A chair](x.svg)"), "9:1", "`x.svg` is missing", "put the file"),
        ("link to nothing", body("[x](/nowhere)"), "9:1", "no page at /nowhere", "path of a page"),
        ("link with a near miss", body("[x](/valid)"), "9:1", "no page at /valid", "/articles/valid"),
        ("fragment to nothing", body("[x](/articles/valid#two)"), "9:1", "has no #two", "heading"),
        ("fragment of absent questions", body("[x](#questions)"), "9:1", "has no #questions", "heading"),
        ("fragment of absent sources", body("[x](#sources)"), "9:1", "has no #sources", "heading"),
        ("unsafe scheme", body("[x](javascript:alert)"), "9:1", "`javascript:`", "https:"),
        ("raw HTML", body("<b>x</b>"), "9:1", "raw HTML", "Markdown"),
        ("note without definition", body("Text.[^a]"), "9:6", "[^a] is not defined", "[^a]:"),
        (
            "unknown topic",
            FRONT.replace("[\"trust\"]", "[\"love\"]") + BODY,
            "5:11",
            "no topic `love`",
            "content/topics",
        ),
        ("unknown author", front("author = \"x\"\n"), "6:10", "no person `x`", "content/people"),
        ("takeaway without lead", front("[[takeaways]]\ntext = \"x\"\n"), "6:1", "no lead", "write both"),
        ("question without answer", front("[[questions]]\nask = \"Why?\"\n"), "7:7", "no answer", "answer ="),
        ("review without reviewer", front("reviewed = 2026-07-01\n"), "6:12", "has no reviewer", "reviewed_by"),
        ("due without review", front("review_due = 2026-07-01\n"), "6:14", "without a review", "remove it"),
        ("updated before published", front("updated = 2026-05-01\n"), "6:11", "before `published`", "later day"),
        (
            "alias of a live address",
            front("aliases = [\"/articles/valid\"]\n"),
            "6:12",
            "address of a page",
            "remove it",
        ),
        (
            "alias that is no path",
            front("aliases = [\"post/x\"]\n"),
            "6:12",
            "path of an old address",
            "/post/old-name",
        ),
        ("image without alt", front("image = {src = \"x.svg\"}\n"), "6:9", "no text alternative", "alt ="),
        ("unknown slot", body("{nonsense}"), "9:1", "no slot {nonsense}", "retention"),
    ]
}

#[test]
fn the_safety_text_always_names_a_help_line() {
    let folder = folder();
    let file = folder.path().join("crisis.toml");
    let lines = fs::read_to_string(&file).unwrap();
    fs::write(&file, lines.replace("in_safety_text = true\n", "")).unwrap();
    let found = faults(&folder);
    let is_found =
        |(_, level, message, _): &(_, Level, String, _)| *level == Level::Error && message.contains("safety text");
    assert!(found.iter().any(is_found), "{found:#?}");
}

#[test]
fn every_kind_of_fault_is_reported_with_place_and_remedy() {
    let mut wrong = Vec::new();
    for (kind, text, place, message, remedy) in rows() {
        let folder = folder();
        write(folder.path(), "articles/broken.md", &text);
        let found = faults(&folder);
        let place = format!("articles/broken.md:{place}");
        let is_expected = found.iter().any(|(at, level, shown, help)| {
            *level == Level::Error && at.starts_with(&place) && shown.contains(message) && help.contains(remedy)
        });
        if !is_expected {
            wrong.push(format!("{kind}: wanted {place} `{message}` / `{remedy}`, found {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_footnote_matches_its_mark_regardless_of_case() {
    let folder = folder();
    let body = "Text.[^Note]\n\n[^note]: The note.\n";
    write(folder.path(), "articles/notes.md", &format!("{FRONT}{BODY}\n{body}"));
    assert_eq!(faults(&folder), vec![]);
}

#[test]
fn a_table_has_classes_instead_of_styles_and_a_frame_that_scrolls() {
    let folder = folder();
    let table = "| A | B | C | D |\n| --- | :-- | :-: | --: |\n| 1 | 2 | `<td style=\"text-align: left\">` | 4 |\n";
    write(folder.path(), "articles/table.md", &format!("{FRONT}{BODY}\n{table}"));
    let site = load(folder.path(), None, date(2026, 11, 24)).unwrap_or_else(|faults| panic!("{faults}")).site;
    let Some(Piece::Html(html)) = site.articles.iter().find(|a| a.slug == "table").unwrap().body.0.last() else {
        panic!("a table is markup");
    };
    let frame = "<div class=\"table\" role=\"region\" aria-label=\"Table\" tabindex=\"0\"><table><thead><tr>\
                 <th scope=\"col\">A</th><th scope=\"col\">B</th><th scope=\"col\" class=\"align-center\">C</th>\
                 <th scope=\"col\" class=\"align-end\">D</th></tr></thead><tbody>\n<tr><td>1</td><td>2</td>\
                 <td class=\"align-center\"><code>&lt;td style=\"text-align: left\"&gt;</code></td>\
                 <td class=\"align-end\">4</td></tr>";
    assert!(html.as_str().contains(frame), "{}", html.as_str());
    assert!(html.as_str().trim_end().ends_with("</td></tr>\n</tbody></table></div>"), "{}", html.as_str());
}

#[test]
fn a_heading_has_no_id_that_its_template_has() {
    let folder = folder();
    let body = ["Message", "Questions", "Questions", "Question 1", "Name hint", "Facts heading", "Note 1", "Notes"]
        .map(|heading| format!("## {heading}\n\nText.[^a]\n\n"))
        .concat()
        + "[^a]: A note.\n";
    write(
        folder.path(),
        "articles/ids.md",
        &format!("{FRONT}[[questions]]\nask = \"Why?\"\nanswer = \"So.\"\n{BODY}\n{body}"),
    );
    write(folder.path(), "pages/ids.md", &format!("{}{BODY}\n{body}", without("published", "topics")));
    let site = load(folder.path(), None, date(2026, 11, 24)).unwrap_or_else(|faults| panic!("{faults}")).site;
    let article: Vec<&str> =
        site.articles.iter().find(|a| a.slug == "ids").unwrap().headings.iter().map(|h| h.id.as_str()).collect();
    let last = ["facts-heading-2", "note-1", "notes-2"];
    assert_eq!(article[..6], ["one", "message-2", "questions-2", "questions-3", "question-1-2", "name-hint-2"]);
    assert_eq!(article[6..], last);
    let page: Vec<&str> = site.pages[0].headings.iter().map(|h| h.id.as_str()).collect();
    assert_eq!(page[..6], ["one", "message", "questions", "questions-2", "question-1", "name-hint"]);
    assert_eq!(page[6..], last);
}

#[test]
fn a_wrong_value_hides_no_other_fault() {
    let folder = folder();
    let front = FRONT.replace("title = \"A valid title for tests\"", "title = 5").replace("topics", "topicz");
    write(
        folder.path(),
        "articles/broken.md",
        &format!("{front}sensitive = \"yes\"\nexpires = 2026-11-24T08:00:00\n{BODY}"),
    );
    let found: Vec<String> =
        faults(&folder).into_iter().map(|(at, _, message, remedy)| format!("{at} {message} / {remedy}")).collect();
    for (place, message, remedy) in [
        ("2:9", "`title`: invalid type", "straight quotes"),
        ("5:1", "`topicz` is not a key", "did you mean `topics`?"),
        ("6:13", "`sensitive`: invalid type", "true or false"),
        ("7:11", "`expires`: not a date alone", "without a time"),
    ] {
        let is_expected =
            |fault: &&String| fault.contains(&format!("broken.md:{place} {message}")) && fault.contains(remedy);
        assert_eq!(found.iter().filter(is_expected).count(), 1, "{place} {message} / {remedy}: {found:#?}");
    }
    assert!(!found.iter().any(|fault| fault.contains("`title` is missing")), "{found:#?}");
}

#[test]
fn invalid_utf8_is_reported_with_its_place() {
    let folder = folder();
    fs::write(folder.path().join("articles/broken.md"), [FRONT.as_bytes(), b"+++\nLead \xff\n"].concat()).unwrap();
    let found = faults(&folder);
    assert!(
        found.iter().any(|(at, _, shown, help)| at.contains("broken.md:7:6")
            && shown.contains("UTF-8")
            && help.contains("UTF-8")),
        "{found:#?}"
    );
}

#[test]
fn a_file_above_a_megabyte_is_an_error() {
    let folder = folder();
    let text = |length: usize| format!("{FRONT}{BODY}\n{}", "word ".repeat(length / 5));
    write(folder.path(), "articles/long.md", &text(1_000_000));
    assert_eq!(faults(&folder), vec![]);
    write(folder.path(), "articles/long.md", &text(5_000_000));
    let found = faults(&folder);
    assert_eq!(found.len(), 1, "{found:#?}");
    let (place, level, message, remedy) = &found[0];
    assert_eq!((&**place, *level), ("articles/long.md:1:1", Level::Error));
    assert!(message.contains("larger than 1 MB") && remedy.contains("several"), "{message} / {remedy}");
}

#[test]
fn a_telephone_number_that_is_not_the_clinics_is_a_warning() {
    let table = [
        ("Call (650) 799-1376.", Some(7)),
        ("Call 650.799.1376 today.", Some(6)),
        ("Call +1 650 799\u{a0}1376.", Some(9)),
        ("Call 16507991376.", Some(7)),
        ("[Call](tel:+16507991376)", Some(14)),
        ("[Call](tel:+14155550123)", Some(1)),
        ("[Text](sms:4155550123)", Some(1)),
        ("[Call](tel:+18006624357)", None),
        ("Call (650) 799-1375, +16507991375 or [650-799-1375](tel:6507991375).", None),
        ("[Call](tel:988), [text](sms:88788), [or](tel:1-800-799-7233), or 1-800-799-7233.", None),
        ("Another practice is at (415) 555-0123; ISBN 978-0-16507-991376; 650 people.", None),
    ];
    for (text, column) in table {
        let folder = folder();
        write(folder.path(), "articles/valid.md", &format!("{FRONT}+++\nThe lead.\n\n{text}\n"));
        let found = faults(&folder);
        let places: Vec<&str> = found.iter().map(|(place, ..)| place.as_str()).collect();
        let expected: Vec<String> = column.iter().map(|column| format!("articles/valid.md:9:{column}")).collect();
        assert_eq!(places, expected, "{text}: {found:#?}");
        for (_, level, message, remedy) in found {
            assert_eq!(level, Level::Warning);
            assert!(message.contains("not the clinic's") && remedy.contains("(650) 799-1375"), "{message} / {remedy}");
        }
    }
}

#[test]
fn a_file_that_no_page_uses_is_named() {
    let folder = folder();
    write(folder.path(), "articles/valid/index.md", &format!("{FRONT}{BODY}\n![A chair](chair.svg)\n"));
    fs::remove_file(folder.path().join("articles/valid.md")).unwrap();
    for name in ["chair.svg", "table.svg", "notes.md", ".index.md.swp", "index.md~"] {
        write(folder.path(), &format!("articles/valid/{name}"), "<svg viewBox='0 0 1 1'/>");
    }
    write(folder.path(), "articles/empty/chair.svg", "<svg/>");
    write(folder.path(), "artciles/lost.md", "");
    write(folder.path(), "lint.toml", "");
    let found = faults(&folder);
    let places: Vec<&str> = found.iter().map(|(place, ..)| place.as_str()).collect();
    let expected =
        ["artciles/lost.md", "articles/empty/chair.svg", "articles/valid/notes.md", "articles/valid/table.svg"];
    assert_eq!(places, expected.map(|file| format!("{file}:1:1")), "{found:#?}");
    for (_, level, message, remedy) in found {
        assert_eq!(level, Level::Warning);
        assert!(message.contains("no page uses this file") && remedy.contains("remove"), "{message} / {remedy}");
    }
}

#[test]
fn a_symbolic_link_out_of_the_folder_is_refused_and_one_inside_is_followed() {
    let (folder, outside) = (folder(), tempfile::tempdir().unwrap());
    let drawing = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/>";
    write(outside.path(), "secret.md", "secret words\n");
    write(outside.path(), "chair.svg", drawing);
    write(folder.path(), "articles/table.svg", drawing);
    write(
        folder.path(),
        "articles/links/index.md",
        &format!("{FRONT}{BODY}\n![A chair](chair.svg)\n\n![A table](table.svg)\n"),
    );
    let link = |to: &Path, name: &str| symlink(to, folder.path().join("articles").join(name)).unwrap();
    link(Path::new("../table.svg"), "links/table.svg");
    link(&outside.path().join("chair.svg"), "links/chair.svg");
    link(&outside.path().join("secret.md"), "secret.md");
    link(outside.path(), "folder");
    write(outside.path(), "index.md", &format!("{FRONT}{BODY}"));
    let found = faults(&folder);
    let places: Vec<&str> = found.iter().map(|(place, ..)| place.as_str()).collect();
    assert_eq!(
        places,
        ["articles/folder/index.md:1:1", "articles/links/index.md:13:1", "articles/secret.md:1:1"],
        "{found:#?}"
    );
    for (_, level, message, remedy) in found {
        assert_eq!(level, Level::Error);
        assert!(message.contains("out of the content folder") && remedy == "put the file itself there", "{message}");
    }
    let report = load(folder.path(), None, date(2026, 11, 24)).unwrap_err().to_string();
    assert!(!report.contains("secret words"), "{report}");
}

#[test]
fn two_files_with_one_address_are_reported() {
    let folder = folder();
    write(folder.path(), "articles/valid/index.md", &format!("{FRONT}{BODY}"));
    let found = faults(&folder);
    assert!(found.iter().any(|(_, _, shown, _)| shown.contains("is already used by")), "{found:#?}");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_accepted() {
    let folder = folder();
    write(folder.path(), "articles/windows.md", &format!("\u{feff}{FRONT}{BODY}").replace('\n', "\r\n"));
    assert_eq!(faults(&folder), vec![]);
}

#[test]
fn all_faults_are_reported_at_once_with_their_lines() {
    let folder = folder();
    write(folder.path(), "articles/a.md", &format!("{FRONT}colour = 1\nflavour = 2\n{BODY}"));
    write(folder.path(), "articles/b.md", "no front matter\n");
    let report = load(folder.path(), None, date(2026, 11, 24)).unwrap_err().to_string();
    for part in ["colour = 1", "flavour = 2", "b.md:1:1", "errors: 3"] {
        assert!(report.contains(part), "{part} is missing in:\n{report}");
    }
}

#[test]
fn the_shipped_content_has_no_errors() {
    if let Err(faults) = load(Path::new("content"), None, date(2026, 11, 25)) {
        panic!("{faults}");
    }
}
