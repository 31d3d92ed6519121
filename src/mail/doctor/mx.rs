//! Where bounces and answers to the sender's domain go.

use super::{
    Finding, Topic,
    records::{Answer, Exchange},
};

/// The domain is not in the DNS at all.
pub fn no_such_domain(domain: &str) -> Finding {
    let saying = format!("The sender's domain {domain} does not exist; many mailboxes refuse such a sender.");
    Topic::Mx
        .change(saying, "Look for a slip of the pen in CLINIC_MAIL_FROM and CLINIC_BASE_URL, or register the domain.")
}

/// Judges the mail exchangers of a domain that exists; `host` are the addresses of the domain itself.
pub fn judge(domain: &str, mx: &Answer<Exchange>, host: &Answer<()>) -> Vec<Finding> {
    let finding = match mx {
        Answer::Found(exchanges) => exchanged(domain, exchanges),
        Answer::NoSuchName => no_such_domain(domain),
        Answer::Silent(why) => Topic::Mx.unknown(format!("MX of {domain}: {why}")),
        Answer::Nothing if host.found().is_empty() && host.silence().is_none() => Topic::Mx
            .change(
                format!("{domain} has neither an MX record nor an address: bounces cannot come back, and some mailboxes refuse such a sender."),
                "Add an MX record that names the server of the clinic's mailboxes.",
            )
            .by("RFC 5321, 5.1"),
        Answer::Nothing => {
            Topic::Mx.note(format!("{domain} has no MX record, so bounces go to the host of that name.")).by("RFC 5321, 5.1")
        }
    };
    vec![finding]
}

fn exchanged(domain: &str, exchanges: &[Exchange]) -> Finding {
    let null = exchanges.iter().any(|(_, host)| host.is_empty());
    if null && exchanges.len() > 1 {
        let saying =
            format!("{domain} says that it takes no mail (a null MX), and names servers for its mail as well.");
        return Topic::Mx.change(saying, "Take the null MX (`0 .`) out.").by("RFC 7505, 3");
    }
    if null {
        let saying = format!(
            "{domain} says that it takes no mail (a null MX): bounces cannot come back, and mailboxes may refuse a sender of this domain."
        );
        let remedy = "Name a real mail server in the MX record, or send from a domain of the clinic's that takes mail.";
        return Topic::Mx.change(saying, remedy).by("RFC 7505, 4.2");
    }
    let servers = if exchanges.len() == 1 { "a server".to_owned() } else { format!("{} servers", exchanges.len()) };
    Topic::Mx.right(format!("{domain} names {servers} for its mail, so bounces can come back."))
}
