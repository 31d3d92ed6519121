//! Settings: each a flag and a variable, secrets a variable or a file; read once, checked together.
//!
//! Invariant: a [`Config`] is valid; [`Config::new`] returns every fault at once, each with the variable's name and what
//! to write instead. Secrets do not print themselves.
//!
//! Never: the environment itself (`cli` reads it for [`Settings`]), files other than secrets.

mod database;
mod parse;
mod relay;

pub use parse::{SettingFault, read_secret};

use crate::config::parse::Faults;
use ipnet::IpNet;
use secrecy::SecretString;
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use url::Url;

/// The secrets, for the help of the command line.
pub const SECRETS: &str = "\
Secrets (each a variable, or a file named by NAME_FILE; no flags, since ps shows these):
  CLINIC_DATABASE_URL  postgres://… when several copies run; needs the secret; TLS is verified
                       unless ?sslmode= says otherwise [default: SQLite in the data folder]
  CLINIC_SMTP_URL      smtps://user:pass@host or smtp://host:587?tls=required
                       [default: each mail becomes an .eml file]
  CLINIC_ALARM         Channel for alarms: smtps://…?to=… or a command that reads the notice on
                       standard input (for a webhook, one that runs curl) [default: off]
  CLINIC_SECRET        Key for tokens and signed links, 32 characters or more; copies that share
                       a database share it [default: generated once, in the data folder]";

/// Settings before validation: clap stops at its first error, so values are text and all faults are reported at once.
#[expect(clippy::doc_markdown, reason = "these lines are the help of the command line, shown as they stand")]
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Settings (each a flag and a variable)")]
pub struct Settings {
    /// Address and port on which the site is served
    #[arg(long, global = true, env = "CLINIC_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    pub listen: String,
    /// Address and port of /metrics and /health, never public [default: off]
    #[arg(long, global = true, env = "CLINIC_ADMIN_LISTEN", value_name = "ADDRESS")]
    pub admin_listen: Option<String>,
    /// Public origin in canonical links, mails and feeds
    #[arg(long, global = true, env = "CLINIC_BASE_URL", value_name = "URL", default_value = "http://localhost:3000")]
    pub base_url: String,
    /// Folder with the content
    #[arg(long, global = true, env = "CLINIC_CONTENT", value_name = "FOLDER", default_value = "content")]
    pub content: PathBuf,
    /// Folder with stylesheets, script and icons
    #[arg(long, global = true, env = "CLINIC_STATIC", value_name = "FOLDER", default_value = "static")]
    pub r#static: PathBuf,
    /// Folder for what the program stores: outbox, caches, mails without a relay
    #[arg(long, global = true, env = "CLINIC_DATA", value_name = "FOLDER", default_value = "var")]
    pub data: PathBuf,
    /// Extra trusted certificate (PEM), for a relay of your own
    #[arg(long, global = true, env = "CLINIC_SMTP_CA", value_name = "FILE")]
    pub smtp_ca: Option<PathBuf>,
    /// Staff addresses, separated by commas [default: the clinic's address in clinic.toml]
    #[arg(long, global = true, env = "CLINIC_MAIL_TO", value_name = "ADDRESSES")]
    pub mail_to: Option<String>,
    /// Sender, of the clinic's own domain [default: website at the host of the base URL]
    #[arg(long, global = true, env = "CLINIC_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Address that is notified of content faults found while running [default: none]
    #[arg(long, global = true, env = "CLINIC_EDITOR_MAIL", value_name = "ADDRESS")]
    pub editor_mail: Option<String>,
    /// Maximum number of emails a minute, for each copy of the program
    #[arg(long, global = true, env = "CLINIC_MAIL_PER_MINUTE", value_name = "NUMBER", default_value = "60")]
    pub mail_per_minute: String,
    /// Maximum time that a relay may take for one email
    #[arg(long, global = true, env = "CLINIC_MAIL_TIMEOUT", value_name = "TIME", default_value = "60s")]
    pub mail_timeout: String,
    /// Waits before each further try, separated by commas; the last repeats
    #[arg(long, global = true, env = "CLINIC_RETRY", value_name = "WAITS", default_value = "1m,5m,15m,30m,1h")]
    pub retry: String,
    /// Age at which an email is marked as failed, with an alarm
    #[arg(long, global = true, env = "CLINIC_RETRY_FOR", value_name = "AGE", default_value = "5d")]
    pub retry_for: String,
    /// Longest time that an enquiry's words are stored after its email was sent, if nobody marks it as answered
    #[arg(long, global = true, env = "CLINIC_KEEP_WORDS", value_name = "TIME", default_value = "14d")]
    pub keep_words: String,
    /// Envelope sender, to which a relay's later refusals are returned [default: CLINIC_MAIL_FROM]
    #[arg(long, global = true, env = "CLINIC_BOUNCES_TO", value_name = "ADDRESS")]
    pub bounces_to: Option<String>,
    /// Name server that `doctor` queries, as ADDRESS or ADDRESS:PORT [default: those of /etc/resolv.conf]
    #[arg(long, global = true, env = "CLINIC_RESOLVER", value_name = "ADDRESS")]
    pub resolver: Option<String>,
    /// DKIM selectors under which the relay signs, separated by commas, for `doctor` to look up [default: none]
    #[arg(long, global = true, env = "CLINIC_DKIM_SELECTOR", value_name = "NAMES")]
    pub dkim_selector: Option<String>,
    /// Not public: every page noindex and with a banner, mails only to the folder
    #[arg(long, global = true, env = "CLINIC_STAGING", value_name = "on|off", default_value = "off", num_args = 0..=1, default_missing_value = "on")]
    pub staging: String,
    /// Networks whose X-Forwarded-For is trusted, separated by commas [default: none]
    #[arg(long, global = true, env = "CLINIC_TRUSTED_PROXIES", value_name = "NETWORKS")]
    pub trusted_proxies: Option<String>,
    /// Format of the log, text or json; RUST_LOG sets the level
    #[arg(long, global = true, env = "CLINIC_LOG", value_name = "FORM", default_value = "text")]
    pub log: String,
    /// The environment's variables by name, for the secrets.
    #[arg(skip)]
    pub variables: HashMap<String, String>,
}

/// Valid settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address of the site.
    pub listen: SocketAddr,
    /// Address of `/metrics` and `/health`.
    pub admin_listen: Option<SocketAddr>,
    /// Public origin: scheme, host and maybe port; no path, no trailing slash in [`Config::origin`].
    pub base_url: Url,
    /// Folder of the content.
    pub content: PathBuf,
    /// Folder of stylesheets, script and icons.
    pub r#static: PathBuf,
    /// Folder of what the program stores.
    pub data: PathBuf,
    /// PostgreSQL, or an SQLite file in [`Config::data`] if absent.
    pub database_url: Option<SecretString>,
    /// The relay, or `.eml` files in `data/mail` if absent.
    pub relay: Option<Relay>,
    /// Staff addresses; empty means the clinic's own from its facts.
    pub mail_to: Vec<lettre::Address>,
    /// Sender of every mail.
    pub mail_from: lettre::Address,
    /// Envelope sender of letters and notes.
    pub bounces_to: lettre::Address,
    /// Address that is notified of content faults.
    pub editor_mail: Option<lettre::Address>,
    /// Maximum number of letters a minute; at least 1.
    pub mail_per_minute: u32,
    /// Maximum time that a relay may take for one letter.
    pub mail_timeout: Duration,
    /// Waits before each further try, at least one; the last repeats.
    pub retry: Vec<Duration>,
    /// Age at which a letter is marked as failed.
    pub retry_for: Duration,
    /// Longest time that words are stored after delivery.
    pub keep_words: Duration,
    /// Name server that `doctor` queries; the system's if absent.
    pub resolver: Option<SocketAddr>,
    /// DKIM selectors that `doctor` looks up.
    pub dkim_selectors: Vec<String>,
    /// Channel for alarms.
    pub alarm: Option<Alarm>,
    /// Key for tokens and links; generated in `data/secret` if absent.
    pub secret: Option<SecretString>,
    /// Not for the public: `noindex`, no relay.
    pub staging: bool,
    /// Networks whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Log lines as JSON.
    pub log_json: bool,
    /// Settings that can be used but were probably not intended.
    pub warnings: Vec<SettingFault>,
}

/// An SMTP relay.
#[derive(Debug, Clone)]
pub struct Relay {
    /// Host to connect to and to find in the certificate.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// User and password, sent only over TLS or to loopback.
    pub login: Option<(String, SecretString)>,
    /// Extra trusted certificate (PEM).
    pub ca: Option<PathBuf>,
}

/// How a connection to a relay is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte (`smtps://`).
    Implicit,
    /// STARTTLS or nothing is sent (`smtp://…?tls=required`).
    Required,
    /// Plain text, to loopback only (`smtp://localhost`).
    Loopback,
}

/// A channel for alarms that does not use the staff's mail path.
#[derive(Debug, Clone)]
pub enum Alarm {
    /// Another relay; the mail goes to the address in the URL's `to`.
    Relay(Relay, lettre::Address),
    /// A program; it reads the notice on standard input.
    Command(PathBuf),
}

impl Config {
    /// Checks all settings.
    ///
    /// # Errors
    /// Every fault found.
    pub fn new(settings: &Settings) -> Result<Self, Vec<SettingFault>> {
        let mut faults = Faults::default();
        match parse::config(settings, &mut faults) {
            Some(config) if faults.errors.is_empty() => Ok(Self { warnings: faults.warnings, ..config }),
            _ => Err(faults.errors),
        }
    }

    /// The public origin without a trailing slash: `https://example.org`.
    pub fn origin(&self) -> &str {
        self.base_url.as_str().trim_end_matches('/')
    }

    /// The site is reached over TLS, so HSTS and upgrades make sense.
    pub fn is_https(&self) -> bool {
        self.base_url.scheme() == "https"
    }

    /// A developer's own machine: an open page reloads itself when the content changes.
    pub fn is_development(&self) -> bool {
        matches!(self.base_url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
    }
}

/// This machine or the network around it; not the addresses `0.0.0.0` and `::`, which stand for all interfaces.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_address_that_others_may_reach_causes_a_warning() {
        let table = [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("192.168.1.1", true),
            ("::1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("::ffff:10.0.0.1", true),
            ("0.0.0.0", false),
            ("::", false),
            ("203.0.113.7", false),
            ("2001:db8::1", false),
            ("::ffff:203.0.113.7", false),
        ];
        for (address, private) in table {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(is_private(address.to_canonical()), private, "{address}");
        }
    }
}
