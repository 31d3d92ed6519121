//! Pages for readers: home, the list of articles, an article, a topic, a person, a free page.
//!
//! They are the same for everybody, so they are made once; the form at the foot of an article carries no token.

use super::{FormView, Head, House, Made, heads, html};
use crate::{
    content::{Article, AvailabilityState, Home, Page, Person, Topic},
    enquiry::{
        form::{Answers, Field, Mistake},
        retention, rules,
    },
};
use askama::Template;

/// The home page.
#[derive(Template)]
#[template(path = "pages/home.html")]
struct HomePage<'a> {
    house: House<'a>,
    head: Head<'a>,
    home: &'a Home,
    latest: Vec<&'a Article>,
}

/// A list of articles: all, or those of a topic.
#[derive(Template)]
#[template(path = "pages/list.html")]
struct ListPage<'a> {
    house: House<'a>,
    head: Head<'a>,
    /// The topic, or all articles if absent.
    topic: Option<&'a Topic>,
    articles: Vec<&'a Article>,
    topics: Vec<&'a Topic>,
}

/// An article with the form at its foot.
#[derive(Template)]
#[template(path = "pages/article.html")]
struct ArticlePage<'a> {
    house: House<'a>,
    head: Head<'a>,
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
    head: Head<'a>,
    person: &'a Person,
    articles: Vec<&'a Article>,
}

/// A free page.
#[derive(Template)]
#[template(path = "pages/page.html")]
struct FreePage<'a> {
    house: House<'a>,
    head: Head<'a>,
    page: &'a Page,
}

/// Articles on the home page.
const LATEST: usize = 4;

/// Every page of this file.
pub(super) fn pages(house: &House<'_>) -> Vec<Made> {
    let site = house.site;
    let mut made = vec![home(house), articles(house)];
    for article in &site.articles {
        made.push(self::article(house, article));
    }
    for topic in &site.topics {
        made.push(self::topic(house, topic));
    }
    for person in &site.people {
        made.push(self::person(house, person));
    }
    for page in &site.pages {
        made.push(free_page(house, page));
    }
    made
}

fn home(house: &House<'_>) -> Made {
    let home = &house.site.home;
    let head = heads::home(house);
    let latest = house.site.articles.iter().take(LATEST).collect();
    html(&head.clone(), &HomePage { house: *house, head, home, latest })
}

fn articles(house: &House<'_>) -> Made {
    let head = heads::articles();
    let articles = house.site.articles.iter().collect();
    let topics = house.site.topics.iter().collect();
    html(&head.clone(), &ListPage { house: *house, head, topic: None, articles, topics })
}

fn topic(house: &House<'_>, topic: &Topic) -> Made {
    let head = heads::topic(topic);
    let articles = house.site.articles.iter().filter(|article| article.topics.contains(&topic.slug)).collect();
    let page = ListPage {
        house: *house,
        head: head.clone(),
        topic: Some(topic),
        articles,
        topics: house.site.topics.iter().filter(|other| other.slug != topic.slug).collect(),
    };
    html(&head, &page)
}

fn article(house: &House<'_>, article: &Article) -> Made {
    let head = heads::article(article);
    let answers = Answers { about: article.slug.clone(), ..Answers::default() };
    let page = ArticlePage {
        house: *house,
        head: head.clone(),
        article,
        author: article.author.as_deref().and_then(|slug| house.person(slug)),
        reviewer: article.review.as_ref().and_then(|review| house.person(&review.by)),
        related: article.related.iter().filter_map(|slug| house.article(slug)).collect(),
        form: FormView::new(house, &answers, &[], ""),
    };
    html(&head, &page)
}

fn person(house: &House<'_>, person: &Person) -> Made {
    let head = heads::person(person);
    let articles =
        house.site.articles.iter().filter(|article| article.author.as_deref() == Some(&person.slug)).collect();
    html(&head.clone(), &PersonPage { house: *house, head, person, articles })
}

fn free_page(house: &House<'_>, page: &Page) -> Made {
    let head = heads::free_page(page);
    html(&head.clone(), &FreePage { house: *house, head, page })
}
