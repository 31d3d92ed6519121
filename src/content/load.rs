//! The whole folder: read every file, then check what the files say of one another.

use super::{
    Clinic, Crisis, Fault, Faults, Level, SearchFacts, SignalFacts,
    address::Addresses,
    article::{self, Draft},
    facts,
    fault::Source,
    folder::{self, Text},
    front::At,
    ledger::Ledger,
    lint::Lint,
    markdown::Reference,
    other::{self, Read},
    related::relate,
    site::{Article, Figure, Home, Page, Person, Picture, Piece, Prose, Site, Topic},
};
use jiff::civil::Date;
use rayon::prelude::*;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Sound words, and what somebody should look at.
#[derive(Debug)]
pub struct Loaded {
    /// The words.
    pub site: Site,
    /// Faults that do not keep the site from being served.
    pub warnings: Vec<Fault>,
}

/// Reads `folder` as of `today`, the date in the clinic's zone.
///
/// # Errors
/// Every fault of every file, if one of them is an error.
pub fn load(folder: &Path, today: Date) -> Result<Loaded, Faults> {
    let mut loading = Loading { content: folder, today, faults: Vec::new(), pictures: BTreeMap::new() };
    let site = loading.site();
    let broken = loading.faults.iter().any(|fault| fault.level == Level::Error);
    match site {
        Some(site) if !broken => Ok(Loaded { site, warnings: loading.faults }),
        _ => Err(Faults::from(loading.faults)),
    }
}

struct Loading<'a> {
    content: &'a Path,
    today: Date,
    faults: Vec<Fault>,
    pictures: BTreeMap<String, PathBuf>,
}

/// Every file that could be read.
struct Files {
    clinic: Option<(Clinic, Source)>,
    crisis: Option<Crisis>,
    signals: Option<SignalFacts>,
    search: Option<SearchFacts>,
    home: Option<Read<Home>>,
    articles: Vec<Draft>,
    pages: Vec<Read<Page>>,
    topics: Vec<Read<Topic>>,
    people: Vec<Read<Person>>,
}

impl Loading<'_> {
    fn site(&mut self) -> Option<Site> {
        let mut files = self.files();
        let lint = Lint::read(self.content, &mut self.faults);
        let mut addresses = self.addresses(&mut files);
        let unrecorded = self.keep_promises(&mut addresses);
        self.check_links(&mut files, &addresses);
        check_names(&mut files);
        self.resolve_pictures(&mut files);
        self.look_again(&mut files, &lint);
        let (redirects, gone) = addresses.into_redirects();
        let mut site = self.join(files, redirects, gone)?;
        site.unrecorded = unrecorded;
        Some(site)
    }

    /// Holds the addresses against the ledger; what it does not know yet is given back.
    fn keep_promises(&mut self, addresses: &mut Addresses) -> Vec<String> {
        let mut ledger = Ledger::read(self.content, &mut self.faults);
        ledger.tell(addresses);
        ledger.check(addresses, self.today);
        let unrecorded = ledger.missing(addresses);
        self.faults.append(&mut ledger.source.faults);
        unrecorded
    }

    fn files(&mut self) -> Files {
        let (content, today) = (self.content, self.today);
        Files {
            clinic: facts::clinic(content, &mut self.faults),
            crisis: facts::crisis(content, today, &mut self.faults),
            signals: facts::signals(content, &mut self.faults),
            search: facts::search(content, &mut self.faults),
            home: self.home(),
            articles: self.texts("articles", article::read),
            pages: self.texts("pages", other::page),
            topics: self.texts("topics", other::topic),
            people: self.texts("people", other::person),
        }
    }

    fn home(&mut self) -> Option<Read<Home>> {
        let source = folder::read(&self.content.join("home.md")).map_err(|more| self.faults.extend(more)).ok()?;
        let text = Text { slug: String::new(), source, folder: self.content.to_owned() };
        other::home(text).map_err(|source| self.faults.extend(source.faults)).ok()
    }

    fn texts<T: Send>(&mut self, kind: &str, read: impl Fn(Text) -> Result<T, Source> + Sync + Send) -> Vec<T> {
        let texts = folder::texts(self.content, kind, &mut self.faults);
        let results: Vec<_> = texts.into_par_iter().map(read).collect();
        results
            .into_iter()
            .filter_map(|result| result.map_err(|source| self.faults.extend(source.faults)).ok())
            .collect()
    }

    fn is_public(&self, draft: &Draft) -> bool {
        !draft.unpublished && !self.is_gone(draft) && draft.article.published <= self.today
    }

    fn is_gone(&self, draft: &Draft) -> bool {
        draft.retired || draft.article.expires.is_some_and(|last| last < self.today)
    }

    fn addresses(&self, files: &mut Files) -> Addresses {
        let mut addresses = Addresses::new();
        for draft in &files.articles {
            let path = format!("/articles/{}", draft.article.slug);
            if self.is_public(draft) {
                addresses.add(path, &draft.ids, &draft.article.title, &draft.source.file);
            } else if self.is_gone(draft) {
                addresses.add_gone(path);
            } else if !draft.unpublished {
                addresses.add_later(path, draft.article.published.to_string());
            }
        }
        for page in &mut files.pages {
            Addresses::check_reserved(&mut page.source, &page.value.slug);
        }
        add_all(&mut addresses, "", &files.pages, |page| (&page.slug, &page.title));
        add_all(&mut addresses, "/topics", &files.topics, |topic| (&topic.slug, &topic.title));
        add_all(&mut addresses, "/people", &files.people, |person| (&person.slug, &person.name));
        for draft in files.articles.iter_mut().filter(|draft| !draft.unpublished) {
            addresses.add_old(&mut draft.source, &draft.aliases, &format!("/articles/{}", draft.article.slug));
        }
        add_all_old(&mut addresses, "", &mut files.pages, |page| &page.slug);
        add_all_old(&mut addresses, "/topics", &mut files.topics, |topic| &topic.slug);
        add_all_old(&mut addresses, "/people", &mut files.people, |person| &person.slug);
        addresses
    }

    fn check_links(&self, files: &mut Files, addresses: &Addresses) {
        for draft in &mut files.articles {
            let own = format!("/articles/{}", draft.article.slug);
            // A draft's or a coming article's own fragments are known to itself alone.
            let links: Vec<Reference> = if self.is_public(draft) {
                draft.links.clone()
            } else {
                draft.links.iter().filter(|link| !link.to.starts_with('#')).cloned().collect()
            };
            addresses.check(&mut draft.source, &own, &links);
        }
        for page in &mut files.pages {
            addresses.check(&mut page.source, &format!("/{}", page.value.slug), &page.links);
        }
        for topic in &mut files.topics {
            addresses.check(&mut topic.source, &format!("/topics/{}", topic.value.slug), &topic.links);
        }
        for person in &mut files.people {
            addresses.check(&mut person.source, &format!("/people/{}", person.value.slug), &person.links);
        }
        if let Some(home) = &mut files.home {
            addresses.check(&mut home.source, "/", &home.links);
        }
        if let Some((clinic, source)) = &mut files.clinic {
            for link in clinic.navigation.iter().chain(&clinic.footer) {
                let quoted = format!("\"{}\"", link.path);
                let place = facts::place_of(source, &quoted);
                let reference = Reference { to: link.path.clone(), span: place };
                addresses.check(source, "/", &[reference]);
            }
        }
    }

    fn resolve_pictures(&mut self, files: &mut Files) {
        for draft in &mut files.articles {
            let names = self.pictures(&mut draft.source, &draft.folder, &draft.pictures);
            rename(&mut draft.article.body, &names);
            if let Some(image) = &mut draft.article.image {
                rename_one(image, &names);
            }
        }
        for page in &mut files.pages {
            let names = self.pictures(&mut page.source, &page.folder, &page.pictures);
            rename(&mut page.value.body, &names);
        }
        for topic in &mut files.topics {
            let names = self.pictures(&mut topic.source, &topic.folder, &topic.pictures);
            rename(&mut topic.value.body, &names);
        }
        for person in &mut files.people {
            let names = self.pictures(&mut person.source, &person.folder, &person.pictures);
            rename(&mut person.value.body, &names);
            if let Some(image) = &mut person.value.image {
                rename_one(image, &names);
            }
        }
        if let Some(home) = &mut files.home {
            let names = self.pictures(&mut home.source, &home.folder, &home.pictures);
            rename(&mut home.value.body, &names);
        }
    }

    /// Name as written to path below the content folder; what is not there is a fault.
    fn pictures(&mut self, source: &mut Source, folder: &Path, pictures: &[Reference]) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for picture in pictures {
            let file = folder.join(&picture.to);
            let kind = file.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
            let known = ["svg", "png", "jpg", "jpeg", "webp"].contains(&kind.as_str());
            if picture.to.contains("..") || picture.to.starts_with('/') || picture.to.contains(':') {
                source.error(
                    picture.span.clone(),
                    format!("`{}` is not beside this file", picture.to),
                    "put the picture beside the file and write its name",
                );
            } else if !known {
                source.error(
                    picture.span.clone(),
                    format!("`{}` is not a picture", picture.to),
                    "use svg, png, jpg or webp",
                );
            } else if !file.is_file() {
                let remedy = format!("put the file {} there, or correct the name", file.display());
                source.error(picture.span.clone(), format!("the picture `{}` is missing", picture.to), remedy);
            } else {
                let below = file.strip_prefix(self.content).unwrap_or(&file).to_string_lossy().replace('\\', "/");
                self.pictures.insert(below.clone(), file);
                names.insert(picture.to.clone(), below);
            }
        }
        names
    }

    /// Warnings, and then every file's faults to the others.
    fn look_again(&mut self, files: &mut Files, lint: &Lint) {
        for draft in &mut files.articles {
            lint.check(&mut draft.source);
            if let Some(due) =
                draft.article.review.as_ref().and_then(|review| review.due).filter(|due| *due < self.today)
            {
                let place = facts::place_of(&draft.source, &due.to_string());
                draft.source.warn(place, "this article is due for review", "read it whole, then write new dates");
            }
            self.faults.append(&mut draft.source.faults);
        }
        for page in &mut files.pages {
            lint.check(&mut page.source);
            self.faults.append(&mut page.source.faults);
        }
        files.topics.iter_mut().for_each(|topic| self.faults.append(&mut topic.source.faults));
        files.people.iter_mut().for_each(|person| self.faults.append(&mut person.source.faults));
        if let Some(home) = &mut files.home {
            self.faults.append(&mut home.source.faults);
        }
        if let Some((_, source)) = &mut files.clinic {
            self.faults.append(&mut source.faults);
        }
    }

    fn join(&self, files: Files, redirects: Vec<(String, String)>, gone: Vec<String>) -> Option<Site> {
        let changes_on = self.changes_on(&files);
        let public: Vec<Draft> = files.articles.into_iter().filter(|draft| self.is_public(draft)).collect();
        let mut articles: Vec<Article> = public.into_iter().map(|draft| draft.article).collect();
        articles.sort_by(|a, b| b.published.cmp(&a.published).then(a.slug.cmp(&b.slug)));
        relate(&mut articles);
        let pictures = self.pictures.iter().map(|(path, file)| Picture { path: path.clone(), file: file.clone() });
        Some(Site {
            clinic: files.clinic?.0,
            crisis: files.crisis?,
            signals: files.signals?,
            search: files.search?,
            home: files.home?.value,
            articles,
            pages: files.pages.into_iter().map(|page| page.value).collect(),
            topics: files.topics.into_iter().map(|topic| topic.value).collect(),
            people: files.people.into_iter().map(|person| person.value).collect(),
            redirects,
            gone,
            unrecorded: Vec::new(),
            pictures: pictures.collect(),
            changes_on,
        })
    }

    /// The next day on which an article appears or is gone, or an availability has ended.
    fn changes_on(&self, files: &Files) -> Option<Date> {
        let living = files.articles.iter().filter(|draft| !draft.unpublished && !draft.retired);
        let days = living.flat_map(|draft| {
            let after = draft.article.expires.and_then(|last| last.tomorrow().ok());
            [Some(draft.article.published), after]
        });
        let availability = files.clinic.as_ref().and_then(|(clinic, _)| clinic.availability.as_ref()?.until);
        let ended = availability.and_then(|last| last.tomorrow().ok());
        days.chain([ended]).flatten().filter(|day| *day > self.today).min()
    }
}

fn add_all<T>(addresses: &mut Addresses, folder: &str, all: &[Read<T>], slug_and_title: fn(&T) -> (&String, &String)) {
    for read in all {
        let (slug, title) = slug_and_title(&read.value);
        addresses.add(format!("{folder}/{slug}"), &read.ids, title, &read.source.file);
    }
}

fn add_all_old<T>(addresses: &mut Addresses, folder: &str, all: &mut [Read<T>], slug: fn(&T) -> &String) {
    for read in all {
        addresses.add_old(&mut read.source, &read.aliases, &format!("{folder}/{}", slug(&read.value)));
    }
}

/// People and topics that articles name.
fn check_names(files: &mut Files) {
    let people: Vec<String> = files.people.iter().map(|person| person.value.slug.clone()).collect();
    let topics: Vec<String> = files.topics.iter().map(|topic| topic.value.slug.clone()).collect();
    for draft in &mut files.articles {
        known(&mut draft.source, &draft.people, &people, "person", "content/people");
        known(&mut draft.source, &draft.topics, &topics, "topic", "content/topics");
    }
}

fn known(source: &mut Source, named: &[At<String>], there: &[String], what: &str, folder: &str) {
    for name in named.iter().filter(|name| !there.contains(&name.value)) {
        let remedy = format!("write {folder}/{}.md, or use one of: {}", name.value, there.join(", "));
        source.error(name.span.clone(), format!("there is no {what} `{}`", name.value), remedy);
    }
}

fn rename(prose: &mut Prose, names: &BTreeMap<String, String>) {
    for piece in &mut prose.0 {
        if let Piece::Figure(figure) = piece {
            rename_one(figure, names);
        }
    }
}

fn rename_one(figure: &mut Figure, names: &BTreeMap<String, String>) {
    if let Some(name) = names.get(&figure.picture) {
        figure.picture.clone_from(name);
    }
}
