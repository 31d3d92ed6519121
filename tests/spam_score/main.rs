//! Sample posts of people and of programs, scored by the rules of `content/signals.toml`.
//!
//! `genuine.toml` and `spam.toml` are the main sets. Their posts with `held_back = true` were written after the rules were
//! final, and the rules were never changed for them. `own-genuine.toml` and `own-spam.toml` hold further kinds. For each
//! set and each part of it: no genuine post is held and at most one in twenty is labeled; at least nine in ten spam posts
//! are labeled or held.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

mod sets;

use relationship_clinic::content::SignalFacts;
use relationship_clinic::enquiry::signals::{Circumstances, FetchSite, Signals};
use relationship_clinic::enquiry::token::Token;
use relationship_clinic::enquiry::{Action, SpamScore};
use sets::{Part, Post, enquiry, read};

fn signals() -> Signals {
    let facts: SignalFacts = toml::from_str(include_str!("../../content/signals.toml")).unwrap();
    Signals::new(&facts)
}

/// Scores a file, prints the results and returns its parts.
fn scored(file: &str, wanted: fn(Action) -> bool) -> Vec<Part> {
    let signals = signals();
    let posts: Vec<(Post, SpamScore)> = read(file)
        .into_iter()
        .map(|post| {
            let spam = signals.score(&post.enquiry(), &post.circumstances());
            (post, spam)
        })
        .collect();
    sets::print(file, &posts, wanted);
    sets::parts(&posts)
}

fn assert_genuine(file: &str) {
    for Part { name, labeled, held, delivered } in scored(file, |action| action == Action::Deliver) {
        assert_eq!(held, 0, "{file}, {name}: a genuine post is held");
        let all = delivered + labeled;
        assert!(labeled * 20 <= all, "{file}, {name}: {labeled} of {all} labeled");
    }
}

fn assert_spam(file: &str) {
    for part in scored(file, |action| action != Action::Deliver) {
        let (all, delivered) = (part.count(), part.delivered);
        assert!(delivered * 10 <= all, "{file}, {}: {delivered} of {all} missed", part.name);
    }
}

#[test]
fn no_genuine_post_is_held_and_at_most_one_in_twenty_is_labeled() {
    assert_genuine("genuine");
}

#[test]
fn nine_in_ten_spam_posts_are_labeled_or_held() {
    assert_spam("spam");
}

#[test]
fn no_genuine_post_of_further_kinds_is_held() {
    assert_genuine("own-genuine");
}

#[test]
fn nine_in_ten_spam_posts_of_further_kinds_are_labeled_or_held() {
    assert_spam("own-spam");
}

/// Every suspicious circumstance at once, which no single browser could cause.
fn all_suspicious() -> Circumstances {
    let (honeypot, token) = ("filled".to_owned(), Token::Valid { nonce: "n".to_owned(), age: 0 });
    Circumstances { honeypot, token, site: FetchSite::CrossSite, recent: 500, repeated: true }
}

#[test]
fn circumstances_alone_never_hold_a_post() {
    let signals = signals();
    for message in ["", "help", "My husband and I fight every day. Do you have an opening this week?"] {
        for token in [all_suspicious().token, Token::Missing, Token::Invalid] {
            let spam = signals.score(&enquiry("Ana", message), &Circumstances { token, ..all_suspicious() });
            assert_ne!(spam.action, Action::Hold, "{message}: {spam:?}");
        }
    }
}

#[test]
fn one_circumstance_alone_does_not_label() {
    let signals = signals();
    let ordinary = Circumstances {
        honeypot: String::new(),
        token: Token::Valid { nonce: "n".to_owned(), age: 60 },
        site: FetchSite::SameOrigin,
        recent: 0,
        repeated: false,
    };
    let suspicious = all_suspicious();
    let table = [
        ("honeypot", Circumstances { honeypot: suspicious.honeypot, ..ordinary.clone() }),
        ("too fast", Circumstances { token: suspicious.token, ..ordinary.clone() }),
        ("no token", Circumstances { token: Token::Missing, ..ordinary.clone() }),
        ("foreign token", Circumstances { token: Token::Invalid, ..ordinary.clone() }),
        ("another site", Circumstances { site: FetchSite::CrossSite, ..ordinary.clone() }),
        ("no site", Circumstances { site: FetchSite::Unknown, ..ordinary.clone() }),
        ("crowded", Circumstances { recent: 500, ..ordinary.clone() }),
        ("repeated", Circumstances { repeated: true, ..ordinary }),
    ];
    for (case, around) in table {
        let spam = signals.score(&enquiry("Ana", ""), &around);
        assert_eq!(spam.action, Action::Deliver, "{case}");
        assert!(spam.score > 0, "{case} counts");
    }
}

#[test]
fn the_reasons_of_a_label_name_the_score_and_never_quote_the_post() {
    let message = "We help practices rank on Google. Your website needs SEO. Reply for a free audit from Zebulon.";
    let spam = signals().score(&enquiry("Zebulon", message), &all_suspicious());
    assert_ne!(spam.action, Action::Deliver);
    let reasons = spam.reasons.join("\n");
    assert!(reasons.contains(&spam.score.to_string()), "{reasons}");
    assert!(!reasons.to_lowercase().contains("zebulon"), "{reasons}");
}

#[test]
fn an_occupation_does_not_label_a_person_who_writes_about_their_life() {
    let signals = signals();
    let ordinary = Circumstances {
        honeypot: String::new(),
        token: Token::Missing,
        site: FetchSite::SameOrigin,
        recent: 0,
        repeated: false,
    };
    let trade = "I run a marketing agency and bring new clients to small practices.";
    let life = "My wife moved out and I can't sleep. Could we come in on Monday?";
    let action = |message: &str| signals.score(&enquiry("Ana", message), &ordinary).action;
    assert_ne!(action(trade), Action::Deliver);
    assert_eq!(action(&format!("{trade} {life}")), Action::Deliver);
}
