//! The real program and a PostgreSQL server over TLS: the certificate is verified, and so is the name in it.

use crate::{
    databases::Cluster,
    smtp_server::Authority,
    support::clinic::{Clinic, PROGRAM, valid_form, wait_for},
};
use std::{fmt::Write as _, path::Path, process::Command};
use tempfile::TempDir;

/// An address that reaches this machine and is treated like one of another machine.
const REMOTE: &str = "0.0.0.0";
const SECRET: (&str, &str) = ("CLINIC_SECRET", "a secret that the copies of the program share");

struct Database {
    cluster: Cluster,
    name: String,
    folder: TempDir,
}

impl Database {
    fn start(certificate: &(String, String)) -> Self {
        let cluster = Cluster::start_with_tls(certificate);
        let url = url::Url::parse(&cluster.create_database()).unwrap();
        Self { cluster, name: url.path().to_owned(), folder: tempfile::tempdir().unwrap() }
    }

    fn url(&self, host: &str, mode: Option<&str>, authority: Option<&Path>) -> String {
        let mut url = format!("postgres://postgres@{host}:{}{}?application_name=test", self.cluster.port(), self.name);
        for (name, value) in [("sslmode", mode), ("sslrootcert", authority.and_then(Path::to_str))] {
            if let Some(value) = value {
                write!(url, "&{name}={value}").unwrap();
            }
        }
        url
    }

    /// Lists the enquiries of the database at this URL; the error is what the operator reads.
    fn list(&self, url: &str) -> Result<(), String> {
        let mut command = Command::new(PROGRAM);
        command.args(["enquiries", "list"]).env("CLINIC_DATA", self.folder.path().join("data"));
        let output = command.envs([SECRET, ("CLINIC_DATABASE_URL", url)]).output().unwrap();
        if output.status.success() { Ok(()) } else { Err(String::from_utf8(output.stderr).unwrap()) }
    }
}

#[test]
fn a_server_is_used_over_tls_only_with_a_certificate_of_its_name_and_a_trusted_issuer() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours.pem"), folder.path().join("theirs.pem"));
    let authority = Authority::new();
    authority.write(&ours);
    Authority::new().write(&theirs);
    let database = Database::start(&authority.certify("localhost"));

    let full = Some("verify-full");
    let refused = [
        ("localhost", full, None, "UnknownIssuer"),
        // Another authority of the same name.
        ("localhost", full, Some(&*theirs), "BadSignature"),
        ("127.0.0.1", full, Some(&*ours), "not valid for name"),
        (REMOTE, None, None, "UnknownIssuer"),
        (REMOTE, None, Some(&*ours), "not valid for name"),
    ];
    for (host, mode, authority, cause) in refused {
        let error = database.list(&database.url(host, mode, authority)).unwrap_err();
        assert!(error.contains(cause), "{host} {mode:?} {authority:?}: {error}");
    }

    let clinic = Clinic::with(&[SECRET, ("CLINIC_DATABASE_URL", &database.url("localhost", full, Some(&ours)))]);
    clinic.store(&valid_form());
    let sessions = "SELECT count(*) > 0, bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                    WHERE client_addr IS NOT NULL";
    assert_eq!(database.cluster.sql(sessions), "t|t", "every session by TCP is encrypted");

    database.cluster.replace_certificate(&authority.certify(REMOTE));
    let remote = database.url(REMOTE, None, Some(&ours));
    wait_for(|| database.list(&remote).ok()).unwrap_or_else(|| panic!("{:?}", database.list(&remote)));
    let error = database.list(&database.url("localhost", full, Some(&ours))).unwrap_err();
    assert!(error.contains("not valid for name"), "{error}");
}
