//! The privacy page against the program that serves it: what it says follows from the settings, the policy and the code.

use crate::support::{
    clinic::{Answer, Clinic},
    html::{Dom, text},
};
use relationship_clinic::enquiry::retention;

fn page(settings: &[(&str, &str)]) -> (Answer, String) {
    let clinic = Clinic::with(settings);
    let answer = clinic.get("/privacy");
    let words = text(Dom::new(&answer.body).one("main"));
    (answer, words)
}

#[track_caller]
fn says(words: &str, parts: &[&str], never: &[&str]) {
    for part in parts {
        assert!(words.contains(part), "`{part}` is missing in:\n{words}");
    }
    for part in never {
        assert!(!words.contains(part), "`{part}` stands in:\n{words}");
    }
}

#[test]
fn it_says_where_answers_go_by_the_settings() {
    let (_, words) = page(&[]);
    says(
        &words,
        &["in a file on the computer", "They are not sent by email"],
        &["encrypted connection", "mail server"],
    );
    let relay = [
        ("CLINIC_SMTP_URL", "smtps://user:secretword@mail.example:465"),
        ("CLINIC_MAIL_TO", "front@clinic.example,desk@clinic.example"),
    ];
    let (answer, words) = page(&relay);
    says(
        &words,
        &["2 addresses of the clinic's staff", "mail server mail.example", "only on an encrypted connection"],
        &[],
    );
    answer.lacks("secretword").lacks("front@clinic.example");
    let (_, words) = page(&[("CLINIC_SMTP_URL", "smtp://127.0.0.1:9")]);
    says(&words, &["one address", "mail program on the computer"], &["encrypted connection", "127.0.0.1"]);
    let (_, words) = page(&[("CLINIC_SMTP_URL", "smtps://u:p@mail.example"), ("CLINIC_STAGING", "on")]);
    says(&words, &["They are not sent by email"], &["mail.example"]);
}

#[test]
fn it_names_every_host_of_the_policy_and_there_is_none() {
    let (answer, words) = page(&[]);
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let directives = policy.split(';').flat_map(|directive| directive.split_whitespace().skip(1).collect::<Vec<_>>());
    let others: Vec<&str> = directives.filter(|source| !source.starts_with('\'')).collect();
    assert_eq!(others, Vec::<&str>::new(), "a host in the policy");
    says(&words, &["contact: none"], &[]);
    assert!(answer.headers.get("set-cookie").is_none(), "it says that there are no cookies");
    says(&words, &["sets no cookies"], &[]);
}

#[test]
fn its_periods_are_those_that_the_program_erases_by() {
    let (answer, _) = page(&[]);
    let dom = Dom::new(&answer.body);
    let cells: Vec<String> = dom.all("[aria-label='How long your words are kept'] td").into_iter().map(text).collect();
    let kept = |what: &str| {
        let at = cells.iter().position(|cell| cell.contains(what)).unwrap_or_else(|| panic!("{what}: {cells:?}"));
        cells[at + 1].clone()
    };
    assert_eq!(kept("has been handed over"), format!("{} hours", retention::AFTER_HANDOVER_HOURS));
    assert!(kept("held for a person").starts_with(&format!("{} days", retention::HELD_DAYS)));
    assert_eq!(kept("its number and reference"), format!("{} days", retention::TRACE_DAYS));
}
