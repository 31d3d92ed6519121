//! Parses the mail settings: sender, relay, alarm channel.
//!
//! Never repeats the URL of a relay or webhook, because it may hold a secret.

use super::{
    Alarm, Relay, Settings, Tls,
    parse::{ADDRESS, Faults},
};
use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};
use url::Url;

const RELAY_REMEDY: &str = "write smtps://user:password@host, or smtp://user:password@host:587?tls=required";

/// `CLINIC_MAIL_FROM`, or `website@` and the host of the base URL.
pub(super) fn sender(text: Option<&str>, base_url: Option<&Url>, f: &mut Faults) -> Option<lettre::Address> {
    if text.is_some_and(|text| !text.trim().is_empty()) {
        return f.optional("CLINIC_MAIL_FROM", text, &ADDRESS);
    }
    let host = base_url?.host_str()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    // Mailers do not accept an address literal (RFC 5321 4.1.3) as a sender.
    let domain = if host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback()) { "localhost" } else { host };
    let sender = lettre::Address::new("website", domain);
    if let Err(e) = &sender {
        let problem = format!("website@{domain} cannot be made of the base URL: {e}");
        f.add("CLINIC_MAIL_FROM", problem, "set CLINIC_MAIL_FROM");
    }
    sender.ok()
}

pub(super) fn relay(s: &Settings, f: &mut Faults) -> Option<Relay> {
    let url = f.secret("CLINIC_SMTP_URL", s)?;
    let relay = relay_of(&url, s);
    relay.map_err(|(problem, remedy)| f.add("CLINIC_SMTP_URL", problem, remedy)).ok()
}

/// `smtps://…?to=…`, or the path of a program.
pub(super) fn alarm(s: &Settings, f: &mut Faults) -> Option<Alarm> {
    let text = f.secret("CLINIC_ALARM", s)?;
    if !text.contains("://") && Url::parse(&text).is_err() {
        return Some(Alarm::Command(PathBuf::from(text)));
    }
    if !text.starts_with("smtp") {
        // The address of a webhook may hold a secret, so it is not repeated.
        let problem = "it is neither a relay's URL nor a program";
        let remedy =
            "write smtps://…?to=… or a program's path; for a webhook, a program that runs `curl --data-binary @- URL`";
        f.add("CLINIC_ALARM", problem, remedy);
        return None;
    }
    let relay = relay_of(&text, s);
    let relay = relay.map_err(|(problem, remedy)| f.add("CLINIC_ALARM", problem, remedy)).ok()?;
    let to = Url::parse(&text).ok().and_then(|url| parameter(&url, "to"));
    if to.is_none() {
        f.add("CLINIC_ALARM", "the relay has no recipient", "add ?to=name@example.org to the URL");
    }
    Some(Alarm::Relay(relay, f.parse("CLINIC_ALARM", &to?, &ADDRESS)?))
}

/// From `smtps://…` or `smtp://…?tls=required`; plain text only to loopback. Fails with problem and remedy, which never
/// repeat the URL, because it holds a password.
fn relay_of(url: &str, s: &Settings) -> Result<Relay, (String, &'static str)> {
    let problem = |problem: String| (problem, RELAY_REMEDY);
    let url = Url::parse(url).map_err(|e| problem(format!("it is not a URL: {e}")))?;
    let host = url.host_str().ok_or_else(|| problem("it names no host".to_owned()))?.trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let mode = parameter(&url, "tls");
    let (tls, default_port) = match (url.scheme(), mode.as_deref()) {
        ("smtps", _) => (Tls::Implicit, 465),
        ("smtp", Some("required")) => (Tls::Required, 587),
        ("smtp", None) if loopback => (Tls::Loopback, 25),
        ("smtp", None) => {
            let plain = "it would send password and letters in plain text over the network";
            return Err((plain.to_owned(), "add ?tls=required, or use smtps://"));
        }
        (scheme, mode) => {
            return Err(problem(format!("`{scheme}` with tls={} is not known", mode.unwrap_or_default())));
        }
    };
    let login = url.password().map(|password| (decode(url.username()), decode(password).into()));
    Ok(Relay { host: host.to_owned(), port: url.port().unwrap_or(default_port), tls, login, ca: s.smtp_ca.clone() })
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Decodes `%40` and the like.
fn decode(text: &str) -> String {
    // Form encoding would read `+` as a space.
    let pair = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}
