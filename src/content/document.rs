//! Markdown files with front matter: pages, topics, people and the home page.

use super::{
    facts::Lint,
    front_matter::{self, Day},
    markdown::{Kind, Rendered, render},
    site::{Figure, Home, Page, Person, Topic},
    source::{self, ANY_LENGTH, DESCRIPTION_LENGTH, Read, SourceFile, TITLE_LENGTH},
};
use jiff::civil::Date;
use rayon::prelude::*;
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

/// What the reader of a file needs from other files.
pub(super) struct Context {
    pub(super) today: Date,
    pub(super) lint: Lint,
    /// Slugs of all people.
    pub(super) people: Vec<String>,
    /// Slugs of all topics.
    pub(super) topics: Vec<String>,
}

/// Reads every file of a kind.
pub(super) fn read_all<T: Send>(
    content: &Path,
    kind: &str,
    read: impl Fn(&mut SourceFile) -> Option<T> + Sync,
) -> Vec<Read<T>> {
    let pages = source::pages(content, kind);
    let folder = if kind == "pages" { String::new() } else { format!("/{kind}") };
    let read_one = |index: usize| {
        let (slug, path) = &pages[index];
        let before = index.checked_sub(1).map(|before| &pages[before]);
        let other = before.filter(|(other, _)| other == slug).map(|(_, other)| other.as_path());
        SourceFile::new(content, path).read(|source| {
            source.set_address(&folder, slug, other);
            read(source)
        })
    };
    (0..pages.len()).into_par_iter().map(read_one).collect()
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

pub(super) fn page(source: &mut SourceFile, context: &Context) -> Option<Page> {
    context.lint.check(source);
    let (facts, start): (PageFacts, usize) = front_matter::read(source)?;
    let title = source.required_text("title", facts.title, ANY_LENGTH);
    let description = source.required_text("description", facts.description, DESCRIPTION_LENGTH);
    let rendered = body(source, start, Kind::Page);
    source.title = title.clone()?;
    source.aliases = facts.aliases;
    Some(Page {
        slug: source.slug.clone(),
        title: title?,
        description: description?,
        updated: facts.updated.map(|day| day.0),
        approved: facts.approved.unwrap_or(true),
        sensitive: facts.sensitive,
        noindex: facts.noindex,
        lead: rendered.lead,
        body: rendered.body,
        headings: rendered.headings,
        text: rendered.text.into(),
    })
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TopicFacts {
    title: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    aliases: Vec<Spanned<String>>,
}

pub(super) fn topic(source: &mut SourceFile) -> Option<Topic> {
    let (facts, start): (TopicFacts, usize) = front_matter::read(source)?;
    let title = source.required_text("title", facts.title, ANY_LENGTH);
    let description = source.required_text("description", facts.description, DESCRIPTION_LENGTH);
    let body = body(source, start, Kind::Short).body;
    source.title = title.clone()?;
    source.aliases = facts.aliases;
    Some(Topic { slug: source.slug.clone(), title: title?, description: description?, body })
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PersonFacts {
    name: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    credentials: Option<String>,
    role: Option<String>,
    #[serde(rename = "licence")]
    license: Option<String>,
    image: Option<Spanned<Image>>,
    aliases: Vec<Spanned<String>>,
}

pub(super) fn person(source: &mut SourceFile) -> Option<Person> {
    let (facts, start): (PersonFacts, usize) = front_matter::read(source)?;
    let name = source.required_text("name", facts.name, ANY_LENGTH);
    let description = source.required_text("description", facts.description, DESCRIPTION_LENGTH);
    let image = facts.image.map(|image| Image::figure(image, source));
    let body = body(source, start, Kind::Short).body;
    source.title = name.clone()?;
    source.aliases = facts.aliases;
    let PersonFacts { credentials, role, license, .. } = facts;
    let (slug, name, description) = (source.slug.clone(), name?, description?);
    Some(Person { slug, name, credentials, role, license, description, image, body })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HomeFacts {
    title: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    heading: Option<Spanned<String>>,
}

pub(super) fn home(source: &mut SourceFile) -> Option<Home> {
    let (facts, start): (HomeFacts, usize) = front_matter::read(source)?;
    let title = source.required_text("title", facts.title, TITLE_LENGTH);
    let description = source.required_text("description", facts.description, DESCRIPTION_LENGTH);
    let heading = source.required_text("heading", facts.heading, ANY_LENGTH);
    let Rendered { lead, body, .. } = body(source, start, Kind::Page);
    Some(Home { title: title?, description: description?, heading: heading?, lead, body })
}
