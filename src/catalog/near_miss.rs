//! Near misses: an older version of an asset, a trailing slash, capital letters, a folder that was moved, another host.
//!
//! Invariant: a client is redirected once, and only to an address that answers; otherwise the response is a plain 404.
//! Only GET and HEAD are redirected: a POST would be repeated or lose its body.

use super::{Caching, Catalog, Entry, prepared::respond, unhashed_name};
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_LENGTH, LOCATION},
};

/// The result of a request for a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A page at exactly this path.
    Here,
    /// A redirect to another path of this site, or to a whole address.
    Redirect(String),
    /// A page that was removed.
    Gone,
    /// No page.
    Missing,
}

impl Catalog {
    /// The response for a path that is not in the catalog, if it is a near miss.
    pub(super) fn near_miss<B>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let path = request.uri().path();
        if let Some(name) = unhashed_name(path) {
            let current = self.entries.get(self.assets.get(&*name)?)?.resource()?;
            let mut response = current.respond(request);
            response.headers_mut().insert(CACHE_CONTROL, Caching::Revalidate.value());
            return Some(response);
        }
        match self.target(path) {
            Target::Redirect(to) => Some(self.redirect(&to, request)),
            Target::Gone => Some(self.failure(StatusCode::GONE, request)),
            Target::Here | Target::Missing => None,
        }
    }

    /// The result of a request for `path`.
    pub fn target(&self, path: &str) -> Target {
        let known = self.entries.get(path).map(|entry| (path.to_owned(), entry));
        match known.or_else(|| self.similar(path)) {
            Some((_, Entry::Redirect(to))) => Target::Redirect(to.clone()),
            Some((_, Entry::Gone)) => Target::Gone,
            Some((similar, _)) if similar == path => Target::Here,
            Some((similar, _)) => Target::Redirect(similar),
            None => Target::Missing,
        }
    }

    /// Redirects a request to `origin`, at once to the address where its path leads.
    pub fn redirect_to_origin<B>(&self, origin: &str, request: &Request<B>, caching: Caching) -> Response<Bytes> {
        let path = request.uri().path();
        let mut response = match self.target(path) {
            Target::Redirect(to) if !to.starts_with('/') => self.redirect(&to, request),
            Target::Redirect(to) => self.redirect(&format!("{origin}{to}"), request),
            Target::Here | Target::Gone | Target::Missing => self.redirect(&format!("{origin}{path}"), request),
        };
        response.headers_mut().insert(CACHE_CONTROL, caching.value());
        response
    }

    /// A 308 (RFC 9110, 15.4.9) that keeps the query, such as campaign marks or a search.
    pub(super) fn redirect<B>(&self, to: &str, request: &Request<B>) -> Response<Bytes> {
        let location = match request.uri().query() {
            Some(query) if !to.contains(['?', '#']) => HeaderValue::try_from(format!("{to}?{query}")),
            _ => HeaderValue::from_str(to),
        };
        let mut headers = self.common.clone();
        headers.insert(CACHE_CONTROL, Caching::Short.value());
        headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
        headers.insert(LOCATION, location.expect("the builder takes only ASCII targets, and a URI only ASCII queries"));
        respond(StatusCode::PERMANENT_REDIRECT, headers, Bytes::new())
    }

    /// The entry at the path that was probably meant: without trailing slashes, in lower case, in the new folder.
    fn similar(&self, path: &str) -> Option<(String, &Entry)> {
        let bare = path.trim_end_matches('/');
        let lower = bare.to_ascii_lowercase();
        let moved = self.moved_folders.iter().find_map(|(from, to)| {
            let rest = lower.strip_prefix(from.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
        });
        let candidates = [Some(bare.to_owned()), Some(lower), moved].into_iter().flatten();
        let mut others = candidates.filter(|other| other != path);
        others.find_map(|other| Some((other.clone(), self.entries.get(other.as_str())?)))
    }
}
