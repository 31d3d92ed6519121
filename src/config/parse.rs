//! Parses settings. A fault never stops the next check.
//!
//! Never repeats a secret: a fault of a URL with a password names the variable and the rule, not the value.

use super::{Config, Settings, database, is_private, relay};
use secrecy::SecretString;
use std::{
    fs,
    net::{IpAddr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::Duration,
};
use url::Url;

const OWNER_ONLY: &str = "let only its owner read it: chmod 600";

/// A setting that cannot be used, or probably was not intended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}\n  remedy: {remedy}")]
pub struct SettingFault {
    /// Name of the variable; the flag is the same in lower case, without `CLINIC_`.
    pub variable: &'static str,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub remedy: &'static str,
}

/// How a value is written.
pub(super) struct Format<T> {
    /// What to write.
    remedy: &'static str,
    parse: fn(&str) -> Option<T>,
}

const SOCKET: Format<SocketAddr> = Format {
    remedy: "write an address with a port, like 127.0.0.1:3000 or [::1]:3000",
    parse: |text| text.replace("localhost:", "127.0.0.1:").parse().ok(),
};
const BASE_URL: Format<Url> = Format {
    remedy: "write an origin, scheme and host only, like https://www.example.org",
    parse: |text| Url::parse(text).ok().filter(is_origin),
};
pub(super) const ADDRESS: Format<lettre::Address> =
    Format { remedy: "write a mail address, like name@example.org", parse: |text| text.parse().ok() };
const POSITIVE: Format<u32> = Format {
    remedy: "write a whole number above 0, like 60",
    parse: |text| text.parse().ok().filter(|number| *number > 0),
};
/// Several units may be written together (`1h 30m`).
const DURATION: Format<Duration> = Format {
    remedy: "write a length of time above 0, like 30s, 5m, 1h or 5d",
    parse: |text| {
        let span: jiff::Span = text.parse().ok()?;
        let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(length).ok().filter(|length| !length.is_zero())
    },
};
/// Port 53 unless another is written.
const NAME_SERVER: Format<SocketAddr> = Format {
    remedy: "write the address of a name server, like 192.0.2.53 or [2001:db8::53]:5353",
    parse: |text| text.parse().or_else(|_| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, 53))).ok(),
};
/// RFC 6376 3.1.
const SELECTOR: Format<String> = Format {
    remedy: "write one selector or several, like mail or s1,s2",
    parse: |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        text.chars().all(allowed).then(|| text.to_owned())
    },
};
const SWITCH: Format<bool> = Format {
    remedy: "write on or off",
    parse: |text| match text {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" | "" => Some(false),
        _ => None,
    },
};
const NETWORK: Format<ipnet::IpNet> = Format {
    remedy: "write networks, like 10.0.0.0/8 or ::1",
    parse: |text| text.parse().or_else(|_| text.parse().map(|ip: IpAddr| ip.into())).ok(),
};
/// Whether it is JSON.
const LOG_FORMAT: Format<bool> =
    Format { remedy: "write text or json", parse: |text| matches!(text, "text" | "json").then_some(text == "json") };

/// All settings; `None` only if a fault was added.
pub(super) fn config(s: &Settings, f: &mut Faults) -> Option<Config> {
    // Every setting is parsed before the first `?`, so that all faults are found; with a fault, defaults are not used.
    let listen = f.parse("CLINIC_LISTEN", &s.listen, &SOCKET);
    let base_url = f.parse("CLINIC_BASE_URL", &s.base_url, &BASE_URL);
    let mail_from = relay::sender(s.mail_from.as_deref(), base_url.as_ref(), f);
    let bounces_to = f.optional("CLINIC_BOUNCES_TO", s.bounces_to.as_deref(), &ADDRESS);
    let database_url = database::url(s, f);
    let staging = f.parse("CLINIC_STAGING", &s.staging, &SWITCH).unwrap_or_default();
    Some(Config {
        admin_listen: admin_listen(s, listen, f),
        content: s.content.clone(),
        r#static: s.r#static.clone(),
        data: s.data.clone(),
        relay: relay::relay(s, f).filter(|_| !staging),
        mail_to: f.list("CLINIC_MAIL_TO", s.mail_to.as_deref(), &ADDRESS),
        editor_mail: f.optional("CLINIC_EDITOR_MAIL", s.editor_mail.as_deref(), &ADDRESS),
        mail_per_minute: f.parse("CLINIC_MAIL_PER_MINUTE", &s.mail_per_minute, &POSITIVE).unwrap_or_default(),
        mail_timeout: f.parse("CLINIC_MAIL_TIMEOUT", &s.mail_timeout, &DURATION).unwrap_or_default(),
        // Unlike in other lists, an empty value is a fault.
        retry: s.retry.split(',').filter_map(|part| f.parse("CLINIC_RETRY", part, &DURATION)).collect(),
        retry_for: f.parse("CLINIC_RETRY_FOR", &s.retry_for, &DURATION).unwrap_or_default(),
        keep_words: f.parse("CLINIC_KEEP_WORDS", &s.keep_words, &DURATION).unwrap_or_default(),
        resolver: f.optional("CLINIC_RESOLVER", s.resolver.as_deref(), &NAME_SERVER),
        dkim_selectors: f.list("CLINIC_DKIM_SELECTOR", s.dkim_selector.as_deref(), &SELECTOR),
        alarm: relay::alarm(s, f),
        secret: secret(s, database_url.is_some(), f),
        database_url,
        staging,
        trusted_proxies: f.list("CLINIC_TRUSTED_PROXIES", s.trusted_proxies.as_deref(), &NETWORK),
        log_json: f.parse("CLINIC_LOG", &s.log, &LOG_FORMAT).unwrap_or_default(),
        warnings: Vec::new(),
        listen: listen?,
        base_url: base_url?,
        bounces_to: bounces_to.or_else(|| mail_from.clone())?,
        mail_from: mail_from?,
    })
}

/// Collects faults.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) errors: Vec<SettingFault>,
    pub(super) warnings: Vec<SettingFault>,
}

impl Faults {
    pub(super) fn add(&mut self, variable: &'static str, problem: impl Into<String>, remedy: &'static str) {
        self.errors.push(SettingFault { variable, problem: problem.into(), remedy });
    }

    pub(super) fn parse<T>(&mut self, variable: &'static str, text: &str, format: &Format<T>) -> Option<T> {
        let value = (format.parse)(text.trim());
        if value.is_none() {
            self.add(variable, format!("`{}` cannot be used", text.trim()), format.remedy);
        }
        value
    }

    /// Absent if empty.
    pub(super) fn optional<T>(&mut self, variable: &'static str, text: Option<&str>, format: &Format<T>) -> Option<T> {
        text.filter(|text| !text.trim().is_empty()).and_then(|text| self.parse(variable, text, format))
    }

    /// Values separated by commas; empty ones are left out.
    fn list<T>(&mut self, variable: &'static str, text: Option<&str>, format: &Format<T>) -> Vec<T> {
        text.unwrap_or_default().split(',').filter_map(|part| self.optional(variable, Some(part), format)).collect()
    }

    /// The value of a variable, or of the file that `…_FILE` names; both at once is a fault.
    pub(super) fn secret(&mut self, variable: &'static str, s: &Settings) -> Option<String> {
        let value = |name: &str| s.variables.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        match (value(variable), value(&format!("{variable}_FILE"))) {
            (Some(_), Some(_)) => self.add(variable, "it is set, and its …_FILE too", "keep one of the two"),
            (None, Some(file)) => match read_secret(Path::new(file)) {
                Ok((secret, warning)) => {
                    self.warnings.extend(warning.map(|problem| SettingFault { variable, problem, remedy: OWNER_ONLY }));
                    return Some(secret);
                }
                Err(problem) => self.add(variable, problem, "name a file with the value in …_FILE; chmod 600 it"),
            },
            (value, None) => return value.map(str::to_owned),
        }
        None
    }
}

/// The text of a file with a secret, and a warning if others may read it.
///
/// # Errors
/// The file cannot be read, is empty, or may be written by others.
pub fn read_secret(file: &Path) -> Result<(String, Option<String>), String> {
    let name = file.display();
    let unreadable = |error| format!("{name} cannot be read: {error}");
    let mode = fs::metadata(file).map_err(unreadable)?.permissions().mode();
    let text = fs::read_to_string(file).map_err(unreadable)?.trim().to_owned();
    if text.is_empty() {
        return Err(format!("{name} is empty"));
    }
    if mode & 0o022 != 0 {
        return Err(format!("{name} can be written by other users"));
    }
    Ok((text, (mode & 0o004 != 0).then(|| format!("{name} can be read by other users"))))
}

fn is_origin(url: &Url) -> bool {
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    matches!(url.scheme(), "http" | "https") && url.host().is_some() && bare
}

/// Must differ from `listen`, except with port 0, which the system replaces by a free one each time.
fn admin_listen(s: &Settings, listen: Option<SocketAddr>, f: &mut Faults) -> Option<SocketAddr> {
    let admin = f.optional("CLINIC_ADMIN_LISTEN", s.admin_listen.as_deref(), &SOCKET);
    if admin.is_some_and(|admin| admin.port() != 0 && Some(admin) == listen) {
        f.add("CLINIC_ADMIN_LISTEN", "it is the address of the site", "write another port, like 127.0.0.1:9300");
    }
    let public = admin.filter(|address| !is_private(address.ip().to_canonical()));
    f.warnings.extend(public.map(|address| SettingFault {
        variable: "CLINIC_ADMIN_LISTEN",
        problem: format!("{address} may be reached from outside, and /metrics has no password"),
        remedy: "write an address of this machine, like 127.0.0.1:9300, or check that a firewall blocks it",
    }));
    admin
}

/// Copies that share a database share the secret too, so that links of one work in all.
fn secret(s: &Settings, shared: bool, f: &mut Faults) -> Option<SecretString> {
    const MAKE: &str = "make one with: head -c 32 /dev/urandom | base64";
    let secret = f.secret("CLINIC_SECRET", s);
    match &secret {
        Some(secret) if secret.len() < 32 => f.add("CLINIC_SECRET", "it is shorter than 32 characters", MAKE),
        None if shared => f.add("CLINIC_SECRET", "it is not set, and every copy that uses the database needs it", MAKE),
        _ => {}
    }
    secret.map(Into::into)
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

    /// Settings from flags and from variables, such as `CLINIC_SECRET=x`.
    fn settings(given: &[&str]) -> Settings {
        let (flags, variables): (Vec<&str>, Vec<&str>) = given.iter().partition(|text| text.starts_with("--"));
        let pairs = variables.into_iter().filter_map(|text| text.split_once('='));
        let variables = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Settings { variables, ..Line::parse_from(["test"].into_iter().chain(flags)).settings }
    }

    fn faults(given: &[&str]) -> Vec<(&'static str, String)> {
        let faults = Config::new(&settings(given)).err().unwrap_or_default();
        faults.into_iter().map(|fault| (fault.variable, fault.to_string())).collect()
    }

    #[test]
    fn every_wrong_setting_is_reported_at_once_with_a_remedy() {
        let wrong = [
            ("--listen=3000", "CLINIC_LISTEN", "127.0.0.1:3000"),
            ("--admin-listen=x", "CLINIC_ADMIN_LISTEN", "127.0.0.1:3000"),
            ("--base-url=example.org/path", "CLINIC_BASE_URL", "https://www.example.org"),
            ("CLINIC_DATABASE_URL=mysql://x", "CLINIC_DATABASE_URL", "postgres://"),
            ("CLINIC_SMTP_URL=smtp://user:hunter2@relay.example", "CLINIC_SMTP_URL", "?tls=required"),
            ("--mail-to=nobody", "CLINIC_MAIL_TO", "name@example.org"),
            ("--mail-from=nobody", "CLINIC_MAIL_FROM", "name@example.org"),
            ("--editor-mail=nobody", "CLINIC_EDITOR_MAIL", "name@example.org"),
            ("--mail-per-minute=0", "CLINIC_MAIL_PER_MINUTE", "60"),
            ("--mail-timeout=0s", "CLINIC_MAIL_TIMEOUT", "30s"),
            ("--retry=soon", "CLINIC_RETRY", "30s"),
            ("--retry-for=0s", "CLINIC_RETRY_FOR", "5d"),
            ("--resolver=nearby", "CLINIC_RESOLVER", "192.0.2.53"),
            ("--dkim-selector=a b", "CLINIC_DKIM_SELECTOR", "s1,s2"),
            ("CLINIC_ALARM=smtps://relay.example", "CLINIC_ALARM", "?to="),
            ("CLINIC_SECRET=short", "CLINIC_SECRET", "/dev/urandom"),
            ("--staging=perhaps", "CLINIC_STAGING", "on or off"),
            ("--trusted-proxies=everybody", "CLINIC_TRUSTED_PROXIES", "10.0.0.0/8"),
            ("--log=loud", "CLINIC_LOG", "text or json"),
        ];
        let flags: Vec<&str> = wrong.iter().map(|(flag, ..)| *flag).collect();
        let found = faults(&flags);
        for (flag, variable, remedy) in wrong {
            assert!(found.iter().any(|(v, text)| *v == variable && text.contains(remedy)), "{flag}: {found:?}");
        }
        assert!(!found.iter().any(|(_, text)| text.contains("hunter2")), "a password is never repeated");
    }

    #[test]
    fn a_postgresql_database_needs_a_secret() {
        let database = "CLINIC_DATABASE_URL=postgres:///clinic";
        let found = faults(&[database]);
        assert!(found.len() == 1 && found[0].1.contains("every copy"), "{found:?}");
        assert_eq!(faults(&[database, "CLINIC_SECRET=a secret of at least thirty-two characters"]), []);
    }

    #[test]
    fn the_admin_address_must_differ_from_the_sites() {
        let admin = |address: &str| faults(&[&format!("--admin-listen={address}")]);
        assert_eq!(admin("127.0.0.1:3000").len(), 1);
        assert_eq!(admin("127.0.0.1:3001"), []);
        assert_eq!(faults(&["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]), []);
    }

    #[test]
    fn an_alarm_is_a_relay_or_a_program_and_the_address_of_a_webhook_is_not_repeated() {
        assert_eq!(faults(&["CLINIC_ALARM=/usr/local/bin/notify"]), []);
        assert_eq!(faults(&["CLINIC_ALARM=mailto:owner@clinic.example"]).len(), 1);
        let found = faults(&["CLINIC_ALARM=https://hook.example/hunter2"]);
        assert!(found[0].1.contains("curl") && !found[0].1.contains("hunter2"), "{found:?}");
    }

    #[test]
    fn smtp_without_tls_is_accepted_for_loopback_only() {
        assert_eq!(faults(&["CLINIC_SMTP_URL=smtp://127.0.0.1:2525"]), []);
        assert_eq!(faults(&["CLINIC_SMTP_URL=smtp://relay.example:587?tls=required"]), []);
        assert_eq!(faults(&["CLINIC_SMTP_URL=smtps://user:p%40ss@relay.example"]), []);
        assert_eq!(faults(&["CLINIC_SMTP_URL=smtp://relay.example"]).len(), 1);
    }

    #[test]
    fn the_file_of_a_secret_is_whole_and_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let long = "0123456789abcdef0123456789abcdef";
        let table = [
            (long, 0o600, "", ""),
            (long, 0o640, "", ""),
            (long, 0o644, "", "secret can be read by other users"),
            (long, 0o660, "secret can be written by other users", ""),
            (long, 0o602, "secret can be written by other users", ""),
            (" \n", 0o600, "secret is empty", ""),
            ("short", 0o600, "shorter than 32", ""),
        ];
        for (text, mode, error, warning) in table {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let config = Config::new(&settings(&[&format!("CLINIC_SECRET_FILE={}", file.display())]));
            let (errors, warnings) =
                config.map_or_else(|errors| (errors, Vec::new()), |config| (Vec::new(), config.warnings));
            for (found, expected) in [(errors, error), (warnings, warning)] {
                let found: String = found.iter().map(ToString::to_string).collect();
                assert_eq!(found.is_empty(), expected.is_empty(), "{text:?} {mode:o}: {found}");
                assert!(found.contains(expected), "{text:?} {mode:o}: {found}");
            }
        }
    }
}
