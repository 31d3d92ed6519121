//! Paths named by content: `css/site.css` is served as `/assets/css/site.HASH.css`, so that the bytes of a path never
//! change.
//!
//! Invariant: [`unhashed_name`] undoes [`hashed_path`]; it finds the current file for the path of an older version.

use super::encoded_body::short_hash;

/// The folder of hashed files.
const ASSETS: &str = "/assets/";
/// 80 bits suffice, since an attacker gains nothing from a collision: 16 characters of base32.
const HASH_BYTES: usize = 10;
const HASH_CHARACTERS: usize = 16;

/// The path of bytes with a name with an extension.
///
/// ```
/// let address = relationship_clinic::catalog::hashed_path("site.css", b"p{}");
/// assert!(address.starts_with("/assets/site.") && address.ends_with(".css"));
/// ```
pub fn hashed_path(name: &str, bytes: &[u8]) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
    format!("{ASSETS}{stem}.{}.{extension}", short_hash(&blake3::hash(bytes), HASH_BYTES))
}

/// The name without its hash; `None` if the path has none.
pub fn unhashed_name(path: &str) -> Option<String> {
    let (rest, extension) = path.strip_prefix(ASSETS)?.rsplit_once('.')?;
    let (stem, hash) = rest.rsplit_once('.')?;
    let is_hash = hash.len() == HASH_CHARACTERS && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v'));
    is_hash.then(|| format!("{stem}.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_recovered_from_its_hashed_path() {
        for name in ["site.css", "img/hero.svg", "articles/say-no/picture.v2.webp"] {
            assert_eq!(unhashed_name(&hashed_path(name, b"any bytes")).as_deref(), Some(name));
        }
    }

    #[test]
    fn a_path_without_a_hash_has_no_unhashed_name() {
        for address in ["/assets/site.css", "/assets/site.short.css", "/site.0123456789abcdef.css", "/assets/", "/"] {
            assert_eq!(unhashed_name(address), None, "{address}");
        }
    }

    #[test]
    fn different_bytes_have_different_paths() {
        assert_ne!(hashed_path("site.css", b"a"), hashed_path("site.css", b"b"));
    }
}
