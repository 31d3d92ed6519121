//! The architecture: which module may use which, where crates and the operating system may be named, and what templates
//! never do.
//!
//! The tests read the sources as text, because the compiler has no rule for any of this inside one crate. A new module, or
//! a new arrow between modules, is a decision: change the table and give the reason in the commit.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

mod palette;
mod styles;

use std::{collections::BTreeSet, fs, path::Path};

/// Which module may use which (`crate::…`).
const MAY_USE: [(&str, &[&str]); 10] = [
    ("assets", &["catalog"]),
    ("catalog", &[]),
    ("config", &[]),
    ("content", &[]),
    ("enquiry", &["content"]),
    ("mail", &["config", "content", "enquiry"]),
    ("pages", &["assets", "catalog", "content", "enquiry", "search"]),
    ("search", &["content"]),
    ("web", &["catalog", "config", "content", "enquiry", "mail", "pages", "search"]),
    ("cli", &["assets", "catalog", "config", "content", "enquiry", "mail", "pages", "search", "web"]),
];

/// Crates that only some modules may name.
const ONLY_IN: [(&str, &[&str]); 12] = [
    ("axum", &["web"]),
    ("hyper", &["web"]),
    ("askama", &["pages", "mail"]),
    ("lettre", &["mail", "config", "cli"]),
    ("sqlx", &["mail"]),
    ("prometheus_client", &["web"]),
    ("hickory_resolver", &["mail"]),
    ("rustls", &["mail"]),
    ("pulldown_cmark", &["content"]),
    ("resvg", &["pages"]),
    ("clap", &["cli", "config"]),
    ("rust_stemmers", &["search"]),
];

/// Clock and environment, which only `cli` reads.
const CLOCK_AND_ENVIRONMENT: [&str; 5] = ["Timestamp::now", "Zoned::now", "SystemTime::now", "std::env", "env::var"];

/// A source file.
struct Source {
    /// First part of its path below `src`.
    module: String,
    file: String,
    /// Its code, without comments and without the tests at its end.
    code: String,
    first_line: String,
}

fn sources() -> Vec<Source> {
    let read = |file: String| {
        let module = file.strip_prefix("src/").unwrap().split(['/', '.']).next().unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        Source { module, file, code, first_line: text.lines().next().unwrap_or_default().to_owned() }
    };
    let found: Vec<Source> = files(Path::new("src"), "rs").into_iter().map(read).collect();
    assert!(found.len() > 20, "src holds the sources");
    found
}

/// Files below `folder` with this extension, as paths with `/`, sorted.
pub fn files(folder: &Path, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path.to_str().unwrap().replace('\\', "/"));
        }
    }
    found.sort();
    found
}

#[test]
fn every_module_uses_only_the_modules_that_it_may() {
    let mut faults = BTreeSet::new();
    for Source { module, file, code, .. } in sources() {
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let allowed = MAY_USE.iter().find(|(name, _)| *name == module);
        let allowed = allowed.unwrap_or_else(|| panic!("{file}: `{module}` is not in the table")).1;
        for (other, _) in MAY_USE {
            if uses(&code, other) && other != module && !allowed.contains(&other) {
                faults.insert(format!("{file}: `{module}` may not use `{other}`"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// `crate::name`, or `name` at the first level of `use crate::{…}`.
fn uses(code: &str, name: &str) -> bool {
    let in_list = |list: &str| {
        let end = list.find(';').unwrap_or(list.len());
        let mut depth = 0;
        let starts = list[..end].char_indices().filter(|(_, sign)| {
            depth += i32::from(*sign == '{') - i32::from(*sign == '}');
            depth == 1 && matches!(sign, '{' | ',')
        });
        starts.map(|(at, _)| at + 1).collect::<Vec<_>>().into_iter().any(|at| {
            list[at..].trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with([':', ',', '}', ' ', '\n']))
        })
    };
    code.contains(&format!("crate::{name}")) || code.split("use crate::").skip(1).any(in_list)
}

#[test]
fn a_crate_is_named_only_in_its_modules() {
    let mut faults = BTreeSet::new();
    for Source { module, file, code, .. } in sources() {
        for (name, modules) in ONLY_IN {
            if code.contains(&format!("{name}::")) && !modules.contains(&module.as_str()) {
                faults.insert(format!("{file}: `{name}` belongs to {modules:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn only_the_command_line_reads_clock_and_environment() {
    let mut faults = BTreeSet::new();
    for Source { module, file, code, .. } in sources() {
        for name in CLOCK_AND_ENVIRONMENT {
            if code.contains(name) && !matches!(module.as_str(), "cli" | "main") {
                faults.insert(format!("{file}: `{name}`"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_source_file_begins_with_module_documentation() {
    let sources = sources().into_iter();
    let undocumented: Vec<String> =
        sources.filter(|source| !source.first_line.starts_with("//! ")).map(|source| source.file).collect();
    assert!(undocumented.is_empty(), "{undocumented:#?}");
}

#[test]
fn templates_have_no_scripts_handlers_or_unescaped_text() {
    let mut faults = BTreeSet::new();
    for file in files(Path::new("templates"), "html") {
        let text = fs::read_to_string(&file).unwrap();
        let mail = file.contains("/mail/");
        // `json` escapes structured data for a script element.
        let text = text.replace("|json|safe }}</script>", "");
        for forbidden in ["|safe", "| safe", "{% filter", "<script>", " onclick=", " onload="] {
            if text.contains(forbidden) {
                faults.insert(format!("{file}: `{forbidden}`"));
            }
        }
        // Mail programs ignore stylesheets, so only mails have inline styles.
        if !mail && text.contains(" style=") {
            faults.insert(format!("{file}: an inline style"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
