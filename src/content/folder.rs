//! The folder as files: each read once, with what an editor's tools leave behind passed over.

use super::fault::{Fault, Source};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file of Markdown with its slug.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) slug: String,
    pub(super) source: Source,
    /// The folder that pictures are named relative to.
    pub(super) folder: PathBuf,
}

/// Reads a text file: without a byte-order mark, and with a fault where it is not UTF-8.
pub(super) fn read(file: &Path) -> Result<Source, Vec<Fault>> {
    let name = shown(file);
    let bytes = fs::read(file).map_err(|error| {
        let mut source = Source::new(name.clone(), "");
        source.error(
            0..0,
            format!("this file cannot be read: {error}"),
            "put the file back, or let the program read it",
        );
        source.faults
    })?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Source::new(name, text.strip_prefix('\u{feff}').unwrap_or(text))),
        Err(error) => {
            let at = error.valid_up_to();
            let text = String::from_utf8_lossy(&bytes);
            let mut source = Source::new(name, text.strip_prefix('\u{feff}').unwrap_or(&text));
            source.error(at..at + 3, "this is not UTF-8 text", "save the file with the encoding UTF-8");
            Err(source.faults)
        }
    }
}

/// `a/b.md`, as an editor would type it.
fn shown(file: &Path) -> String {
    file.to_string_lossy().replace('\\', "/")
}

/// Every text of a kind: `{kind}/{slug}.md` and `{kind}/{slug}/index.md`, by slug. A folder that is absent is empty.
pub(super) fn texts(content: &Path, kind: &str, faults: &mut Vec<Fault>) -> Vec<Text> {
    let folder = content.join(kind);
    let mut found: Vec<(String, PathBuf, PathBuf)> = Vec::new();
    for path in entries(&folder) {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let index = path.join("index.md");
        if path.is_dir() && index.exists() {
            let slug = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            found.push((slug, index, path));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push((name, path, folder.clone()));
        }
    }
    found.sort();
    let mut texts: Vec<Text> = Vec::new();
    for (slug, file, folder) in found {
        let mut source = match read(&file) {
            Ok(source) => source,
            Err(more) => {
                faults.extend(more);
                continue;
            }
        };
        if let Some(other) = texts.last().filter(|other| other.slug == slug) {
            let message = format!("the address `{slug}` is taken by {}", other.source.file);
            source.error(0..0, message, "rename or remove one of the two files");
        }
        if !is_slug(&slug) {
            let message = format!("`{slug}` cannot be the last part of an address");
            source.error(
                0..0,
                message,
                "name the file with lower-case letters, digits and hyphens, like my-article.md",
            );
        }
        texts.push(Text { slug, source, folder });
    }
    texts
}

/// What stands in a folder, without dot-files and what editors leave behind.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            !name.starts_with('.') && ![".swp", ".tmp", "~"].iter().any(|ending| name.ends_with(ending))
        })
        .collect()
}

fn is_slug(slug: &str) -> bool {
    !slug.is_empty() && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
