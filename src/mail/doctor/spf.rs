//! Which servers may send for the domain (RFC 7208).
//!
//! The record is read as receivers read it, with everything that it includes; no address is tried, since which address a
//! relay sends from is its own affair: a probe tells.

use super::{
    Finding, Grade, Topic,
    records::{Answer, Texts},
};

/// Terms that cost a receiver a question to the DNS, all included records together (RFC 7208 4.6.4).
const MOST_LOOKUPS: usize = 10;

/// The next name whose record must be known before [`judge`] can say all. Ends, since a receiver's questions are limited.
pub fn wanted(domain: &str, texts: &Texts) -> Option<String> {
    let mut walk = Walk::default();
    walk.record(domain, texts);
    walk.wanted
}

/// Judges the record of a domain with what it includes.
pub fn judge(domain: &str, texts: &Texts) -> Vec<Finding> {
    let found = match texts.get(domain) {
        Some(Answer::Silent(why)) => return vec![Topic::Spf.unknown(format!("SPF of {domain}: {why}"))],
        Some(answer) => records(answer.found()),
        None => Vec::new(),
    };
    match found[..] {
        [] => vec![missing(domain)],
        [record] => one(domain, record, texts),
        _ => {
            let saying = format!("{domain} has {} SPF records; receivers then believe none.", found.len());
            let remedy = "Write one record with the terms of all, a single `v=spf1` at its beginning and a single `all` at its end.";
            vec![Topic::Spf.change(saying, remedy).by("RFC 7208, 4.5")]
        }
    }
}

fn missing(domain: &str) -> Finding {
    let saying = format!("{domain} has no SPF record: receivers cannot know that the relay may send for it.");
    let remedy = format!(
        "Add a TXT record at {domain} such as `v=spf1 include:RELAY -all`; whoever runs the relay says what to write for RELAY."
    );
    Topic::Spf.change(saying, remedy).by("RFC 7208, 4.5")
}

fn one(domain: &str, record: &str, texts: &Texts) -> Vec<Finding> {
    let mut walk = Walk::default();
    walk.record(domain, texts);
    let mut findings = walk.faults;
    if walk.lookups > MOST_LOOKUPS {
        let saying =
            format!("The SPF record of {domain} asks for more than {MOST_LOOKUPS} look-ups; receivers then give up.");
        let remedy =
            "Take out `include`, `a` and `mx` terms of services that no longer send, or replace them by ip4 and ip6.";
        findings.push(Topic::Spf.change(saying, remedy).by("RFC 7208, 4.6.4"));
    }
    findings.extend(ending(domain, record));
    let fine = walk.unknown.is_empty() && findings.iter().all(|finding| finding.grade == Grade::Note);
    if fine {
        let saying = format!("{domain} has one SPF record, with {} of {MOST_LOOKUPS} look-ups.", walk.lookups);
        findings.insert(0, Topic::Spf.right(saying));
    }
    findings.extend(walk.unknown);
    findings
}

/// What holds for every server that the record does not name.
fn ending(domain: &str, record: &str) -> Option<Finding> {
    let all = terms(record).find(|term| term.name == "all");
    match all.map(|term| term.qualifier) {
        Some('-' | '~' | '+') => None,
        None if terms(record).any(|term| term.name == "redirect") => None,
        _ => {
            let saying = format!("The SPF record of {domain} says nothing about servers that it does not name.");
            Some(Topic::Spf.note(saying).remedy("Write ~all or -all at its end.").by("RFC 7208, 4.7"))
        }
    }
}

/// The SPF records among texts: `v=spf1` alone or before a space, in any case (4.5).
fn records(texts: &[String]) -> Vec<&str> {
    let version = |text: &&str| {
        let first = text.split(' ').next().unwrap_or_default();
        first.eq_ignore_ascii_case("v=spf1")
    };
    texts.iter().map(String::as_str).filter(version).collect()
}

/// A mechanism or modifier.
struct Term<'a> {
    qualifier: char,
    /// In lower case.
    name: String,
    /// What follows the name: `:value`, `/24`, `=value`, or nothing.
    rest: &'a str,
}

fn terms(record: &str) -> impl Iterator<Item = Term<'_>> {
    record.split(' ').skip(1).filter(|term| !term.is_empty()).map(|term| {
        let qualified = term.starts_with(['+', '-', '~', '?']);
        let (qualifier, bare) = if qualified { (term.as_bytes()[0] as char, &term[1..]) } else { ('+', term) };
        let end = bare.find([':', '/', '=']).unwrap_or(bare.len());
        Term { qualifier, name: bare[..end].to_ascii_lowercase(), rest: &bare[end..] }
    })
}

/// What a receiver meets on its way through a record and those that it includes.
#[derive(Default)]
struct Walk {
    lookups: usize,
    wanted: Option<String>,
    faults: Vec<Finding>,
    unknown: Vec<Finding>,
}

impl Walk {
    /// Goes through the one record of a name; at the first name that is not known yet, it stops.
    fn record(&mut self, name: &str, texts: &Texts) {
        let Some(answer) = texts.get(name) else {
            self.wanted = self.wanted.take().or_else(|| Some(name.to_owned()));
            return;
        };
        let found = records(answer.found());
        if let Some(why) = answer.silence() {
            self.unknown.push(Topic::Spf.unknown(format!("SPF of {name}, which is included: {why}")));
        } else if let [record] = found[..] {
            let all = terms(record).any(|term| term.name == "all");
            for term in terms(record) {
                self.term(name, &term, all, texts);
            }
        } else {
            self.useless(name, found.len());
        }
    }

    fn term(&mut self, name: &str, term: &Term<'_>, all: bool, texts: &Texts) {
        match (term.name.as_str(), term.rest.chars().next()) {
            ("all", None) if term.qualifier == '+' => {
                let saying = format!("The SPF record of {name} lets every server in the world send for it (+all).");
                self.note(Topic::Spf.change(saying, "Write -all at its end.").by("RFC 7208, 5.1"));
            }
            ("a" | "mx", None | Some(':' | '/')) | ("exists", Some(':')) => self.lookups += 1,
            ("ptr", None | Some(':')) => {
                self.lookups += 1;
                let saying =
                    format!("The SPF record of {name} uses `ptr`, which is slow and which receivers may ignore.");
                self.note(Topic::Spf.note(saying).remedy("Name the servers in another way.").by("RFC 7208, 5.5"));
            }
            ("include", Some(':')) => self.follow(&term.rest[1..], texts),
            // Only without `all` does a redirect count (6.1).
            ("redirect", Some('=')) if !all => self.follow(&term.rest[1..], texts),
            // Modifiers that nobody knows are for nobody (6).
            ("all", None) | ("ip4" | "ip6", Some(':')) | (_, Some('=')) => {}
            _ => {
                let saying = format!(
                    "The SPF record of {name} has a term that nobody knows (`{}{}`); receivers then believe none of it.",
                    term.name, term.rest
                );
                self.note(Topic::Spf.change(saying, "Mend the term or take it out.").by("RFC 7208, 4.6"));
            }
        }
    }

    fn follow(&mut self, name: &str, texts: &Texts) {
        self.lookups += 1;
        // Beyond the limit no receiver goes on; what holds a macro (7) differs with each letter.
        if self.lookups <= MOST_LOOKUPS && !name.contains('%') {
            self.record(&name.trim_end_matches('.').to_ascii_lowercase(), texts);
        }
    }

    fn useless(&mut self, name: &str, count: usize) {
        let what = if count == 0 { "has no SPF record".to_owned() } else { format!("has {count} SPF records") };
        let saying = format!("{name} is included, but {what}; receivers then believe none of it.");
        let remedy = format!("Take `{name}` out, or ask whoever runs that service for the right name.");
        self.note(Topic::Spf.change(saying, remedy).by("RFC 7208, 5.2"));
    }

    fn note(&mut self, finding: Finding) {
        if !self.faults.contains(&finding) {
            self.faults.push(finding);
        }
    }
}
