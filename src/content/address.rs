//! Addresses: which are live, and whether every link leads to one.

use super::{fault::Source, front::At, markdown::Reference};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Addresses that the program answers itself.
const OWN: [&str; 7] =
    ["/", "/articles", "/contact", "/sitemap.xml", "/robots.txt", "/health/live", "/.well-known/security.txt"];
/// First parts of addresses that no page may take.
const RESERVED: [&str; 14] = [
    "articles", "topics", "people", "contact", "search", "health", "t", "assets", "feed", "sitemap", "robots",
    "favicon", "post", "blog",
];

/// Every live address with the ids of its page, and every old one.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    live: HashMap<String, HashSet<String>>,
    /// Pages that will be live, with the day.
    later: HashMap<String, String>,
    old: BTreeMap<String, String>,
    gone: BTreeSet<String>,
}

impl Addresses {
    pub(super) fn new() -> Self {
        let mut addresses = Self::default();
        for path in OWN {
            addresses.live.insert(path.to_owned(), ["main", "crisis-heading"].map(str::to_owned).into());
        }
        addresses
    }

    pub(super) fn add(&mut self, path: String, ids: &[String]) {
        self.live.insert(path, ids.iter().cloned().collect());
    }

    /// An address that is live from a day on.
    pub(super) fn add_later(&mut self, path: String, day: String) {
        self.later.insert(path, day);
    }

    pub(super) fn add_gone(&mut self, path: String) {
        self.gone.insert(path);
    }

    /// Old addresses of a page; one that is taken is a fault.
    pub(super) fn add_old(&mut self, source: &mut Source, aliases: &[At<String>], to: &str) {
        for alias in aliases {
            let path = alias.value.trim_end_matches('/').to_owned();
            let remedy = if !path.starts_with('/') || path.contains(['?', '#', ' ']) {
                Some(("an alias is the path of an old address", "write it like \"/post/old-name\""))
            } else if self.live.contains_key(&path) || self.later.contains_key(&path) {
                Some(("this alias is the address of a page", "remove it, or rename that page"))
            } else if self.old.contains_key(&path) {
                Some(("this alias stands twice", "keep it where it should lead"))
            } else {
                None
            };
            match remedy {
                Some((message, remedy)) => {
                    source.error(alias.span.clone(), format!("{message}: {}", alias.value), remedy);
                }
                None => drop(self.old.insert(path, to.to_owned())),
            }
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

    fn suggestion(&self, path: &str) -> String {
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
