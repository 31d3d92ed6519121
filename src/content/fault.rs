//! An editor's error or a warning: file, line, column, the line itself, and what to write instead.
//!
//! Invariant: a fault holds everything that its report needs, including the text of its file.

use annotate_snippets::{AnnotationKind, Level as Severity, Renderer, Snippet};
use std::{
    fmt::{self, Display},
    ops::Range,
    sync::Arc,
};

/// Whether a fault prevents the site from being served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The site is not served, or the last good pages stay.
    Error,
    /// The site is served.
    Warning,
}

/// A fault of the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Error or warning.
    pub level: Level,
    /// The file, as the editor would open it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
    pub(super) text: Arc<str>,
    pub(super) span: Range<usize>,
}

/// All faults of a folder: errors first, then by file and place.
#[derive(Debug, Clone, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Each fault.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }
}

impl From<Vec<Fault>> for Faults {
    fn from(mut faults: Vec<Fault>) -> Self {
        faults.sort_by(|a, b| {
            (a.level, &a.file, a.line, a.column, &a.message).cmp(&(b.level, &b.file, b.line, b.column, &b.message))
        });
        Self(faults)
    }
}

impl std::error::Error for Faults {}

impl Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.0 {
            writeln!(f, "{fault}")?;
        }
        let errors = self.0.iter().filter(|fault| fault.level == Level::Error).count();
        write!(f, "errors: {errors}, warnings: {}", self.0.len() - errors)
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Error => Severity::ERROR,
            Level::Warning => Severity::WARNING,
        };
        let source = Snippet::source(&*self.text).path(&self.file);
        let report = level
            .primary_title(&self.message)
            .element(source.annotation(AnnotationKind::Primary.span(self.span.clone())))
            .element(Severity::HELP.message(&self.remedy));
        // Without colors, since the text goes to terminals, logs and emails.
        f.write_str(&Renderer::plain().render(&[report]))
    }
}
