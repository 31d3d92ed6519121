//! What to read next: shared topics first, then likeness of the words, then the newest.
//!
//! Likeness is the weight of rare words that two articles share (TF-IDF over each one's most telling words), so a
//! thousand articles are compared in milliseconds and nothing has to be kept by hand.

use super::Article;
use std::collections::{BTreeMap, HashMap};

/// How many are named.
const MOST: usize = 3;
/// How many words tell what an article is about.
const TELLING: usize = 24;

/// Fills [`Article::related`] of all, which stand newest first.
pub(super) fn relate(articles: &mut [Article]) {
    let telling = telling_words(articles);
    let mut postings: HashMap<&str, Vec<(usize, f64)>> = HashMap::new();
    for (index, words) in telling.iter().enumerate() {
        for (word, weight) in words {
            postings.entry(word).or_default().push((index, *weight));
        }
    }
    let topics = topic_bits(articles);
    let related: Vec<Vec<String>> = (0..articles.len())
        .map(|index| {
            let mut likeness = vec![0.0; articles.len()];
            for (word, weight) in &telling[index] {
                for (other, theirs) in &postings[word.as_str()] {
                    likeness[*other] += weight * theirs;
                }
            }
            let mut others: Vec<usize> = (0..articles.len()).filter(|other| *other != index).collect();
            let shared = |other: usize| (topics[index] & topics[other]).count_ones();
            others
                .sort_by(|a, b| shared(*b).cmp(&shared(*a)).then(likeness[*b].total_cmp(&likeness[*a])).then(a.cmp(b)));
            others.into_iter().take(MOST).map(|other| articles[other].slug.clone()).collect()
        })
        .collect();
    for (article, related) in articles.iter_mut().zip(related) {
        article.related = related;
    }
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

/// Each article's most telling words with their weights, of length 1 together.
fn telling_words(articles: &[Article]) -> Vec<Vec<(String, f64)>> {
    let counts: Vec<BTreeMap<String, u32>> = articles.iter().map(count).collect();
    let mut spread: HashMap<&str, u32> = HashMap::new();
    for words in &counts {
        for word in words.keys() {
            *spread.entry(word).or_default() += 1;
        }
    }
    let all = f64::from(u32::try_from(articles.len()).unwrap_or(u32::MAX));
    let weigh = |(word, times): (&String, &u32)| {
        let rarity = (all / f64::from(spread[word.as_str()])).ln();
        (word.clone(), (1.0 + f64::from(*times).ln()) * rarity)
    };
    counts
        .iter()
        .map(|words| {
            let mut weighed: Vec<(String, f64)> = words.iter().map(weigh).collect();
            weighed.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            weighed.truncate(TELLING);
            let length = weighed.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
            weighed.into_iter().map(|(word, weight)| (word, weight / length)).collect()
        })
        .collect()
}

fn count(article: &Article) -> BTreeMap<String, u32> {
    let mut words = BTreeMap::new();
    for word in article.text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 4) {
        *words.entry(word.to_lowercase()).or_default() += 1;
    }
    words
}
