//! What to read next: shared topics first, then likeness of the words, then the newest.
//!
//! Likeness is the weight of rare words that two articles share (TF-IDF over each one's most telling words), so a
//! thousand articles are compared in milliseconds and nothing has to be kept by hand.

use super::Article;
use foldhash::{HashMap, HashMapExt as _};
use rayon::prelude::*;

/// How many are named.
const MOST: usize = 3;
/// How many words tell what an article is about.
const TELLING: usize = 24;

/// Fills [`Article::related`] of all, which stand newest first.
pub(super) fn relate(articles: &mut [Article]) {
    let texts: Vec<String> = articles.par_iter().map(|article| article.text.to_lowercase()).collect();
    let telling = telling_words(&texts);
    let mut postings: HashMap<&str, Vec<(usize, f64)>> = HashMap::new();
    for (index, words) in telling.iter().enumerate() {
        for (word, weight) in words {
            postings.entry(word).or_default().push((index, *weight));
        }
    }
    let topics = topic_bits(articles);
    let related: Vec<Vec<String>> = (0..articles.len())
        .into_par_iter()
        .map(|index| {
            let mut likeness = vec![0.0; articles.len()];
            for (word, weight) in &telling[index] {
                for (other, theirs) in &postings[word] {
                    likeness[*other] += weight * theirs;
                }
            }
            let shared = |other: usize| (topics[index] & topics[other]).count_ones();
            let closer = |a: usize, b: usize| (shared(a), likeness[a]) > (shared(b), likeness[b]);
            let others = (0..articles.len()).filter(|other| *other != index);
            first_by(closer, others).into_iter().map(|other| articles[other].slug.clone()).collect()
        })
        .collect();
    for (article, related) in articles.iter_mut().zip(related) {
        article.related = related;
    }
}

/// The first few of an order, without sorting all the others; among equals those that come first.
fn first_by(before: impl Fn(usize, usize) -> bool, all: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut first: Vec<usize> = Vec::with_capacity(MOST + 1);
    for one in all {
        // Most are further than the last one kept.
        if first.len() == MOST && !before(one, first[MOST - 1]) {
            continue;
        }
        let place = first.partition_point(|other| !before(one, *other));
        first.insert(place, one);
        first.truncate(MOST);
    }
    first
}

/// A bit for each topic; the sixty-fourth and later share one.
fn topic_bits(articles: &[Article]) -> Vec<u64> {
    let mut bits: HashMap<&str, u32> = HashMap::new();
    let mut all = Vec::with_capacity(articles.len());
    for article in articles {
        let mut mask = 0;
        for topic in &article.topics {
            let next = u32::try_from(bits.len()).unwrap_or(63).min(63);
            mask |= 1_u64 << *bits.entry(topic).or_insert(next);
        }
        all.push(mask);
    }
    all
}

/// Each article's most telling words with their weights, of length 1 together. `texts` are in lower case.
fn telling_words<'t>(texts: &'t [String]) -> Vec<Vec<(&'t str, f64)>> {
    let counts: Vec<HashMap<&str, u32>> = texts.par_iter().map(|text| count(text)).collect();
    let mut spread: HashMap<&str, u32> = HashMap::new();
    for word in counts.iter().flat_map(HashMap::keys) {
        *spread.entry(word).or_default() += 1;
    }
    let all = f64::from(u32::try_from(texts.len()).unwrap_or(u32::MAX));
    let weigh = |word: &str, times: u32| (1.0 + f64::from(times).ln()) * (all / f64::from(spread[word])).ln();
    let weighed =
        |words: &HashMap<&'t str, u32>| words.iter().map(|(word, times)| (*word, weigh(word, *times))).collect();
    counts.par_iter().map(|words| heaviest(weighed(words))).collect()
}

/// The heaviest words, in an order that does not depend on the table they come from.
fn heaviest(mut weighed: Vec<(&str, f64)>) -> Vec<(&str, f64)> {
    weighed.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    weighed.truncate(TELLING);
    let length = weighed.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    weighed.into_iter().map(|(word, weight)| (word, weight / length)).collect()
}

fn count(text: &str) -> HashMap<&str, u32> {
    let mut words = HashMap::new();
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 4) {
        *words.entry(word).or_default() += 1;
    }
    words
}
