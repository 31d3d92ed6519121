//! Addresses: which answer, which did, and whether every link leads to one.
//!
//! Invariant: an old address leads to a live one and to nothing else, so there are no chains and no circles.

use super::{
    Level, Site,
    document::{Entry, Status},
    source::SourceFile,
};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use strsim::sorensen_dice;

/// How like a lost address another must be to be proposed, between 0 and 1.
const SIMILAR: f64 = 0.3;
/// Addresses that the program answers itself.
const OWN: [&str; 8] = [
    "/",
    "/articles",
    "/contact",
    "/search",
    "/sitemap.xml",
    "/robots.txt",
    "/health/live",
    "/.well-known/security.txt",
];
/// Ids that the templates give to parts of every page.
const TEMPLATE_IDS: [&str; 2] = ["main", "crisis-heading"];
/// First parts of addresses that no page may take.
const RESERVED: [&str; 15] = [
    "articles",
    "topics",
    "people",
    "contact",
    "search",
    "health",
    "t",
    "assets",
    "feed",
    "sitemap",
    "robots",
    "favicon",
    "post",
    "blog",
    "blog-posts",
];

/// What an address answers.
#[derive(Debug)]
enum Answer {
    /// A page of the program.
    Own,
    /// A page of a file, with its ids, its title and the name of its file.
    Page { ids: Vec<String>, title: String, file: String },
    /// A page from a day on.
    Scheduled(Date),
    /// A redirect to a live address.
    Moved(String),
    /// 410.
    Gone,
}

/// Every address with what it answers.
#[derive(Debug)]
pub(super) struct Addresses {
    answers: BTreeMap<String, Answer>,
    /// Old addresses in front matter, also of pages that are not public yet.
    aliases: BTreeSet<String>,
}

impl Addresses {
    pub(super) fn new() -> Self {
        let answers = OWN.into_iter().map(|path| (path.to_owned(), Answer::Own)).collect();
        Self { answers, aliases: BTreeSet::new() }
    }

    /// A page at its own address, which must be free.
    pub(super) fn add(&mut self, page: &Entry, source: &mut SourceFile) {
        if RESERVED.contains(&&page.path[1..]) {
            source.error(0..0, format!("the address {} is the program's own", page.path), "give the file another name");
        }
        let (ids, title, file) = (page.ids.clone(), page.title.clone(), source.name());
        let answer = match page.status {
            Status::Public => Answer::Page { ids, title, file },
            Status::Scheduled(day) => Answer::Scheduled(day),
            Status::Gone => Answer::Gone,
            Status::Draft => return,
        };
        self.answers.insert(page.path.clone(), answer);
    }

    pub(super) fn add_gone(&mut self, path: String) {
        self.answers.insert(path, Answer::Gone);
    }

    /// An old address of a live one.
    pub(super) fn add_moved(&mut self, path: String, to: String) {
        self.answers.insert(path, Answer::Moved(to));
    }

    /// Old addresses of a page; one that is taken is a fault. While the page is not public they are not either, and when
    /// it is gone they are gone.
    pub(super) fn add_aliases(&mut self, page: &Entry, source: &mut SourceFile) {
        for alias in page.aliases.iter().filter(|_| page.status != Status::Draft) {
            let path = alias.get_ref().trim_end_matches('/').to_owned();
            if let Some((message, remedy)) = self.fault_of_alias(&path) {
                source.error(alias.span(), format!("{message}: {}", alias.get_ref()), remedy);
                continue;
            }
            match page.status {
                Status::Public => self.add_moved(path.clone(), page.path.clone()),
                Status::Gone => self.add_gone(path.clone()),
                Status::Scheduled(_) | Status::Draft => {}
            }
            self.aliases.insert(path);
        }
    }

    fn fault_of_alias(&self, path: &str) -> Option<(&'static str, &'static str)> {
        if !path.starts_with('/') || path.contains(['?', '#', ' ']) {
            return Some(("an alias is the path of an old address", "write it like \"/post/old-name\""));
        }
        if self.aliases.contains(path) {
            return Some(("this alias stands twice", "keep it where it should lead"));
        }
        let is_page = self.is_live(path) || self.is_scheduled(path);
        is_page.then_some(("this alias is the address of a page", "remove it, or rename that page"))
    }

    /// A page is there.
    pub(super) fn is_live(&self, path: &str) -> bool {
        matches!(self.answers.get(path), Some(Answer::Own | Answer::Page { .. }))
    }

    /// A page will be there.
    pub(super) fn is_scheduled(&self, path: &str) -> bool {
        matches!(self.answers.get(path), Some(Answer::Scheduled(_)))
    }

    /// Something other than 404 is there today.
    pub(super) fn is_answered(&self, path: &str) -> bool {
        self.answers.contains_key(path) && !self.is_scheduled(path)
    }

    /// Where an old address leads.
    pub(super) fn target(&self, path: &str) -> Option<&str> {
        match self.answers.get(path) {
            Some(Answer::Moved(to)) => Some(to),
            _ => None,
        }
    }

    /// Every address that a file has published or set a day for, with that day.
    pub(super) fn published(&self) -> impl Iterator<Item = (&str, Option<Date>)> {
        self.answers.iter().filter_map(|(path, answer)| match answer {
            Answer::Page { .. } => Some((path.as_str(), None)),
            Answer::Scheduled(day) => Some((path.as_str(), Some(*day))),
            Answer::Moved(_) | Answer::Gone if self.aliases.contains(path) => Some((path.as_str(), None)),
            Answer::Own | Answer::Moved(_) | Answer::Gone => None,
        })
    }

    /// What to do about an address that is lost: the alias to write, if a page looks like it. A page whose own address is
    /// not recorded yet is the likeliest: it was renamed just now.
    pub(super) fn remedy_of_lost(&self, lost: &str, is_recorded: impl Fn(&str) -> bool) -> String {
        let retire =
            "if it was taken down on purpose, bring the file back with `retired = true`, or write `gone` after it";
        let folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let pages = self.answers.iter().filter(|(path, _)| folder(path) == folder(lost));
        let pages = pages.filter_map(|(path, answer)| match answer {
            Answer::Page { title, file, .. } => {
                let renamed = if is_recorded(path) { 0.0 } else { 0.25 };
                Some((likeness(lost, path, title) + renamed, (path, file)))
            }
            _ => None,
        });
        match most_similar(pages) {
            Some((path, file)) => {
                format!("if it is {path} now, write aliases = [\"{lost}\"] into {file}; {retire}")
            }
            None => format!("write aliases = [\"{lost}\"] into the page that took its place; {retire}"),
        }
    }

    /// Redirects from old to live, and what is gone.
    pub(super) fn into_redirects(self) -> (Vec<(String, String)>, Vec<String>) {
        let (mut moved, mut gone) = (Vec::new(), Vec::new());
        for (path, answer) in self.answers {
            match answer {
                Answer::Moved(to) => moved.push((path, to)),
                Answer::Gone => gone.push(path),
                Answer::Own | Answer::Page { .. } | Answer::Scheduled(_) => {}
            }
        }
        (moved, gone)
    }

    /// A fault for every link that leads nowhere or is not safe.
    pub(super) fn check_links(&self, page: &Entry, source: &mut SourceFile) {
        for link in &page.links {
            if let Some((level, message, remedy)) = self.fault_of_link(page, link.get_ref()) {
                source.add(level, link.span(), message, remedy);
            }
        }
    }

    fn fault_of_link(&self, page: &Entry, to: &str) -> Option<(Level, String, String)> {
        let error = |message: String, remedy: String| Some((Level::Error, message, remedy));
        let is_scheme = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '+');
        if let Some((scheme, _)) = to.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            if ["https", "http", "mailto", "tel", "sms"].contains(&scheme.to_lowercase().as_str()) {
                return None;
            }
            return error(format!("links with `{scheme}:` are not taken"), "use https:, mailto: or tel:".to_owned());
        }
        if to.starts_with("//") {
            return error("this link names no scheme".to_owned(), format!("write https:{to}"));
        }
        let (path, fragment) = to.split_once('#').unwrap_or((to, ""));
        let path = path.split('?').next().unwrap_or_default();
        if !path.is_empty() && !path.starts_with('/') {
            return error(format!("`{to}` is not a whole path"), format!("write it from the root: /{to}"));
        }
        let (path, ids) = match self.answers.get(path) {
            _ if path.is_empty() || path == page.path => (page.path.as_str(), page.ids.as_slice()),
            Some(Answer::Page { ids, .. }) => (path, ids.as_slice()),
            Some(Answer::Own) => (path, [].as_slice()),
            Some(Answer::Moved(now)) => {
                return Some((Level::Warning, format!("{path} is an old address"), format!("write {now}")));
            }
            Some(Answer::Scheduled(day)) => {
                let remedy = format!("it appears on {day}; until then readers find nothing there");
                return Some((Level::Warning, format!("{path} is not public yet"), remedy));
            }
            Some(Answer::Gone) | None => return error(format!("nothing is at {path}"), self.suggestion(path)),
        };
        let is_known = ids.iter().map(String::as_str).chain(TEMPLATE_IDS).any(|id| id == fragment);
        if fragment.is_empty() || is_known {
            return None;
        }
        let near = ids.iter().filter(|id| id.contains(fragment) || fragment.contains(id.as_str())).min();
        let near = near.map(|near| format!("did you mean #{near}?"));
        let remedy = near.unwrap_or_else(|| "use the id of a heading of that page".to_owned());
        error(format!("{path} has no #{fragment}"), remedy)
    }

    /// A live address that ends like `path`.
    pub(super) fn suggestion(&self, path: &str) -> String {
        let last = path.rsplit('/').next().unwrap_or_default();
        let end = format!("/{last}");
        let near = self.answers.keys().find(|path| !last.is_empty() && self.is_live(path) && path.ends_with(&end));
        near.map_or_else(
            || "write the path of a page of this site, like /contact".to_owned(),
            |near| format!("did you mean {near}?"),
        )
    }
}

/// The address of `site` that a lost one most probably became, if one looks like it.
pub fn likeliest(site: &Site, lost: &str) -> Option<String> {
    let articles = site.articles.iter().map(|article| (format!("/articles/{}", article.slug), &article.title));
    let pages = site.pages.iter().map(|page| (format!("/{}", page.slug), &page.title));
    let topics = site.topics.iter().map(|topic| (format!("/topics/{}", topic.slug), &topic.title));
    let people = site.people.iter().map(|person| (format!("/people/{}", person.slug), &person.name));
    let all = articles.chain(pages).chain(topics).chain(people);
    most_similar(all.map(|(path, title)| (likeness(lost, &path, title), path)))
}

/// The candidate with the greatest likeness, if that is enough; among equals the first.
fn most_similar<T: Ord>(candidates: impl Iterator<Item = (f64, T)>) -> Option<T> {
    let alike = candidates.filter(|(likeness, _)| *likeness >= SIMILAR);
    alike.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1))).map(|(_, candidate)| candidate)
}

/// How much the last part of `lost` is like that of `path`, or like the title there: 0 to 1.
fn likeness(lost: &str, path: &str, title: &str) -> f64 {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().replace('-', " ");
    let lost = last(lost);
    sorensen_dice(&lost, &last(path)).max(sorensen_dice(&lost, &title.to_lowercase()))
}
