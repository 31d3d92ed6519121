//! Addresses: which are live, which were, and whether every link leads to one.
//!
//! Invariant: an old address leads to a live one and to nothing else, so there are no chains and no circles.

use super::{Site, fault::Source, front::At, markdown::Reference};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use strsim::sorensen_dice;

/// How like a lost address another must be to be proposed, between 0 and 1.
const LIKENESS: f64 = 0.3;

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

/// Every live address with the ids of its page, and every old one.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    live: HashMap<String, HashSet<String>>,
    /// Title and file of each page that stands in a file.
    pages: BTreeMap<String, (String, String)>,
    /// Pages that will be live, with the day.
    later: HashMap<String, String>,
    old: BTreeMap<String, String>,
    gone: BTreeSet<String>,
    /// Old addresses that front matter tells of.
    aliases: BTreeSet<String>,
}

impl Addresses {
    pub(super) fn new() -> Self {
        let mut addresses = Self::default();
        for path in OWN {
            addresses.live.insert(path.to_owned(), ["main", "crisis-heading"].map(str::to_owned).into());
        }
        addresses
    }

    /// A page with the ids in it, its title, and the file that it stands in.
    pub(super) fn add(&mut self, path: String, ids: &[String], title: &str, file: &str) {
        self.live.insert(path.clone(), ids.iter().cloned().collect());
        self.pages.insert(path, (title.to_owned(), file.to_owned()));
    }

    /// An address that is live from a day on.
    pub(super) fn add_later(&mut self, path: String, day: String) {
        self.later.insert(path, day);
    }

    pub(super) fn add_gone(&mut self, path: String) {
        self.gone.insert(path);
    }

    /// An old address that is known to lead to a live one.
    pub(super) fn add_known(&mut self, path: String, to: String) {
        self.old.insert(path, to);
    }

    /// Old addresses of a page; one that is taken is a fault. They share the fate of the page: while it is not public
    /// they are not either, and when it is gone they are gone.
    pub(super) fn add_old(&mut self, source: &mut Source, aliases: &[At<String>], to: &str) {
        for alias in aliases {
            let path = alias.value.trim_end_matches('/').to_owned();
            if let Some((message, remedy)) = self.fault_of_alias(&path) {
                source.error(alias.span.clone(), format!("{message}: {}", alias.value), remedy);
                continue;
            }
            self.aliases.insert(path.clone());
            if self.gone.contains(to) {
                self.gone.insert(path);
            } else if self.live.contains_key(to) {
                self.old.insert(path, to.to_owned());
            }
        }
    }

    fn fault_of_alias(&self, path: &str) -> Option<(&'static str, &'static str)> {
        if !path.starts_with('/') || path.contains(['?', '#', ' ']) {
            Some(("an alias is the path of an old address", "write it like \"/post/old-name\""))
        } else if self.live.contains_key(path) || self.later.contains_key(path) {
            Some(("this alias is the address of a page", "remove it, or rename that page"))
        } else if self.aliases.contains(path) {
            Some(("this alias stands twice", "keep it where it should lead"))
        } else {
            None
        }
    }

    /// A page is there.
    pub(super) fn is_live(&self, path: &str) -> bool {
        self.live.contains_key(path)
    }

    /// Something is there: a page, a redirect, or the word that it is gone.
    pub(super) fn answers(&self, path: &str) -> bool {
        self.is_live(path) || self.old.contains_key(path) || self.gone.contains(path)
    }

    /// A page will be there.
    pub(super) fn comes(&self, path: &str) -> bool {
        self.later.contains_key(path)
    }

    /// Where an old address leads.
    pub(super) fn end_of(&self, path: &str) -> Option<&str> {
        self.old.get(path).map(String::as_str)
    }

    /// Every address that an editor has published or set a day for, with that day.
    pub(super) fn promises(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let now = self.pages.keys().chain(self.aliases.iter().filter(|path| self.answers(path)));
        let later = self.later.iter().map(|(path, day)| (path.as_str(), Some(day.as_str())));
        now.map(|path| (path.as_str(), None)).chain(later)
    }

    /// What to do about an address that is lost: the alias to write, if a page looks like it. A page whose own address is
    /// not recorded yet is the likeliest: it was renamed just now.
    pub(super) fn way_back(&self, lost: &str, is_recorded: impl Fn(&str) -> bool) -> String {
        let retire =
            "if it was taken down on purpose, bring the file back with `retired = true`, or write `gone` after it";
        let same_kind = self.pages.iter().filter(|(path, _)| folder_of(path) == folder_of(lost));
        let likely = same_kind
            .map(|(path, (title, file))| {
                let renamed = if is_recorded(path) { 0.0 } else { 0.25 };
                (likeness(lost, path, title) + renamed, path, file)
            })
            .filter(|(like, _, _)| *like >= LIKENESS)
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)));
        match likely {
            Some((_, path, file)) => {
                format!("if it is {path} now, write aliases = [\"{lost}\"] into {file}; {retire}")
            }
            None => format!("write aliases = [\"{lost}\"] into the page that took its place; {retire}"),
        }
    }

    /// A page's own address must be free.
    pub(super) fn check_reserved(source: &mut Source, slug: &str) {
        if RESERVED.contains(&slug) {
            source.error(0..0, format!("the address /{slug} is the program's own"), "give the file another name");
        }
    }

    /// Old to live, as the catalog takes them.
    pub(super) fn into_redirects(self) -> (Vec<(String, String)>, Vec<String>) {
        (self.old.into_iter().collect(), self.gone.into_iter().collect())
    }

    /// A fault for every link that leads nowhere or is not safe.
    pub(super) fn check(&self, source: &mut Source, own: &str, links: &[Reference]) {
        for link in links {
            if let Some((message, remedy)) = self.fault(own, &link.to) {
                source.error(link.span.clone(), message, remedy);
            } else if let Some((message, remedy)) = self.doubt(&link.to) {
                source.warn(link.span.clone(), message, remedy);
            }
        }
    }

    fn fault(&self, own: &str, to: &str) -> Option<(String, String)> {
        if let Some((scheme, _)) =
            to.split_once(':').filter(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+'))
        {
            let known = ["https", "http", "mailto", "tel", "sms"].contains(&scheme.to_lowercase().as_str());
            return (!known)
                .then(|| (format!("links with `{scheme}:` are not taken"), "use https:, mailto: or tel:".to_owned()));
        }
        if to.starts_with("//") {
            return Some(("this link names no scheme".to_owned(), format!("write https:{to}")));
        }
        let (path, fragment) = to.split_once('#').unwrap_or((to, ""));
        let path = path.split('?').next().unwrap_or_default();
        let path = if path.is_empty() { own } else { path };
        if !path.starts_with('/') {
            return Some((format!("`{to}` is not a whole path"), format!("write it from the root: /{to}")));
        }
        let Some(ids) = self.live.get(path) else {
            if self.old.contains_key(path) || self.later.contains_key(path) {
                return None;
            }
            return Some((format!("nothing is at {path}"), self.suggestion(path)));
        };
        if !fragment.is_empty() && !ids.contains(fragment) {
            let near = ids.iter().filter(|id| id.contains(fragment) || fragment.contains(id.as_str())).min();
            let remedy = near.map_or_else(
                || "use the id of a heading of that page".to_owned(),
                |near| format!("did you mean #{near}?"),
            );
            return Some((format!("{path} has no #{fragment}"), remedy));
        }
        None
    }

    pub(super) fn suggestion(&self, path: &str) -> String {
        let last = path.rsplit('/').next().unwrap_or_default();
        let near = self.live.keys().filter(|live| !last.is_empty() && live.ends_with(&format!("/{last}"))).min();
        near.map_or_else(
            || "write the path of a page of this site, like /contact".to_owned(),
            |near| format!("did you mean {near}?"),
        )
    }

    fn doubt(&self, to: &str) -> Option<(String, String)> {
        let path = to.split(['#', '?']).next().unwrap_or_default();
        if let Some(now) = self.old.get(path) {
            return Some((format!("{path} is an old address"), format!("write {now}")));
        }
        let day = self.later.get(path).filter(|_| !self.live.contains_key(path))?;
        Some((
            format!("{path} is not public yet"),
            format!("it appears on {day}; until then readers find nothing there"),
        ))
    }
}

/// The address of `site` that a lost one most probably became, if one looks like it.
pub fn likeliest(site: &Site, lost: &str) -> Option<String> {
    let articles = site.articles.iter().map(|article| (format!("/articles/{}", article.slug), &article.title));
    let pages = site.pages.iter().map(|page| (format!("/{}", page.slug), &page.title));
    let topics = site.topics.iter().map(|topic| (format!("/topics/{}", topic.slug), &topic.title));
    let people = site.people.iter().map(|person| (format!("/people/{}", person.slug), &person.name));
    let all = articles.chain(pages).chain(topics).chain(people);
    let alike = all.map(|(path, title)| (likeness(lost, &path, title), path)).filter(|(like, _)| *like >= LIKENESS);
    alike.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, path)| path)
}

/// `/articles` of `/articles/x`; nothing of `/x`.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// How much the last part of `lost` is like that of `path`, or like the title there: 0 to 1.
fn likeness(lost: &str, path: &str, title: &str) -> f64 {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().replace('-', " ");
    let lost = last(lost);
    sorensen_dice(&lost, &last(path)).max(sorensen_dice(&lost, &title.to_lowercase()))
}
