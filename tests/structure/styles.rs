//! Rules over all stylesheets: every variable is defined and used, every class is styled and written, no ids, `!important`
//! only for print and reduced motion.

use super::files;
use std::{collections::BTreeSet, fs, path::Path};

/// Classes that only Markdown or the script write; no template names them.
const NOT_IN_TEMPLATES: [&str; 5] = ["exit-overlay", "table", "align-center", "align-end", "align-start"];

fn styles() -> Vec<(String, String)> {
    let sheets: Vec<_> = files(Path::new("static/css"), "css")
        .into_iter()
        .map(|f| (f.clone(), without_comments(&fs::read_to_string(f).unwrap())))
        .collect();
    assert!(!sheets.is_empty(), "static/css holds stylesheets");
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
fn every_styled_class_is_written_by_a_template() {
    let mut written = String::new();
    for file in files(Path::new("templates"), "html") {
        written.push_str(&fs::read_to_string(file).unwrap());
    }
    let words: BTreeSet<&str> = written.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).collect();
    let mut faults = BTreeSet::new();
    for (file, css) in styles() {
        for class in names(&selectors(&css), ".") {
            if !words.contains(class.as_str())
                && !NOT_IN_TEMPLATES.contains(&class.as_str())
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
    // Mails have inline styles.
    for file in files(Path::new("templates"), "html").into_iter().filter(|file| !file.contains("/mail/")) {
        let text = fs::read_to_string(&file).unwrap();
        for value in text.split(" class=\"").skip(1).map(|rest| rest.split_once('"').expect("a value has an end").0) {
            let plain = without_tags(value);
            faults.extend(plain.split_whitespace().filter(|c| !known.contains(*c)).map(|c| format!("{file}: {c}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// An attribute's value without template tags.
fn without_tags(value: &str) -> String {
    let mut parts = value.split("{%");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + " " + part.split_once("%}").map_or("", |(_, after)| after))
}

#[test]
fn styles_use_no_ids_and_important_only_for_print_and_reduced_motion() {
    let mut faults = BTreeSet::new();
    for (file, css) in styles() {
        if !names(&selectors(&css), "#").is_empty() {
            faults.insert(format!("{file}: an id selector"));
        }
        let exempt = file.ends_with("print.css") || css.contains("prefers-reduced-motion");
        if css.contains("!important") && !exempt {
            faults.insert(format!("{file}: !important"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
