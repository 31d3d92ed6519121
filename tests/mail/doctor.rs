//! The doctor: real questions to a name server, a real look at a relay, and what is said about both.

use crate::{
    names::{Entry, Mood, NameServer, Zone, mx, txt},
    relay::{At, Authority, Fault, Server, Wire},
};
use jiff::Timestamp;
use relationship_clinic::{
    config::{Relay, Tls},
    mail::{
        doctor::{self, Finding, Grade, Topic, names::Names, records, relay as look_at},
        mailer::{self, Look, Mailer},
    },
};
use std::{process::Output, time::Duration};
use tempfile::TempDir;

const DOMAIN: &str = "clinic.example";
const KEY_512: &str = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAPW54aVC0xrJL5ml/X6EWjIdciAQHfeOoJenYg7fyd2Ph4U3ScnEagtwGU8WOidhAVxFKDPZy+fAmGjuEdBNpt0CAwEAAQ==";
const KEY_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDGPlGqyoT1UKJPJ4imUbGKDVuz6++8DRqSDcTDNhbMjdXn0qSgG4Sn889hgsAEU0fZ/T+7LY1jI3pCBZ8ekIFUx1tcNTE83yjUvJYm5Z4x+4ef9pcPeNnT5Osix0Ww6JfbA6KAaqyhyaHdtoA5ymy3fcE6cQer0Xx/vUZvQ3vKgwIDAQAB";
const KEY_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv5eGUe5fXI85VNO3jtKdc1qNmScngKoo+UuylL6+DvjUr0ydku3271B6qyRWenP0BHz20mk3U0upbc4ulxlP/NF+ks/Wk1+p7o//324dSSFHeaB3VekF84BMPj4w32iHBaafrK7J5Dqd7EcyG21w+e9icpXpM0ITOIGdHwk87zQm5+Y3SgC0g2/UKF1SrGcPLJVyTW4p/wFmkdzgFb8rVeKNfxp5JufingmUlyQqH8D4c7G20FBj6WnWRjpPrZuaJ/fPvun8vLK6tjhnvo7VgMewa0MWwIgasagJqBmq9yqHzMR8h3cqtNacj7PzqhA34yaz/gMmYMSguUROfR52gQIDAQAB";
const POLICY: &str = "v=DMARC1; p=reject; rua=mailto:reports@clinic.example";

/// A domain as it should be.
fn good() -> Zone {
    vec![
        mx(DOMAIN, 10, "mail.clinic.example"),
        txt(DOMAIN, "v=spf1 include:relay.example mx -all"),
        txt(DOMAIN, "a text of somebody else's"),
        txt("relay.example", "v=spf1 ip4:192.0.2.0/24 ~all"),
        txt("s1._domainkey.clinic.example", format!("v=DKIM1; k=rsa; p={KEY_2048}")),
        txt("_dmarc.clinic.example", POLICY),
    ]
}

/// The good zone without what stands at a name, and with something else.
fn with(name: &str, others: &[(String, Entry)]) -> Zone {
    good().into_iter().filter(|(at, _)| at != name).chain(others.iter().cloned()).collect()
}

/// The good zone with other SPF records.
fn spf(records: &[&str]) -> Zone {
    let others: Vec<_> = [mx(DOMAIN, 10, "mail.clinic.example")]
        .into_iter()
        .chain(records.iter().map(|record| txt(DOMAIN, *record)))
        .chain([
            txt("loop.example", "v=spf1 include:loop.example -all"),
            txt("other.example", "no record at all"),
            txt("open.example", "v=spf1 +all"),
        ])
        .collect();
    with(DOMAIN, &others)
}

fn dkim(record: &str) -> Zone {
    with("s1._domainkey.clinic.example", &[txt("s1._domainkey.clinic.example", record)])
}

fn dmarc(records: &[&str]) -> Zone {
    let others: Vec<_> = records.iter().map(|record| txt("_dmarc.clinic.example", *record)).collect();
    with("_dmarc.clinic.example", &others)
}

async fn ask(zone: Zone, mood: Mood, selectors: &[&str]) -> Result<Vec<Finding>, String> {
    let server = NameServer::start(zone, mood).await;
    let selectors: Vec<String> = selectors.iter().map(|&selector| selector.to_owned()).collect();
    let names = Names::new(Some(server.address));
    let records = records::gather(&names, DOMAIN, &selectors).await?;
    Ok(doctor::judge(DOMAIN, &selectors, &records))
}

/// Fails unless a finding of the topic and grade says the words (in saying or remedy).
#[track_caller]
fn says(findings: &[Finding], topic: Topic, grade: Grade, words: &str) {
    let fits = |f: &&Finding| f.topic == topic && f.grade == grade;
    let found = findings.iter().filter(fits).any(|f| format!("{} {:?} {}", f.saying, f.remedy, f.rule).contains(words));
    assert!(found, "no {grade:?} of {topic:?} says `{words}`:\n{findings:#?}");
}

#[tokio::test]
async fn every_state_of_the_records_is_told_in_words_with_a_remedy() {
    use Grade::{Change, Note, Right};
    use Topic::{Dkim, Dmarc, Mx, Spf};
    let many = "v=spf1 a:a.example a:b.example a:c.example a:d.example a:e.example a:f.example mx exists:g.example \
                include:relay.example a:h.example a:i.example -all";
    let null_mx = |more: &[(String, Entry)]| {
        let kept = good().into_iter().filter(|(_, entry)| !matches!(entry, Entry::Mx(..)));
        kept.chain([mx(DOMAIN, 0, ".")]).chain(more.iter().cloned()).collect::<Zone>()
    };
    let no_mx = |more: &[(String, Entry)]| {
        good().into_iter().filter(|(_, e)| !matches!(e, Entry::Mx(..))).chain(more.iter().cloned()).collect::<Zone>()
    };
    let table: Vec<(Zone, Topic, Grade, &str)> = vec![
        (good(), Mx, Right, "names a server"),
        (good(), Spf, Right, "one SPF record, with 2 of 10 look-ups"),
        (good(), Dkim, Right, "RSA, 2048 bits"),
        (good(), Dmarc, Right, "p=reject"),
        (spf(&[]), Spf, Change, "no SPF record"),
        (spf(&["v=spf10 -all", "v=spf1-all"]), Spf, Change, "no SPF record"),
        (spf(&["v=spf1 -all", "V=SPF1 mx -all"]), Spf, Change, "2 SPF records"),
        (spf(&["v=spf1 mx +all"]), Spf, Change, "every server in the world"),
        (spf(&["v=spf1 mx all"]), Spf, Change, "every server in the world"),
        (spf(&["v=spf1 include:open.example -all"]), Spf, Change, "record of open.example lets every server"),
        (spf(&["v=spf1 mx ?all"]), Spf, Note, "says nothing about servers"),
        (spf(&["v=spf1 mx"]), Spf, Note, "says nothing about servers"),
        (spf(&["v=spf1 redirect=relay.example"]), Spf, Right, "with 1 of 10"),
        (spf(&[many]), Spf, Change, "more than 10 look-ups"),
        (spf(&["v=spf1 include:loop.example -all"]), Spf, Change, "more than 10 look-ups"),
        (
            spf(&["v=spf1 include:nowhere.example -all"]),
            Spf,
            Change,
            "nowhere.example is included, but has no SPF record",
        ),
        (spf(&["v=spf1 include:other.example -all"]), Spf, Change, "other.example is included, but has no SPF record"),
        (spf(&["v=spf1 ip5:192.0.2.1 -all"]), Spf, Change, "a term that nobody knows (`ip5:192.0.2.1`)"),
        (spf(&["v=spf1 ptr -all"]), Spf, Note, "`ptr`"),
        (spf(&["v=spf1 exists:%{i}.relay.example include:%{d}.relay.example ~all"]), Spf, Right, "with 2 of 10"),
        (dkim("v=DKIM1; k=rsa"), Dkim, Change, "it has no key"),
        (dkim("v=DKIM1; p="), Dkim, Change, "was withdrawn"),
        (dkim("v=DKIM1; p=AAAA"), Dkim, Change, "cannot be read"),
        (dkim("v=DKIM1; p=%%%"), Dkim, Change, "not base64"),
        (dkim("v=DKIM2; p=AAAA"), Dkim, Change, "its version"),
        (dkim(&format!("k=rsa; p={KEY_512}")), Dkim, Change, "512 bits"),
        (dkim(&format!("k=rsa; p={KEY_1024}")), Dkim, Note, "1024 bits"),
        (dkim(&format!("t=y:s; p={KEY_2048}")), Dkim, Change, "t=y"),
        (dkim("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), Dkim, Right, "Ed25519"),
        (with("s1._domainkey.clinic.example", &[]), Dkim, Change, "no DKIM key at s1._domainkey.clinic.example"),
        (dmarc(&[]), Dmarc, Change, "no DMARC policy"),
        (dmarc(&["v=DMARC2; p=reject"]), Dmarc, Change, "no DMARC policy"),
        (dmarc(&["v=DMARC1; p=none"]), Dmarc, Note, "only watches"),
        (dmarc(&["v=DMARC1; p=none"]), Dmarc, Note, "no reports"),
        (dmarc(&["v=DMARC1; p=none; pct=50"]), Dmarc, Note, "pct="),
        (dmarc(&["v=DMARC1; p=deny"]), Dmarc, Change, "`deny`"),
        (dmarc(&["v=DMARC1; rua=mailto:a@clinic.example"]), Dmarc, Change, "p= is missing"),
        (dmarc(&[POLICY, POLICY]), Dmarc, Change, "2 DMARC policies"),
        (null_mx(&[]), Mx, Change, "takes no mail (a null MX): bounces"),
        (null_mx(&[mx(DOMAIN, 10, "mail.clinic.example")]), Mx, Change, "RFC 7505, 3"),
        (no_mx(&[]), Mx, Change, "neither an MX record nor an address"),
        (no_mx(&[(DOMAIN.to_owned(), Entry::A)]), Mx, Note, "no MX record, so bounces go to the host"),
        (vec![txt("elsewhere.example", "x")], Mx, Change, "does not exist"),
    ];
    for (zone, topic, grade, words) in table {
        says(&ask(zone, Mood::Well, &["s1"]).await.unwrap(), topic, grade, words);
    }
    let findings = ask(good(), Mood::Well, &["s1"]).await.unwrap();
    assert!(findings.iter().all(|finding| finding.grade == Right), "{findings:#?}");
    for finding in ask(spf(&["v=spf1 +all"]), Mood::Well, &["s1"]).await.unwrap() {
        assert!(finding.grade != Change || finding.remedy.is_some(), "{finding:?}");
    }
}

#[tokio::test]
async fn without_a_selector_the_key_is_no_fault_but_a_strict_policy_needs_one_to_vouch() {
    let findings = ask(good(), Mood::Well, &[]).await.unwrap();
    says(&findings, Topic::Dkim, Grade::Note, "CLINIC_DKIM_SELECTOR");
    says(&findings, Topic::Dmarc, Grade::Right, "p=reject");
    let findings = ask(spf(&[]), Mood::Well, &[]).await.unwrap();
    says(&findings, Topic::Dmarc, Grade::Change, "they may be refused");
}

#[tokio::test]
async fn silence_of_a_name_server_is_never_a_fault_of_the_records() {
    for mood in [Mood::Silent, Mood::Failing] {
        let silence = ask(good(), mood, &["s1"]).await.unwrap_err();
        assert!(silence.contains("127.0.0.1:"), "it says whom it asked: {silence}");
    }
    let silence = records::gather(&Names::new(Some("127.0.0.1:9".parse().unwrap())), DOMAIN, &[]).await.unwrap_err();
    assert!(silence.contains("127.0.0.1:9"), "{silence}");
}

#[tokio::test]
async fn an_included_record_that_cannot_be_asked_for_is_unknown() {
    let mut texts = records::Texts::from([(
        DOMAIN.to_owned(),
        records::Answer::Found(vec!["v=spf1 include:x.example -all".to_owned()]),
    )]);
    assert_eq!(doctor::spf::wanted(DOMAIN, &texts), Some("x.example".to_owned()));
    texts.insert("x.example".to_owned(), records::Answer::Silent("It does not answer.".to_owned()));
    assert_eq!(doctor::spf::wanted(DOMAIN, &texts), None);
    says(&doctor::spf::judge(DOMAIN, &texts), Topic::Spf, Grade::Unknown, "x.example");
}

/// What the doctor says of a relay, and what it saw.
async fn examine(relay: &Relay) -> (Look, Vec<Finding>) {
    let look = mailer::look(relay).await;
    let mailer = Mailer::relay(relay.clone(), DOMAIN, Duration::from_secs(10)).unwrap();
    let greeting = if look.is_fine() { Some(mailer.greet().await) } else { None };
    let findings = look_at::judge(relay, &look, greeting.as_ref(), now());
    (look, findings)
}

/// The relay's certificate is judged by the real clock, as the mailer's is.
fn now() -> Timestamp {
    Timestamp::now()
}

fn trusting(authority: &Authority, folder: &TempDir, relay: Relay) -> Relay {
    let file = folder.path().join("authority.pem");
    authority.write(&file);
    Relay { ca: Some(file), ..relay }
}

#[tokio::test]
async fn a_relay_in_order_is_told_with_version_days_and_log_in() {
    let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
    for (wire, tls, way) in [
        (Wire::start_tls(&authority, "localhost"), Tls::Required, "by STARTTLS"),
        (Wire::implicit(&authority, "localhost"), Tls::Implicit, "from the first byte"),
    ] {
        let server = Server::start(wire).await;
        let (_, findings) = examine(&trusting(&authority, &folder, server.relay_with_login(tls))).await;
        says(&findings, Topic::Relay, Grade::Right, "can be reached");
        says(&findings, Topic::Tls, Grade::Right, &format!("TLS 1.3, {way}"));
        says(&findings, Topic::Tls, Grade::Right, "days from now");
        says(&findings, Topic::Relay, Grade::Right, "AUTH");
        assert!(server.mails().is_empty(), "nothing was sent");
    }
}

#[tokio::test]
async fn a_certificate_that_ends_soon_has_ended_is_foreign_or_for_another_name_is_told() {
    let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
    let table = [
        (authority.for_days("localhost", -80, 5), "runs out on"),
        (authority.for_days("localhost", -80, -1), "ran out on"),
        (authority.for_days("localhost", 2, 80), "does not hold yet"),
        (authority.for_days("elsewhere.example", -1, 80), "another name than localhost"),
        (Authority::new().for_days("localhost", -1, 80), "an issuer whom this machine does not know"),
    ];
    for (wire, words) in table {
        let server = Server::start(wire).await;
        let (look, findings) = examine(&trusting(&authority, &folder, server.relay_with_login(Tls::Required))).await;
        says(&findings, Topic::Tls, Grade::Change, words);
        let logins = server.state.lock().unwrap().seen.logins.len();
        assert_eq!(logins, usize::from(look.is_fine()), "a password goes only where the certificate is good: {words}");
    }
    // A short-lived certificate is renewed in its last days, and that is no fault.
    let server = Server::start(authority.for_days("localhost", -2, 4)).await;
    let (_, findings) = examine(&trusting(&authority, &folder, server.relay_with_login(Tls::Required))).await;
    says(&findings, Topic::Tls, Grade::Right, "days from now");
}

#[tokio::test]
async fn a_relay_that_refuses_is_told_by_what_it_refuses() {
    let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
    let mut server = Server::start(Wire::start_tls(&authority, "localhost")).await;
    let relay = trusting(&authority, &folder, server.relay_with_login(Tls::Required));
    let table = [
        (At::Auth, Fault::Answer("535 no"), Topic::Relay, "refused at AUTH (535)"),
        (At::Auth, Fault::Answer("454 later"), Topic::Relay, "ask whoever runs the relay"),
        (At::Auth, Fault::NoAuth, Topic::Relay, "AUTH"),
        (At::StartTls, Fault::Stripped, Topic::Tls, "offers no encryption"),
        (At::StartTls, Fault::Answer("454 not now"), Topic::Tls, "it answers 454"),
        (At::StartTls, Fault::Injected, Topic::Tls, "cannot be made private"),
        (At::Banner, Fault::Answer("554 go away"), Topic::Tls, "it answers 554"),
        (At::Banner, Fault::Cut, Topic::Tls, "cannot be made private"),
    ];
    for (at, fault, topic, words) in table {
        server.fail(at, fault);
        says(&examine(&relay).await.1, topic, Grade::Change, words);
    }
    server.close().await;
    says(&examine(&relay).await.1, Topic::Relay, Grade::Change, "cannot be reached");
}

/// The real command, with a name server and a relay of the test.
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
async fn the_command_ends_with_0_when_all_is_right_and_with_1_when_something_is_to_be_changed() {
    let (names, relay) = (NameServer::start(good(), Mood::Well).await, Server::start(Wire::Plain).await);
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
    let refused = command(&names, &settings, &["--probe", "somebody@clinic.example"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("refused at RCPT (550)"), "{}", text(&refused));

    let silent = NameServer::start(good(), Mood::Silent).await;
    let unknown = command(&silent, &settings, &[]).await;
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown).contains("nothing is said against them"), "{}", text(&unknown));
    assert!(!text(&unknown).contains("no SPF record"), "{}", text(&unknown));

    let unset = command(&names, &[], &[]).await;
    assert_eq!(unset.status.code(), Some(1));
    assert!(text(&unset).contains("Set CLINIC_SMTP_URL"), "{}", text(&unset));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_says_in_the_log_what_is_to_be_changed_while_pages_are_served() {
    use crate::support::clinic::{Clinic, wait_for};
    let silent = NameServer::start(good(), Mood::Silent).await;
    let relay = Server::start(Wire::Plain).await;
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
        wait_for(|| clinic.log().contains("does not answer").then(|| clinic.log())).expect("the log says it")
    });
    let log = log.await.unwrap();
    assert!(log.contains("WARN") && log.contains("CLINIC_RESOLVER"), "{log}");
}
