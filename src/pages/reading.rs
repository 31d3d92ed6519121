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
    search::MOST_SIGNS,
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

/// Articles on one page of a list.
const ON_A_PAGE: usize = 20;

/// A page of a list of articles: all, or those of a topic.
#[derive(Template)]
#[template(path = "pages/list.html")]
struct ListPage<'a> {
    house: House<'a>,
    head: Head<'a>,
    /// The topic, or all articles if absent.
    topic: Option<&'a Topic>,
    articles: Vec<&'a Article>,
    topics: Vec<&'a Topic>,
    place: Place<'a>,
}

/// Where a page of a list stands among the others.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    /// Address of the first.
    first: &'a str,
    /// From 1.
    number: usize,
    last: usize,
}

impl Place<'_> {
    /// Address of a page of this list: the first has none of its own.
    fn path(&self, number: usize) -> String {
        if number == 1 { self.first.to_owned() } else { format!("{}/page/{number}", self.first) }
    }

    fn newer(&self) -> Option<String> {
        (self.number > 1).then(|| self.path(self.number - 1))
    }

    fn older(&self) -> Option<String> {
        (self.number < self.last).then(|| self.path(self.number + 1))
    }
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
    /// The newest; all of them stand in the list of articles.
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

/// Every page of this file but the articles.
pub(super) fn pages(house: &House<'_>) -> Vec<Made> {
    let site = house.site;
    let mut made = vec![home(house)];
    made.extend(articles(house));
    for topic in &site.topics {
        made.extend(self::topic(house, topic));
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

fn articles(house: &House<'_>) -> Vec<Made> {
    let articles: Vec<&Article> = house.site.articles.iter().collect();
    list(house, &heads::articles(), None, &articles)
}

fn topic(house: &House<'_>, topic: &Topic) -> Vec<Made> {
    let head = heads::topic(topic);
    let of_topic = house.site.articles.iter().filter(|article| article.topics.contains(&topic.slug));
    list(house, &head, Some(topic), &of_topic.collect::<Vec<_>>())
}

/// The pages of a list, at least one.
fn list(house: &House<'_>, head: &Head<'_>, topic: Option<&Topic>, articles: &[&Article]) -> Vec<Made> {
    let last = articles.len().div_ceil(ON_A_PAGE).max(1);
    let page = |number: usize| {
        let place = Place { first: &head.path, number, last };
        let head = if number == 1 { head.clone() } else { head.numbered(number, last, place.path(number)) };
        let articles = articles.iter().skip((number - 1) * ON_A_PAGE).take(ON_A_PAGE).copied().collect();
        let others = |other: &&Topic| topic.is_none_or(|topic| other.slug != topic.slug);
        let topics = house.site.topics.iter().filter(others).collect();
        html(&head.clone(), &ListPage { house: *house, head, topic, articles, topics, place })
    };
    (1..=last).map(page).collect()
}

/// An article's page. What it reads of the house beside the article itself is compared in `edition/kept.rs`.
pub(super) fn article(house: &House<'_>, article: &Article) -> Made {
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
    let own = house.site.articles.iter().filter(|article| article.author.as_deref() == Some(&person.slug));
    let articles = own.take(ON_A_PAGE).collect();
    html(&head.clone(), &PersonPage { house: *house, head, person, articles })
}

fn free_page(house: &House<'_>, page: &Page) -> Made {
    let head = heads::free_page(page);
    html(&head.clone(), &FreePage { house: *house, head, page })
}
