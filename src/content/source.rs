//! The files of the content folder: each is read once, and collects what the checks across files need.
//!
//! Never: reads hidden files, or interprets a file's text.

use super::fault::{Fault, Level};
use jiff::civil::Date;
use std::{
    fs, io,
    ops::{Range, RangeInclusive},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::Arc,
};
use toml::Spanned;

/// Search engines cut longer titles; shorter ones say too little.
pub(super) const TITLE_LENGTH: RangeInclusive<usize> = 15..=60;
/// The same for descriptions.
pub(super) const DESCRIPTION_LENGTH: RangeInclusive<usize> = 70..=160;
/// Largest file in bytes; a long article has a twentieth of it.
const MAX_BYTES: u64 = 1024 * 1024;
pub(super) const ANY_LENGTH: RangeInclusive<usize> = 1..=usize::MAX;

/// A file that is not read, and the remedy.
const OUTSIDE: &str = "this is no regular file, or a symbolic link out of the content folder";
const INSIDE: &str = "put the file itself there";

/// Slug, and path below the content folder.
pub(super) type Page = (String, PathBuf);

/// What a file holds, if it could be read, and the file.
pub(super) type Read<T> = (Option<T>, SourceFile);

/// Whether a page answers at its address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Status {
    #[default]
    Public,
    /// Public from a day on.
    Scheduled(Date),
    /// Retired or expired: 410.
    Gone,
    Draft,
}

/// A text file, and what was found in it.
#[derive(Debug, Default)]
pub(super) struct SourceFile {
    content: PathBuf,
    /// Path below the content folder.
    path: PathBuf,
    /// The file's text, without a byte-order mark.
    pub(super) text: Arc<str>,
    /// Path of the page; relative links start here.
    pub(super) address: String,
    /// Last part of the address.
    pub(super) slug: String,
    pub(super) title: String,
    pub(super) status: Status,
    /// The day on which what is public changes without an edit of the file.
    pub(super) changes_on: Option<Date>,
    /// Old addresses.
    pub(super) aliases: Vec<Spanned<String>>,
    /// Targets of links as written.
    pub(super) links: Vec<Spanned<String>>,
    /// Fragment identifiers of the page.
    pub(super) ids: Vec<String>,
    /// Paths of its pictures below the content folder.
    pub(super) pictures: Vec<String>,
    pub(super) faults: Vec<Fault>,
}

impl SourceFile {
    /// The file at `path` below `content`, which is not read yet.
    pub(super) fn new(content: &Path, path: impl Into<PathBuf>) -> Self {
        Self { content: content.to_owned(), path: path.into(), address: "/".to_owned(), ..Self::default() }
    }

    /// Reads the file and makes a value of it with `parse`; no value if it cannot be read, or after a fault that leaves
    /// none.
    pub(super) fn read<T>(mut self, parse: impl FnOnce(&mut Self) -> Option<T>) -> Read<T> {
        let read = AssertUnwindSafe(|| self.read_text().and_then(|()| parse(&mut self)));
        let value = panic::catch_unwind(read).unwrap_or_else(|_| {
            let remedy = "undo the last change to it, and report the defect with the lines of the log before this one";
            self.error(0..0, "this file makes the program fail, which is a defect of the program", remedy);
            None
        });
        (value, self)
    }

    /// Fills in the text; `None` after a fault if the file cannot be read, is too large, or is not text in UTF-8.
    pub(super) fn read_text(&mut self) -> Option<()> {
        let read = read_file(&self.content, &self.path);
        let bytes = read.map_err(|(message, remedy)| self.error(0..0, message, remedy)).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        self.text = text.strip_prefix('\u{feff}').unwrap_or(&text).into();
        if let Err(error) = std::str::from_utf8(&bytes) {
            let at = error.valid_up_to();
            self.error(at..at + 3, "this is not UTF-8 text", "save the file with the encoding UTF-8");
            return None;
        }
        let is_control = |sign: &char| sign.is_control() && !matches!(sign, '\n' | '\r' | '\t');
        if let Some((at, sign)) = text.char_indices().find(|(_, sign)| is_control(sign)) {
            let message = format!("the control character U+{:04X} is not text", u32::from(sign));
            self.error(at..at + sign.len_utf8(), message, "remove it; an editor may show it as a box or not at all");
            return None;
        }
        Some(())
    }

    /// Sets the address to that of `slug` below the address `folder`. A slug that another file has too, or that cannot be
    /// part of an address, is a fault.
    pub(super) fn set_address(&mut self, folder: &str, slug: &str, other: Option<&Path>) {
        self.address = format!("{folder}/{slug}");
        slug.clone_into(&mut self.slug);
        if let Some(other) = other {
            let message = format!("the address `{slug}` is already used by {}", self.content.join(other).display());
            self.error(0..0, message, "rename or remove one of the two files");
        }
        if !slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            let message = format!("`{slug}` cannot be the last part of an address");
            let remedy = "name the file with lowercase letters, digits and hyphens, like my-article.md";
            self.error(0..0, message, remedy);
        }
    }

    /// The path as an editor would open it: `content/articles/a.md`.
    pub(super) fn name(&self) -> String {
        self.content.join(&self.path).to_string_lossy().into_owned()
    }

    pub(super) fn error(&mut self, span: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Level::Error, span, message.into(), remedy.into());
    }

    pub(super) fn warn(&mut self, span: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Level::Warning, span, message.into(), remedy.into());
    }

    pub(super) fn add(&mut self, level: Level, span: Range<usize>, message: String, remedy: String) {
        let text = &self.text;
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let end = text.floor_char_boundary(span.end.clamp(start, text.len()));
        // Only the first line of a span is underlined.
        let end = text[start..end].find('\n').map_or(end, |length| start + length);
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let (file, text) = (self.name(), Arc::clone(text));
        self.faults.push(Fault { level, file, line, column, message, remedy, text, span: start..end });
    }

    /// The place of the first occurrence of `value`, or the start of the file.
    pub(super) fn place_of(&self, value: &str) -> Range<usize> {
        self.text.find(value).map_or(0..0, |at| at..at + value.len())
    }

    /// A fault if a key is absent, unless its value already has one.
    pub(super) fn required<T>(&mut self, key: &str, value: Option<T>, example: &str) -> Option<T> {
        let quoted = format!("`{key}`");
        if value.is_none() && !self.faults.iter().any(|fault| fault.message.contains(&quoted)) {
            let remedy = format!("add a line `{key} = {example}` to the front matter");
            self.error(0..3, format!("{quoted} is missing"), remedy);
        }
        value
    }

    /// Text that must be present and not empty; a warning if its length in characters is not in `lengths`.
    pub(super) fn required_text(
        &mut self,
        key: &str,
        value: Option<Spanned<String>>,
        lengths: RangeInclusive<usize>,
    ) -> Option<String> {
        let text = self.required(key, value, "\"…\"")?;
        let length = text.get_ref().chars().count();
        if text.get_ref().trim().is_empty() {
            self.error(text.span(), format!("`{key}` is empty"), format!("write the {key} between the quotes"));
            return None;
        }
        if !lengths.contains(&length) {
            let remedy =
                format!("{} to {} are shown in full in lists and search results", lengths.start(), lengths.end());
            self.warn(text.span(), format!("the {key} has {length} characters"), remedy);
        }
        Some(text.into_inner())
    }

    /// Path below the content folder of a picture named in this file; one that cannot be used is a fault.
    pub(super) fn picture(&mut self, name: &str, span: Range<usize>) -> String {
        let below = self.path.with_file_name(name);
        let path = below.to_string_lossy().into_owned();
        let file = self.content.join(below);
        let extension = file.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        if name.contains("..") || name.starts_with('/') || name.contains(':') {
            let remedy = "put the picture beside the file and write its name";
            self.error(span, format!("`{name}` is not beside this file"), remedy);
        } else if !["svg", "png", "jpg", "jpeg", "webp"].contains(&extension.as_deref().unwrap_or_default()) {
            self.error(span, format!("`{name}` is not a picture"), "use svg, png, jpg or webp");
        } else if !file.is_file() {
            let remedy = format!("put the file {} there, or correct the name", file.display());
            self.error(span, format!("the picture `{name}` is missing"), remedy);
        } else if !is_inside(&self.content, &file).unwrap_or_default() {
            self.error(span, format!("`{name}`: {OUTSIDE}"), INSIDE);
        } else {
            self.pictures.push(path.clone());
        }
        path
    }
}

/// The bytes of a file below `content`, or message and remedy.
fn read_file(content: &Path, path: &Path) -> Result<Vec<u8>, (String, &'static str)> {
    let file = content.join(path);
    let unreadable =
        |error| (format!("this file cannot be read: {error}"), "put the file back, or let the program read it");
    if !is_inside(content, &file).map_err(unreadable)? {
        return Err((OUTSIDE.to_owned(), INSIDE));
    }
    if fs::metadata(&file).map_err(unreadable)?.len() > MAX_BYTES {
        return Err(("this file is larger than 1 MB".to_owned(), "divide it into several files"));
    }
    fs::read(&file).map_err(unreadable)
}

/// Whether `file` is a regular file to which no symbolic link out of `content` leads.
fn is_inside(content: &Path, file: &Path) -> io::Result<bool> {
    let file = file.canonicalize()?;
    Ok(file.is_file() && file.starts_with(content.canonicalize()?))
}

/// Paths below `content` of all files in `folder`. Hidden files and editors' backups (`…~`) are left out.
pub(super) fn files(content: &Path, folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(content.join(folder)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?)));
    let shown = names.filter(|(name, _)| !name.starts_with('.') && !name.ends_with('~'));
    let paths = shown.flat_map(|(name, kind)| {
        let path = folder.join(name);
        let is_linked_folder = kind.is_symlink() && content.join(&path).is_dir();
        if kind.is_dir() { files(content, &path) } else { [path].into_iter().filter(|_| !is_linked_folder).collect() }
    });
    paths.collect()
}

/// The pages of a kind by slug: `{kind}/{slug}.md` and `{kind}/{slug}/index.md`. A folder that is absent is empty.
pub(super) fn pages(content: &Path, kind: &str) -> Vec<Page> {
    let Ok(entries) = fs::read_dir(content.join(kind)) else { return Vec::new() };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
    let mut pages: Vec<Page> = names
        .filter(|name| !name.starts_with('.'))
        .filter_map(|name| {
            let path = Path::new(kind).join(&name);
            let index = path.join("index.md");
            if content.join(&index).exists() {
                return Some((name, index));
            }
            Some((name.strip_suffix(".md")?.to_owned(), path))
        })
        .collect();
    pages.sort();
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_at_a_file_is_a_fault_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.md"), "text").unwrap();
        let (value, source) = SourceFile::new(folder.path(), "a.md").read::<()>(|_| panic!("a defect"));
        assert_eq!((value, source.faults.len()), (None, 1));
        let fault = &source.faults[0];
        assert!(fault.file.ends_with("a.md") && fault.remedy.contains("undo the last change"), "{fault}");
    }
}
