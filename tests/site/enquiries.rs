//! Commands for operators, while the server runs.

use crate::support::clinic::{Clinic, valid_form, wait_for};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt as _};

/// A form that scores as spam, so that its enquiry is held.
pub fn spam_form() -> Vec<(&'static str, &'static str)> {
    vec![
        ("name", "Nicole Adams"),
        ("channel", "email"),
        ("email", "nicole@seller.example"),
        ("email_private", "no"),
        (
            "message",
            "Dear website owner, we sell backlinks and guest posts. Our SEO experts get your website to page one of \
                     Google, guaranteed. Prices: https://a.example https://b.example https://c.example",
        ),
        ("reason_code", "filled by a program"),
        ("consent", "yes"),
    ]
}

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = valid_form();
    for (name, value) in changes {
        fields.retain(|(other, _)| other != name);
        fields.push((name, value));
    }
    fields
}

fn list(clinic: &Clinic) -> Vec<Value> {
    serde_json::from_str(&clinic.output_of(&["enquiries", "list", "--json"])).expect("the output is JSON")
}

fn reference(clinic: &Clinic, number: usize) -> String {
    list(clinic)[number - 1]["reference"].as_str().expect("a reference").to_owned()
}

#[track_caller]
fn fails(clinic: &Clinic, arguments: &[&str], code: i32, why: &str) {
    let output = clinic.command(arguments);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(text.contains(why), "{arguments:?}: {text}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn a_list_shows_states_without_content_and_show_the_content() {
    let clinic = Clinic::start();
    clinic.post(&with(&[("message", "One\u{1b}[31m line.\r\nAnother.")])).is(303);
    clinic.letters(1);
    wait_for(|| (list(&clinic)[0]["state"] == "delivered").then_some(())).expect("the letter is delivered");
    let reference = reference(&clinic, 1);
    let table = clinic.output_of(&["enquiries", "list"]);
    assert!(table.contains(&reference) && table.contains("delivered") && table.contains("0 min"), "{table}");
    for personal in ["Ana", "555-0123", "line"] {
        assert!(!table.contains(personal), "{personal}: {table}");
    }
    let shown = clinic.output_of(&["enquiries", "show", &reference.to_lowercase()]);
    for part in ["name: Ana", "phone: (650) 555-0123", "voicemail: unnamed", "> Another.", "delivered, 1"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains('\u{1b}'), "no escape character reaches the terminal");
    let whole: Value = serde_json::from_str(&clinic.output_of(&["enquiries", "show", &reference, "--json"]))
        .expect("the output is JSON");
    assert_eq!(whole["enquiry"]["name"], "Ana");
    assert!(clinic.output_of(&["enquiries", "answered", &reference]).contains("1 enquiry is marked"));
    assert!(list(&clinic)[0]["answered"].is_string());
    let undone = clinic.output_of(&["enquiries", "answered", "--undo", &reference]);
    assert!(undone.contains("1 enquiry is no longer marked"), "{undone}");
    assert!(list(&clinic)[0]["answered"].is_null());
    fails(&clinic, &["enquiries", "answered", "--undo", &reference], 1, "no mark that can be undone");
}

#[test]
fn wrong_use_and_nothing_found_have_different_exit_codes() {
    let clinic = Clinic::start();
    clinic.post(&valid_form()).is(303);
    fails(&clinic, &["enquiries", "show", "NOSUCHRF"], 1, "NOSUCHRF: no enquiry has this reference");
    fails(&clinic, &["enquiries", "answered", "NOSUCHRF"], 1, "no enquiry has this reference");
    fails(&clinic, &["enquiries", "release", &reference(&clinic, 1)], 1, "it is not held");
    fails(&clinic, &["enquiries", "resend"], 1, "no letter has failed");
    fails(&clinic, &["enquiries", "erase", "--email", "nobody@example.org"], 1, "nothing from this address");
    fails(&clinic, &["enquiries", "erase"], 2, "required");
    fails(&clinic, &["enquiries", "erase", "K7MWPX3D", "--email", "a@example.org"], 2, "cannot be used");
    fails(&clinic, &["enquiries", "sell"], 2, "unrecognized");
}

#[test]
fn a_command_never_creates_an_outbox() {
    let clinic = Clinic::start();
    let elsewhere = clinic.data.with_file_name("elsewhere");
    let data = format!("--data={}", elsewhere.display());
    fails(&clinic, &["enquiries", "list", &data], 1, "no outbox is at");
    assert!(!elsewhere.exists());
}

#[test]
fn a_held_enquiry_that_is_released_reaches_the_mailbox_through_the_running_server() {
    let clinic = Clinic::start();
    clinic.post(&spam_form()).is(303);
    assert_eq!(list(&clinic)[0]["state"], "held");
    clinic.output_of(&["enquiries", "release", &reference(&clinic, 1)]);
    wait_for_letter_with(&clinic, "Nicole Adams");
}

/// A note to staff may arrive before the letter.
#[track_caller]
fn wait_for_letter_with(clinic: &Clinic, text: &str) {
    let found = || clinic.letters(1).iter().any(|letter| String::from_utf8_lossy(letter).contains(text)).then_some(());
    wait_for(found).expect("the letter arrives");
}

#[test]
fn erase_removes_all_from_one_address_from_the_files_and_reports_what_remains() {
    let clinic = Clinic::start();
    let hers = [("channel", "email"), ("email", "Zinnia@example.org"), ("email_private", "yes")];
    for part in ["Zinnia wrote this first.", "Zinnia wrote this second."] {
        clinic.post(&with(&[hers[0], hers[1], hers[2], ("message", part)])).is(303);
    }
    clinic.post(&with(&[("message", "Another visitor wrote this."), ("phone", "+1 650 555 0199")])).is(303);
    clinic.letters(3);
    let outbox = || {
        let file = clinic.data.join("outbox.sqlite");
        let log = clinic.data.join("outbox.sqlite-wal");
        [file, log]
            .iter()
            .map(|file| String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned())
            .collect::<String>()
    };
    assert!(outbox().contains("Zinnia wrote this second."));
    let output = clinic.output_of(&["enquiries", "erase", "--email", "zinnia@EXAMPLE.org"]);
    for part in ["2 enquiries erased", "No. 1", "No. 2", "mail/1-", "Not erased by this command"] {
        assert!(output.contains(part), "{part}: {output}");
    }
    let left = outbox();
    assert!(!left.contains("Zinnia") && left.contains("Another visitor wrote this."));
    let states: Vec<Value> = list(&clinic).into_iter().map(|entry| entry["state"].clone()).collect();
    assert_eq!(states, ["erased", "erased", "delivered"]);
    assert!(clinic.output_of(&["enquiries", "erase", "--phone", "(650) 555-0199"]).contains("1 enquiry erased"));
    assert!(!outbox().contains("Another visitor"));
}

#[test]
fn an_export_is_complete_and_has_no_formula() {
    let clinic = Clinic::start();
    let evil = "=HYPERLINK(\"https://evil.example\",\"open\")";
    clinic.post(&with(&[("name", evil), ("phone", "+1 650 555 0123"), ("message", "a,\"b\"\r\n@c")])).is(303);
    let exported = clinic.output_of(&["enquiries", "export"]);
    let mut reader = csv::Reader::from_reader(exported.as_bytes());
    let headers = reader.headers().expect("the CSV has a header").clone();
    let row = reader.records().next().expect("the CSV has a row").expect("the row is valid CSV");
    let cell =
        |name: &str| row[headers.iter().position(|header| header == name).expect("the column exists")].to_owned();
    assert_eq!((cell("name"), cell("phone")), (format!("'{evil}"), "'+1 650 555 0123".to_owned()));
    assert_eq!((cell("number"), cell("voicemail")), ("1".to_owned(), "unnamed".to_owned()));
    assert_eq!(cell("message").replace("\r\n", "\n"), "a,\"b\"\n@c");
    let lines = clinic.output_of(&["enquiries", "export", "--format", "json-lines"]);
    let line: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("the output is JSON");
    assert_eq!((&line["enquiry"]["name"], &line["number"]), (&Value::from(evil), &Value::from(1)));
}

#[test]
fn a_backup_of_the_running_outbox_can_be_restored() {
    let mut clinic = Clinic::start();
    clinic.post(&valid_form()).is(303);
    clinic.post(&spam_form()).is(303);
    clinic.letters(1);
    let before = clinic.output_of(&["enquiries", "export", "--format", "json-lines"]);
    let file = clinic.data.with_file_name("copy.sqlite");
    let name = file.to_str().expect("the path is UTF-8");
    let output = clinic.output_of(&["enquiries", "backup", name]);
    assert!(output.contains("holds 2 enquiries"), "{output}");
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    fails(&clinic, &["enquiries", "backup", name], 1, "does not exist");
    clinic.post(&with(&[("message", "After the backup.")])).is(303);
    clinic.kill();
    let other = clinic.data.with_file_name("restored");
    let data = format!("--data={}", other.display());
    let output = clinic.output_of(&["enquiries", "restore", name, &data]);
    assert!(output.contains("2 enquiries are restored") && output.contains("0 emails"), "{output}");
    let restored = Clinic::in_folder(other, Vec::new());
    let after = restored.output_of(&["enquiries", "export", "--format", "json-lines"]);
    assert_eq!((before.lines().count(), after.lines().count()), (2, 2));
    for (before, after) in before.lines().zip(after.lines()) {
        let (before, after): (Value, Value) =
            (serde_json::from_str(before).unwrap(), serde_json::from_str(after).unwrap());
        for column in ["number", "reference", "received", "enquiry", "judgement"] {
            assert_eq!(before[column], after[column], "{column}");
        }
    }
    restored.post(&with(&[("message", "In the restored one.")])).is(303);
    assert_eq!(list(&restored).len(), 3, "numbering continues");
    restored.output_of(&["enquiries", "release", &reference(&restored, 2)]);
    wait_for_letter_with(&restored, "Nicole Adams");
}

#[test]
fn the_letter_command_shows_a_sample_without_a_valid_link() {
    let clinic = Clinic::start();
    let text = clinic.output_of(&["letter"]);
    assert!(
        text.starts_with(
            "From: The Relationship Clinic website <website@localhost>\nSubject: New website enquiry SAMPLE"
        )
    );
    assert!(text.contains("Ask for: Sample (sample data)") && text.contains("It was not sent"), "{text}");
    assert!(clinic.output_of(&["letter", "--html"]).starts_with("<!doctype html>"));
    let link = text.lines().find_map(|line| line.strip_prefix("http://localhost:3000/t/")).expect("a link");
    clinic.get(&format!("/t/{link}")).is(404);
}
