//! Reads every file of the content folder, then checks addresses and links across files.

use super::{
    Article, Fault, Faults, Level, Site,
    addresses::Addresses,
    article::article,
    document::{self, Context, read_all},
    facts, published_addresses,
    related::relate,
    source::{self, Read, SourceFile},
    telephones::Telephones,
};
use jiff::civil::Date;
use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
};

/// The guide for editors, which is not read.
const STYLE_GUIDE: &str = "STYLE.md";

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
    let mut sources = Sources(Vec::new());
    let site = site(folder, data, today, &mut sources);
    let is_broken = sources.are_broken();
    let faults: Vec<Fault> = sources.0.into_iter().flat_map(|source| source.faults).collect();
    match site {
        Some(site) if !is_broken => Ok(Loaded { site, warnings: faults }),
        _ => Err(Faults::from(faults)),
    }
}

/// Every file that was read, with its faults.
struct Sources(Vec<SourceFile>);

impl Sources {
    fn add<T>(&mut self, (value, source): Read<T>) -> Option<T> {
        self.0.push(source);
        value
    }

    fn add_all<T>(&mut self, files: Vec<Read<T>>) -> Vec<T> {
        files.into_iter().filter_map(|file| self.add(file)).collect()
    }

    fn check_links(&mut self, addresses: &Addresses, telephones: Option<&Telephones>) {
        for source in &mut self.0 {
            if let Some(telephones) = telephones {
                telephones.check(source);
            }
            addresses.check_links(source);
        }
    }

    fn are_broken(&self) -> bool {
        self.0.iter().flat_map(|source| &source.faults).any(|fault| fault.level == Level::Error)
    }
}

fn site(content: &Path, data: Option<&Path>, today: Date, sources: &mut Sources) -> Option<Site> {
    let clinic = sources.add(facts::clinic(content));
    let crisis = sources.add(facts::crisis(content, today));
    let signals = sources.add(facts::read(content, "signals.toml"));
    let search = sources.add(facts::optional(content, "search.toml")).unwrap_or_default();
    let home = sources.add(SourceFile::new(content, "home.md").read(document::home));
    let topics = sources.add_all(read_all(content, "topics", document::topic));
    let people = sources.add_all(read_all(content, "people", document::person));
    let context = Context {
        today,
        lint: sources.add(facts::optional(content, "lint.toml")).unwrap_or_default(),
        people: people.iter().map(|person| person.slug.clone()).collect(),
        topics: topics.iter().map(|topic| topic.slug.clone()).collect(),
    };
    let mut articles = sources.add_all(read_all(content, "articles", |source| article(source, &context)));
    articles.sort_by(|a: &Article, b| b.published.cmp(&a.published).then_with(|| a.slug.cmp(&b.slug)));
    relate(&mut articles);
    let pages = sources.add_all(read_all(content, "pages", |source| document::page(source, &context)));
    let mut addresses = Addresses::new(&mut sources.0);
    let unrecorded = published_addresses::check(content, data, today, &mut addresses, &mut sources.0);
    let telephones = clinic.as_ref().zip(crisis.as_ref()).map(|(clinic, crisis)| Telephones::new(clinic, crisis));
    sources.check_links(&addresses, telephones.as_ref());
    let (redirects, gone) = addresses.into_redirects();
    let pictures = sources.0.iter_mut().flat_map(|source| std::mem::take(&mut source.pictures)).collect();
    warn_of_unused(content, sources, &pictures);
    let changes = sources.0.iter().filter_map(|source| source.changes_on);
    let changes_on = changes.filter(|day| *day > today).min();
    let (clinic, crisis, signals, home) = (clinic?, crisis?, signals?, home?);
    Some(Site {
        clinic,
        crisis,
        signals,
        search,
        home,
        articles,
        pages,
        topics,
        people,
        redirects,
        gone,
        unrecorded,
        pictures,
        changes_on,
    })
}

/// A warning for each file that nothing uses. Without it, a misspelled name would take a page away in silence. While a
/// page has an error, it is unknown which files it uses.
fn warn_of_unused(content: &Path, sources: &mut Sources, pictures: &BTreeSet<String>) {
    if sources.are_broken() {
        return;
    }
    let read = sources.0.iter().map(|source| PathBuf::from(source.name()));
    let pictures = pictures.iter().map(|path| content.join(path));
    let used: HashSet<PathBuf> = read.chain(pictures).chain([content.join(STYLE_GUIDE)]).collect();
    for path in source::files(content, Path::new("")).into_iter().filter(|path| !used.contains(&content.join(path))) {
        let mut file = SourceFile::new(content, path);
        file.warn(0..0, "no page uses this file", "remove it, or name it in the page to which it belongs");
        sources.0.push(file);
    }
}
