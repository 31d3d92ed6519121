//! The other files of Markdown: free pages, topics, people, the home page.

use super::{
    article::{image, lengths, strings},
    fault::Source,
    folder::Text,
    front::{At, Keys, split},
    markdown::{Kind, Made, Reference, render},
    site::{Home, Page, Person, Topic},
};
use std::{path::PathBuf, sync::Arc};

/// A file that was read, with what other files decide about.
#[derive(Debug)]
pub(super) struct Read<T> {
    pub(super) value: T,
    pub(super) source: Source,
    pub(super) folder: PathBuf,
    pub(super) links: Vec<Reference>,
    pub(super) pictures: Vec<Reference>,
    pub(super) ids: Vec<String>,
    pub(super) aliases: Vec<At<String>>,
}

/// Reads front matter with `facts`, then the body.
fn read<T>(
    text: Text,
    kind: Kind,
    facts: impl FnOnce(&mut Keys<'_>, &mut Source, String) -> Option<T>,
    fill: impl FnOnce(&mut T, Made),
) -> Result<Read<T>, Source> {
    let Text { slug, mut source, folder } = text;
    let whole = Arc::clone(&source.text);
    let Some((mut keys, body)) = split(&whole, &mut source) else { return Err(source) };
    let aliases = strings(&mut keys, &mut source, "aliases");
    let value = facts(&mut keys, &mut source, slug);
    keys.finish(&mut source);
    let mut made = render(&mut source, &whole[body.clone()], body.start, kind);
    let Some(mut value) = value else { return Err(source) };
    let (links, pictures) = (std::mem::take(&mut made.links), std::mem::take(&mut made.pictures));
    let mut ids = std::mem::take(&mut made.ids);
    ids.extend(["main", "crisis-heading"].map(str::to_owned));
    fill(&mut value, made);
    Ok(Read { value, source, folder, links, pictures, ids, aliases })
}

pub(super) fn page(text: Text) -> Result<Read<Page>, Source> {
    let facts = |keys: &mut Keys<'_>, source: &mut Source, slug| {
        let title = keys.text(source, "title");
        let description = keys.text(source, "description");
        lengths(source, None, description.as_ref());
        let updated = keys.date(source, "updated");
        let approved = keys.take::<bool>(source, "approved").is_none_or(|at| at.value);
        let (sensitive, noindex) = (keys.is_on(source, "sensitive"), keys.is_on(source, "noindex"));
        Some(Page {
            slug,
            title: title?.value,
            description: description?.value,
            updated: updated.map(|at| at.value),
            approved,
            sensitive,
            noindex,
            lead: None,
            body: super::site::Prose::default(),
            headings: Vec::new(),
            text: Arc::default(),
        })
    };
    read(text, Kind::Page, facts, |page, made| {
        (page.lead, page.body, page.headings, page.text) = (made.lead, made.body, made.headings, made.text.into());
    })
}

pub(super) fn topic(text: Text) -> Result<Read<Topic>, Source> {
    let facts = |keys: &mut Keys<'_>, source: &mut Source, slug| {
        let title = keys.text(source, "title");
        let description = keys.text(source, "description");
        lengths(source, None, description.as_ref());
        let body = super::site::Prose::default();
        Some(Topic { slug, title: title?.value, description: description?.value, body })
    };
    read(text, Kind::Short, facts, |topic, made| topic.body = made.body)
}

pub(super) fn person(text: Text) -> Result<Read<Person>, Source> {
    let mut portrait = None;
    let facts = |keys: &mut Keys<'_>, source: &mut Source, slug| {
        let name = keys.text(source, "name");
        let description = keys.text(source, "description");
        lengths(source, None, description.as_ref());
        let mut fact = |key| keys.take::<String>(source, key).map(|at| at.value);
        let (credentials, role, licence) = (fact("credentials"), fact("role"), fact("licence"));
        let (named, image) = image(keys, source).unzip();
        portrait = named;
        let (body, description) = (super::site::Prose::default(), description?.value);
        Some(Person { slug, name: name?.value, credentials, role, licence, description, image, body })
    };
    let mut read = read(text, Kind::Short, facts, |person, made| person.body = made.body)?;
    read.pictures.extend(portrait);
    Ok(read)
}

pub(super) fn home(text: Text) -> Result<Read<Home>, Source> {
    let facts = |keys: &mut Keys<'_>, source: &mut Source, _| {
        let title = keys.text(source, "title");
        let description = keys.text(source, "description");
        lengths(source, title.as_ref(), description.as_ref());
        let heading = keys.text(source, "heading");
        let body = super::site::Prose::default();
        Some(Home { title: title?.value, description: description?.value, heading: heading?.value, lead: None, body })
    };
    read(text, Kind::Page, facts, |home, made| (home.lead, home.body) = (made.lead, made.body))
}
