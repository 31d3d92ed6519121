//! Lists of tags as DKIM and DMARC write them (RFC 6376 3.2): `name=value; name=value`.

use std::collections::BTreeMap;

/// The tags by name, spaces around them taken off; `None` if this is no such list. A name given twice makes none.
pub(super) fn read(text: &str) -> Option<BTreeMap<String, &str>> {
    let mut tags = BTreeMap::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=')?;
        if tags.insert(name.trim().to_ascii_lowercase(), value.trim()).is_some() {
            return None;
        }
    }
    Some(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_and_without_spaces() {
        let tags = read(" v = DMARC1;p=reject ; rua=mailto:a@x.example?a=b;").unwrap();
        assert_eq!(tags["v"], "DMARC1");
        assert_eq!(tags["p"], "reject");
        assert_eq!(tags["rua"], "mailto:a@x.example?a=b");
        assert_eq!(read("v=DMARC1; p"), None);
        assert_eq!(read("p=none; p=reject"), None);
    }
}
