//! Names by content: `css/site.css` is served as `/assets/css/site.HASH.css`, so that a name never changes its bytes.
//!
//! Invariant: [`plain`] undoes [`hashed`]; it is how an address of yesterday finds today's file.

use super::body::short_hash;

/// Where hashed files live.
pub const ASSETS: &str = "/assets/";
/// 80 bits are plenty for names that nobody chooses: 16 signs of base32.
const HASH_BYTES: usize = 10;
const HASH_SIGNS: usize = 16;

/// The address of bytes under a name with an extension.
///
/// ```
/// let address = relationship_clinic::catalog::hashed("site.css", b"p{}");
/// assert!(address.starts_with("/assets/site.") && address.ends_with(".css"));
/// ```
pub fn hashed(name: &str, bytes: &[u8]) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
    format!("{ASSETS}{stem}.{}.{extension}", short_hash(&blake3::hash(bytes), HASH_BYTES))
}

/// The name inside a hashed address; `None` if this is none.
pub fn plain(address: &str) -> Option<String> {
    let (rest, extension) = address.strip_prefix(ASSETS)?.rsplit_once('.')?;
    let (stem, hash) = rest.rsplit_once('.')?;
    let is_hash = hash.len() == HASH_SIGNS && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v'));
    is_hash.then(|| format!("{stem}.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_again_in_its_address() {
        for name in ["site.css", "img/hero.svg", "articles/say-no/picture.v2.webp"] {
            assert_eq!(plain(&hashed(name, b"any bytes")).as_deref(), Some(name));
        }
    }

    #[test]
    fn what_has_no_hash_in_it_is_no_asset_address() {
        for address in ["/assets/site.css", "/assets/site.short.css", "/site.0123456789abcdef.css", "/assets/", "/"] {
            assert_eq!(plain(address), None, "{address}");
        }
    }

    #[test]
    fn other_bytes_have_another_address() {
        assert_ne!(hashed("site.css", b"a"), hashed("site.css", b"b"));
    }
}
