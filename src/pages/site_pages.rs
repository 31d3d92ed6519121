//! Pages for readers: home, the list of articles, an article, a topic, a person, a free page.
//!
//! They are the same for everybody, so they are made once; the form at the foot of an article carries no token.

use super::{FormView, Head, House, Kind, Made, page_meta, rendered};
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

/// The home page.
#[derive(Template)]
#[template(path = "pages/home.html")]
struct HomePage<'a> {
    house: House<'a>,
    head: &'a Head<'a>,
    home: &'a Home,
    latest: Vec<&'a Article>,
}

/// A page of a list of articles: all, or those of a topic.
#[derive(Template)]
#[template(path = "pages/list.html")]
struct ListPage<'a> {
    house: House<'a>,
    head: &'a Head<'a>,
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

/// An article with the form at its foot.
#[derive(Template)]
#[template(path = "pages/article.html")]
struct ArticlePage<'a> {
    house: House<'a>,
    head: &'a Head<'a>,
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
    house: House<'a>,
    head: &'a Head<'a>,
    person: &'a Person,
    /// The newest; all of them stand in the list of articles.
    articles: Vec<&'a Article>,
}

/// A free page.
#[derive(Template)]
#[template(path = "pages/page.html")]
struct FreePage<'a> {
    house: House<'a>,
    head: &'a Head<'a>,
    page: &'a Page,
}

/// Every page of this file.
pub(super) fn pages<'a>(house: &House<'a>) -> impl Iterator<Item = Made> {
    page_meta::all(house).flat_map(|head| documents(*house, &head))
}

fn article(house: House<'_>, head: &Head<'_>, article: &Article) -> Made {
    let answers = Submission { about: article.slug.clone(), ..Submission::default() };
    let page = ArticlePage {
        house,
        head,
        article,
        author: house.author(article),
        reviewer: article.review.as_ref().and_then(|review| house.person(&review.by)),
        related: article.related.iter().filter_map(|slug| house.article(slug)).collect(),
        form: FormView::new(&house, &answers, &[], ""),
    };
    html(head, &page)
}

/// The documents of a page: several for a long list, none for a page that is made per request.
fn documents(house: House<'_>, head: &Head<'_>) -> Vec<Made> {
    let articles = house.site.articles.iter();
    match head.kind {
        Kind::Home(home) => {
            let latest = articles.take(LATEST).collect();
            vec![html(head, &HomePage { house, head, home, latest })]
        }
        Kind::Articles => list(house, head, None, &articles.collect::<Vec<_>>()),
        Kind::Topic(topic) => {
            let of_topic = articles.filter(|article| article.topics.contains(&topic.slug));
            list(house, head, Some(topic), &of_topic.collect::<Vec<_>>())
        }
        Kind::Article(article) => vec![self::article(house, head, article)],
        Kind::Person(person) => {
            let own = articles.filter(|article| article.author.as_deref() == Some(&person.slug));
            let articles = own.take(PER_PAGE).collect();
            vec![html(head, &PersonPage { house, head, person, articles })]
        }
        Kind::Page(page) => vec![html(head, &FreePage { house, head, page })],
        Kind::Contact | Kind::Other => Vec::new(),
    }
}

/// The pages of a list, at least one.
fn list(house: House<'_>, first: &Head<'_>, topic: Option<&Topic>, articles: &[&Article]) -> Vec<Made> {
    let last = articles.len().div_ceil(PER_PAGE).max(1);
    // The first page has no number of its own.
    let path = |number| if number == 1 { first.path.clone() } else { format!("{}/page/{number}", first.path) };
    let page = |number: usize| {
        let head = if number == 1 { first.clone() } else { first.numbered(number, last, path(number)) };
        let articles = articles.chunks(PER_PAGE).nth(number - 1).unwrap_or_default();
        let is_other = |other: &&Topic| topic.is_none_or(|topic| other.slug != topic.slug);
        let topics = house.site.topics.iter().filter(is_other).collect();
        let (newer, older) = ((number > 1).then(|| path(number - 1)), (number < last).then(|| path(number + 1)));
        html(&head, &ListPage { house, head: &head, topic, articles, topics, number, last, newer, older })
    };
    (1..=last).map(page).collect()
}

fn html(head: &Head<'_>, page: &impl Template) -> Made {
    Made { path: head.path.clone(), media: Media::Html, body: rendered(page), index: head.index }
}
