//! `doctor` and its findings, with a real name server and a real relay.

use crate::{
    name_server::{Mode, NameServer, Record, Zone, mx, txt},
    smtp_server::{At, Authority, Encryption, Fault, Server},
};
use jiff::Timestamp;
use relationship_clinic::{
    config::{Relay, Tls},
    mail::{
        doctor::{Finding, Grade, dns, relay as relay_findings},
        mailer::{Inspection, Mailer},
    },
};
use std::{process::Output, time::Duration};
use tempfile::TempDir;

const DOMAIN: &str = "clinic.example";
const KEY: &str = "s1._domainkey.clinic.example";
const POLICY: &str = "v=DMARC1; p=reject; rua=mailto:reports@clinic.example";

/// Records without a fault.
fn good() -> Zone {
    vec![
        mx(DOMAIN, 10, "mail.clinic.example"),
        txt(DOMAIN, "v=spf1 include:relay.example mx -all"),
        txt(DOMAIN, "a text for another purpose"),
        txt(KEY, "v=DKIM1; k=rsa; p=MIGf"),
        txt("_dmarc.clinic.example", POLICY),
    ]
}

/// The good records with other ones at a name.
fn with(name: &str, others: &[(String, Record)]) -> Zone {
    good().into_iter().filter(|(at, _)| at != name).chain(others.iter().cloned()).collect()
}

fn texts(name: &str, records: &[&str]) -> Zone {
    with(name, &records.iter().map(|record| txt(name, *record)).collect::<Vec<_>>())
}

async fn examine_dns(zone: Zone, mode: Mode, selectors: &[&str]) -> Vec<Finding> {
    let server = NameServer::start(zone, mode).await;
    let selectors: Vec<String> = selectors.iter().map(|&selector| selector.to_owned()).collect();
    dns::examine(Some(server.address), DOMAIN, &selectors, Some("smtp.relay.example")).await
}

/// Fails unless a finding of the topic and grade contains the text in its message or remedy.
#[track_caller]
fn assert_found(findings: &[Finding], topic: &str, grade: Grade, text: &str) {
    let found = findings
        .iter()
        .filter(|finding| finding.topic == topic && finding.grade == grade)
        .any(|finding| format!("{} {}", finding.message, finding.remedy).contains(text));
    assert!(found, "no {grade:?} of {topic} contains `{text}`:\n{findings:#?}");
}

#[tokio::test]
async fn each_fault_of_the_records_is_found_and_has_a_remedy() {
    use Grade::{Change, Note};
    let spf = |records: &[&str]| texts(DOMAIN, records);
    let dkim = |records: &[&str]| texts(KEY, records);
    let dmarc = |records: &[&str]| texts("_dmarc.clinic.example", records);
    let table: Vec<(Zone, &str, Grade, &str)> = vec![
        (spf(&[]), "spf", Change, "no SPF record"),
        (spf(&["v=spf10 -all", "v=spf1-all"]), "spf", Change, "no SPF record"),
        (spf(&["v=spf1 -all", "V=SPF1 mx -all"]), "spf", Change, "2 SPF records"),
        (spf(&["v=spf1 mx +all"]), "spf", Change, "lets every server"),
        (spf(&["v=spf1 mx all"]), "spf", Change, "lets every server"),
        (spf(&["v=spf1 mx ?all"]), "spf", Note, "says nothing about servers"),
        (spf(&["v=spf1 mx"]), "spf", Note, "says nothing about servers"),
        (spf(&["v=spf1 mx -all"]), "spf", Note, "does not name the relay smtp.relay.example"),
        (dkim(&[]), "dkim", Change, "The DKIM key at s1._domainkey.clinic.example does not exist"),
        (dkim(&["v=DKIM1; k=rsa"]), "dkim", Change, "has no p="),
        (dkim(&["v=DKIM1; p="]), "dkim", Change, "is revoked"),
        (dkim(&["p=MIGf", "p=MIGe"]), "dkim", Change, "one of several"),
        (dmarc(&[]), "dmarc", Change, "no DMARC policy"),
        (dmarc(&["v=DMARC2; p=reject"]), "dmarc", Change, "no DMARC policy"),
        (dmarc(&["v=DMARC1; p=none"]), "dmarc", Note, "only reports"),
        (dmarc(&["v=DMARC1; p=none"]), "dmarc", Note, "asks for no reports"),
        (dmarc(&["v=DMARC1; p=deny"]), "dmarc", Change, "no valid p="),
        (dmarc(&["v=DMARC1; rua=mailto:a@clinic.example"]), "dmarc", Change, "no valid p="),
        (dmarc(&[POLICY, POLICY]), "dmarc", Change, "2 DMARC policies"),
        (with(DOMAIN, &[mx(DOMAIN, 0, ".")]), "mx", Change, "takes no mail"),
        (with(DOMAIN, &[(DOMAIN.to_owned(), Record::A)]), "mx", Note, "no MX record"),
        (vec![txt("elsewhere.example", "x")], "spf", Change, "no SPF record"),
    ];
    for (zone, topic, grade, text) in table {
        let findings = examine_dns(zone, Mode::Answering, &["s1"]).await;
        assert_found(&findings, topic, grade, text);
        assert!(findings.iter().all(|finding| finding.grade == Grade::Right || !finding.remedy.is_empty()));
    }
}

#[tokio::test]
async fn records_without_a_fault_are_right() {
    for zone in [good(), texts(DOMAIN, &["v=spf1 redirect=_spf.relay.example"])] {
        let zone = zone.into_iter().chain([mx(DOMAIN, 10, "mail.clinic.example")]).collect();
        let findings = examine_dns(zone, Mode::Answering, &["s1"]).await;
        let topics: Vec<_> = findings.iter().map(|finding| finding.topic).collect();
        assert_eq!(topics, ["mx", "spf", "dkim", "dmarc"]);
        assert!(findings.iter().all(|finding| finding.grade == Grade::Right), "{findings:#?}");
    }
}

#[tokio::test]
async fn a_policy_above_the_senders_domain_counts() {
    let server = NameServer::start(good(), Mode::Answering).await;
    let findings = dns::examine(Some(server.address), "mail.clinic.example", &[], None).await;
    assert_found(&findings, "dmarc", Grade::Right, "_dmarc.clinic.example");
}

#[tokio::test]
async fn without_a_selector_the_key_is_not_examined_and_that_is_no_fault() {
    let findings = examine_dns(good(), Mode::Answering, &[]).await;
    assert_found(&findings, "dkim", Grade::Note, "CLINIC_DKIM_SELECTOR");
}

#[tokio::test]
async fn a_name_server_without_an_answer_is_never_a_fault_of_the_records() {
    for mode in [Mode::Silent, Mode::Failing] {
        let findings = examine_dns(good(), mode, &["s1"]).await;
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_found(&findings, "dns", Grade::Change, "127.0.0.1:");
    }
    let findings = dns::examine(Some("127.0.0.1:9".parse().unwrap()), DOMAIN, &[], None).await;
    assert_found(&findings, "dns", Grade::Change, "127.0.0.1:9");
}

async fn examine_relay(relay: &Relay) -> (Inspection, Vec<Finding>) {
    let mailer = Mailer::relay(relay.clone(), DOMAIN, Duration::from_secs(10)).unwrap();
    let inspection = mailer.inspect().await.unwrap();
    // The mailer compares certificates with the system's clock, so the findings do so too.
    let findings = relay_findings::examine(relay, &inspection, Timestamp::now());
    (inspection, findings)
}

fn trusting(authority: &Authority, folder: &TempDir, relay: Relay) -> Relay {
    let file = folder.path().join("authority.pem");
    authority.write(&file);
    Relay { ca: Some(file), ..relay }
}

#[tokio::test]
async fn a_relay_without_a_fault_is_right_in_connection_certificate_and_log_in() {
    let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
    for (encryption, tls, how) in [
        (Encryption::start_tls(&authority, "localhost"), Tls::Required, "by STARTTLS"),
        (Encryption::implicit(&authority, "localhost"), Tls::Implicit, "from its start"),
    ] {
        let server = Server::start(encryption).await;
        let (_, findings) = examine_relay(&trusting(&authority, &folder, server.relay_with_login(tls))).await;
        assert_found(&findings, "relay", Grade::Right, "can be reached");
        assert_found(&findings, "tls", Grade::Right, how);
        assert_found(&findings, "tls", Grade::Right, "days left");
        assert_found(&findings, "relay", Grade::Right, "AUTH");
        assert!(server.mails().is_empty(), "nothing was sent");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_not_trusted_or_expires_soon_is_found() {
    let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
    let table = [
        (authority.for_days("localhost", -80, 5), "expires on"),
        (authority.for_days("localhost", -80, -1), "certificate expired"),
        (authority.for_days("localhost", 2, 80), "not valid yet"),
        (authority.for_days("elsewhere.example", -1, 80), "not valid for name"),
        (Authority::new().for_days("localhost", -1, 80), "name the issuer's certificate in CLINIC_SMTP_CA"),
    ];
    for (encryption, text) in table {
        let server = Server::start(encryption).await;
        let relay = trusting(&authority, &folder, server.relay_with_login(Tls::Required));
        let (inspection, findings) = examine_relay(&relay).await;
        assert_found(&findings, "tls", Grade::Change, text);
        let logins = server.state.lock().unwrap().seen.logins.len();
        let secured = matches!(inspection, Inspection::Secured { .. });
        assert_eq!(logins, usize::from(secured), "a password is sent only to a trusted relay: {text}");
    }
    // A certificate with a short validity is renewed in its last days, and that is no fault.
    let server = Server::start(authority.for_days("localhost", -2, 4)).await;
    let (_, findings) = examine_relay(&trusting(&authority, &folder, server.relay_with_login(Tls::Required))).await;
    assert_found(&findings, "tls", Grade::Right, "days left");
}

#[tokio::test]
async fn a_relay_that_refuses_is_found_with_the_step_that_it_refuses() {
    let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
    let mut server = Server::start(Encryption::start_tls(&authority, "localhost")).await;
    let relay = trusting(&authority, &folder, server.relay_with_login(Tls::Required));
    let table = [
        (At::Auth, Fault::Answer("535 no"), "relay", "refused at AUTH (535)"),
        (At::Auth, Fault::Answer("535 no"), "relay", "Check user and password"),
        (At::Auth, Fault::Answer("454 later"), "relay", "ask the relay's provider"),
        (At::Auth, Fault::NoAuth, "relay", "AUTH"),
        (At::StartTls, Fault::Stripped, "tls", "STARTTLS"),
        (At::StartTls, Fault::Answer("454 not now"), "tls", "refused at STARTTLS (454)"),
        (At::StartTls, Fault::Injected, "tls", "no encrypted session"),
        (At::Banner, Fault::Answer("554 go away"), "tls", "refused at greeting (554)"),
        (At::Banner, Fault::Cut, "tls", "no encrypted session"),
    ];
    for (at, fault, topic, text) in table {
        server.fail(at, fault);
        assert_found(&examine_relay(&relay).await.1, topic, Grade::Change, text);
    }
    server.close().await;
    assert_found(&examine_relay(&relay).await.1, "relay", Grade::Change, "cannot be reached");
}

/// Runs `doctor` with the test's name server.
async fn command(names: &NameServer, more: &[(&str, &str)], arguments: &[&str]) -> Output {
    let data = TempDir::new().unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_relationship-clinic"));
    command.arg("doctor").args(arguments).env("CLINIC_DATA", data.path());
    command.env("CLINIC_RESOLVER", names.address.to_string()).env("CLINIC_BASE_URL", "https://www.clinic.example");
    command.envs(more.iter().copied()).output().await.unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn the_command_exits_with_0_if_all_is_right_and_with_1_if_something_is_to_be_changed() {
    let (names, relay) = (NameServer::start(good(), Mode::Answering).await, Server::start(Encryption::Plain).await);
    let url = format!("smtp://127.0.0.1:{}", relay.address.port());
    let settings =
        [("CLINIC_SMTP_URL", url.as_str()), ("CLINIC_DKIM_SELECTOR", "s1"), ("CLINIC_MAIL_TO", "staff@clinic.example")];
    let right = command(&names, &settings, &[]).await;
    assert_eq!(right.status.code(), Some(0), "{}", text(&right));
    assert!(text(&right).contains("Nothing has to be changed."), "{}", text(&right));
    assert!(relay.mails().is_empty(), "no probe without being asked");

    let probed = command(&names, &settings, &["--probe", "--json"]).await;
    assert_eq!(probed.status.code(), Some(0), "{}", text(&probed));
    let report: serde_json::Value = serde_json::from_slice(&probed.stdout).unwrap();
    assert_eq!(report["all_right"], true);
    let last = report["findings"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["topic"], &last["grade"]), (&"probe".into(), &"right".into()));
    let mails = relay.mails();
    assert_eq!(
        (mails.len(), mails[0].to.as_str(), mails[0].from.as_str()),
        (1, "staff@clinic.example", "website@clinic.example")
    );
    let probe = mails[0].text.replace("=\r\n", "");
    assert!(probe.contains("https://www.clinic.example"), "{probe}");

    relay.fail(At::Rcpt, Fault::Answer("550 no such user"));
    let refused = command(&names, &settings, &["--probe", "other@clinic.example"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("refused at RCPT (550)"), "{}", text(&refused));

    let silent = NameServer::start(good(), Mode::Silent).await;
    let unknown = command(&silent, &settings, &[]).await;
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown).contains("Nothing more is known"), "{}", text(&unknown));
    assert!(!text(&unknown).contains("no SPF record"), "{}", text(&unknown));

    let unset = command(&names, &[], &[]).await;
    assert_eq!(unset.status.code(), Some(1));
    assert!(text(&unset).contains("Set CLINIC_SMTP_URL"), "{}", text(&unset));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_logs_what_to_change_while_pages_are_served() {
    use crate::support::clinic::{Clinic, wait_for};
    let silent = NameServer::start(good(), Mode::Silent).await;
    let relay = Server::start(Encryption::Plain).await;
    let url = format!("smtp://127.0.0.1:{}", relay.address.port());
    let resolver = silent.address.to_string();
    let log = tokio::task::spawn_blocking(move || {
        let settings = [
            ("CLINIC_SMTP_URL", url.as_str()),
            ("CLINIC_RESOLVER", &resolver),
            ("CLINIC_BASE_URL", "https://clinic.example"),
        ];
        let clinic = Clinic::with(&settings);
        clinic.get("/").is(200);
        wait_for(|| clinic.log().contains("gives no answer").then(|| clinic.log()))
            .expect("the log contains the finding")
    });
    let log = log.await.unwrap();
    assert!(log.contains("WARN") && log.contains("CLINIC_RESOLVER"), "{log}");
}

#[tokio::test]
async fn returned_letters_must_reach_a_person() {
    let names = NameServer::start(good(), Mode::Answering).await;
    let table = [
        ("website@clinic.example", "staff@clinic.example", None),
        ("returned@clinic.example", "staff@clinic.example", None),
        ("staff@clinic.example", "staff@clinic.example", Some("one of the recipients")),
        ("returned@elsewhere.example", "staff@clinic.example", Some("not the sender's")),
    ];
    for (bounces_to, mail_to, problem) in table {
        let from = ("CLINIC_MAIL_FROM", "website@clinic.example");
        let settings = [from, ("CLINIC_BOUNCES_TO", bounces_to), ("CLINIC_MAIL_TO", mail_to)];
        let output = text(&command(&names, &settings, &[]).await);
        assert_eq!(output.contains("CLINIC_BOUNCES_TO"), problem.is_some(), "{bounces_to}:\n{output}");
        assert!(problem.is_none_or(|problem| output.contains(problem)), "{bounces_to}:\n{output}");
    }
}
