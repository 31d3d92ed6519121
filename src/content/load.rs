//! Reads every file of the content folder, then checks addresses and links across files.

use super::{
    Article, Clinic, Fault, Faults, Home, Level, Page, Person, Picture, Site, Topic,
    addresses::Addresses,
    article::article,
    document::{self, Context, Document, read_all},
    facts, published_addresses,
    related::relate,
    source::{self, SourceFile, Status},
    telephones::Telephones,
};
use jiff::civil::Date;
use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
};

/// Files besides the pages.
const FACTS: [&str; 6] = ["addresses.txt", "crisis.toml", "lint.toml", "search.toml", "signals.toml", "STYLE.md"];

/// Content without errors, and the warnings.
#[derive(Debug)]
pub struct Loaded {
    /// The content.
    pub site: Site,
    /// Faults that do not prevent the site from being served.
    pub warnings: Vec<Fault>,
}

/// Reads `folder` as of `today`, the date in the clinic's zone. `data` is the folder with further published addresses.
///
/// # Errors
/// Every fault of every file, if one of them is an error.
pub fn load(folder: &Path, data: Option<&Path>, today: Date) -> Result<Loaded, Faults> {
    let mut faults = Vec::new();
    let site = site(folder, data, today, &mut faults);
    let is_broken = faults.iter().any(|fault| fault.level == Level::Error);
    match site {
        Some(site) if !is_broken => Ok(Loaded { site, warnings: faults }),
        _ => Err(Faults::from(faults)),
    }
}

fn site(content: &Path, data: Option<&Path>, today: Date, faults: &mut Vec<Fault>) -> Option<Site> {
    let clinic = facts::clinic(content, faults);
    let crisis = facts::crisis(content, today, faults);
    let signals = facts::read(content, "signals.toml", faults);
    let search = facts::optional(content, "search.toml", faults);
    let mut files = Files::read(content, today, clinic, faults);
    let mut addresses = files.addresses();
    let unrecorded = published_addresses::check(content, data, today, &mut addresses, faults);
    let facts = files.clinic.as_ref().zip(crisis.as_ref());
    let telephones = facts.map(|(clinic, crisis)| Telephones::new(&clinic.value, crisis));
    for source in files.sources() {
        if let Some(telephones) = &telephones {
            telephones.check(source);
        }
        addresses.check_links(source);
        faults.append(&mut source.faults);
    }
    let (redirects, gone) = addresses.into_redirects();
    let changes_on = files.changes_on(today);
    let pictures = files.pictures();
    warn_of_unused(content, &mut files, &pictures, faults);
    let public = files.articles.into_iter().filter(|article| article.source.status == Status::Public);
    let mut articles: Vec<Article> = public.map(|article| article.value).collect();
    articles.sort_by(|a, b| b.published.cmp(&a.published).then_with(|| a.slug.cmp(&b.slug)));
    relate(&mut articles);
    Some(Site {
        clinic: files.clinic?.value,
        crisis: crisis?,
        signals: signals?.0,
        search,
        home: files.home?.value,
        articles,
        pages: files.pages.into_iter().map(|page| page.value).collect(),
        topics: files.topics.into_iter().map(|topic| topic.value).collect(),
        people: files.people.into_iter().map(|person| person.value).collect(),
        redirects,
        gone,
        unrecorded,
        pictures,
        changes_on,
    })
}

/// A warning for each file that nothing uses. Without it, a misspelled name would take a page away in silence. While a
/// page has an error, it is unknown which files it uses.
fn warn_of_unused(content: &Path, files: &mut Files, pictures: &[Picture], faults: &mut Vec<Fault>) {
    if faults.iter().any(|fault| fault.level == Level::Error) {
        return;
    }
    let pages = files.sources().map(|source| PathBuf::from(source.name()));
    let pictures = pictures.iter().map(|picture| picture.file.clone());
    let used: HashSet<PathBuf> = pages.chain(pictures).chain(FACTS.map(|name| content.join(name))).collect();
    for path in source::files(content, Path::new("")).into_iter().filter(|path| !used.contains(&content.join(path))) {
        let mut file = SourceFile::empty(content, path);
        file.warn(0..0, "no page uses this file", "remove it, or name it in the page to which it belongs");
        faults.append(&mut file.faults);
    }
}

/// Every file with links that could be read.
struct Files {
    clinic: Option<Document<Clinic>>,
    home: Option<Document<Home>>,
    articles: Vec<Document<Article>>,
    pages: Vec<Document<Page>>,
    topics: Vec<Document<Topic>>,
    people: Vec<Document<Person>>,
}

impl Files {
    fn read(content: &Path, today: Date, clinic: Option<Document<Clinic>>, faults: &mut Vec<Fault>) -> Self {
        let home = document::read_home(content, faults);
        let topics = read_all(content, "topics", faults, document::topic);
        let people = read_all(content, "people", faults, document::person);
        let context = Context {
            today,
            lint: facts::optional(content, "lint.toml", faults),
            people: people.iter().map(|person| person.value.slug.clone()).collect(),
            topics: topics.iter().map(|topic| topic.value.slug.clone()).collect(),
        };
        let articles = read_all(content, "articles", faults, |source| article(source, &context));
        let pages = read_all(content, "pages", faults, |source| document::page(source, &context));
        Self { clinic, home, articles, pages, topics, people }
    }

    fn sources(&mut self) -> impl Iterator<Item = &mut SourceFile> {
        let Self { clinic, home, articles, pages, topics, people } = self;
        let single = sources(clinic).chain(sources(home));
        single.chain(sources(articles)).chain(sources(pages)).chain(sources(topics)).chain(sources(people))
    }

    fn addresses(&mut self) -> Addresses {
        let mut addresses = Addresses::new();
        self.sources().for_each(|source| addresses.add(source));
        self.sources().for_each(|source| addresses.add_aliases(source));
        addresses
    }

    /// Every picture that a file uses, once each.
    fn pictures(&mut self) -> Vec<Picture> {
        let all = self.sources().flat_map(|source| std::mem::take(&mut source.pictures));
        let by_path: BTreeMap<String, Picture> = all.map(|picture| (picture.path.clone(), picture)).collect();
        by_path.into_values().collect()
    }

    /// The next day on which an article appears or expires, or an availability ends.
    fn changes_on(&self, today: Date) -> Option<Date> {
        let days = self.articles.iter().filter_map(|article| match article.source.status {
            Status::Public => article.value.expires?.tomorrow().ok(),
            Status::Scheduled(day) => Some(day),
            Status::Gone | Status::Draft => None,
        });
        let availability = self.clinic.as_ref().and_then(|clinic| clinic.value.availability.as_ref()?.until);
        let ended = availability.and_then(|last| last.tomorrow().ok());
        days.chain(ended).filter(|day| *day > today).min()
    }
}

fn sources<'d, T: 'd>(
    documents: impl IntoIterator<Item = &'d mut Document<T>>,
) -> impl Iterator<Item = &'d mut SourceFile> {
    documents.into_iter().map(|document| &mut document.source)
}
