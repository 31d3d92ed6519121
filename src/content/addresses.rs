//! Addresses: pages, redirects and 410 answers, and whether every link leads to one.
//!
//! Invariant: a redirect leads to a page, so there are no chains and no loops.

use super::{
    Level, Site, TEMPLATE_IDS,
    published_addresses::Lines,
    source::{SourceFile, Status},
};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use strsim::sorensen_dice;

/// Smallest similarity of an address that is proposed for a lost one, between 0 and 1.
const SIMILAR: f64 = 0.3;
/// Addresses that do not come from a file.
const OWN: &str = "/ /articles /contact /search /sitemap.xml /robots.txt /health/live /.well-known/security.txt";
/// First parts of addresses that no page may have.
const RESERVED: &str =
    "articles topics people contact search health t assets feed sitemap robots favicon post blog blog-posts";

/// What an address answers.
#[derive(Debug)]
pub(super) enum Answer {
    /// A page that is not made from a file.
    Own,
    /// A page of a file, with its ids, its title and the name of its file.
    Page { ids: Vec<String>, title: String, file: String },
    /// A page from a day on.
    Scheduled(Date),
    /// A redirect to a page.
    Moved(String),
    /// 410.
    Gone,
}

/// Every address with what it answers.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) answers: BTreeMap<String, Answer>,
    /// Old addresses in front matter, including those of pages that are not public yet.
    aliases: BTreeSet<String>,
}

impl Addresses {
    /// The pages of all files and their old addresses.
    pub(super) fn new(sources: &mut [SourceFile]) -> Self {
        let answers = OWN.split(' ').map(|path| (path.to_owned(), Answer::Own)).collect();
        let mut addresses = Self { answers, aliases: BTreeSet::new() };
        for source in &mut *sources {
            addresses.add(source);
        }
        for source in &mut *sources {
            addresses.add_aliases(source);
        }
        addresses
    }

    /// Adds a page at its address, which must not be reserved. A file without an address of its own is left out.
    fn add(&mut self, source: &mut SourceFile) {
        if source.slug.is_empty() {
            return;
        }
        let path = source.address.clone();
        if RESERVED.split(' ').any(|reserved| reserved == &path[1..]) {
            let message = format!("the address {path} is reserved by the program");
            source.error(0..0, message, "give the file another name");
        }
        let (ids, title, file) = (source.ids.clone(), source.title.clone(), source.name());
        let answer = match source.status {
            Status::Public => Answer::Page { ids, title, file },
            Status::Scheduled(day) => Answer::Scheduled(day),
            Status::Gone => Answer::Gone,
            Status::Draft => return,
        };
        self.answers.insert(path, answer);
    }

    /// Adds the old addresses of a page; one that is in use is a fault. They redirect to a public page, and answer 410 for
    /// a page that is gone.
    fn add_aliases(&mut self, source: &mut SourceFile) {
        if source.status == Status::Draft {
            return;
        }
        for alias in std::mem::take(&mut source.aliases) {
            let path = alias.get_ref().trim_end_matches('/').to_owned();
            if let Some((message, remedy)) = self.fault_of_alias(&path) {
                source.error(alias.span(), format!("{message}: {}", alias.get_ref()), remedy);
                continue;
            }
            match source.status {
                Status::Public => self.answers.insert(path.clone(), Answer::Moved(source.address.clone())),
                Status::Gone => self.answers.insert(path.clone(), Answer::Gone),
                Status::Scheduled(_) | Status::Draft => None,
            };
            self.aliases.insert(path);
        }
    }

    fn fault_of_alias(&self, path: &str) -> Option<(&'static str, &'static str)> {
        if !path.starts_with('/') || path.contains(['?', '#', ' ']) {
            return Some(("an alias is the path of an old address", "write it like \"/post/old-name\""));
        }
        if self.aliases.contains(path) {
            return Some(("this alias is used twice", "keep it in the file to which it should lead"));
        }
        let is_page = self.is_live(path) || matches!(self.answers.get(path), Some(Answer::Scheduled(_)));
        is_page.then_some(("this alias is the address of a page", "remove it, or rename that page"))
    }

    /// A page answers at `path`.
    pub(super) fn is_live(&self, path: &str) -> bool {
        matches!(self.answers.get(path), Some(Answer::Own | Answer::Page { .. }))
    }

    /// Every address that files have published or scheduled, with the day if it is still to come.
    pub(super) fn published(&self) -> impl Iterator<Item = (&str, Option<Date>)> {
        self.answers.iter().filter_map(|(path, answer)| match answer {
            Answer::Page { .. } => Some((path.as_str(), None)),
            Answer::Scheduled(day) => Some((path.as_str(), Some(*day))),
            Answer::Moved(_) | Answer::Gone if self.aliases.contains(path) => Some((path.as_str(), None)),
            Answer::Own | Answer::Moved(_) | Answer::Gone => None,
        })
    }

    /// Remedy for an address that would answer 404: the alias to write, if a page is similar. A page that is not recorded
    /// yet is preferred, since it was probably just renamed.
    pub(super) fn remedy_of_lost(&self, lost: &str, recorded: &Lines) -> String {
        let retire = "if it was taken down on purpose, restore the file with `retired = true`, or write `gone` after the address";
        let folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let pages = self.answers.iter().filter(|(path, _)| folder(path) == folder(lost));
        let pages = pages.filter_map(|(path, answer)| match answer {
            Answer::Page { title, file, .. } => {
                let renamed = if recorded.contains_key(path) { 0.0 } else { 0.25 };
                Some((similarity(lost, path, title) + renamed, (path, file)))
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

    /// Redirects as old and new address, and addresses that answer 410.
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

    /// A fault for every link with a missing target or an unsafe scheme.
    pub(super) fn check_links(&self, source: &mut SourceFile) {
        for link in std::mem::take(&mut source.links) {
            if let Some((level, message, remedy)) = self.fault_of_link(source, link.get_ref()) {
                source.add(level, link.span(), message, remedy);
            }
        }
    }

    fn fault_of_link(&self, page: &SourceFile, to: &str) -> Option<(Level, String, String)> {
        let error = |message: String, remedy: String| Some((Level::Error, message, remedy));
        let is_scheme = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '+');
        if let Some((scheme, _)) = to.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            if ["https", "http", "mailto", "tel", "sms"].contains(&scheme.to_lowercase().as_str()) {
                return None;
            }
            return error(format!("links with `{scheme}:` are not allowed"), "use https:, mailto: or tel:".to_owned());
        }
        if to.starts_with("//") {
            return error("this link has no scheme".to_owned(), format!("write https:{to}"));
        }
        let (path, fragment) = to.split_once('#').unwrap_or((to, ""));
        let path = path.split('?').next().unwrap_or_default();
        if !path.is_empty() && !path.starts_with('/') {
            return error(format!("`{to}` is not an absolute path"), format!("write it from the root: /{to}"));
        }
        let (path, ids) = match self.answers.get(path) {
            _ if path.is_empty() || path == page.address => (page.address.as_str(), page.ids.as_slice()),
            Some(Answer::Page { ids, .. }) => (path, ids.as_slice()),
            Some(Answer::Own) => (path, [].as_slice()),
            Some(Answer::Moved(now)) => {
                return Some((Level::Warning, format!("{path} is an old address"), format!("write {now}")));
            }
            Some(Answer::Scheduled(day)) => {
                let remedy = format!("it appears on {day}; until then it answers 404");
                return Some((Level::Warning, format!("{path} is not public yet"), remedy));
            }
            Some(Answer::Gone) | None => return error(format!("there is no page at {path}"), self.suggestion(path)),
        };
        let is_known = ids.iter().map(String::as_str).chain(TEMPLATE_IDS.split(' ')).any(|id| id == fragment);
        if fragment.is_empty() || is_known {
            return None;
        }
        let near = ids.iter().filter(|id| id.contains(fragment) || fragment.contains(id.as_str())).min();
        let near = near.map(|near| format!("did you mean #{near}?"));
        let remedy = near.unwrap_or_else(|| "use the id of a heading of that page".to_owned());
        error(format!("{path} has no #{fragment}"), remedy)
    }

    /// Remedy for a path without a page: the page whose address ends like it.
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

/// The page of `site` that is most similar to a lost address, if one is similar enough.
pub fn most_similar_page(site: &Site, lost: &str) -> Option<String> {
    let articles = site.articles.iter().map(|article| (format!("/articles/{}", article.slug), &article.title));
    let pages = site.pages.iter().map(|page| (format!("/{}", page.slug), &page.title));
    let topics = site.topics.iter().map(|topic| (format!("/topics/{}", topic.slug), &topic.title));
    let people = site.people.iter().map(|person| (format!("/people/{}", person.slug), &person.name));
    let all = articles.chain(pages).chain(topics).chain(people);
    most_similar(all.map(|(path, title)| (similarity(lost, &path, title), path)))
}

/// The candidate with the greatest similarity, if that is enough; among equals the first.
fn most_similar<T: Ord>(candidates: impl Iterator<Item = (f64, T)>) -> Option<T> {
    let similar = candidates.filter(|(similarity, _)| *similarity >= SIMILAR);
    similar.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1))).map(|(_, candidate)| candidate)
}

/// Similarity of the last part of `lost` to that of `path`, or to the title there: 0 to 1.
fn similarity(lost: &str, path: &str, title: &str) -> f64 {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().replace('-', " ");
    let lost = last(lost);
    sorensen_dice(&lost, &last(path)).max(sorensen_dice(&lost, &title.to_lowercase()))
}
