//! Turns text into settings, one small function each; a fault never stops the next check.
//!
//! Never prints a secret: a fault of a URL with a password names the variable and the rule, not the value.

use super::{Alarm, Config, Relay, Settings, Tls};
use secrecy::SecretString;
use std::{
    fmt::Display,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use url::{Host, Url};

/// A setting that cannot be used, or should not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}\n  remedy: {remedy}")]
pub struct Fault {
    /// Name of the variable; the flag is the same in lower case, without `CLINIC_`.
    pub variable: &'static str,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

/// Collects faults.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, variable: &'static str, problem: impl Display, remedy: &str) {
        self.0.push(Fault { variable, problem: problem.to_string(), remedy: remedy.to_owned() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

/// Every setting; `None` only if a fault was added.
pub(super) fn config(s: &Settings, f: &mut Faults) -> Option<Config> {
    // Each line runs, so that all faults are found; only then is one missing value allowed to end it.
    let listen = socket("CLINIC_LISTEN", &s.listen, f);
    let admin_listen = optional(s.admin_listen.as_ref(), f, |text, f| socket("CLINIC_ADMIN_LISTEN", text, f));
    check_apart(listen, admin_listen, f);
    let base_url = base_url(&s.base_url, f);
    let database_url = secret("CLINIC_DATABASE_URL", s.database_url.as_ref(), s.database_url_file.as_deref(), f);
    let smtp_url = secret_text("CLINIC_SMTP_URL", s.smtp_url.as_ref(), s.smtp_url_file.as_deref(), f);
    let relay = optional(smtp_url.as_ref(), f, |text, f| relay("CLINIC_SMTP_URL", text, s.smtp_ca.clone(), f));
    let mail_to = addresses("CLINIC_MAIL_TO", s.mail_to.as_deref().unwrap_or_default(), f);
    let mail_from = mail_from(s.mail_from.as_deref(), base_url.as_ref(), f);
    let editor_mail = optional(s.editor_mail.as_ref(), f, |text, f| address("CLINIC_EDITOR_MAIL", text, f));
    let mail_per_minute = number("CLINIC_MAIL_PER_MINUTE", &s.mail_per_minute, f);
    let mail_timeout = duration("CLINIC_MAIL_TIMEOUT", &s.mail_timeout, f);
    let retry = waits("CLINIC_RETRY", &s.retry, f);
    let retry_for = duration("CLINIC_RETRY_FOR", &s.retry_for, f);
    let resolver = optional(s.resolver.as_ref(), f, resolver);
    let dkim_selectors = selectors(s.dkim_selector.as_deref().unwrap_or_default(), f);
    let alarm = optional(s.alarm.as_ref(), f, |text, f| alarm(text, s.smtp_ca.clone(), f));
    let secret = secret("CLINIC_SECRET", s.secret.as_ref(), s.secret_file.as_deref(), f);
    check_secret(secret.as_ref(), f);
    check_database(database_url.as_ref(), f);
    let staging = switch("CLINIC_STAGING", &s.staging, f);
    let strict = switch("CLINIC_STRICT", &s.strict, f);
    let trusted_proxies = networks("CLINIC_TRUSTED_PROXIES", s.trusted_proxies.as_deref().unwrap_or_default(), f);
    let log_json = log_form(&s.log, f);
    Some(Config {
        listen: listen?,
        admin_listen,
        base_url: base_url?,
        content: s.content.clone(),
        r#static: s.r#static.clone(),
        data: s.data.clone(),
        database_url,
        relay: if staging? { None } else { relay },
        mail_to,
        mail_from: mail_from?,
        editor_mail,
        mail_per_minute: mail_per_minute?,
        mail_timeout: mail_timeout?,
        retry: retry?,
        retry_for: retry_for?,
        resolver,
        dkim_selectors,
        alarm,
        secret,
        staging: staging?,
        strict: strict?,
        trusted_proxies,
        log_json: log_json?,
    })
}

fn optional<T>(text: Option<&String>, f: &mut Faults, read: impl FnOnce(&str, &mut Faults) -> Option<T>) -> Option<T> {
    text.filter(|text| !text.trim().is_empty()).and_then(|text| read(text, f))
}

fn socket(variable: &'static str, text: &str, f: &mut Faults) -> Option<SocketAddr> {
    let text = text.trim().replace("localhost:", "127.0.0.1:");
    text.parse()
        .inspect_err(|_| {
            f.add(
                variable,
                format!("`{text}` is not an address with a port"),
                "write it like 127.0.0.1:3000 or [::1]:3000",
            );
        })
        .ok()
}

/// Port 0 is another one each time.
fn check_apart(listen: Option<SocketAddr>, admin_listen: Option<SocketAddr>, f: &mut Faults) {
    if listen.is_some_and(|listen| listen.port() != 0 && Some(listen) == admin_listen) {
        f.add("CLINIC_ADMIN_LISTEN", "it is the address of the site", "write another port, like 127.0.0.1:9300");
    }
}

/// A name server, on port 53 unless another is named.
fn resolver(text: &str, f: &mut Faults) -> Option<SocketAddr> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
        .inspect_err(|_| {
            f.add(
                "CLINIC_RESOLVER",
                format!("`{text}` is not the address of a name server"),
                "write it like 192.0.2.53 or [2001:db8::53]:5353",
            );
        })
        .ok()
}

/// Selectors are names of domains (RFC 6376 3.1).
fn selectors(text: &str, f: &mut Faults) -> Vec<String> {
    let label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let (fine, wrong): (Vec<&str>, Vec<&str>) = names.partition(|name| name.chars().all(label));
    for name in wrong {
        f.add("CLINIC_DKIM_SELECTOR", format!("`{name}` is not a selector"), "write it like mail or s1,s2");
    }
    fine.into_iter().map(str::to_owned).collect()
}

fn base_url(text: &str, f: &mut Faults) -> Option<Url> {
    const REMEDY: &str = "write scheme and host only, like https://www.example.org";
    let url =
        Url::parse(text.trim()).inspect_err(|e| f.add("CLINIC_BASE_URL", format!("`{text}`: {e}"), REMEDY)).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !bare {
        f.add("CLINIC_BASE_URL", format!("`{text}` is more or less than an origin"), REMEDY);
        return None;
    }
    Some(url)
}

/// The value of a variable or of the file that `…_FILE` names; both at once is a fault.
fn secret_text(variable: &'static str, value: Option<&String>, file: Option<&Path>, f: &mut Faults) -> Option<String> {
    let value = value.filter(|text| !text.trim().is_empty());
    match (value, file) {
        (Some(_), Some(_)) => {
            f.add(variable, "it is set, and its …_FILE too", "keep one of the two");
            None
        }
        (Some(value), None) => Some(value.trim().to_owned()),
        (None, Some(file)) => std::fs::read_to_string(file)
            .inspect_err(|e| {
                f.add(variable, format!("{} cannot be read: {e}", file.display()), "name a readable file in …_FILE");
            })
            .ok()
            .map(|text| text.trim().to_owned()),
        (None, None) => None,
    }
}

fn secret(variable: &'static str, value: Option<&String>, file: Option<&Path>, f: &mut Faults) -> Option<SecretString> {
    secret_text(variable, value, file, f).map(SecretString::from)
}

fn check_secret(secret: Option<&SecretString>, f: &mut Faults) {
    use secrecy::ExposeSecret as _;
    if secret.is_some_and(|secret| secret.expose_secret().len() < 32) {
        f.add("CLINIC_SECRET", "it is shorter than 32 characters", "make one with: head -c 32 /dev/urandom | base64");
    }
}

fn check_database(url: Option<&SecretString>, f: &mut Faults) {
    use secrecy::ExposeSecret as _;
    let known =
        |url: &SecretString| ["postgres://", "postgresql://"].iter().any(|p| url.expose_secret().starts_with(p));
    if url.is_some_and(|url| !known(url)) {
        f.add(
            "CLINIC_DATABASE_URL",
            "only PostgreSQL is reached by URL",
            "write postgres://user:password@host/name, or leave it out for SQLite",
        );
    }
}

/// `smtps://…` or `smtp://…?tls=required`; plain text only to loopback.
fn relay(variable: &'static str, text: &str, ca: Option<PathBuf>, f: &mut Faults) -> Option<Relay> {
    const REMEDY: &str = "write smtps://user:password@host, or smtp://user:password@host:587?tls=required";
    // The value holds a password, so it is never repeated.
    let url = Url::parse(text).inspect_err(|e| f.add(variable, format!("it is not a URL: {e}"), REMEDY)).ok()?;
    let Some(host) = url.host_str().map(str::to_owned) else {
        f.add(variable, "it names no host", REMEDY);
        return None;
    };
    let wanted = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value.into_owned());
    let tls = match (url.scheme(), wanted.as_deref()) {
        ("smtps", _) => Tls::Implicit,
        ("smtp", Some("required")) => Tls::Required,
        ("smtp", None) if is_loopback(&url) => Tls::Loopback,
        ("smtp", None) => {
            f.add(
                variable,
                "it would send password and letters in plain text over the network",
                "add ?tls=required, or use smtps://",
            );
            return None;
        }
        _ => {
            f.add(variable, format!("`{}` with tls={} is not known", url.scheme(), wanted.unwrap_or_default()), REMEDY);
            return None;
        }
    };
    let port = url.port().unwrap_or(match tls {
        Tls::Implicit => 465,
        Tls::Required => 587,
        Tls::Loopback => 25,
    });
    let login = url.password().map(|password| (decode(url.username()), SecretString::from(decode(password))));
    Some(Relay { host: host.trim_matches(['[', ']']).to_owned(), port, tls, login, ca })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        // A scheme that is not special keeps the host as text.
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        None => false,
    }
}

fn decode(text: &str) -> String {
    // `application/x-www-form-urlencoded` would turn `+` into a space, so it is kept out of its reach.
    let pair = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn address(variable: &'static str, text: &str, f: &mut Faults) -> Option<lettre::Address> {
    text.trim()
        .parse()
        .inspect_err(|e| {
            f.add(variable, format!("`{text}` is not a mail address: {e}"), "write it like name@example.org");
        })
        .ok()
}

fn addresses(variable: &'static str, text: &str, f: &mut Faults) -> Vec<lettre::Address> {
    text.split(',').filter(|part| !part.trim().is_empty()).filter_map(|part| address(variable, part, f)).collect()
}

fn mail_from(text: Option<&str>, base_url: Option<&Url>, f: &mut Faults) -> Option<lettre::Address> {
    if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
        return address("CLINIC_MAIL_FROM", text, f);
    }
    let host = base_url?.host_str()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    // An address literal (RFC 5321 4.1.3) is no sender that a mailer takes; on one's own machine it is that machine.
    let domain = if host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()) { "localhost" } else { host };
    lettre::Address::new("website", domain)
        .inspect_err(|e| {
            f.add(
                "CLINIC_MAIL_FROM",
                format!("website@{domain} cannot be made of the base URL: {e}"),
                "set CLINIC_MAIL_FROM",
            );
        })
        .ok()
}

fn number(variable: &'static str, text: &str, f: &mut Faults) -> Option<u32> {
    match text.trim().parse() {
        Ok(number) if number > 0 => Some(number),
        _ => {
            f.add(variable, format!("`{text}` is not a whole number above 0"), "write it like 60");
            None
        }
    }
}

fn waits(variable: &'static str, text: &str, f: &mut Faults) -> Option<Vec<Duration>> {
    let parts: Vec<_> = text.split(',').map(|part| duration(variable, part, f)).collect();
    parts.into_iter().collect()
}

/// `30s`, `5m`, `1h`, `5d`, or several together (`1h 30m`).
fn duration(variable: &'static str, text: &str, f: &mut Faults) -> Option<Duration> {
    const REMEDY: &str = "write it like 30s, 5m, 1h or 5d; above 0";
    let span: Result<jiff::Span, _> = text.trim().parse();
    let length = span
        .and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()))
        .ok()
        .and_then(|length| Duration::try_from(length).ok())
        .filter(|length| !length.is_zero());
    if length.is_none() {
        f.add(variable, format!("`{}` is not a length of time", text.trim()), REMEDY);
    }
    length
}

/// `smtps://…?to=…`, or the path of a program.
fn alarm(text: &str, ca: Option<PathBuf>, f: &mut Faults) -> Option<Alarm> {
    let text = text.trim();
    if text.starts_with("smtp") && text.contains("://") {
        let relay = relay("CLINIC_ALARM", text, ca, f);
        let to = Url::parse(text).ok()?.query_pairs().find(|(key, _)| key == "to").map(|(_, value)| value.into_owned());
        let Some(to) = to else {
            f.add("CLINIC_ALARM", "the relay has no recipient", "add ?to=name@example.org to the URL");
            return None;
        };
        return Some(Alarm::Relay(relay?, address("CLINIC_ALARM", &to, f)?));
    }
    if text.contains("://") {
        // The address of a webhook may hold a secret, so it is not repeated.
        f.add(
            "CLINIC_ALARM",
            "it is neither a relay's URL nor a program",
            "write smtps://…?to=… or a program's path; for a webhook, a program that runs `curl --data-binary @- URL`",
        );
        return None;
    }
    Some(Alarm::Command(PathBuf::from(text)))
}

fn switch(variable: &'static str, text: &str, f: &mut Faults) -> Option<bool> {
    match text.trim() {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" | "" => Some(false),
        other => {
            f.add(variable, format!("`{other}` is neither on nor off"), "write on or off");
            None
        }
    }
}

fn networks(variable: &'static str, text: &str, f: &mut Faults) -> Vec<ipnet::IpNet> {
    let parse = |part: &str| part.parse().or_else(|_| part.parse::<std::net::IpAddr>().map(ipnet::IpNet::from));
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .filter_map(|part| {
            parse(part)
                .inspect_err(|_| {
                    f.add(variable, format!("`{part}` is not a network"), "write it like 10.0.0.0/8 or ::1");
                })
                .ok()
        })
        .collect()
}

fn log_form(text: &str, f: &mut Faults) -> Option<bool> {
    match text.trim() {
        "json" => Some(true),
        "text" => Some(false),
        other => {
            f.add("CLINIC_LOG", format!("`{other}` is not a known form"), "write text or json");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn told(flags: &[&str]) -> Vec<(&'static str, String)> {
        let line = Line::parse_from(["test"].iter().chain(flags));
        let faults = Config::new(&line.settings).err().unwrap_or_default();
        faults.into_iter().map(|fault| (fault.variable, fault.to_string())).collect()
    }

    #[test]
    fn every_wrong_setting_is_told_at_once_with_a_remedy() {
        let wrong = [
            ("--listen=3000", "CLINIC_LISTEN", "127.0.0.1:3000"),
            ("--admin-listen=x", "CLINIC_ADMIN_LISTEN", "127.0.0.1:3000"),
            ("--base-url=example.org/path", "CLINIC_BASE_URL", "https://www.example.org"),
            ("--database-url=mysql://x", "CLINIC_DATABASE_URL", "postgres://"),
            ("--smtp-url=smtp://user:hunter2@relay.example", "CLINIC_SMTP_URL", "?tls=required"),
            ("--mail-to=nobody", "CLINIC_MAIL_TO", "name@example.org"),
            ("--mail-from=nobody", "CLINIC_MAIL_FROM", "name@example.org"),
            ("--editor-mail=nobody", "CLINIC_EDITOR_MAIL", "name@example.org"),
            ("--mail-per-minute=0", "CLINIC_MAIL_PER_MINUTE", "60"),
            ("--mail-timeout=0s", "CLINIC_MAIL_TIMEOUT", "30s"),
            ("--retry=soon", "CLINIC_RETRY", "30s"),
            ("--retry-for=0s", "CLINIC_RETRY_FOR", "5d"),
            ("--resolver=nearby", "CLINIC_RESOLVER", "192.0.2.53"),
            ("--dkim-selector=a b", "CLINIC_DKIM_SELECTOR", "s1,s2"),
            ("--alarm=smtps://relay.example", "CLINIC_ALARM", "?to="),
            ("--secret=short", "CLINIC_SECRET", "/dev/urandom"),
            ("--staging=perhaps", "CLINIC_STAGING", "on or off"),
            ("--strict=perhaps", "CLINIC_STRICT", "on or off"),
            ("--trusted-proxies=everybody", "CLINIC_TRUSTED_PROXIES", "10.0.0.0/8"),
            ("--log=loud", "CLINIC_LOG", "text or json"),
        ];
        let flags: Vec<&str> = wrong.iter().map(|(flag, ..)| *flag).collect();
        let told = told(&flags);
        for (flag, variable, remedy) in wrong {
            assert!(told.iter().any(|(v, text)| *v == variable && text.contains(remedy)), "{flag}: {told:?}");
        }
        assert!(!told.iter().any(|(_, text)| text.contains("hunter2")), "a password is never repeated");
    }

    #[test]
    fn the_operators_address_is_not_the_sites() {
        let admin = |address: &str| told(&[&format!("--admin-listen={address}")]);
        assert_eq!(admin("127.0.0.1:3000").len(), 1);
        assert_eq!(admin("127.0.0.1:3001"), []);
        assert_eq!(told(&["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]), []);
    }

    #[test]
    fn a_webhook_as_alarm_is_refused_with_a_command_as_remedy_and_without_its_address() {
        let faults = told(&["--alarm=https://hook.example/hunter2"]);
        assert!(faults[0].1.contains("curl") && !faults[0].1.contains("hunter2"), "{faults:?}");
    }

    #[test]
    fn plain_text_goes_to_loopback_only() {
        assert_eq!(told(&["--smtp-url=smtp://127.0.0.1:2525"]), []);
        assert_eq!(told(&["--smtp-url=smtp://relay.example:587?tls=required"]), []);
        assert_eq!(told(&["--smtp-url=smtps://user:p%40ss@relay.example"]), []);
        assert_eq!(told(&["--smtp-url=smtp://relay.example"]).len(), 1);
    }
}
