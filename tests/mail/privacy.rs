//! Nothing is sent unencrypted or to an untrusted server.

use crate::{
    databases::Kind,
    delivery::worker_of,
    smtp_server::{At, Authority, Encryption, Fault, Server},
    test_outbox::{TestOutbox, new, start},
};
use relationship_clinic::{
    config::{Relay, Tls},
    mail::{delivery::Step, mailer::Mailer},
};
use std::{path::PathBuf, time::Duration};

struct Case {
    name: &'static str,
    tls: Tls,
    encryption: fn(&Authority) -> Encryption,
    fault: Option<(At, Fault)>,
    trusted: bool,
    arrives: bool,
}

fn good_start_tls(authority: &Authority) -> Encryption {
    Encryption::start_tls(authority, "localhost")
}

fn good_implicit(authority: &Authority) -> Encryption {
    Encryption::implicit(authority, "localhost")
}

fn cases() -> Vec<Case> {
    let required = |name, encryption, fault, trusted, arrives| Case {
        name,
        tls: Tls::Required,
        encryption,
        fault,
        trusted,
        arrives,
    };
    let implicit = |name, encryption, trusted, arrives| Case {
        name,
        tls: Tls::Implicit,
        encryption,
        fault: None,
        trusted,
        arrives,
    };
    let at_start_tls = |fault| Some((At::StartTls, fault));
    vec![
        required("STARTTLS with a trusted certificate", good_start_tls, None, true, true),
        required("STARTTLS with an untrusted certificate", good_start_tls, None, false, false),
        required("STARTTLS with a wrong name", |a| Encryption::start_tls(a, "other.example"), None, true, false),
        required("STARTTLS missing", |_| Encryption::Plain, None, true, false),
        required("STARTTLS stripped by a meddler", good_start_tls, at_start_tls(Fault::Stripped), true, false),
        required("STARTTLS refused for now", good_start_tls, at_start_tls(Fault::Answer("454 not now")), true, false),
        required("STARTTLS refused for good", good_start_tls, at_start_tls(Fault::Answer("502 never")), true, false),
        required("an answer injected behind STARTTLS", good_start_tls, at_start_tls(Fault::Injected), true, false),
        required("cut at STARTTLS", good_start_tls, at_start_tls(Fault::Cut), true, false),
        required("silence at STARTTLS", good_start_tls, at_start_tls(Fault::Silence), true, false),
        implicit("TLS with a trusted certificate", good_implicit, true, true),
        implicit("TLS with an untrusted certificate", good_implicit, false, false),
        implicit("TLS with a wrong name", |a| Encryption::implicit(a, "other.example"), true, false),
        implicit("no TLS where TLS is due", |_| Encryption::Plain, true, false),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_password_nor_letter_is_sent_without_a_trusted_encrypted_connection() {
    for case in cases() {
        let test = TestOutbox::new(Kind::Sqlite).await;
        let authority = Authority::new();
        let server = Server::start((case.encryption)(&authority)).await;
        server.state.lock().unwrap().fault = case.fault;
        let mailer = mailer(&test, &authority, &server, &case);
        test.put(new("Ann")).await;
        let step = worker_of(&test.outbox, mailer, 1000).step(start()).await;
        let seen = &server.state.lock().unwrap().seen;
        assert_eq!(step == Step::Delivered(1), case.arrives, "{}: {step:?}", case.name);
        assert_eq!(seen.mails.len(), usize::from(case.arrives), "{}", case.name);
        assert!(seen.mails.iter().all(|mail| mail.encrypted), "{}", case.name);
        assert_eq!(seen.logins.len(), usize::from(case.arrives), "{}: the password left", case.name);
        for line in &seen.unencrypted {
            let harmless = ["EHLO clinic.example", "STARTTLS", "QUIT"].contains(&line.as_str())
                || !line.is_ascii()
                || line.contains('\u{0}')
                || line.contains('\u{1}');
            assert!(harmless, "{}: in the clear: {line:?}", case.name);
        }
    }
}

fn mailer(test: &TestOutbox, authority: &Authority, server: &Server, case: &Case) -> Mailer {
    let file: PathBuf = test.fresh.folder.path().join("ca.pem");
    authority.write(&file);
    let relay = Relay { ca: case.trusted.then_some(file), ..server.relay_with_login(case.tls) };
    Mailer::relay(relay, "clinic.example", Duration::from_secs(1)).unwrap()
}

#[tokio::test]
async fn an_unencrypted_connection_goes_to_loopback_only() {
    let test = TestOutbox::new(Kind::Sqlite).await;
    test.put(new("Ann")).await;
    let relay = Relay { host: "192.0.2.1".into(), port: 25, tls: Tls::Loopback, login: None, ca: None };
    let mailer = Mailer::relay(relay, "clinic.example", Duration::from_secs(1)).unwrap();
    assert!(matches!(worker_of(&test.outbox, mailer, 1000).step(start()).await, Step::Retry(1, _)));
    let (_, _, letters) = test.outbox.show(&test.outbox.list().await.unwrap()[0].reference).await.unwrap();
    assert!(letters[0].fault.as_deref().unwrap().contains("loopback only"), "{letters:?}");
}

#[test]
fn a_certificate_file_that_cannot_be_read_is_reported_at_start() {
    let relay = Relay {
        host: "relay.example".into(),
        port: 465,
        tls: Tls::Implicit,
        login: None,
        ca: Some(PathBuf::from("/nowhere/ca.pem")),
    };
    let error = Mailer::relay(relay, "clinic.example", Duration::from_secs(1)).unwrap_err();
    assert!(error.to_string().starts_with("CLINIC_SMTP_CA"), "{error}");
}
