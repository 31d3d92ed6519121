//! What name servers said about the sender's domain: everything that a judgement needs, and nothing else.

use super::{dkim, dmarc, names::Names, spf};
use std::collections::BTreeMap;

/// What a name server said to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// These; at least one.
    Found(Vec<T>),
    /// The name exists and has none of the kind.
    Nothing,
    /// There is no such name (RFC 8020).
    NoSuchName,
    /// No answer, or a failure of the server's: nothing is known. Says which, in a sentence.
    Silent(String),
}

impl<T> Answer<T> {
    /// What was found; nothing, if nothing is known.
    pub fn found(&self) -> &[T] {
        match self {
            Self::Found(all) => all,
            _ => &[],
        }
    }

    /// There is no such name.
    pub fn is_no_such_name(&self) -> bool {
        matches!(self, Self::NoSuchName)
    }

    /// Why nothing is known, if so.
    pub fn silence(&self) -> Option<&str> {
        match self {
            Self::Silent(why) => Some(why),
            _ => None,
        }
    }
}

/// Texts by name, without a dot at the end.
pub type Texts = BTreeMap<String, Answer<String>>;

/// A mail exchanger: preference and host; the host of a null MX is empty.
pub type Exchange = (u16, String);

/// The records of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// Mail exchangers of the domain.
    pub mx: Answer<Exchange>,
    /// Addresses of the domain itself: without MX, mail goes there (RFC 5321 5.1). Asked for only then.
    pub host: Answer<()>,
    /// TXT records of the domain, of its DKIM and DMARC names, and of what its SPF record includes.
    pub txt: Texts,
}

/// Asks for everything that the judgements want.
///
/// # Errors
/// The first question found no answer: why, in a sentence. There is no use in asking on.
pub async fn gather(names: &Names, domain: &str, selectors: &[String]) -> Result<Records, String> {
    let mx = names.mx(domain).await;
    if let Some(why) = mx.silence() {
        return Err(why.to_owned());
    }
    let host = if mx == Answer::Nothing { names.addresses(domain).await } else { Answer::Nothing };
    let mut txt = Texts::new();
    let first = [domain.to_owned()].into_iter().chain(dmarc::names(domain));
    for name in first.chain(selectors.iter().map(|selector| dkim::name(selector, domain))) {
        let answer = names.txt(&name).await;
        txt.insert(name, answer);
    }
    while let Some(name) = spf::wanted(domain, &txt) {
        let answer = names.txt(&name).await;
        txt.insert(name, answer);
    }
    Ok(Records { mx, host, txt })
}
