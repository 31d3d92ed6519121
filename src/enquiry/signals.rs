//! What to make of an enquiry: signals add up to a score with reasons in words, and the score delivers, labels or holds.
//!
//! Invariant: nothing is dropped, and circumstances alone (a filled honeypot, no token, a quick hand) never hold a post.
//! Language, script, spelling, capitals, the mail provider and the network never count.
//!
//! Never: the clock, memory of other posts (both come in [`Circumstances`]), or a visitor's words in a reason: a reason
//! may be counted and shown without telling what somebody wrote.

mod kinds;
mod phrase;
mod shape;
mod words;

use super::form::Answers;
use super::token::Token;
use super::{Action, Judgement};
use crate::content::SignalFacts;
use crate::content::signals::{CircumstanceFacts, Within};
use kinds::Kinds;
use words::{Word, fold};

/// What surrounds a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// What the posted token says.
    pub token: Token,
    /// Where the browser says that the post comes from.
    pub site: FetchSite,
    /// Other posts from the same address within the hour.
    pub recent: u32,
    /// The same message came lately, by its hash.
    pub repeated: bool,
}

/// The header `Sec-Fetch-Site` of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchSite {
    /// `same-origin`: our own page.
    SameOrigin,
    /// `none`: typed, or a tool.
    None,
    /// Not sent: an old browser, or a program.
    Absent,
    /// `cross-site` or `same-site`: the page of somebody else.
    CrossSite,
}

/// The rules of `signals.toml`, prepared once.
#[derive(Debug, Clone)]
pub struct Signals {
    facts: SignalFacts,
    kinds: Kinds,
    relief: Kinds,
    closings: Vec<String>,
}

/// Points and the reason for them.
type Finding<'a> = (u32, &'a str);

impl Signals {
    /// Prepares the rules: words are folded, lists are put in.
    pub fn new(facts: &SignalFacts) -> Self {
        Self {
            kinds: Kinds::new(&facts.kinds, &facts.words),
            relief: Kinds::new(&facts.relief.kinds, &facts.words),
            closings: facts.shape.closings.iter().map(|closing| fold(closing)).collect(),
            facts: facts.clone(),
        }
    }

    /// Judges a post that is sound; it looks at the tidied answers.
    pub fn judge(&self, answers: &Answers, around: &Circumstances) -> Judgement {
        let answers = answers.tidied();
        let filled = !answers.reason_code.is_empty();
        let letter = self.letter(&answers);
        let relief = self.relief.found(&letter, |_| true);
        let standing = self.kinds.found(&letter, |kind| kind.within == Within::Message && kind.stands);
        let around = circumstances(&self.facts.circumstances, filled, around);
        let shape = shape::signals(&self.facts.shape, &answers);
        let said = self.said(&answers.name, &letter, sum(&standing), sum(&relief));
        let points = sum(&around).min(self.facts.circumstances.most) + sum(&shape) + sum(&said);
        let lifted = sum(&relief).min(self.facts.relief.most);
        let score = points.saturating_sub(lifted) + sum(&standing);
        self.judgement(score, [around, shape, standing, said].concat(), &relief)
    }

    /// What name and letter say of what relief lifts.
    fn said(&self, name: &str, letter: &[Word], standing: u32, relief: u32) -> Vec<Finding<'_>> {
        let mut said = self.kinds.found(&self.read(name), |kind| kind.within == Within::Name);
        said.extend(self.kinds.found(letter, |kind| kind.within == Within::Message && !kind.stands));
        said.extend(self.unasked(letter, sum(&said) + standing, relief));
        said
    }

    /// What a letter gets in which hardly anybody seeks help: if it offers something, and if it is long in a language that
    /// the rules read.
    fn unasked(&self, letter: &[Word], points: u32, relief: u32) -> impl Iterator<Item = Finding<'_>> {
        let unasked = &self.facts.unasked;
        let common = letter.iter().filter(|word| unasked.common.contains(&word.text)).count();
        let offers = points >= unasked.from && relief <= unasked.despite;
        let long = unasked.long.iter().find(|long| common >= long.limit as usize && relief <= long.despite);
        let offers = offers.then_some((unasked.points, unasked.reason.as_str()));
        offers.into_iter().chain(long.map(|long| (long.points, long.reason.as_str())))
    }

    /// Message and good times, without a signature: it says what somebody works as, not what they want.
    fn letter(&self, answers: &Answers) -> Vec<Word> {
        let body = without_signature(&answers.message, &self.closings);
        self.read(&format!("{body}\n\n{}", answers.times))
    }

    fn read(&self, text: &str) -> Vec<Word> {
        words::words(&fold(text), &self.facts.shape.endings)
    }

    fn judgement(&self, score: u32, found: Vec<Finding<'_>>, relief: &[Finding<'_>]) -> Judgement {
        let action = match score {
            score if score >= self.facts.hold => Action::Hold,
            score if score >= self.facts.label => Action::Label,
            _ => Action::Deliver,
        };
        let added = found.into_iter().map(|(points, reason)| format!("{reason} (+{points})"));
        let lifted = relief.iter().map(|(points, reason)| format!("{reason} (\u{2212}{points})"));
        let mut reasons: Vec<String> = added.chain(lifted).collect();
        if action != Action::Deliver {
            reasons.push(self.summary(score));
        }
        Judgement { action, score, reasons }
    }

    /// The score beside the thresholds, in the words of the file.
    fn summary(&self, score: u32) -> String {
        let numbers = [("{score}", score), ("{label}", self.facts.label), ("{hold}", self.facts.hold)];
        numbers.iter().fold(self.facts.summary.clone(), |text, (sign, number)| text.replace(sign, &number.to_string()))
    }
}

fn sum(findings: &[Finding<'_>]) -> u32 {
    findings.iter().map(|(points, _)| points).sum()
}

fn circumstances<'a>(facts: &'a CircumstanceFacts, honeypot: bool, around: &Circumstances) -> Vec<Finding<'a>> {
    let quick = matches!(around.token, Token::Ours { age, .. } if age < u64::from(facts.too_fast.limit));
    let silent = matches!(around.site, FetchSite::None | FetchSite::Absent);
    let table: [(bool, u32, &str); 8] = [
        (honeypot, facts.honeypot.points, &facts.honeypot.reason),
        (around.token == Token::Missing, facts.token_missing.points, &facts.token_missing.reason),
        (around.token == Token::Foreign, facts.token_foreign.points, &facts.token_foreign.reason),
        (quick, facts.too_fast.points, &facts.too_fast.reason),
        (around.site == FetchSite::CrossSite, facts.cross_site.points, &facts.cross_site.reason),
        (silent, facts.no_site.points, &facts.no_site.reason),
        (around.recent >= facts.crowded.limit, facts.crowded.points, &facts.crowded.reason),
        (around.repeated, facts.repeated.points, &facts.repeated.reason),
    ];
    table.into_iter().filter(|(there, ..)| *there).map(|(_, points, reason)| (points, reason)).collect()
}

/// Fewest words of a body above a signature; below that, what looks like a signature may be the message.
const BODY_MIN: usize = 8;
/// Most words of a line that closes a letter.
const CLOSING_MAX: usize = 4;

/// The text down to the last line that closes a letter.
fn without_signature<'a>(message: &'a str, closings: &[String]) -> &'a str {
    let mut place = message.len();
    for line in message.rsplit('\n') {
        let start = place - line.len();
        let body = &message[..start];
        if closes(line, closings) && body.split_whitespace().count() >= BODY_MIN {
            return body;
        }
        place = start.saturating_sub(1);
    }
    message
}

fn closes(line: &str, closings: &[String]) -> bool {
    let line = fold(line.trim());
    let opens = closings.iter().any(|closing| line.starts_with(closing.as_str()));
    opens && line.split_whitespace().count() <= CLOSING_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_left_out_and_a_letter_of_thanks_is_not() {
        let closings = ["best".to_owned(), "thanks".to_owned(), "--".to_owned()];
        let table = [
            (
                "one two three four five six seven eight\nBest regards,\nAna\nSEO",
                "one two three four five six seven eight\n",
            ),
            ("one two three\nBest\nthe message itself", "one two three\nBest\nthe message itself"),
            ("thanks for reading all of this", "thanks for reading all of this"),
            ("", ""),
        ];
        for (message, body) in table {
            assert_eq!(without_signature(message, &closings), body, "{message}");
        }
    }
}
