//! What receivers are asked to do with letters that pretend to be the clinic's (RFC 9989, which replaced RFC 7489).

use super::{
    Finding, Topic,
    records::{Answer, Texts},
    tags,
};
use std::collections::BTreeMap;

/// Names above the domain that may hold the policy are asked for up to this many labels (RFC 9989 4.10).
const MOST_LABELS: usize = 8;

/// Where the policy may stand: at the domain, or at one above it, the nearest first. Top level domains are left out.
pub fn names(domain: &str) -> impl Iterator<Item = String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let above = (1..labels.len().saturating_sub(1)).filter(|from| labels.len() - from < MOST_LABELS);
    let names: Vec<String> =
        [0].into_iter().chain(above).map(|from| format!("_dmarc.{}", labels[from..].join("."))).collect();
    names.into_iter()
}

/// Judges the policy that holds for a domain. `vouched`: SPF or DKIM is known to be right, so that a strict policy does
/// not turn against the clinic's own letters.
pub fn judge(domain: &str, texts: &Texts, vouched: bool) -> Vec<Finding> {
    for name in names(domain) {
        match texts.get(&name) {
            Some(Answer::Silent(why)) => return vec![Topic::Dmarc.unknown(format!("DMARC at {name}: {why}"))],
            Some(Answer::Found(found)) => {
                let policies: Vec<&String> = found.iter().filter(|text| is_policy(text)).collect();
                match policies[..] {
                    [] => {}
                    [policy] => return record(domain, &name, policy, vouched),
                    _ => return vec![several(&name, policies.len())],
                }
            }
            _ => {}
        }
    }
    let saying = format!(
        "{domain} has no DMARC policy; large mailboxes distrust senders without one, and anybody can write in the clinic's name."
    );
    let remedy = format!(
        "Add a TXT record at _dmarc.{domain}: `v=DMARC1; p=none; rua=mailto:` and an address that reads reports. Later, when the \
         reports show no letter of your own failing, write p=quarantine, then p=reject."
    );
    vec![Topic::Dmarc.change(saying, remedy).by("RFC 9989, 4.7")]
}

fn is_policy(text: &str) -> bool {
    let first = text.split(';').next().unwrap_or_default();
    first.split_once('=').is_some_and(|(name, value)| name.trim() == "v" && value.trim() == "DMARC1")
}

fn several(name: &str, count: usize) -> Finding {
    let saying = format!("There are {count} DMARC policies at {name}; receivers then follow none.");
    Topic::Dmarc.change(saying, "Keep one of them.").by("RFC 9989, 4.10")
}

fn record(domain: &str, name: &str, text: &str, vouched: bool) -> Vec<Finding> {
    let Some(tags) = tags::read(text) else {
        let saying = format!("The DMARC policy at {name} cannot be read.");
        return vec![Topic::Dmarc.change(saying, "Write it like `v=DMARC1; p=none`.").by("RFC 9989, 4.7")];
    };
    // A policy above the domain may hold another one for what lies below.
    let own = name == format!("_dmarc.{domain}");
    let asked = if own { tags.get("p") } else { tags.get("sp").or_else(|| tags.get("p")) };
    let mut findings = vec![policy(name, asked.copied(), vouched)];
    findings.extend(remarks(&tags));
    findings
}

fn policy(name: &str, asked: Option<&str>, vouched: bool) -> Finding {
    match asked.map(str::to_ascii_lowercase).as_deref() {
        Some("none") => {
            let saying = format!(
                "The DMARC policy at {name} only watches (p=none): forgeries in the clinic's name are still delivered."
            );
            let remedy =
                "Read the reports for some weeks; when no letter of your own fails, write p=quarantine, then p=reject.";
            Topic::Dmarc.note(saying).remedy(remedy).by("RFC 9989, 4.7")
        }
        Some(strict @ ("quarantine" | "reject")) if vouched => {
            Topic::Dmarc.right(format!("The DMARC policy at {name} protects the clinic's name (p={strict})."))
        }
        Some(strict @ ("quarantine" | "reject")) => {
            let what = if strict == "reject" { "refused" } else { "put with the junk" };
            let saying = format!(
                "The DMARC policy at {name} is p={strict}, and nothing that was found here vouches for letters: they may be {what}."
            );
            let remedy = "Set SPF and DKIM right first; name the relay's DKIM selector in CLINIC_DKIM_SELECTOR, so that it can be looked at.";
            Topic::Dmarc.change(saying, remedy).by("RFC 9989, 4.4")
        }
        Some(other) => {
            let saying = format!(
                "The DMARC policy at {name} asks for `{other}`, which nobody knows; receivers take it for p=none."
            );
            Topic::Dmarc.change(saying, "Write p=none, p=quarantine or p=reject.").by("RFC 9989, 4.7")
        }
        None => {
            let saying = format!("The DMARC policy at {name} does not say what to do (p= is missing).");
            Topic::Dmarc.change(saying, "Add p=none, p=quarantine or p=reject.").by("RFC 9989, 4.7")
        }
    }
}

fn remarks(tags: &BTreeMap<String, &str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !tags.contains_key("rua") {
        let saying = "The DMARC policy asks for no reports, so nobody learns when the clinic's own letters fail.";
        findings.push(Topic::Dmarc.note(saying).remedy("Add rua=mailto: and an address that reads them."));
    }
    if tags.contains_key("pct") {
        let saying = "The DMARC policy holds for a part of the letters only (pct=); receivers no longer know this tag.";
        findings.push(Topic::Dmarc.note(saying).remedy("Take pct= out.").by("RFC 9989, appendix A"));
    }
    if tags.get("t").is_some_and(|t| t.eq_ignore_ascii_case("y")) {
        let saying = "The DMARC policy is marked as a trial (t=y): receivers do less than it asks.";
        findings.push(Topic::Dmarc.note(saying).remedy("Take t=y out when the trial is over.").by("RFC 9989, 4.7"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_looked_for_at_the_domain_and_above_it() {
        let all: Vec<String> = names("mail.clinic.example").collect();
        assert_eq!(all, ["_dmarc.mail.clinic.example", "_dmarc.clinic.example"]);
        assert_eq!(names("clinic.example").count(), 1);
    }

    #[test]
    fn below_a_policy_its_own_rule_for_what_lies_below_holds() {
        let texts = Texts::from([(
            "_dmarc.clinic.example".to_owned(),
            Answer::Found(vec!["v=DMARC1; p=reject; sp=none; rua=mailto:a@clinic.example".to_owned()]),
        )]);
        assert!(judge("mail.clinic.example", &texts, true)[0].saying.contains("only watches"));
        assert!(judge("clinic.example", &texts, true)[0].saying.contains("p=reject"));
    }
}
