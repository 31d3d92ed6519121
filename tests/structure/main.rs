//! The shape of the house: who may use whom, where crates and the outside world are allowed, and what templates never do.
//!
//! The rules are data; a test reads the sources as text. A new room, or a new arrow between rooms, is a decision: change
//! the table and say why in the commit.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

mod palette;
mod styles;

use std::{collections::BTreeSet, fs, path::Path};

/// Which room may use which (`crate::…`). What is not listed is used by nobody but itself.
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

/// Crates that only some rooms may name.
const ONLY_IN: [(&str, &[&str]); 12] = [
    ("axum", &["web"]),
    ("hyper", &["web", "mail"]),
    ("askama", &["pages", "mail"]),
    ("lettre", &["mail", "config", "cli"]),
    ("sqlx", &["mail"]),
    ("prometheus_client", &["web"]),
    ("hickory_resolver", &["mail"]),
    ("tokio_rustls", &["mail"]),
    ("pulldown_cmark", &["content"]),
    ("resvg", &["pages"]),
    ("clap", &["cli", "config"]),
    ("rust_stemmers", &["search"]),
];

/// The outside world: only `cli` reads the clock and the environment.
const OUTSIDE: [&str; 5] = ["Timestamp::now", "Zoned::now", "SystemTime::now", "std::env", "env::var"];

/// Every source file with its room: the first part of its path below `src`.
fn sources() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for file in files(Path::new("src"), "rs") {
        let below = file.strip_prefix("src/").unwrap();
        let room = below.split(['/', '.']).next().unwrap().to_owned();
        found.push((room, file.clone(), fs::read_to_string(&file).unwrap()));
    }
    assert!(found.len() > 20, "the sources are where they were");
    found
}

/// Files below `folder` with an ending, as text paths with `/`.
pub fn files(folder: &Path, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path.to_str().unwrap().replace('\\', "/"));
        }
    }
    found.sort();
    found
}

/// Code without comments and without the tests at its foot.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_room_uses_only_the_rooms_that_it_may() {
    let mut faults = BTreeSet::new();
    for (room, file, text) in sources() {
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let allowed =
            MAY_USE.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("{file}: an unknown room")).1;
        let code = code(&text);
        for (other, _) in MAY_USE {
            let named = code.contains(&format!("crate::{other}")) || crate_list_names(&code, other);
            if named && other != room && !allowed.contains(&other) {
                faults.insert(format!("{file}: `{room}` may not use `{other}`"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// `use crate::{a, b}` names rooms without the prefix.
fn crate_list_names(code: &str, room: &str) -> bool {
    code.match_indices("use crate::{").any(|(start, _)| {
        let list = &code[start..];
        let end = list.find(';').unwrap_or(list.len());
        let mut depth = 0;
        let mut name = String::new();
        let mut names = Vec::new();
        for c in list["use crate::".len()..end].chars() {
            match c {
                '{' | '}' | ',' | ':' => {
                    if depth == 1 && !name.is_empty() {
                        names.push(std::mem::take(&mut name));
                    }
                    name.clear();
                    depth += match c {
                        '{' => 1,
                        '}' => -1,
                        _ => 0,
                    };
                }
                c if c.is_whitespace() => {}
                c => name.push(c),
            }
        }
        names.iter().any(|name| name == room)
    })
}

#[test]
fn a_crate_is_named_only_where_it_belongs() {
    let mut faults = BTreeSet::new();
    for (room, file, text) in sources() {
        let code = code(&text);
        for (name, rooms) in ONLY_IN {
            if code.contains(&format!("{name}::")) && !rooms.contains(&room.as_str()) {
                faults.insert(format!("{file}: `{name}` belongs to {rooms:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn only_the_command_line_reads_clock_and_environment() {
    let mut faults = BTreeSet::new();
    for (room, file, text) in sources() {
        for outside in OUTSIDE {
            if code(&text).contains(outside) && !matches!(room.as_str(), "cli" | "main") {
                faults.insert(format!("{file}: `{outside}`"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_source_file_opens_with_what_it_is_for() {
    let silent: Vec<String> =
        sources().into_iter().filter(|(_, _, text)| !text.starts_with("//! ")).map(|(_, file, _)| file).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn templates_only_choose_and_repeat() {
    let mut faults = BTreeSet::new();
    for file in files(Path::new("templates"), "html") {
        let text = fs::read_to_string(&file).unwrap();
        let mail = file.contains("/mail/");
        // Structured data is JSON, which the filter before escapes for its element.
        let text = text.replace("|json|safe }}</script>", "");
        for forbidden in ["|safe", "| safe", "{% filter", "<script>", " onclick=", " onload="] {
            if text.contains(forbidden) {
                faults.insert(format!("{file}: `{forbidden}`"));
            }
        }
        // Mail programs know no stylesheet, so letters alone carry their style in the elements.
        if !mail && text.contains(" style=") {
            faults.insert(format!("{file}: an inline style"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
