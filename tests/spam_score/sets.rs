//! Reads the sets of sample posts and prints their scores.

use relationship_clinic::enquiry::signals::{Circumstances, FetchSite};
use relationship_clinic::enquiry::token::Token;
use relationship_clinic::enquiry::{Action, Channel, Enquiry, SpamScore, text};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A post of a set; missing values are those of an ordinary visitor.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Post {
    pub id: String,
    pub kind: String,
    pub held_back: bool,
    name: String,
    channel: String,
    phone: String,
    email: String,
    voicemail: String,
    email_private: String,
    times: String,
    for_whom: String,
    message: String,
    honeypot: String,
    seconds: Option<f64>,
    token: TokenState,
    site: Site,
    recent: u32,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TokenState {
    #[default]
    Fresh,
    Expired,
    Missing,
    Foreign,
}

#[expect(clippy::enum_variant_names, reason = "the values of Sec-Fetch-Site")]
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Site {
    #[default]
    SameOrigin,
    None,
    Absent,
    CrossSite,
}

#[derive(Deserialize)]
struct Set {
    #[serde(default)]
    post: Vec<Post>,
}

/// Reads a set of this folder.
pub fn read(file: &str) -> Vec<Post> {
    let path = format!("{}/tests/spam_score/{file}.toml", env!("CARGO_MANIFEST_DIR"));
    let set: Set = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    set.post
}

/// An enquiry of which only name and message count.
pub fn enquiry(name: &str, message: &str) -> Enquiry {
    Enquiry {
        name: name.to_owned(),
        channel: Channel::Phone,
        phone: None,
        email: None,
        times: None,
        for_whom: None,
        message: Some(message.to_owned()),
        about: None,
        notice: String::new(),
    }
}

impl Post {
    /// The enquiry that a browser's post would become; a browser ends lines with CRLF.
    pub fn enquiry(&self) -> Enquiry {
        let message = text::tidy_text(&self.message.replace('\n', "\r\n"));
        Enquiry { times: Some(text::tidy_line(&self.times)), ..enquiry(&text::tidy_line(&self.name), &message) }
    }

    /// The circumstances as the server sees them.
    pub fn circumstances(&self) -> Circumstances {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a set are small")]
        let seconds = self.seconds.unwrap_or(60.0) as u64;
        let ours = |age| Token::Valid { nonce: self.id.clone(), age };
        let token = match self.token {
            TokenState::Fresh => ours(seconds),
            TokenState::Expired => ours(2 * 24 * 60 * 60 + seconds),
            TokenState::Missing => Token::Missing,
            TokenState::Foreign => Token::Invalid,
        };
        let site = match self.site {
            Site::SameOrigin => FetchSite::SameOrigin,
            Site::None | Site::Absent => FetchSite::Unknown,
            Site::CrossSite => FetchSite::CrossSite,
        };
        Circumstances { honeypot: self.honeypot.clone(), token, site, recent: self.recent, repeated: false }
    }
}

/// How many posts were delivered, labeled and held.
#[derive(Debug, Default)]
pub struct Part {
    pub name: String,
    pub delivered: usize,
    pub labeled: usize,
    pub held: usize,
}

impl Part {
    pub fn count(&self) -> usize {
        self.delivered + self.labeled + self.held
    }

    fn of<'a>(name: &str, scores: impl Iterator<Item = &'a SpamScore>) -> Self {
        scores.fold(Self { name: name.to_owned(), ..Self::default() }, |mut part, spam| {
            match spam.action {
                Action::Deliver => part.delivered += 1,
                Action::Label => part.labeled += 1,
                Action::Hold => part.held += 1,
            }
            part
        })
    }

    fn print(&self) {
        let Self { name, delivered, labeled, held } = self;
        println!("{name:<44} {:>5} {delivered:>9} {labeled:>8} {held:>5}", self.count());
    }
}

/// The open posts, and those that were held back while the rules were written.
pub fn parts(scored: &[(Post, SpamScore)]) -> Vec<Part> {
    [("open", false), ("held back", true)]
        .into_iter()
        .map(|(name, back)| Part::of(name, scored.iter().filter(|(post, _)| post.held_back == back).map(|(_, j)| j)))
        .filter(|part| part.count() > 0)
        .collect()
}

/// Prints a table by kind, the parts, and each post whose action is not `wanted`.
pub fn print(file: &str, scored: &[(Post, SpamScore)], wanted: fn(Action) -> bool) {
    println!("\n{file:<44} {:>5} {:>9} {:>8} {:>5}", "count", "delivered", "labeled", "held");
    let mut kinds: BTreeMap<&str, Vec<&SpamScore>> = BTreeMap::new();
    for (post, spam) in scored {
        kinds.entry(&post.kind).or_default().push(spam);
    }
    for (kind, scores) in kinds {
        Part::of(kind, scores.into_iter()).print();
    }
    parts(scored).iter().for_each(Part::print);
    Part::of("total", scored.iter().map(|(_, spam)| spam)).print();
    for (post, spam) in scored.iter().filter(|(_, spam)| !wanted(spam.action)) {
        println!("  {} ({}): {:?}, {} points", post.id, post.kind, spam.action, spam.score);
        spam.reasons.iter().for_each(|reason| println!("      {reason}"));
    }
}
