//! The privacy page agrees with the settings, the security policy and the retention periods of the program.

use crate::support::{
    clinic::{Answer, Clinic},
    html::{Dom, text},
};
use relationship_clinic::enquiry::retention;

fn page(settings: &[(&str, &str)]) -> (Answer, String) {
    let clinic = Clinic::with(settings);
    let answer = clinic.get("/privacy");
    let main = text(Dom::new(&answer.body).one("main"));
    (answer, main)
}

#[track_caller]
fn has(text: &str, parts: &[&str], never: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
    for part in never {
        assert!(!text.contains(part), "`{part}` is in:\n{text}");
    }
}

#[test]
fn the_privacy_page_names_where_answers_are_stored_and_sent() {
    let (_, text) = page(&[]);
    has(&text, &["in a file on the computer", "They are not sent by email"], &["encrypted connection", "mail server"]);
    let relay = [
        ("CLINIC_SMTP_URL", "smtps://user:secretword@mail.example:465"),
        ("CLINIC_MAIL_TO", "front@clinic.example,desk@clinic.example"),
    ];
    let (answer, text) = page(&relay);
    has(&text, &["2 addresses at the clinic", "mail server mail.example", "only on an encrypted connection"], &[]);
    answer.lacks("secretword").lacks("front@clinic.example");
    let (_, text) = page(&[("CLINIC_SMTP_URL", "smtp://127.0.0.1:9")]);
    has(&text, &["one address", "mail program on the computer"], &["encrypted connection", "127.0.0.1"]);
    let (_, text) = page(&[("CLINIC_SMTP_URL", "smtps://u:p@mail.example"), ("CLINIC_STAGING", "on")]);
    has(&text, &["They are not sent by email"], &["mail.example"]);
}

#[test]
fn the_privacy_page_names_every_host_of_the_policy() {
    let (answer, text) = page(&[]);
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let directives = policy.split(';').flat_map(|directive| directive.split_whitespace().skip(1).collect::<Vec<_>>());
    let others: Vec<&str> = directives.filter(|source| !source.starts_with('\'')).collect();
    assert_eq!(others, Vec::<&str>::new(), "a host in the policy");
    has(&text, &["contact: none"], &[]);
    assert!(answer.headers.get("set-cookie").is_none(), "the page states that there are no cookies");
    has(&text, &["sets no cookies"], &[]);
}

#[test]
fn the_privacy_page_states_the_retention_periods_of_the_program() {
    let (answer, _) = page(&[]);
    let dom = Dom::new(&answer.body);
    let cells: Vec<String> = dom.all("[aria-label='How long your words are kept'] td").into_iter().map(text).collect();
    let kept = |what: &str| {
        let at = cells.iter().position(|cell| cell.contains(what)).unwrap_or_else(|| panic!("{what}: {cells:?}"));
        cells[at + 1].clone()
    };
    assert_eq!(kept("marked your message as answered"), format!("{} hours", retention::AFTER_ANSWER_HOURS));
    assert_eq!(kept("was handed over"), "14 days");
    assert!(kept("held for a person").starts_with(&format!("{} days", retention::HELD_DAYS)));
    assert_eq!(kept("its number and reference"), format!("{} days", retention::RECORD_DAYS));
}
