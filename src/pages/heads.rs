//! The head of every page that all readers share: title, description, address, and what kind of page it is.
//!
//! Invariant: [`all`] names each public page once; pages, sitemap, structured data and cards are made from it, so they
//! cannot disagree about what there is.
//!
//! Never: the words of a page.

use super::{House, rendered};
use crate::content::{Article, Home, Page, Person, Topic};
use askama::Template;
use jiff::civil::Date;
use std::borrow::Cow;

/// What the head of a document says about its page.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// Title of the document; empty where the page's template has its own.
    pub title: Cow<'a, str>,
    /// For search engines and cards; empty on pages that nobody may find.
    pub description: Cow<'a, str>,
    /// Absolute path, for the canonical address and for the navigation.
    pub path: String,
    /// May be found by search engines.
    pub index: bool,
    /// Shows the exit control and the further help line.
    pub sensitive: bool,
    /// The title stands alone, without the clinic's name (the home page has it; the form hides it).
    pub bare: bool,
    /// The pages above this one, from the top, without the home page.
    pub trail: Vec<Crumb>,
    /// What stands in it.
    pub kind: Kind<'a>,
}

/// A page above another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    /// As shown.
    pub label: String,
    /// Absolute path.
    pub path: String,
}

/// What a page is about, with the data that it shows.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'a> {
    /// The home page.
    Home(&'a Home),
    /// Every article.
    Articles,
    /// The articles of a topic.
    Topic(&'a Topic),
    /// An article.
    Article(&'a Article),
    /// A person.
    Person(&'a Person),
    /// A free page.
    Page(&'a Page),
    /// The form.
    Contact,
    /// A receipt, a failure: for one reader.
    Other,
}

/// Pages whose words no editor writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fixed {
    Articles,
    Contact,
}

/// A title on the first line, a description on the second.
#[derive(Template)]
#[template(path = "pages/heads.txt", escape = "none")]
struct FixedWords {
    page: Fixed,
}

/// A title on the first line, a description on the second, of a further page of a list.
#[derive(Template)]
#[template(path = "pages/numbered.txt", escape = "none")]
struct NumberedWords<'a> {
    head: &'a Head<'a>,
    number: usize,
    last: usize,
}

impl<'a> Head<'a> {
    fn open(title: &'a str, description: &'a str, path: String, kind: Kind<'a>) -> Self {
        Self { title: title.into(), description: description.into(), path, index: true, ..Self::hidden(kind) }
    }

    fn fixed(page: Fixed, path: &str, kind: Kind<'a>) -> Self {
        let words = rendered(&FixedWords { page });
        let (title, description) = words.trim().split_once('\n').expect("the template has two lines for each page");
        let (title, description) = (title.to_owned().into(), description.trim().to_owned().into());
        Self { title, description, path: path.to_owned(), index: true, ..Self::hidden(kind) }
    }

    /// The head of page `number` of `last` of this list, at `path`.
    pub(super) fn numbered(&self, number: usize, last: usize, path: String) -> Self {
        let words = rendered(&NumberedWords { head: self, number, last });
        let (title, description) = words.trim().split_once('\n').expect("the template has two lines");
        let (title, description) = (title.to_owned().into(), description.trim().to_owned().into());
        Self { title, description, path, ..self.clone() }
    }

    fn hidden(kind: Kind<'a>) -> Self {
        let (title, description) = Default::default();
        let path = String::new();
        Self { title, description, path, index: false, sensitive: false, bare: false, trail: Vec::new(), kind }
    }

    /// A page for one reader, at `path` or anywhere: it shows little in a list of visited pages and has the exit control.
    pub(super) fn neutral(path: &str) -> Self {
        Self { path: path.to_owned(), sensitive: true, bare: true, ..Self::hidden(Kind::Other) }
    }

    /// Whether a link of the navigation leads to this page, or to the list that it stands in.
    pub(super) fn is_under(&self, path: &str) -> bool {
        self.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The kind of page in the words of the Open Graph protocol.
    pub(super) fn shared_as(&self) -> &'static str {
        match self.kind {
            Kind::Article(_) => "article",
            Kind::Person(_) => "profile",
            _ => "website",
        }
    }

    /// The article that this page is, if it is one.
    pub(super) fn article(&self) -> Option<&'a Article> {
        if let Kind::Article(article) = self.kind { Some(article) } else { None }
    }

    /// The topic that this page is, if it is one.
    pub(super) fn topic(&self) -> Option<&'a Topic> {
        if let Kind::Topic(topic) = self.kind { Some(topic) } else { None }
    }

    /// The true day of the last change, if it is known.
    pub(super) fn changed(&self, house: &House<'_>) -> Option<Date> {
        let articles = house.site.articles.iter();
        match self.kind {
            Kind::Home(_) | Kind::Articles => articles.map(Article::changed).max(),
            Kind::Topic(topic) => articles.filter(|a| a.topics.contains(&topic.slug)).map(Article::changed).max(),
            Kind::Article(article) => Some(article.changed()),
            Kind::Page(page) => page.updated,
            Kind::Person(_) | Kind::Contact | Kind::Other => None,
        }
    }
}

impl Article {
    /// Day of the last real change: the first one in public, if there was no other.
    pub(super) fn changed(&self) -> Date {
        self.updated.unwrap_or(self.published)
    }
}

/// Every page of the site that has an address of its own, hidden ones included.
pub(super) fn all<'a>(house: &House<'a>) -> Vec<Head<'a>> {
    let site = house.site;
    let mut heads = vec![home(house), articles(), contact()];
    heads.extend(site.articles.iter().map(article));
    heads.extend(site.topics.iter().map(topic));
    heads.extend(site.people.iter().map(person));
    heads.extend(site.pages.iter().map(free_page));
    heads
}

pub(super) fn home<'a>(house: &House<'a>) -> Head<'a> {
    let home = &house.site.home;
    Head { bare: true, ..Head::open(&home.title, &home.description, "/".to_owned(), Kind::Home(home)) }
}

pub(super) fn articles<'a>() -> Head<'a> {
    Head::fixed(Fixed::Articles, "/articles", Kind::Articles)
}

pub(super) fn contact<'a>() -> Head<'a> {
    Head { sensitive: true, bare: true, ..Head::fixed(Fixed::Contact, "/contact", Kind::Contact) }
}

pub(super) fn topic(topic: &Topic) -> Head<'_> {
    let path = format!("/topics/{}", topic.slug);
    Head { trail: below_articles(), ..Head::open(&topic.title, &topic.description, path, Kind::Topic(topic)) }
}

pub(super) fn article(article: &Article) -> Head<'_> {
    let path = format!("/articles/{}", article.slug);
    let head = Head::open(&article.title, &article.description, path, Kind::Article(article));
    Head { trail: below_articles(), sensitive: article.sensitive, ..head }
}

pub(super) fn person(person: &Person) -> Head<'_> {
    Head::open(&person.name, &person.description, format!("/people/{}", person.slug), Kind::Person(person))
}

pub(super) fn free_page(page: &Page) -> Head<'_> {
    let head = Head::open(&page.title, &page.description, format!("/{}", page.slug), Kind::Page(page));
    Head { sensitive: page.sensitive, index: !page.noindex, ..head }
}

fn below_articles() -> Vec<Crumb> {
    let list = articles();
    vec![Crumb { label: list.title.into_owned(), path: list.path }]
}
