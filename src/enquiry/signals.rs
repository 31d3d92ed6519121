//! The spam score of an enquiry: signals add up to a score with reasons, and the score delivers, labels or holds.
//!
//! Invariant: nothing is dropped, and circumstances alone (a filled honeypot, no token, a fast post) never hold a post.
//! Language, script, spelling, capitals, the mail provider and the network never count.
//!
//! Never: the clock, memory of other posts (both come in [`Circumstances`]), or a visitor's text in a reason, so that
//! reasons may be logged.

mod phrases;
mod shape;
mod words;

use super::token::Token;
use super::{Action, Enquiry, SpamScore};
use crate::content::SignalFacts;
use crate::content::signals::{CircumstanceFacts, Kind, Signal, Within};
use phrases::PhraseIndex;
use words::{Word, fold, words};

/// The circumstances of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// The text in the honeypot.
    pub honeypot: String,
    /// The posted token.
    pub token: Token,
    /// Origin of the post, as the browser reports it.
    pub site: FetchSite,
    /// Other posts from the same address within the hour.
    pub recent: u32,
    /// The same message came before.
    pub repeated: bool,
}

/// The header `Sec-Fetch-Site` of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchSite {
    /// `same-origin`: a page of this site.
    SameOrigin,
    /// `none`, or not sent: an old browser, or a program.
    Unknown,
    /// `cross-site` or `same-site`: a page of another site.
    CrossSite,
}

/// The rules of `signals.toml`, prepared once.
#[derive(Debug, Clone)]
pub struct Signals {
    facts: SignalFacts,
    name: PhraseIndex,
    message: PhraseIndex,
    /// Kinds of the message from which relief is not subtracted.
    standing: PhraseIndex,
    relief: PhraseIndex,
    closings: Vec<String>,
}

/// Points and the reason for them.
type Finding<'a> = (u32, &'a str);

impl Signals {
    /// Prepares the rules: words are folded, lists are expanded.
    pub fn new(facts: &SignalFacts) -> Self {
        let kinds = |wanted: fn(&&Kind) -> bool| PhraseIndex::new(facts.kinds.iter().filter(wanted), &facts.words);
        Self {
            name: kinds(|kind| kind.within == Within::Name),
            message: kinds(|kind| kind.within == Within::Message && !kind.stands),
            standing: kinds(|kind| kind.within == Within::Message && kind.stands),
            relief: PhraseIndex::new(&facts.relief.kinds, &facts.words),
            closings: facts.shape.closings.iter().map(|closing| fold(closing)).collect(),
            facts: facts.clone(),
        }
    }

    /// The score of an enquiry that was posted in these circumstances.
    pub fn score(&self, enquiry: &Enquiry, circumstances: &Circumstances) -> SpamScore {
        let read = |text: &str| words(text, &self.facts.shape.endings);
        // A signature shows an occupation, not an intent.
        let body = without_signature(enquiry.message.as_deref().unwrap_or_default(), &self.closings);
        let text = read(&format!("{body}\n\n{}", enquiry.times.as_deref().unwrap_or_default()));
        let relief = self.relief.found(&text);
        let standing = self.standing.found(&text);
        let shape = shape::signals(&self.facts.shape, enquiry, &circumstances.honeypot);
        let around = circumstance_signals(&self.facts.circumstances, circumstances);
        let mut phrases = self.name.found(&read(&enquiry.name));
        phrases.extend(self.message.found(&text));
        phrases.extend(self.unasked(&text, sum(&phrases) + sum(&standing), sum(&relief)));
        let points = sum(&around).min(self.facts.circumstances.most) + sum(&shape) + sum(&phrases);
        let score = points.saturating_sub(sum(&relief).min(self.facts.relief.most)) + sum(&standing);
        self.spam_score(score, &[around, shape, standing, phrases].concat(), &relief)
    }

    /// Findings for a text without a request for help: it is an offer, or it is long.
    fn unasked(&self, text: &[Word], points: u32, relief: u32) -> impl Iterator<Item = Finding<'_>> {
        let unasked = &self.facts.unasked;
        let common = text.iter().filter(|word| unasked.common.contains(&word.text)).count();
        let offers = points >= unasked.from && relief <= unasked.despite;
        let long = unasked.long.iter().find(|long| common >= long.limit as usize && relief <= long.despite);
        let offers = offers.then_some((unasked.points, unasked.reason.as_str()));
        offers.into_iter().chain(long.map(|long| (long.points, long.reason.as_str())))
    }

    fn spam_score(&self, score: u32, found: &[Finding<'_>], relief: &[Finding<'_>]) -> SpamScore {
        let SignalFacts { label, hold, summary, .. } = &self.facts;
        let action = match score {
            score if score >= *hold => Action::Hold,
            score if score >= *label => Action::Label,
            _ => Action::Deliver,
        };
        let added = found.iter().map(|(points, reason)| format!("{reason} (+{points})"));
        let subtracted = relief.iter().map(|(points, reason)| format!("{reason} (\u{2212}{points})"));
        let mut reasons: Vec<String> = added.chain(subtracted).collect();
        if action != Action::Deliver {
            let numbers = [("{score}", score), ("{label}", *label), ("{hold}", *hold)];
            let fill = |text: String, (slot, number): (&str, u32)| text.replace(slot, &number.to_string());
            reasons.push(numbers.into_iter().fold(summary.clone(), fill));
        }
        SpamScore { action, score, reasons }
    }
}

fn sum(findings: &[Finding<'_>]) -> u32 {
    findings.iter().map(|(points, _)| points).sum()
}

/// Those of the signals that are found.
fn findings<'a>(signals: &[(bool, &'a Signal)]) -> Vec<Finding<'a>> {
    signals.iter().filter(|(found, _)| *found).map(|(_, signal)| (signal.points, signal.reason.as_str())).collect()
}

fn circumstance_signals<'a>(facts: &'a CircumstanceFacts, around: &Circumstances) -> Vec<Finding<'a>> {
    let too_fast = matches!(around.token, Token::Valid { age, .. } if age < u64::from(facts.too_fast.limit));
    findings(&[
        (!around.honeypot.trim().is_empty(), &facts.honeypot),
        (around.token == Token::Missing, &facts.token_missing),
        (around.token == Token::Invalid, &facts.token_foreign),
        (too_fast, &facts.too_fast),
        (around.site == FetchSite::CrossSite, &facts.cross_site),
        (around.site == FetchSite::Unknown, &facts.no_site),
        (around.recent >= facts.crowded.limit, &facts.crowded),
        (around.repeated, &facts.repeated),
    ])
}

/// Fewest words above a signature; with fewer, the apparent signature may be the message.
const BODY_MIN: usize = 8;
/// Most words of a closing line (`Best regards`).
const CLOSING_MAX: usize = 4;

/// The text above the last closing line.
fn without_signature<'a>(message: &'a str, closings: &[String]) -> &'a str {
    let (mut end, mut start, mut words) = (message.len(), 0, 0);
    for line in message.split_inclusive('\n') {
        if words >= BODY_MIN && is_closing(line, closings) {
            end = start;
        }
        words += line.split_whitespace().count();
        start += line.len();
    }
    &message[..end]
}

fn is_closing(line: &str, closings: &[String]) -> bool {
    let line = fold(line.trim());
    let opens = closings.iter().any(|closing| line.starts_with(closing.as_str()));
    opens && line.split_whitespace().count() <= CLOSING_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_removed_and_a_message_of_thanks_is_not() {
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
