//! The stylesheet: all files of `css/` as one, without comments and indentation.
//!
//! Invariant: rules are neither rewritten nor reordered. A stylesheet names no other file: an `@import` or a `url()` of a
//! file is a fault.
//!
//! Measured on the shipped files (35,701 B; Brotli 11): as written 7,356 B, this 5,405 B, a minifier that reads tokens
//! 5,190 B.

use super::fault::AssetFault;
use std::path::{Path, PathBuf};

/// Joins stylesheets, given as key and file: the order of layers first (`…layers.css`), then by name.
pub(super) fn join(mut files: Vec<(String, PathBuf)>, faults: &mut Vec<AssetFault>) -> String {
    files.sort_by_key(|(key, _)| (!key.ends_with("layers.css"), key.clone()));
    let mut sheet = String::new();
    for (_, file) in files {
        match std::fs::read_to_string(&file) {
            Ok(text) => append(&text, &file, &mut sheet, faults),
            Err(error) => faults.push(AssetFault::unreadable(&file, &error)),
        }
    }
    sheet
}

fn append(text: &str, file: &Path, sheet: &mut String, faults: &mut Vec<AssetFault>) {
    let text = without_comments(text);
    for (line, number) in text.lines().zip(1..) {
        if let Some(column) = names_a_file(line) {
            let remedy = "use a data: URL, or put the rules into a file beside it";
            faults.push(AssetFault::new(file, "names another file", remedy).at(number, column));
        }
        let line = line.trim();
        if !line.is_empty() {
            sheet.push_str(line);
            sheet.push('\n');
        }
    }
}

/// The text with every comment's characters but its line breaks left out. A comment that is not closed hides the rest, as
/// in a browser (CSS Syntax Level 3, 4.3.2).
fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        let (comment, after) = comment.split_once("*/").unwrap_or((comment, ""));
        kept.push_str(before);
        kept.extend(comment.chars().filter(|sign| *sign == '\n'));
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// The column, from 1, where a line names a file: `@import`, or a `url()` that is neither data nor a fragment.
fn names_a_file(line: &str) -> Option<u32> {
    let lower = line.to_ascii_lowercase();
    let urls = lower.match_indices("url(").filter(|(at, name)| {
        let target = lower[at + name.len()..].trim_start_matches([' ', '"', '\'']);
        !target.starts_with("data:") && !target.starts_with('#')
    });
    let found = lower.find("@import").or_else(|| urls.map(|(at, _)| at).next());
    found.map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> (String, Vec<String>) {
        let (mut sheet, mut faults) = (String::new(), Vec::new());
        append(text, Path::new("a.css"), &mut sheet, &mut faults);
        (sheet, faults.iter().map(AssetFault::to_string).collect())
    }

    #[test]
    fn comments_and_indentation_are_removed_and_rules_stay() {
        let table = [
            ("a {\n  color: red;\n}\n\n/* why\n */\nb {}", "a {\ncolor: red;\n}\nb {}\n"),
            ("a { /* x */ b: c }", "a {  b: c }\n"),
            ("a { b: url(data:,x) url(\"#x\") }", "a { b: url(data:,x) url(\"#x\") }\n"),
            ("a {} /* not closed", "a {}\n"),
        ];
        for (text, expected) in table {
            assert_eq!(joined(text), (expected.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn a_stylesheet_that_names_a_file_is_a_fault_with_its_place() {
        for (text, place) in [
            ("/* a\n */ a {\n b: url(../img/a.svg) }", "a.css:3:5: "),
            ("a { b: URL( 'https://elsewhere.example/a.svg') }", "a.css:1:8: "),
            ("@import url(b.css);", "a.css:1:1: "),
        ] {
            let faults = joined(text).1;
            assert!(faults.len() == 1 && faults[0].starts_with(place), "{text}: {faults:?}");
        }
    }
}
