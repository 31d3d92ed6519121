//! What to read next: articles that share the most topics, then the rarest words of their summaries, then the newest.

use super::Article;
use foldhash::{HashMap, HashMapExt as _};
use rayon::prelude::*;
use std::{cmp::Reverse, collections::BTreeSet};

/// Number of related articles.
const MOST: usize = 3;
/// Weight of a shared word, divided by the number of articles that have it.
const WORD: usize = 1_000_000;
/// Weight of a shared topic: more than all shared words together.
const TOPIC: usize = 1_000 * WORD;

/// Fills [`Article::related`]; `articles` are newest first.
pub(super) fn relate(articles: &mut [Article]) {
    let terms: Vec<BTreeSet<String>> = articles.par_iter().map(terms).collect();
    let mut holders: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, terms) in terms.iter().enumerate() {
        for term in terms {
            holders.entry(term).or_default().push(index);
        }
    }
    let related = terms.par_iter().enumerate().map(|(index, terms)| {
        let mut similarity = vec![0; articles.len()];
        for term in terms {
            let holders = &holders[term.as_str()];
            let weight = if term.starts_with('#') { TOPIC } else { WORD / holders.len() };
            for other in holders {
                similarity[*other] += weight;
            }
        }
        let mut others: Vec<usize> = (0..articles.len()).filter(|other| *other != index).collect();
        let order = |other: &usize| (Reverse(similarity[*other]), *other);
        others.sort_unstable_by_key(order);
        others.into_iter().take(MOST).map(|other| articles[other].slug.clone()).collect()
    });
    let related: Vec<Vec<String>> = related.collect();
    for (article, related) in articles.iter_mut().zip(related) {
        article.related = related;
    }
}

/// An article's topics, each after `#`, and the longer words of its title, description and takeaways.
fn terms(article: &Article) -> BTreeSet<String> {
    let takeaways = article.takeaways.iter().flat_map(|takeaway| [&takeaway.lead, &takeaway.text]);
    let texts = [&article.title, &article.description].into_iter().chain(takeaways);
    let words = texts.flat_map(|text| text.split(|c: char| !c.is_alphabetic())).filter(|word| word.len() > 4);
    words.map(str::to_lowercase).chain(article.topics.iter().map(|topic| format!("#{topic}"))).collect()
}
