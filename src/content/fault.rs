//! What an editor did wrong: file, line, column, the line itself, and what to write instead.
//!
//! Invariant: a fault can be told without anything else at hand; it carries the text that it points into.

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report, Severity};
use std::{
    fmt::{self, Display},
    ops::Range,
    sync::Arc,
};

/// Whether the site can be served with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It cannot.
    Error,
    /// It can, but somebody should look.
    Warning,
}

/// A fault of the words.
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
    text: Arc<str>,
    span: Range<usize>,
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

impl Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.0 {
            writeln!(f, "{fault}")?;
        }
        let errors = self.0.iter().filter(|fault| fault.level == Level::Error).count();
        write!(f, "{errors} to mend, {} to look at", self.0.len() - errors)
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
        };
        let diagnostic = MietteDiagnostic::new(&self.message)
            .with_severity(severity)
            .with_help(&self.remedy)
            .with_label(LabeledSpan::at(self.span.clone(), "here"));
        let report = Report::new(diagnostic).with_source_code(NamedSource::new(&self.file, Arc::clone(&self.text)));
        // Without colours: the text goes to terminals, logs and mails alike.
        let drawn = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
        drawn.with_context_lines(1).render_report(f, report.as_ref())
    }
}

/// A file of words, and the faults found in it.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: String,
    pub(super) text: Arc<str>,
    pub(super) faults: Vec<Fault>,
}

impl Source {
    pub(super) fn new(file: impl Into<String>, text: &str) -> Self {
        Self { file: file.into(), text: text.into(), faults: Vec::new() }
    }

    pub(super) fn error(&mut self, span: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Level::Error, span, message.into(), remedy.into());
    }

    pub(super) fn warn(&mut self, span: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Level::Warning, span, message.into(), remedy.into());
    }

    fn add(&mut self, level: Level, span: Range<usize>, message: String, remedy: String) {
        let start = floor(&self.text, span.start);
        let end = floor(&self.text, span.end.max(start));
        // A place of several lines is underlined to the end of the first.
        let end = self.text[start..end].find('\n').map_or(end, |length| start + length);
        let before = &self.text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let text = Arc::clone(&self.text);
        self.faults.push(Fault {
            level,
            file: self.file.clone(),
            line,
            column,
            message,
            remedy,
            text,
            span: start..end,
        });
    }
}

/// The nearest place at or before `at` that a character begins at.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}
