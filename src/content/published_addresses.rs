//! `addresses.txt`: every address that was ever published, with redirects and removals that no file has.
//!
//! Invariant: an address in it answers with a page, a redirect or 410. One that would answer 404 is an error, with the line,
//! and with the alias to write. The program never removes a line.
//!
//! A file of the same name in the data folder has the addresses that were served before they were recorded in the content
//! folder.
//!
//! A line is `/articles/name`; `/articles/name from 2026-12-01` while that day has not come; `/old-name -> /new-name` for
//! an old address whose page has no front matter for an alias; or `/old-name gone`.

use super::{
    addresses::{Addresses, Answer},
    source::SourceFile,
};
use jiff::civil::Date;
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _, Write as _},
    iter,
    ops::Range,
    path::Path,
};

/// Name of the file in both folders.
const FILE: &str = "addresses.txt";
/// What a new file begins with.
const HEADING: &str = include_str!("published_addresses/heading.txt");

/// What a line declares about its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// A file answers at it, by its own address or an alias.
    Page,
    /// The same, from a day on.
    From(Date),
    /// A redirect.
    Moved(String),
    /// Removed on purpose.
    Gone,
}

/// Each address with its state and place.
pub(super) type Lines = BTreeMap<String, (State, Range<usize>)>;

/// Adds the redirects and removals of both files to `addresses` and checks that no line would answer 404. Returns the lines
/// that the file of the content folder lacks: one for each public or scheduled address, and those of the data folder.
pub(super) fn check(
    content: &Path,
    data: Option<&Path>,
    today: Date,
    addresses: &mut Addresses,
    sources: &mut Vec<SourceFile>,
) -> Vec<String> {
    let mut files: Vec<_> = iter::once(content).chain(data).map(read).collect();
    let recorded = files[0].1.clone();
    for (source, lines) in &mut files {
        for (path, (state, span)) in lines {
            if let Some((message, remedy)) = apply(path, state, today, addresses, &recorded) {
                source.error(span.clone(), message, remedy);
            }
        }
    }
    let published = addresses
        .published()
        .map(|(path, day)| (path, day.map_or_else(|| path.to_owned(), |day| format!("{path} from {day}"))));
    let kept = files[1..].iter().flat_map(|(source, lines)| {
        lines.iter().map(|(path, (_, span))| (path.as_str(), source.text[span.clone()].to_owned()))
    });
    let missing = published.chain(kept).filter(|(path, _)| !recorded.contains_key(*path));
    let missing = missing.collect::<BTreeMap<_, _>>().into_values().collect();
    sources.extend(files.into_iter().map(|(source, _)| source));
    missing
}

/// The file of a folder and its lines; both are empty if it is absent.
fn read(folder: &Path) -> (SourceFile, Lines) {
    let mut source = SourceFile::new(folder, FILE);
    if folder.join(FILE).exists() {
        source.read_text();
    }
    let lines = lines(&mut source);
    (source, lines)
}

/// The lines that can be read, each address once.
fn lines(source: &mut SourceFile) -> Lines {
    let text = source.text.clone();
    let mut lines = Lines::new();
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let span = start..start + whole.trim_end().len();
        start += whole.len();
        let line = whole.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((path, state)) = parse(line) else {
            let remedy = "write `/path`, `/path from 2026-12-01`, `/path -> /other` or `/path gone`";
            source.error(span, "this line is not an address", remedy);
            continue;
        };
        if lines.insert(path, (state, span.clone())).is_some() {
            source.error(span, "this address is listed twice", "remove one of the two lines");
        }
    }
    lines
}

fn parse(line: &str) -> Option<(String, State)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let state = match words[1..] {
        [] => State::Page,
        ["gone"] => State::Gone,
        ["from", day] => State::From(day.parse().ok()?),
        ["->", to] if to.starts_with('/') => State::Moved(to.to_owned()),
        _ => return None,
    };
    let path = words[0];
    let is_path = path.starts_with('/') && !path.contains(['?', '#']) && (path == "/" || !path.ends_with('/'));
    is_path.then(|| (path.to_owned(), state))
}

/// Adds a redirect or a 410 to `addresses`; the message and the remedy if the line would answer 404 or is wrong.
fn apply(
    path: &str,
    state: &State,
    today: Date,
    addresses: &mut Addresses,
    recorded: &Lines,
) -> Option<(String, String)> {
    let lost = |what| {
        let remedy = addresses.remedy_of_lost(path, recorded);
        Some((format!("{path} {what} and would answer 404"), remedy))
    };
    match (state, addresses.answers.get(path)) {
        (State::From(day), Some(Answer::Scheduled(_))) if *day > today => None,
        (State::From(day), None) if *day > today => {
            let remedy = "it was never public: remove this line".to_owned();
            Some((format!("there will be no page at {path} on {day}"), remedy))
        }
        (State::From(day), None | Some(Answer::Scheduled(_))) => lost(format!("was to be public from {day} on")),
        (State::Page, None | Some(Answer::Scheduled(_))) => lost("was published".to_owned()),
        (State::Page | State::From(_), Some(_)) => None,
        (_, Some(Answer::Own | Answer::Page { .. })) => {
            Some((format!("a page is at {path}"), "write only the path in this line".to_owned()))
        }
        (State::Gone, _) => {
            addresses.answers.insert(path.to_owned(), Answer::Gone);
            None
        }
        (State::Moved(to), _) if addresses.is_live(to) => {
            addresses.answers.insert(path.to_owned(), Answer::Moved(to.clone()));
            None
        }
        (State::Moved(to), _) => {
            let remedy = match addresses.answers.get(to) {
                Some(Answer::Moved(end)) => format!("{to} is an old address itself: write {path} -> {end}"),
                _ => addresses.suggestion(to),
            };
            Some((format!("{path} leads to {to}, which is not a page"), remedy))
        }
    }
}

/// Appends those of `lines` that `addresses.txt` in a folder lacks; creates the file if it is absent.
///
/// # Errors
/// The file cannot be read or written.
pub fn record<'l>(folder: &Path, lines: impl IntoIterator<Item = &'l String>) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().read(true).append(true).create(true).open(folder.join(FILE))?;
    let mut before = String::new();
    file.read_to_string(&mut before)?;
    let start = match before.chars().last() {
        None => HEADING,
        Some('\n') => "",
        Some(_) => "\n",
    };
    let new = lines.into_iter().filter(|line| before.lines().all(|known| known != *line));
    let new: String = new.flat_map(|line| [line.as_str(), "\n"]).collect();
    file.write_all([start, &new].concat().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_line_is_a_path_with_one_of_four_states() {
        let day = date(2026, 12, 1);
        let table = [
            ("/articles/x", Some(("/articles/x", State::Page))),
            ("/articles/x from 2026-12-01", Some(("/articles/x", State::From(day)))),
            ("/old  ->  /new", Some(("/old", State::Moved("/new".into())))),
            ("/old gone", Some(("/old", State::Gone))),
            ("articles/x", None),
            ("/x/", None),
            ("/x?y=1", None),
            ("/x -> new", None),
            ("/x from tomorrow", None),
            ("/x gone away", None),
        ];
        for (line, expected) in table {
            assert_eq!(parse(line), expected.map(|(path, state)| (path.to_owned(), state)), "{line}");
        }
    }
}
