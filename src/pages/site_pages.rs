//! The pages of the site: home, articles and their lists, topics, people, and the pages of `content/pages`.
//!
//! Invariant: they are the same for every visitor and rendered once; the form below an article carries no token.

use super::{Edition, FormView, PageKind, PageMeta, RenderedPage, page_meta, rendered};
use crate::{
    catalog::Media,
    content::{Article, AvailabilityState, Home, Page, Person, Topic},
    enquiry::{form::Submission, retention},
    search::MAX_QUERY,
};
use askama::Template;

/// Articles on one page of a list.
const PER_PAGE: usize = 20;
/// Articles on the home page.
const LATEST: usize = 4;

/// `/`.
#[derive(Template)]
#[template(path = "pages/home.html")]
struct HomePage<'a> {
    context: &'a Edition,
    meta: &'a PageMeta<'a>,
    home: &'a Home,
    latest: Vec<&'a Article>,
}

/// A page of a list of articles: all, or those of a topic.
#[derive(Template)]
#[template(path = "pages/list.html")]
struct ListPage<'a> {
    context: &'a Edition,
    meta: &'a PageMeta<'a>,
    /// The topic, or all articles if absent.
    topic: Option<&'a Topic>,
    articles: &'a [&'a Article],
    /// All other topics.
    topics: Vec<&'a Topic>,
    /// From 1 to `last`.
    number: usize,
    last: usize,
    /// Address of the page before.
    newer: Option<String>,
    /// Address of the page after.
    older: Option<String>,
}

/// An article with the form below it.
#[derive(Template)]
#[template(path = "pages/article.html")]
struct ArticlePage<'a> {
    context: &'a Edition,
    meta: &'a PageMeta<'a>,
    article: &'a Article,
    author: Option<&'a Person>,
    reviewer: Option<&'a Person>,
    related: Vec<&'a Article>,
    form: FormView<'a>,
}

/// A person.
#[derive(Template)]
#[template(path = "pages/person.html")]
struct PersonPage<'a> {
    context: &'a Edition,
    meta: &'a PageMeta<'a>,
    person: &'a Person,
    /// The newest ones only.
    articles: Vec<&'a Article>,
}

/// A page of `content/pages`.
#[derive(Template)]
#[template(path = "pages/page.html")]
struct FreePage<'a> {
    context: &'a Edition,
    meta: &'a PageMeta<'a>,
    page: &'a Page,
}

/// Every page of this module.
pub(super) fn pages(context: &Edition) -> impl Iterator<Item = RenderedPage> {
    page_meta::all(context).flat_map(move |meta| documents(context, &meta))
}

fn article(context: &Edition, meta: &PageMeta<'_>, article: &Article) -> RenderedPage {
    let answers = Submission { about: article.slug.clone(), ..Submission::default() };
    let page = ArticlePage {
        context,
        meta,
        article,
        author: context.author(article),
        reviewer: article.review.as_ref().and_then(|review| context.person(&review.by)),
        related: article.related.iter().filter_map(|slug| context.article(slug)).collect(),
        form: FormView::new(context, &answers, &[], ""),
    };
    html(meta, &page)
}

/// The rendered pages of one kind: several for a long list, none if the page is made per request.
fn documents(context: &Edition, meta: &PageMeta<'_>) -> Vec<RenderedPage> {
    let articles = context.site.articles.iter();
    match meta.kind {
        PageKind::Home(home) => {
            let latest = articles.take(LATEST).collect();
            vec![html(meta, &HomePage { context, meta, home, latest })]
        }
        PageKind::Articles => list(context, meta, None, &articles.collect::<Vec<_>>()),
        PageKind::Topic(topic) => {
            let of_topic = articles.filter(|article| article.topics.contains(&topic.slug));
            list(context, meta, Some(topic), &of_topic.collect::<Vec<_>>())
        }
        PageKind::Article(article) => vec![self::article(context, meta, article)],
        PageKind::Person(person) => {
            let own = articles.filter(|article| article.author.as_deref() == Some(&person.slug));
            let articles = own.take(PER_PAGE).collect();
            vec![html(meta, &PersonPage { context, meta, person, articles })]
        }
        PageKind::Page(page) => vec![html(meta, &FreePage { context, meta, page })],
        PageKind::Contact | PageKind::Other => Vec::new(),
    }
}

/// The pages of a list, at least one.
fn list(context: &Edition, first: &PageMeta<'_>, topic: Option<&Topic>, articles: &[&Article]) -> Vec<RenderedPage> {
    let last = articles.len().div_ceil(PER_PAGE).max(1);
    // The first page has no number in its address.
    let path = |number| if number == 1 { first.path.clone() } else { format!("{}/page/{number}", first.path) };
    let page = |number: usize| {
        let meta = if number == 1 { first.clone() } else { first.numbered(number, last, path(number)) };
        let articles = articles.chunks(PER_PAGE).nth(number - 1).unwrap_or_default();
        let is_other = |other: &&Topic| topic.is_none_or(|topic| other.slug != topic.slug);
        let topics = context.site.topics.iter().filter(is_other).collect();
        let (newer, older) = ((number > 1).then(|| path(number - 1)), (number < last).then(|| path(number + 1)));
        html(&meta, &ListPage { context, meta: &meta, topic, articles, topics, number, last, newer, older })
    };
    (1..=last).map(page).collect()
}

fn html(meta: &PageMeta<'_>, page: &impl Template) -> RenderedPage {
    RenderedPage { path: meta.path.clone(), media: Media::Html, body: rendered(page), index: meta.index }
}
