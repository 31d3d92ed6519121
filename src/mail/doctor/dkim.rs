//! The keys by which receivers check the relay's signatures (RFC 6376, key sizes RFC 8301).

use super::{
    Finding, Topic,
    records::{Answer, Texts},
    tags,
};
use data_encoding::BASE64;
use x509_parser::{prelude::FromDer as _, public_key::PublicKey, x509::SubjectPublicKeyInfo};

/// Receivers need not trust a shorter RSA key (RFC 8301 3.2), and signers should use a longer one.
const SHORTEST: usize = 1024;
const ADVISED: usize = 2048;

/// Where the key of a selector stands.
pub fn name(selector: &str, domain: &str) -> String {
    format!("{selector}._domainkey.{domain}")
}

/// Judges the key of every selector.
pub fn judge(domain: &str, selectors: &[String], texts: &Texts) -> Vec<Finding> {
    if selectors.is_empty() {
        let saying = "DKIM was not looked for: a key can be found only under its selector.";
        let remedy = "Ask whoever runs the relay for the selector (or read `s=` in DKIM-Signature of a letter that arrived), \
                      and set CLINIC_DKIM_SELECTOR.";
        return vec![Topic::Dkim.note(saying).remedy(remedy).by("RFC 6376, 3.6.2.1")];
    }
    selectors.iter().map(|selector| key(&name(selector, domain), texts)).collect()
}

fn key(name: &str, texts: &Texts) -> Finding {
    let missing = || {
        let saying = format!("There is no DKIM key at {name}, so signatures under it do not count.");
        let remedy =
            format!("Publish the TXT record that the relay's provider gives for {name}, or mend CLINIC_DKIM_SELECTOR.");
        Topic::Dkim.change(saying, remedy).by("RFC 6376, 3.6.2")
    };
    match texts.get(name) {
        Some(Answer::Silent(why)) => Topic::Dkim.unknown(format!("DKIM at {name}: {why}")),
        Some(Answer::Found(found)) if found.len() > 1 => {
            let saying =
                format!("There are {} TXT records at {name}; which of them is the key is left to chance.", found.len());
            Topic::Dkim.change(saying, "Keep the one that the relay's provider gives.").by("RFC 6376, 3.6.2.2")
        }
        Some(Answer::Found(found)) => record(name, &found[0]),
        _ => missing(),
    }
}

fn record(name: &str, text: &str) -> Finding {
    let broken = |what: &str| {
        let saying = format!("The DKIM key at {name} cannot be used: {what}.");
        Topic::Dkim.change(saying, "Copy the record from the relay's provider once more, whole.").by("RFC 6376, 3.6.1")
    };
    let Some(tags) = tags::read(text) else { return broken("it is not a list of tags") };
    if tags.get("v").is_some_and(|version| *version != "DKIM1") {
        return broken("its version is not DKIM1");
    }
    let Some(key) = tags.get("p") else { return broken("it has no key (p=)") };
    if key.is_empty() {
        let saying = format!("The DKIM key at {name} was withdrawn (p= is empty).");
        let remedy = "Let the relay sign with a newer selector and name that in CLINIC_DKIM_SELECTOR.";
        return Topic::Dkim.change(saying, remedy).by("RFC 6376, 3.6.1");
    }
    let bare: String = key.split_ascii_whitespace().collect();
    let Ok(bytes) = BASE64.decode(bare.as_bytes()) else {
        return broken("its key is not base64; perhaps it was cut off");
    };
    let testing = tags.get("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y"));
    match (*tags.get("k").unwrap_or(&"rsa"), size(&bytes)) {
        ("ed25519", _) if bytes.len() == 32 => sound(name, "Ed25519", testing),
        ("rsa", Some(bits)) if bits < SHORTEST => {
            let saying =
                format!("The DKIM key at {name} has {bits} bits; receivers do not trust fewer than {SHORTEST}.");
            Topic::Dkim.change(saying, "Let the relay make a key of 2048 bits.").by("RFC 8301, 3.2")
        }
        ("rsa", Some(bits)) if bits < ADVISED => {
            let saying = format!("The DKIM key at {name} works; with {bits} bits it is shorter than is advised.");
            Topic::Dkim
                .note(saying)
                .remedy("Let the relay make a key of 2048 bits at the next change.")
                .by("RFC 8301, 3.2")
        }
        ("rsa", Some(bits)) => sound(name, &format!("RSA, {bits} bits"), testing),
        ("rsa" | "ed25519", _) => broken("its key cannot be read; perhaps it was cut off"),
        (other, _) => broken(&format!("`{other}` is not a kind of key that receivers know")),
    }
}

fn sound(name: &str, kind: &str, testing: bool) -> Finding {
    if testing {
        let saying = format!(
            "The DKIM key at {name} is marked as a trial (t=y): receivers may take signed letters for unsigned."
        );
        return Topic::Dkim.change(saying, "Take t=y out of the record.").by("RFC 6376, 3.6.1");
    }
    Topic::Dkim.right(format!("There is a DKIM key at {name} ({kind})."))
}

/// Bits of an RSA key.
fn size(der: &[u8]) -> Option<usize> {
    let (_, info) = SubjectPublicKeyInfo::from_der(der).ok()?;
    match info.parsed().ok()? {
        PublicKey::RSA(key) => Some(key.key_size()),
        _ => None,
    }
}
