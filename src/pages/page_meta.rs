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
    /// What stands in it.
    pub kind: Kind<'a>,
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

/// Title and description that no editor writes, a line each. From page 2 of a list on, with the number of the page.
#[derive(Template)]
#[template(path = "pages/heads.txt", escape = "none")]
struct FixedWords<'a> {
    head: &'a Head<'a>,
    number: usize,
    last: usize,
}

impl<'a> Head<'a> {
    /// The head of the page of this kind.
    pub(super) fn of(kind: Kind<'a>) -> Self {
        let (path, title, description) = match kind {
            Kind::Home(home) => ("/".to_owned(), &*home.title, &*home.description),
            Kind::Articles => ("/articles".to_owned(), "", ""),
            Kind::Topic(topic) => (format!("/topics/{}", topic.slug), &*topic.title, &*topic.description),
            Kind::Article(article) => (format!("/articles/{}", article.slug), &*article.title, &*article.description),
            Kind::Person(person) => (format!("/people/{}", person.slug), &*person.name, &*person.description),
            Kind::Page(page) => (format!("/{}", page.slug), &*page.title, &*page.description),
            Kind::Contact => ("/contact".to_owned(), "", ""),
            Kind::Other => (String::new(), "", ""),
        };
        let (index, sensitive) = match kind {
            Kind::Article(article) => (true, article.sensitive),
            Kind::Page(page) => (!page.noindex, page.sensitive),
            Kind::Contact => (true, true),
            Kind::Other => (false, true),
            Kind::Home(_) | Kind::Articles | Kind::Topic(_) | Kind::Person(_) => (true, false),
        };
        let bare = matches!(kind, Kind::Home(_) | Kind::Contact | Kind::Other);
        let head = Self { title: title.into(), description: description.into(), path, index, sensitive, bare, kind };
        if matches!(kind, Kind::Articles | Kind::Contact) { head.with_fixed_words(1, 1) } else { head }
    }

    /// A page for one reader, at `path` or anywhere: it shows little in a list of visited pages and has the exit control.
    pub(super) fn neutral(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::of(Kind::Other) }
    }

    /// The head of page `number` of `last` of this list, at `path`.
    pub(super) fn numbered(&self, number: usize, last: usize, path: String) -> Self {
        Self { path, ..self.clone().with_fixed_words(number, last) }
    }

    fn with_fixed_words(self, number: usize, last: usize) -> Self {
        let words = rendered(&FixedWords { head: &self, number, last });
        let (title, description) = words.trim().split_once('\n').expect("the template has two lines for each page");
        Self { title: title.to_owned().into(), description: description.to_owned().into(), ..self }
    }

    /// The page above this one, besides the home page.
    pub(super) fn parent(&self) -> Option<Self> {
        matches!(self.kind, Kind::Topic(_) | Kind::Article(_)).then(|| Self::of(Kind::Articles))
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
pub(super) fn all<'a>(house: &House<'a>) -> impl Iterator<Item = Head<'a>> {
    let site = house.site;
    let kinds = [Kind::Home(&site.home), Kind::Articles, Kind::Contact].into_iter();
    let kinds = kinds.chain(site.articles.iter().map(Kind::Article)).chain(site.topics.iter().map(Kind::Topic));
    let kinds = kinds.chain(site.people.iter().map(Kind::Person)).chain(site.pages.iter().map(Kind::Page));
    kinds.map(Head::of)
}
