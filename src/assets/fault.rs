//! What can be wrong with an asset: file, place, problem, remedy.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// A fault in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetFault {
    /// The file.
    pub file: PathBuf,
    /// Line and column, from 1, where the file is text.
    pub place: Option<(u32, u32)>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// All faults, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetFaults(pub Vec<AssetFault>);

impl std::error::Error for AssetFaults {}

impl fmt::Display for AssetFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(AssetFault::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for AssetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}; {}", self.problem, self.remedy)
    }
}

impl AssetFault {
    /// A fault of a whole file or folder.
    pub fn new(file: &Path, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place: None, problem: problem.into(), remedy: remedy.into() }
    }

    pub(super) fn at(mut self, line: u32, column: u32) -> Self {
        self.place = Some((line, column));
        self
    }

    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        let problem = format!("cannot be read ({error})");
        Self::new(file, problem, "make it readable for the program, or remove what names it")
    }
}
