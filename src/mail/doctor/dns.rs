//! Findings about the DNS records of the sender's domain: MX, SPF, DKIM and DMARC.
//!
//! A record must be there, be the only one, and say what the site needs. Records are not evaluated for a message as a
//! receiver would: a probe and its header Authentication-Results show that.

use super::Finding;
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType},
    },
};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// Time limit of one query; each is sent twice.
const QUERY_LIMIT: Duration = Duration::from_secs(2);

/// Queries `server`, or the system's name servers. `relay` is the host whose letters SPF should allow; `None` if it is on
/// this machine. After a query without an answer no further one is sent.
pub async fn examine(
    server: Option<SocketAddr>,
    domain: &str,
    selectors: &[String],
    relay: Option<&str>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(reason) = query_all(server, domain, selectors, relay, &mut findings).await {
        let server = server.map_or_else(|| "of /etc/resolv.conf".to_owned(), |server| server.to_string());
        let message = format!(
            "The name server {server} gives no answer ({reason}). Nothing more is known about the records of {domain}."
        );
        let remedy = "Check this machine's network, or name another server in CLINIC_RESOLVER; then try again.";
        findings.push(Finding::change("dns", message, remedy));
    }
    findings
}

async fn query_all(
    server: Option<SocketAddr>,
    domain: &str,
    selectors: &[String],
    relay: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Result<(), NetError> {
    let resolver = resolver(server)?;
    findings.push(mx(domain, &query(&resolver, domain, RecordType::MX).await?));
    findings.extend(spf(domain, relay, &query(&resolver, domain, RecordType::TXT).await?));
    if selectors.is_empty() {
        let message = "DKIM was not examined: its key can be found only under its selector.";
        let remedy = "Ask the relay's provider for the selector (or read `s=` in DKIM-Signature of a received email), and set \
                      CLINIC_DKIM_SELECTOR.";
        findings.push(Finding::note("dkim", message, remedy));
    }
    for selector in selectors {
        let name = format!("{selector}._domainkey.{domain}");
        findings.push(dkim(&name, &query(&resolver, &name, RecordType::TXT).await?));
    }
    // The policy may stand at the domain or at one above it; the nearest holds (RFC 9989 4.10).
    let mut parent = domain;
    loop {
        let name = format!("_dmarc.{parent}");
        let texts = query(&resolver, &name, RecordType::TXT).await?;
        let policies: Vec<_> = texts.iter().filter(|text| tag(text, "v") == Some("DMARC1")).collect();
        parent = parent.split_once('.').map_or("", |(_, parent)| parent);
        if !policies.is_empty() || !parent.contains('.') {
            findings.extend(dmarc(domain, &name, &policies));
            return Ok(());
        }
    }
}

/// Found records as text; empty if there is none. The parts of a TXT record are joined (RFC 7208 3.3); an MX record is
/// its host without the final dot.
async fn query(resolver: &TokioResolver, name: &str, kind: RecordType) -> Result<Vec<String>, NetError> {
    let Ok(mut name) = Name::from_ascii(name) else { return Ok(Vec::new()) };
    // Otherwise the machine's search domains are tried too.
    name.set_fqdn(true);
    let text = |data: &RData| match data {
        RData::TXT(txt) => Some(txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect()),
        RData::MX(mx) => Some(mx.exchange.to_ascii().trim_end_matches('.').to_owned()),
        _ => None,
    };
    match resolver.lookup(name, kind).await {
        Ok(lookup) => Ok(lookup.answers().iter().filter_map(|record| text(&record.data)).collect()),
        Err(NetError::Dns(DnsError::NoRecordsFound(none)))
            if matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

fn resolver(server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some(server) => {
            let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            for connection in &mut connections {
                connection.port = server.port();
            }
            let server = NameServerConfig::new(server.ip(), true, connections);
            let config = ResolverConfig::from_name_servers(vec![server]);
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.timeout = QUERY_LIMIT;
    options.attempts = 1;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}

fn mx(domain: &str, hosts: &[String]) -> Finding {
    const REMEDY: &str =
        "Name the server of the clinic's mailboxes in an MX record, so that bounces and replies arrive.";
    if hosts.is_empty() {
        return Finding::note("mx", format!("{domain} has no MX record."), REMEDY);
    }
    if hosts.iter().any(String::is_empty) {
        return Finding::change("mx", format!("{domain} says that it takes no mail (a null MX, RFC 7505)."), REMEDY);
    }
    Finding::right("mx", format!("{domain} has an MX record."))
}

fn spf(domain: &str, relay: Option<&str>, texts: &[String]) -> Vec<Finding> {
    let texts: Vec<_> = texts.iter().map(|text| text.to_ascii_lowercase()).collect();
    let records: Vec<_> = texts.iter().filter(|text| text.split(' ').next() == Some("v=spf1")).collect();
    let [record] = records[..] else {
        let (message, remedy) = if records.is_empty() {
            let message = format!("{domain} has no SPF record.");
            (message, "Add a TXT record such as `v=spf1 include:RELAY -all`; the relay's provider says what RELAY is.")
        } else {
            let message = format!("{domain} has {} SPF records; receivers then ignore all.", records.len());
            (message, "Write one record with the terms of all, one `v=spf1` at its start and one `all` at its end.")
        };
        return vec![Finding::change("spf", message, remedy)];
    };
    let has = |wanted: &[&str]| record.split(' ').any(|term| wanted.contains(&term));
    let mut findings = vec![if has(&["all", "+all"]) {
        let message = format!("The SPF record of {domain} lets every server send for it (+all).");
        Finding::change("spf", message, "Write -all at its end.")
    } else if has(&["-all", "~all"]) || record.contains(" redirect=") {
        Finding::right("spf", format!("{domain} has one SPF record."))
    } else {
        let message = format!("The SPF record of {domain} says nothing about servers that it does not name.");
        Finding::note("spf", message, "Write ~all or -all at its end.")
    }];
    if let Some(relay) = relay.filter(|relay| !names(record, domain, relay)) {
        let message =
            format!("The SPF record of {domain} does not name the relay {relay}; it may do so under another name.");
        let remedy = "Ask the relay's provider which `include:` to write, or send a probe and look for spf=pass.";
        findings.push(Finding::note("spf", message, remedy));
    }
    findings
}

/// Whether an SPF record names the relay's IP address or its registered domain, taken as the last two labels. A relay
/// below the sender's own domain is usually named by `a`, `mx` or an IP address, which is not resolved here.
fn names(record: &str, domain: &str, relay: &str) -> bool {
    let relay = relay.to_ascii_lowercase();
    if relay.parse::<IpAddr>().is_ok() {
        return record.contains(&relay);
    }
    let dots: Vec<_> = relay.rmatch_indices('.').map(|(index, _)| index + 1).collect();
    relay.ends_with(domain) || record.contains(&relay[dots.get(1).copied().unwrap_or(0)..])
}

fn dkim(name: &str, texts: &[String]) -> Finding {
    let (problem, remedy) = match texts {
        [] => (
            "does not exist",
            "Publish the TXT record that the relay's provider gives, or correct CLINIC_DKIM_SELECTOR.",
        ),
        [text] => match tag(text, "p") {
            Some("") => {
                ("is revoked (p= is empty)", "Let the relay sign with a newer selector, named in CLINIC_DKIM_SELECTOR.")
            }
            Some(_) => return Finding::right("dkim", format!("There is a DKIM key at {name}.")),
            None => ("has no p=", "Copy the whole record from the relay's provider."),
        },
        _ => ("is one of several TXT records", "Keep the one that the relay's provider gives."),
    };
    Finding::change("dkim", format!("The DKIM key at {name} {problem}."), remedy)
}

/// `name` is where the last query was sent.
fn dmarc(domain: &str, name: &str, policies: &[&String]) -> Vec<Finding> {
    let [policy] = policies else {
        let (message, remedy) = if policies.is_empty() {
            let remedy = format!(
                "Add a TXT record at _dmarc.{domain}: `v=DMARC1; p=none; rua=mailto:` and an address that reads reports. When \
                 the reports show no failures of your own emails, write p=quarantine, then p=reject."
            );
            (format!("{domain} has no DMARC policy; large mailbox providers distrust such senders."), remedy)
        } else {
            let message = format!("There are {} DMARC policies at {name}; receivers then ignore all.", policies.len());
            (message, "Keep one of them.".to_owned())
        };
        return vec![Finding::change("dmarc", message, &remedy)];
    };
    let mut findings = vec![match tag(policy, "p").map(str::to_ascii_lowercase).as_deref() {
        Some(strict @ ("quarantine" | "reject")) => {
            Finding::right("dmarc", format!("The DMARC policy at {name} protects the clinic's name (p={strict})."))
        }
        Some("none") => {
            let message =
                format!("The DMARC policy at {name} only reports (p=none): forged emails are still delivered.");
            let remedy = "When the reports show no failures of your own emails, write p=quarantine, then p=reject.";
            Finding::note("dmarc", message, remedy)
        }
        _ => {
            let message = format!("The DMARC policy at {name} has no valid p=.");
            Finding::change("dmarc", message, "Write p=none, p=quarantine or p=reject.")
        }
    }];
    if tag(policy, "rua").is_none_or(str::is_empty) {
        let message = "The DMARC policy asks for no reports, so failures of the clinic's own emails stay unnoticed.";
        findings.push(Finding::note("dmarc", message, "Add rua=mailto: and an address that reads them."));
    }
    findings
}

/// Value of a tag in `name=value; name=value` (RFC 6376 3.2).
fn tag<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    let tags = record.split(';').filter_map(|part| part.split_once('='));
    tags.map(|(name, value)| (name.trim(), value.trim())).find(|(found, _)| *found == name).map(|(_, value)| value)
}
