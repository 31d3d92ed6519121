//! Rules over all styles: every variable is defined and used, every class exists on both sides, no id, no shouting.

use super::files;
use std::{collections::BTreeSet, fs, path::Path};

/// Classes that only the words (Markdown) or the script write; no template names them.
const WRITTEN_ELSEWHERE: [&str; 5] = ["exit-overlay", "table", "align-center", "align-end", "align-start"];

fn styles() -> Vec<(String, String)> {
    let sheets: Vec<_> = files(Path::new("static/css"), "css")
        .into_iter()
        .map(|f| (f.clone(), without_comments(&fs::read_to_string(f).unwrap())))
        .collect();
    assert!(!sheets.is_empty(), "the styles are where they were");
    sheets
}

fn without_comments(css: &str) -> String {
    let mut rest = css;
    let mut plain = String::new();
    while let Some(start) = rest.find("/*") {
        plain.push_str(&rest[..start]);
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    plain + rest
}

/// Names that follow `mark` in `text`: letters, digits, `-` and `_`.
fn names(text: &str, mark: &str) -> BTreeSet<String> {
    text.match_indices(mark)
        .map(|(at, _)| {
            text[at + mark.len()..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
        })
        .filter(|name: &String| name.starts_with(|c: char| c.is_alphabetic() || c == '-'))
        .collect()
}

/// The selectors of a sheet: what stands before each brace, without at-rules.
fn selectors(css: &str) -> String {
    let mut found = String::new();
    for before in css.split(['{', '}', ';']) {
        let before = before.trim();
        if !before.starts_with('@') && !before.starts_with("--") {
            found.push_str(before);
            found.push('\n');
        }
    }
    found
}

#[test]
fn every_variable_is_defined_and_used() {
    let all: String = styles().into_iter().map(|(_, css)| css).collect();
    let used = names(&all, "var(--");
    let defined: BTreeSet<String> = all
        .split([';', '{', '}'])
        .filter_map(|part| part.trim().strip_prefix("--").and_then(|rest| rest.split_once(':')))
        .map(|(name, _)| name.trim().to_owned())
        .collect();
    let undefined: Vec<_> = used.difference(&defined).collect();
    let unused: Vec<_> = defined.difference(&used).collect();
    assert!(
        undefined.is_empty() && unused.is_empty(),
        "used but not defined: {undefined:?}; defined but not used: {unused:?}"
    );
}

#[test]
fn every_class_of_the_styles_is_written_somewhere() {
    let mut written = String::new();
    for file in files(Path::new("templates"), "html") {
        written.push_str(&fs::read_to_string(file).unwrap());
    }
    let words: BTreeSet<&str> = written.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).collect();
    let mut faults = BTreeSet::new();
    for (file, css) in styles() {
        for class in names(&selectors(&css), ".") {
            if !words.contains(class.as_str())
                && !WRITTEN_ELSEWHERE.contains(&class.as_str())
                && !class.starts_with("footnote")
            {
                faults.insert(format!("{file}: .{class}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_class_that_a_template_writes_has_a_style() {
    let all: String = styles().into_iter().map(|(_, css)| selectors(&css)).collect();
    let known = names(&all, ".");
    let mut faults = BTreeSet::new();
    // Letters carry their style in the elements.
    for file in files(Path::new("templates"), "html").into_iter().filter(|file| !file.contains("/mail/")) {
        let text = fs::read_to_string(&file).unwrap();
        for value in text.split(" class=\"").skip(1).map(|rest| rest.split_once('"').expect("a value has an end").0) {
            let plain = without_choices(value);
            faults.extend(plain.split_whitespace().filter(|c| !known.contains(*c)).map(|c| format!("{file}: {c}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// An attribute's value without the template's own words.
fn without_choices(value: &str) -> String {
    let mut parts = value.split("{%");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + " " + part.split_once("%}").map_or("", |(_, after)| after))
}

#[test]
fn styles_use_no_ids_and_shout_only_for_paper_and_stillness() {
    let mut faults = BTreeSet::new();
    for (file, css) in styles() {
        if !names(&selectors(&css), "#").is_empty() {
            faults.insert(format!("{file}: an id selector"));
        }
        let calm = file.ends_with("print.css") || css.contains("prefers-reduced-motion");
        if css.contains("!important") && !calm {
            faults.insert(format!("{file}: !important"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
