//! The sender beside the site: letters should come from the domain that people see in the address bar.

use super::{Finding, Topic};

/// The domain can have records in the public DNS: it is no address of a machine and has more than one label.
pub fn has_records(domain: &str) -> bool {
    let local = ["localhost", "local", "internal", "test", "invalid"];
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && !domain.starts_with('[') && !local.iter().any(|name| last.eq_ignore_ascii_case(name))
}

/// Judges the domain of `CLINIC_MAIL_FROM` beside the host of `CLINIC_BASE_URL`.
///
/// The rule is simpler than the alignment of DMARC (RFC 9989 4.4), and stricter: one name must be the other or lie below it.
/// So no list of public suffixes is needed, and two clinics at one host of websites are never taken for one.
pub fn judge(domain: &str, site: &str) -> Vec<Finding> {
    if !has_records(domain) {
        let saying = format!("Letters would come from {domain}, which is no domain that anybody else knows.");
        let remedy = "Set CLINIC_BASE_URL to the public address of the site, or CLINIC_MAIL_FROM to an address of the clinic's domain.";
        return vec![Topic::Sender.change(saying, remedy)];
    }
    let bare = site.strip_prefix("www.").unwrap_or(site);
    if bare.eq_ignore_ascii_case(domain) || below(bare, domain) || below(domain, bare) {
        return vec![Topic::Sender.right(format!("Letters come from {domain}, the domain of the site {site}."))];
    }
    let saying = format!("Letters come from {domain}, but the site is {site}: receivers see two senders in one.");
    let remedy = format!("Set CLINIC_MAIL_FROM to an address at {bare}, and let the relay sign for that domain.");
    vec![Topic::Sender.change(saying, remedy)]
}

fn below(name: &str, parent: &str) -> bool {
    let (name, parent) = (name.to_ascii_lowercase(), parent.to_ascii_lowercase());
    name.strip_suffix(&parent).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::doctor::Grade;

    #[test]
    fn a_sender_belongs_to_the_site_if_one_name_holds_the_other() {
        let table = [
            ("clinic.example", "www.clinic.example", Grade::Right),
            ("clinic.example", "CLINIC.example", Grade::Right),
            ("mail.clinic.example", "clinic.example", Grade::Right),
            ("clinic.example", "booking.clinic.example", Grade::Right),
            ("otherclinic.example", "clinic.example", Grade::Change),
            ("clinic.example", "clinic.example.org", Grade::Change),
            ("localhost", "localhost", Grade::Change),
            ("[127.0.0.1]", "127.0.0.1", Grade::Change),
        ];
        for (domain, site, grade) in table {
            assert_eq!(judge(domain, site)[0].grade, grade, "{domain} {site}");
        }
    }
}
