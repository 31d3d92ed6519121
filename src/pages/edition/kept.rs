//! Which articles' pages of an earlier edition are still right, so that one saved article does not make a thousand.
//!
//! Invariant: a page is kept only if everything that its template can show is the same as before: the article, the ones
//! it leads on to, its pictures, and the house around it. What is compared here and what templates read must stay in
//! step; a test holds kept pages against freshly made ones.
//!
//! The other pages (lists, topics, sitemap) are few and name many articles: they are always made.

use super::Edition;
use crate::content::{Article, Figure, Piece};
use std::collections::HashSet;

/// Pictures of articles lie under it, in the keys of the assets.
const ARTICLES: &str = "articles/";

/// Slugs of the articles whose pages would come out as in the edition before.
pub(super) fn articles<'a>(now: &'a Edition, before: &Edition) -> HashSet<&'a str> {
    if !same_house(now, before) {
        return HashSet::new();
    }
    let same: HashSet<&str> = slugs(now.site.articles.iter().filter(|article| same_article(now, before, article)));
    let leads_on = |article: &&Article| article.related.iter().all(|slug| same.contains(slug.as_str()));
    slugs(now.site.articles.iter().filter(|article| same.contains(article.slug.as_str())).filter(leads_on))
}

fn slugs<'a>(articles: impl Iterator<Item = &'a Article>) -> HashSet<&'a str> {
    articles.map(|article| article.slug.as_str()).collect()
}

fn same_article(now: &Edition, before: &Edition, article: &Article) -> bool {
    let shown = |edition: &Edition, key: &str| {
        (edition.assets.url(key).map(str::to_owned), edition.assets.srcset(key).map(str::to_owned))
    };
    let same_picture = |key: &str| shown(now, key) == shown(before, key);
    before.house().article(&article.slug) == Some(article) && pictures(article).all(same_picture)
}

fn pictures(article: &Article) -> impl Iterator<Item = &str> {
    let inside = article.body.0.iter().filter_map(|piece| match piece {
        Piece::Figure(figure) => Some(figure),
        Piece::Html(_) | Piece::Slot(_) => None,
    });
    article.image.iter().chain(inside).map(|figure: &Figure| figure.picture.as_str())
}

/// What stands around every page. Topics and people are named on articles; the day decides what holds of new clients.
fn same_house(now: &Edition, before: &Edition) -> bool {
    let (site, other) = (&now.site, &before.site);
    site.clinic == other.clinic
        && site.crisis == other.crisis
        && site.topics == other.topics
        && site.people == other.people
        && now.running == before.running
        && (&now.origin, now.today, now.mode) == (&before.origin, before.today, before.mode)
        && common_assets(now).eq(common_assets(before))
}

/// Styles, script, icons and drawings with their addresses, which name their bytes.
fn common_assets(edition: &Edition) -> impl Iterator<Item = (&str, Option<&str>)> {
    let keys = edition.assets.keys().filter(|key| !key.starts_with(ARTICLES));
    keys.map(|key| (key, edition.assets.url(key)))
}
