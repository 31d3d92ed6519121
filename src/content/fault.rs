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
