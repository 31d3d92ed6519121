//! Metadata of a page: title, description, path and kind.
//!
//! Invariant: [`all`] lists each page of the site once; pages, sitemap, structured data and cards are made from it, so
//! they cannot disagree.
//!
//! Never: the text of a page.

use super::Edition;
use crate::content::{Article, Home, Page, Person, Topic};
use askama::Template;
use jiff::civil::Date;
use std::borrow::Cow;

/// Metadata of one page.
#[derive(Debug, Clone)]
pub struct PageMeta<'a> {
    /// Title of the document; empty where the page's template has its own.
    pub title: Cow<'a, str>,
    /// For search engines and cards; empty on pages that are not indexed.
    pub description: Cow<'a, str>,
    /// Absolute path, for the canonical address and for the navigation.
    pub path: String,
    /// May be found by search engines.
    pub index: bool,
    /// Shows the exit button.
    pub sensitive: bool,
    /// The document's title leaves out the clinic's name: the home page has it already, the form hides it.
    pub bare: bool,
    /// What the page shows.
    pub kind: PageKind<'a>,
}

/// The kinds of pages, with the data that they show.
#[derive(Debug, Clone, Copy)]
pub enum PageKind<'a> {
    /// `/`.
    Home(&'a Home),
    /// The list of all articles.
    Articles,
    /// The articles of a topic.
    Topic(&'a Topic),
    /// An article.
    Article(&'a Article),
    /// A person.
    Person(&'a Person),
    /// A page of `content/pages`.
    Page(&'a Page),
    /// The form.
    Contact,
    /// A page for one visitor: a receipt, search results, a failure.
    Other,
}

/// Title and description that are not in the content, a line each; from page 2 of a list on, with the page number.
#[derive(Template)]
#[template(path = "pages/page_meta.txt", escape = "none")]
struct FixedText<'a> {
    meta: &'a PageMeta<'a>,
    number: usize,
    last: usize,
}

impl<'a> PageMeta<'a> {
    /// The metadata of the page of this kind.
    pub(super) fn of(kind: PageKind<'a>) -> Self {
        let (path, title, description) = match kind {
            PageKind::Home(home) => ("/".to_owned(), &*home.title, &*home.description),
            PageKind::Articles => ("/articles".to_owned(), "", ""),
            PageKind::Topic(topic) => (format!("/topics/{}", topic.slug), &*topic.title, &*topic.description),
            PageKind::Article(article) => {
                (format!("/articles/{}", article.slug), &*article.title, &*article.description)
            }
            PageKind::Person(person) => (format!("/people/{}", person.slug), &*person.name, &*person.description),
            PageKind::Page(page) => (format!("/{}", page.slug), &*page.title, &*page.description),
            PageKind::Contact => ("/contact".to_owned(), "", ""),
            PageKind::Other => (String::new(), "", ""),
        };
        let (index, sensitive) = match kind {
            PageKind::Article(article) => (true, article.sensitive),
            PageKind::Page(page) => (!page.noindex, page.sensitive),
            PageKind::Contact => (true, true),
            PageKind::Other => (false, true),
            PageKind::Home(_) | PageKind::Articles | PageKind::Topic(_) | PageKind::Person(_) => (true, false),
        };
        let bare = matches!(kind, PageKind::Home(_) | PageKind::Contact | PageKind::Other);
        let meta = Self { title: title.into(), description: description.into(), path, index, sensitive, bare, kind };
        if matches!(kind, PageKind::Articles | PageKind::Contact) { meta.with_fixed_text(1, 1) } else { meta }
    }

    /// A page for one visitor, at `path` or with no address of its own: its title does not reveal in browser history
    /// what it shows.
    pub(super) fn neutral(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::of(PageKind::Other) }
    }

    /// Page `number` of `last` of this list, at `path`.
    pub(super) fn numbered(&self, number: usize, last: usize, path: String) -> Self {
        Self { path, ..self.clone().with_fixed_text(number, last) }
    }

    fn with_fixed_text(self, number: usize, last: usize) -> Self {
        let text = FixedText { meta: &self, number, last }.to_string();
        let (title, description) = text.trim().split_once('\n').expect("the template has two lines for each page");
        Self { title: title.to_owned().into(), description: description.to_owned().into(), ..self }
    }

    /// The page above this one in the breadcrumbs.
    pub(super) fn parent(&self) -> Option<Self> {
        matches!(self.kind, PageKind::Topic(_) | PageKind::Article(_)).then(|| Self::of(PageKind::Articles))
    }

    /// Whether a link of the navigation leads to this page or to a list that contains it.
    pub(super) fn is_under(&self, path: &str) -> bool {
        self.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// `og:type` of the Open Graph protocol.
    pub(super) fn open_graph_type(&self) -> &'static str {
        match self.kind {
            PageKind::Article(_) => "article",
            PageKind::Person(_) => "profile",
            _ => "website",
        }
    }

    /// The article, if this is an article's page.
    pub(super) fn article(&self) -> Option<&'a Article> {
        if let PageKind::Article(article) = self.kind { Some(article) } else { None }
    }

    /// The topic, if this is a topic's page.
    pub(super) fn topic(&self) -> Option<&'a Topic> {
        if let PageKind::Topic(topic) = self.kind { Some(topic) } else { None }
    }

    /// Day of the last change, if known.
    pub(super) fn changed(&self, context: &Edition) -> Option<Date> {
        let articles = context.site.articles.iter();
        match self.kind {
            PageKind::Home(_) | PageKind::Articles => articles.map(Article::changed).max(),
            PageKind::Topic(topic) => articles.filter(|a| a.topics.contains(&topic.slug)).map(Article::changed).max(),
            PageKind::Article(article) => Some(article.changed()),
            PageKind::Page(page) => page.updated,
            PageKind::Person(_) | PageKind::Contact | PageKind::Other => None,
        }
    }
}

impl Article {
    /// Day of the last change: the day of publication, if there was none since.
    pub(super) fn changed(&self) -> Date {
        self.updated.unwrap_or(self.published)
    }
}

/// Every page with a fixed address, including those that are not indexed.
pub(super) fn all(context: &Edition) -> impl Iterator<Item = PageMeta<'_>> {
    let site = &context.site;
    let kinds = [PageKind::Home(&site.home), PageKind::Articles, PageKind::Contact].into_iter();
    let kinds = kinds.chain(site.articles.iter().map(PageKind::Article)).chain(site.topics.iter().map(PageKind::Topic));
    let kinds = kinds.chain(site.people.iter().map(PageKind::Person)).chain(site.pages.iter().map(PageKind::Page));
    kinds.map(PageMeta::of)
}
