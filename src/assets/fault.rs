//! What can be wrong with an asset: where, what, what to do.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// A mistake in one file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {what}; {remedy}", file.display(), Place(*place))]
pub struct AssetFault {
    /// The file.
    pub file: PathBuf,
    /// Line and column, from 1, where the file is text.
    pub place: Option<(u32, u32)>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// All mistakes, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetFaults(pub Vec<AssetFault>);

impl std::error::Error for AssetFaults {}

impl fmt::Display for AssetFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

struct Place(Option<(u32, u32)>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |(line, column)| write!(f, ":{line}:{column}"))
    }
}

impl AssetFault {
    pub(super) fn new(file: &Path, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place: None, what: what.into(), remedy: remedy.into() }
    }

    pub(super) fn at(mut self, line: u32, column: u32) -> Self {
        self.place = Some((line, column));
        self
    }

    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        Self::new(
            file,
            format!("cannot be read ({error})"),
            "make it readable for the program, or remove what names it",
        )
    }

    pub(super) fn unknown_kind(file: &Path) -> Self {
        let remedy = "serve html, css, js, xml, txt, json, webmanifest, speculationrules, svg, png, jpg, webp, gif, ico, woff2 or pdf";
        Self::new(file, "is of a kind that is not served", remedy)
    }

    pub(super) fn twice(file: &Path, key: &str) -> Self {
        Self::new(file, format!("another file is already known as {key}"), "rename one of them")
    }

    pub(super) fn no_styles(folder: &Path) -> Self {
        Self::new(folder, "holds no stylesheet", "put at least one .css file there")
    }
}
