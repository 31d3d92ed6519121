//! The ledger `addresses.txt`: every address that was ever published, and what became of those that no file tells of.
//!
//! Invariant: a line of it answers with a page, a redirect or 410. One that would become a 404 is an error, with the line,
//! and with the alias to write. Lines are never taken out by the program.
//!
//! A line is `/articles/name`; `/articles/name from 2026-12-01` while that day has not come; `/old-name -> /new-name` for
//! an old address whose page has no front matter for an alias; or `/old-name gone`.

use super::{
    address::Addresses,
    fault::{Fault, Source},
    folder,
};
use jiff::civil::Date;
use std::{fs, io, ops::Range, path::Path};

/// Name of the file in the content folder.
const FILE: &str = "addresses.txt";
/// What a new ledger begins with.
const HEADING: &str = include_str!("ledger/heading.txt");

/// The lines of the ledger with their places.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) source: Source,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    path: String,
    span: Range<usize>,
    says: Says,
}

#[derive(Debug, PartialEq, Eq)]
enum Says {
    /// A file of the words answers there, itself or by an alias.
    Kept,
    /// The same, from a day on.
    From(Date),
    /// It leads to another address.
    Leads(String),
    /// Taken down on purpose.
    Gone,
}

impl Ledger {
    /// Reads the ledger; one that is absent is empty.
    pub(super) fn read(content: &Path, faults: &mut Vec<Fault>) -> Self {
        let file = content.join(FILE);
        let empty = || Self { source: Source::new(FILE, ""), lines: Vec::new() };
        if !file.exists() {
            return empty();
        }
        match folder::read(&file) {
            Ok(source) => Self::parse(source),
            Err(more) => {
                faults.extend(more);
                empty()
            }
        }
    }

    fn parse(mut source: Source) -> Self {
        let text = source.text.clone();
        let mut lines: Vec<Line> = Vec::new();
        let mut at = 0;
        for whole in text.split_inclusive('\n') {
            let span = at..at + whole.trim_end().len();
            at += whole.len();
            let line = whole.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match read_line(line) {
                Some((path, says)) if lines.iter().all(|other| other.path != path) => {
                    lines.push(Line { path, span, says });
                }
                Some(_) => source.error(span, "this address stands twice", "keep one of the two lines"),
                None => source.error(
                    span,
                    "this is not a line of the ledger",
                    "write `/path`, `/path from 2026-12-01`, `/path -> /other` or `/path gone`",
                ),
            }
        }
        Self { source, lines }
    }

    /// Makes known what the ledger alone knows: addresses that lead elsewhere or are gone.
    pub(super) fn tell(&mut self, addresses: &mut Addresses) {
        for line in &self.lines {
            let (path, span) = (&line.path, line.span.clone());
            if line.says != Says::Kept && addresses.is_live(path) {
                if !matches!(line.says, Says::From(_)) {
                    self.source.error(span, format!("a page is at {path}"), "write the path alone in this line");
                }
                continue;
            }
            match &line.says {
                Says::Leads(to) if addresses.is_live(to) => addresses.add_known(path.clone(), to.clone()),
                Says::Leads(to) => {
                    let remedy = match addresses.end_of(to) {
                        Some(end) => format!("{to} is an old address itself: write {path} -> {end}"),
                        None => addresses.suggestion(to),
                    };
                    self.source.error(span, format!("{path} leads to {to}, which is not a page"), remedy);
                }
                Says::Gone => addresses.add_gone(path.clone()),
                Says::Kept | Says::From(_) => {}
            }
        }
    }

    /// A fault for every line that would answer 404.
    pub(super) fn check(&mut self, addresses: &Addresses, today: Date) {
        let recorded: Vec<&str> = self.lines.iter().map(|line| line.path.as_str()).collect();
        for line in &self.lines {
            let path = &line.path;
            let (message, remedy) = match line.says {
                Says::Kept if !addresses.answers(path) => (
                    format!("{path} was published and would answer 404"),
                    addresses.way_back(path, |other| recorded.contains(&other)),
                ),
                Says::From(day) if day <= today && !addresses.answers(path) => (
                    format!("{path} was to be public from {day} on and would answer 404"),
                    addresses.way_back(path, |other| recorded.contains(&other)),
                ),
                Says::From(day) if day > today && !addresses.answers(path) && !addresses.comes(path) => (
                    format!("nothing will be at {path} on {day}"),
                    "it was never public: take this line out".to_owned(),
                ),
                _ => continue,
            };
            self.source.error(line.span.clone(), message, remedy);
        }
    }

    /// The lines that are still to be written: a line for each address that is public, or will be, and not recorded.
    pub(super) fn missing(&self, addresses: &Addresses) -> Vec<String> {
        let known = |path: &str| self.lines.iter().any(|line| line.path == path);
        addresses.promises().filter(|(path, _)| !known(path)).map(|(path, from)| line_for(path, from)).collect()
    }
}

fn line_for(path: &str, from: Option<&str>) -> String {
    from.map_or_else(|| path.to_owned(), |day| format!("{path} from {day}"))
}

fn read_line(line: &str) -> Option<(String, Says)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let says = match words[1..] {
        [] => Says::Kept,
        ["gone"] => Says::Gone,
        ["from", day] => Says::From(day.parse().ok()?),
        ["->", to] if to.starts_with('/') => Says::Leads(to.to_owned()),
        _ => return None,
    };
    let path = words[0];
    let sound = path.starts_with('/') && !path.contains(['?', '#']) && (path == "/" || !path.ends_with('/'));
    sound.then(|| (path.to_owned(), says))
}

/// Writes `lines` at the end of the ledger in `content`; makes the file if it is absent.
///
/// # Errors
/// The file cannot be read or written.
pub fn record(content: &Path, lines: &[String]) -> io::Result<()> {
    let file = content.join(FILE);
    let mut text = match fs::read_to_string(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => HEADING.to_owned(),
        read => read?,
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    fs::write(file, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_line_says_one_of_four_things() {
        let day = date(2026, 12, 1);
        let table = [
            ("/articles/x", Some(("/articles/x", Says::Kept))),
            ("/articles/x from 2026-12-01", Some(("/articles/x", Says::From(day)))),
            ("/old  ->  /new", Some(("/old", Says::Leads("/new".into())))),
            ("/old gone", Some(("/old", Says::Gone))),
            ("articles/x", None),
            ("/x/", None),
            ("/x?y=1", None),
            ("/x -> new", None),
            ("/x from tomorrow", None),
            ("/x gone away", None),
        ];
        for (line, expected) in table {
            assert_eq!(read_line(line), expected.map(|(path, says)| (path.to_owned(), says)), "{line}");
        }
    }
}
