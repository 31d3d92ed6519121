//! `addresses.txt`: every address that was ever published, with redirects and removals that no file has.
//!
//! Invariant: an address in it answers with a page, a redirect or 410. One that would answer 404 is an error, with the line,
//! and with the alias to write. The program never removes a line.
//!
//! A line is `/articles/name`; `/articles/name from 2026-12-01` while that day has not come; `/old-name -> /new-name` for
//! an old address whose page has no front matter for an alias; or `/old-name gone`.

use super::{addresses::Addresses, fault::Fault, source::SourceFile};
use jiff::civil::Date;
use std::{collections::HashSet, fs, io, ops::Range, path::Path};

/// Name of the file in the content folder.
const FILE: &str = "addresses.txt";
/// What a new file begins with.
const HEADING: &str = include_str!("published_addresses/heading.txt");

/// What a line declares about its address.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// A file answers at it, by its own address or an alias.
    Page,
    /// The same, from a day on.
    From(Date),
    /// A redirect.
    Moved(String),
    /// Removed on purpose.
    Gone,
}

struct Line {
    path: String,
    state: State,
    span: Range<usize>,
}

/// Adds the file's redirects and removals to `addresses` and checks that no line would answer 404. Returns the lines to
/// add: one for each public or scheduled address that is missing.
pub(super) fn check(content: &Path, today: Date, addresses: &mut Addresses, faults: &mut Vec<Fault>) -> Vec<String> {
    let mut source = SourceFile::empty(content, FILE);
    if content.join(FILE).exists() {
        match SourceFile::read(content, FILE) {
            Ok(read) => source = read,
            Err(more) => faults.extend(more),
        }
    }
    let lines = lines(&mut source);
    let recorded: HashSet<&str> = lines.iter().map(|line| line.path.as_str()).collect();
    for Line { path, state, span } in &lines {
        if let Some((message, remedy)) = apply(path, state, today, addresses, &recorded) {
            source.error(span.clone(), message, remedy);
        }
    }
    faults.append(&mut source.faults);
    let missing = addresses.published().filter(|(path, _)| !recorded.contains(path));
    missing.map(|(path, day)| day.map_or_else(|| path.to_owned(), |day| format!("{path} from {day}"))).collect()
}

/// The lines that can be read, each address once.
fn lines(source: &mut SourceFile) -> Vec<Line> {
    let text = source.text.clone();
    let mut paths: HashSet<String> = HashSet::new();
    let mut lines = Vec::new();
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let span = start..start + whole.trim_end().len();
        start += whole.len();
        let line = whole.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match parse(line) {
            Some((path, state)) if paths.insert(path.clone()) => lines.push(Line { path, state, span }),
            Some(_) => source.error(span, "this address is listed twice", "remove one of the two lines"),
            None => source.error(
                span,
                "this line is not an address",
                "write `/path`, `/path from 2026-12-01`, `/path -> /other` or `/path gone`",
            ),
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
    recorded: &HashSet<&str>,
) -> Option<(String, String)> {
    match state {
        State::Page | State::From(_) if addresses.is_answered(path) => None,
        State::Page => Some((
            format!("{path} was published and would answer 404"),
            addresses.remedy_of_lost(path, |path| recorded.contains(path)),
        )),
        State::From(day) if *day <= today => Some((
            format!("{path} was to be public from {day} on and would answer 404"),
            addresses.remedy_of_lost(path, |path| recorded.contains(path)),
        )),
        State::From(_) if addresses.is_scheduled(path) => None,
        State::From(day) => Some((
            format!("there will be no page at {path} on {day}"),
            "it was never public: remove this line".to_owned(),
        )),
        State::Moved(_) | State::Gone if addresses.is_live(path) => {
            Some((format!("a page is at {path}"), "write only the path in this line".to_owned()))
        }
        State::Gone => {
            addresses.add_gone(path.to_owned());
            None
        }
        State::Moved(to) if addresses.is_live(to) => {
            addresses.add_moved(path.to_owned(), to.clone());
            None
        }
        State::Moved(to) => {
            let remedy = match addresses.target(to) {
                Some(end) => format!("{to} is an old address itself: write {path} -> {end}"),
                None => addresses.suggestion(to),
            };
            Some((format!("{path} leads to {to}, which is not a page"), remedy))
        }
    }
}

/// Appends `lines` to `addresses.txt` in `content`; creates the file if it is absent.
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
