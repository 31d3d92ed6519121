//! Markdown files with front matter: pages, topics, people and the home page.

use super::{
    Fault,
    facts::Lint,
    front_matter::{self, Day},
    markdown::{Kind, Rendered, render},
    site::{Figure, Home, Page, Person, Topic},
    source::{self, ANY_LENGTH, DESCRIPTION_LENGTH, SourceFile, TITLE_LENGTH},
};
use jiff::civil::Date;
use rayon::prelude::*;
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Document<T> {
    pub(super) value: T,
    pub(super) entry: Entry,
    pub(super) source: SourceFile,
}

/// What other files and the checks across files need of a file.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its address.
    pub(super) path: String,
    pub(super) title: String,
    pub(super) status: Status,
    pub(super) aliases: Vec<Spanned<String>>,
    /// Targets as written.
    pub(super) links: Vec<Spanned<String>>,
    /// Fragment identifiers that a link may name.
    pub(super) ids: Vec<String>,
}

/// Whether a page answers at its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Public,
    /// Public from a day on.
    Scheduled(Date),
    /// Retired or expired: 410.
    Gone,
    Draft,
}

/// What the reader of a file needs from other files.
pub(super) struct Context {
    pub(super) today: Date,
    pub(super) lint: Lint,
    /// Slugs of all people.
    pub(super) people: Vec<String>,
    /// Slugs of all topics.
    pub(super) topics: Vec<String>,
}

impl Entry {
    /// A public page that was rendered.
    pub(super) fn new(path: String, title: &str, aliases: Vec<Spanned<String>>, rendered: &mut Rendered) -> Self {
        let ids = std::mem::take(&mut rendered.ids);
        let links = std::mem::take(&mut rendered.links);
        Self { path, title: title.to_owned(), status: Status::Public, aliases, links, ids }
    }
}

/// Reads every file of a kind.
pub(super) fn read_all<T: Send>(
    content: &Path,
    kind: &str,
    faults: &mut Vec<Fault>,
    read: impl Fn(&mut SourceFile) -> Option<(T, Entry)> + Sync,
) -> Vec<Document<T>> {
    let pages = source::pages(content, kind);
    let read_one = |index: usize| {
        let other = index.checked_sub(1).map(|other| &pages[other]);
        source::page(content, &pages[index], other).and_then(|source| document(source, &read))
    };
    let documents: Vec<_> = (0..pages.len()).into_par_iter().map(read_one).collect();
    documents.into_iter().filter_map(|document| document.map_err(|more| faults.extend(more)).ok()).collect()
}

fn document<T>(
    mut source: SourceFile,
    read: impl Fn(&mut SourceFile) -> Option<(T, Entry)>,
) -> Result<Document<T>, Vec<Fault>> {
    match read(&mut source) {
        Some((value, entry)) => Ok(Document { value, entry, source }),
        None => Err(source.faults),
    }
}

/// Reads `home.md`.
pub(super) fn read_home(content: &Path, faults: &mut Vec<Fault>) -> Option<Document<Home>> {
    let document = SourceFile::read(content, "home.md").and_then(|source| document(source, home));
    document.map_err(|more| faults.extend(more)).ok()
}

/// Renders the text after the front matter.
pub(super) fn body(source: &mut SourceFile, start: usize, kind: Kind) -> Rendered {
    let text = source.text.clone();
    render(source, &text[start..], start, kind)
}

/// `image = {src, alt}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    src: Spanned<String>,
    alt: Option<Spanned<String>>,
}

impl Image {
    pub(super) fn figure(image: Spanned<Self>, source: &mut SourceFile) -> Figure {
        let span = image.span();
        let Self { src, alt } = image.into_inner();
        let place = alt.as_ref().map_or(span, Spanned::span);
        let alt = alt.map(|alt| alt.into_inner().trim().to_owned()).unwrap_or_default();
        if alt.is_empty() {
            let remedy = "add alt = \"what it shows\" for screen readers";
            source.error(place, "this picture has no text alternative", remedy);
        }
        Figure { picture: source.picture(src.get_ref(), src.span()), alt, caption: None }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PageFacts {
    title: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    updated: Option<Day>,
    approved: Option<bool>,
    sensitive: bool,
    noindex: bool,
    aliases: Vec<Spanned<String>>,
}

pub(super) fn page(source: &mut SourceFile, context: &Context) -> Option<(Page, Entry)> {
    context.lint.check(source);
    let (facts, start): (PageFacts, usize) = front_matter::read(source)?;
    let title = source.required_text("title", facts.title, ANY_LENGTH);
    let description = source.required_text("description", facts.description, DESCRIPTION_LENGTH);
    let mut rendered = body(source, start, Kind::Page);
    let slug = source.slug.clone();
    let title = title?;
    let entry = Entry::new(format!("/{slug}"), &title, facts.aliases, &mut rendered);
    let page = Page {
        slug,
        title,
        description: description?,
        updated: facts.updated.map(|day| day.0),
        approved: facts.approved.unwrap_or(true),
        sensitive: facts.sensitive,
        noindex: facts.noindex,
        lead: rendered.lead,
        body: rendered.body,
        headings: rendered.headings,
        text: rendered.text.into(),
    };
    Some((page, entry))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TopicFacts {
    title: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    aliases: Vec<Spanned<String>>,
}

pub(super) fn topic(source: &mut SourceFile) -> Option<(Topic, Entry)> {
    let (facts, start): (TopicFacts, usize) = front_matter::read(source)?;
    let title = source.required_text("title", facts.title, ANY_LENGTH);
    let description = source.required_text("description", facts.description, DESCRIPTION_LENGTH);
    let mut rendered = body(source, start, Kind::Short);
    let (slug, title) = (source.slug.clone(), title?);
    let entry = Entry::new(format!("/topics/{slug}"), &title, facts.aliases, &mut rendered);
    Some((Topic { slug, title, description: description?, body: rendered.body }, entry))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PersonFacts {
    name: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    credentials: Option<String>,
    role: Option<String>,
    licence: Option<String>,
    image: Option<Spanned<Image>>,
    aliases: Vec<Spanned<String>>,
}

pub(super) fn person(source: &mut SourceFile) -> Option<(Person, Entry)> {
    let (facts, start): (PersonFacts, usize) = front_matter::read(source)?;
    let name = source.required_text("name", facts.name, ANY_LENGTH);
    let description = source.required_text("description", facts.description, DESCRIPTION_LENGTH);
    let image = facts.image.map(|image| Image::figure(image, source));
    let mut rendered = body(source, start, Kind::Short);
    let (slug, name, description) = (source.slug.clone(), name?, description?);
    let entry = Entry::new(format!("/people/{slug}"), &name, facts.aliases, &mut rendered);
    let PersonFacts { credentials, role, licence, .. } = facts;
    Some((Person { slug, name, credentials, role, licence, description, image, body: rendered.body }, entry))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HomeFacts {
    title: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    heading: Option<Spanned<String>>,
}

fn home(source: &mut SourceFile) -> Option<(Home, Entry)> {
    let (facts, start): (HomeFacts, usize) = front_matter::read(source)?;
    let title = source.required_text("title", facts.title, TITLE_LENGTH);
    let description = source.required_text("description", facts.description, DESCRIPTION_LENGTH);
    let heading = source.required_text("heading", facts.heading, ANY_LENGTH);
    let mut rendered = body(source, start, Kind::Page);
    let (title, description, heading) = (title?, description?, heading?);
    let entry = Entry::new("/".to_owned(), &title, Vec::new(), &mut rendered);
    Some((Home { title, description, heading, lead: rendered.lead, body: rendered.body }, entry))
}
