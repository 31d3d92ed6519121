//! A copy of the shipped content that a test may change.

use crate::support::clinic::Clinic;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A copy of `content/`; it is deleted when this is dropped.
pub struct ContentFolder(TempDir);

impl ContentFolder {
    pub fn copied() -> Self {
        let folder = TempDir::new().expect("a folder for the test");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("content"), folder.path());
        Self(folder)
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// A file below the folder.
    pub fn file(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let file = self.file(path);
        fs::create_dir_all(file.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(file, text).expect("the file can be written");
    }

    /// Replaces each line that begins with `old` by `new`.
    pub fn replace_line(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.file(path)).expect("the file can be read");
        assert!(text.lines().any(|line| line.starts_with(old)), "{path} has no line `{old}`");
        let lines: Vec<&str> = text.lines().map(|line| if line.starts_with(old) { new } else { line }).collect();
        self.write(path, lines.join("\n") + "\n");
    }

    pub fn add(&self, path: &str, text: &str) {
        let before = fs::read_to_string(self.file(path)).expect("the file can be read");
        self.write(path, before + text);
    }

    /// Removes all articles but one; links to the others lead to the list.
    pub fn keep_only(&self, slug: &str) {
        for entry in fs::read_dir(self.file("articles")).expect("the articles are there").flatten() {
            if entry.file_name() != slug {
                fs::remove_dir_all(entry.path()).expect("an article can be removed");
            }
        }
        let addresses = fs::read_to_string(self.file("addresses.txt")).expect("the published addresses can be read");
        let kept = format!("/articles/{slug}");
        let lines: Vec<&str> =
            addresses.lines().filter(|line| !line.starts_with("/articles/") || *line == kept).collect();
        self.write("addresses.txt", lines.join("\n") + "\n");
        texts(self.0.path(), &mut |file| {
            let text = fs::read_to_string(file).expect("the file can be read");
            let mut parts = text.split("](/articles/");
            let mut kept = parts.next().expect("a split has a first part").to_owned();
            for part in parts {
                let end = part.find(')').expect("a link has an end");
                kept = kept + "](/articles" + &part[end..];
            }
            fs::write(file, kept).expect("the file can be written");
        });
    }

    /// Starts the program with this content and further settings.
    pub fn open(&self, settings: &[(&str, &str)]) -> Clinic {
        let folder = self.0.path().to_str().expect("the path is UTF-8");
        Clinic::with(&[&[("CLINIC_CONTENT", folder)], settings].concat())
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("the file can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

fn texts(folder: &Path, change: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).expect("the folder is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            texts(&path, change);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            change(&path);
        }
    }
}
