//! Near misses: yesterday's asset, a slash or a capital too many, a folder that has moved, another host.
//!
//! Invariant: a reader goes one hop, and only to an address that answers; what leads nowhere is a plain 404, never a
//! redirect to one. Only GET and HEAD are sent on: a post would be made twice or lose its body.

use super::{Catalog, Entry, Moved, name, reads};
use bytes::Bytes;
use http::{Request, Response, StatusCode};

/// Old folders and where each has moved.
#[derive(Debug, Clone, Default)]
pub(super) struct Folders(Vec<(String, String)>);

impl Folders {
    pub(super) fn add(&mut self, from: String, to: String) {
        self.0.push((from, to));
    }

    /// Each with its new place.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }

    /// The new address of `path`, if it stands in an old folder or is one.
    fn moved(&self, path: &str) -> Option<String> {
        self.0.iter().find_map(|(from, to)| {
            let rest = path.strip_prefix(from.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
        })
    }
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// A page stands there.
    Here,
    /// To another path of this site, or to a whole address.
    To(String),
    /// It was taken down.
    Gone,
    /// Nothing is there.
    Nowhere,
}

impl Catalog {
    /// The answer for a path that is not in here, if it is a near miss.
    pub(super) fn elsewhere<B>(&self, request: &Request<B>, path: &str) -> Option<Response<Bytes>> {
        if !reads(request.method()) {
            return None;
        }
        if let Some(name) = name::plain(path) {
            let Entry::Here(resource) = self.entries.get(self.assets.get(&*name)?)? else { return None };
            return Some(resource.answer_stale(request));
        }
        let (near, entry) = self.nearby(path)?;
        Some(match entry {
            Entry::Here(_) | Entry::Routed => Moved::new(near, &self.common).answer(request),
            Entry::Moved(moved) => moved.answer(request),
            Entry::Gone => self.failure(StatusCode::GONE, request),
        })
    }

    /// Where a reader who asks for `path` ends.
    pub fn leads(&self, path: &str) -> Leads {
        let known = self.entries.get(path).map(|entry| (path.to_owned(), entry));
        match known.or_else(|| self.nearby(path)) {
            Some((_, Entry::Moved(moved))) => Leads::To(moved.to.clone()),
            Some((_, Entry::Gone)) => Leads::Gone,
            Some((near, _)) if near == path => Leads::Here,
            Some((near, _)) => Leads::To(near),
            None => Leads::Nowhere,
        }
    }

    /// Sends a reader of another host to `origin`, at once to the address where the path leads.
    pub fn at_origin<B>(&self, origin: &str, request: &Request<B>) -> Response<Bytes> {
        let to = match self.leads(request.uri().path()) {
            Leads::To(whole) if !whole.starts_with('/') => whole,
            Leads::To(path) => format!("{origin}{path}"),
            Leads::Here | Leads::Gone | Leads::Nowhere => format!("{origin}{}", request.uri().path()),
        };
        Moved::new(to, &self.common).answer(request)
    }

    /// What stands at the address that was probably meant: without slashes at the end, in lower case, in the new folder.
    fn nearby(&self, path: &str) -> Option<(String, &Entry)> {
        let bare = path.trim_end_matches('/');
        let lower = bare.to_ascii_lowercase();
        let moved = self.moved.moved(&lower);
        let meant = [Some(bare.to_owned()), Some(lower), moved].into_iter().flatten();
        meant.filter(|meant| meant != path).find_map(|meant| Some((meant.clone(), self.entries.get(meant.as_str())?)))
    }
}
