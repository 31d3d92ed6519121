//! Counts of views and enquiries: what is counted, what is shown, and that nothing about a reader is stored.

use crate::support::clinic::{Clinic, valid_form};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

const ARTICLE: &str = "/articles/attachment-repair-therapy";
const OPENED: (&str, &str) = ("sec-fetch-dest", "document");

/// Stops the program with SIGTERM and waits until it has exited.
fn stop(clinic: &Clinic) {
    let pid = clinic.pid().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
    // A process that has ended but was not waited for is a zombie.
    let gone = || fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "));
    crate::support::clinic::wait_for(|| gone().then_some(())).expect("the program ends");
}

fn counts(data: &Path) -> String {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_relationship-clinic"))
        .arg("counts")
        .env("CLINIC_DATA", data)
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the output is UTF-8")
}

/// Lines of the table about the article, with single spaces.
fn lines(table: &str) -> Vec<String> {
    let about = |line: &&str| line.contains("attachment-repair-therapy");
    let line = |line: &str| line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
    table.lines().filter(about).map(line).collect()
}

#[test]
fn views_are_shown_rounded_after_a_stop_and_add_up() {
    let folder = TempDir::new().expect("a folder for the test");
    let data = folder.path().join("var");
    let clinic = Clinic::in_folder(data.clone(), Vec::new());
    assert_eq!(counts(&data).lines().count(), 1, "nothing yet");
    let tag = clinic.get_with(ARTICLE, &[OPENED]).header("etag").to_owned();
    for _ in 0..20 {
        clinic.get_with(ARTICLE, &[OPENED, ("if-none-match", &tag)]).is(304);
    }
    for _ in 0..30 {
        // A monitor, a page fetched ahead, a picture of the page, and another page.
        clinic.get(ARTICLE).is(200);
        clinic.get_with(ARTICLE, &[OPENED, ("sec-purpose", "prefetch;prerender")]).is(200);
        clinic.get_with(ARTICLE, &[("sec-fetch-dest", "empty")]).is(200);
        clinic.get_with("/approach", &[OPENED]).is(200);
    }
    stop(&clinic);
    assert_eq!(lines(&counts(&data)), ["about 20 fewer than 10"]);

    let clinic = Clinic::in_folder(data.clone(), Vec::new());
    for _ in 0..20 {
        clinic.get_with(ARTICLE, &[OPENED]).is(200);
    }
    let mut fields = valid_form();
    fields.push(("about", "attachment-repair-therapy"));
    clinic.post(&fields).is(303);
    stop(&clinic);
    let table = counts(&data);
    assert_eq!(lines(&table), ["about 40 fewer than 10"]);
    assert_eq!(table.lines().count(), 2, "no other page is counted");
}

#[test]
fn nothing_about_a_reader_is_stored() {
    let folder = TempDir::new().expect("a folder for the test");
    let data = folder.path().join("var");
    let settings = vec![("CLINIC_TRUSTED_PROXIES".to_owned(), "127.0.0.1".to_owned())];
    let clinic = Clinic::in_folder(data.clone(), settings);
    let reader = [
        OPENED,
        ("user-agent", "TheBrowserOfAna/1.0"),
        ("x-forwarded-for", "203.0.113.77"),
        ("referer", "https://search.example/?q=ana"),
        ("cookie", "visitor=ana-4711"),
    ];
    for _ in 0..14 {
        clinic.get_with(ARTICLE, &reader).is(200);
    }
    stop(&clinic);
    assert_eq!(lines(&counts(&data)), ["about 10 fewer than 10"]);
    let mut searched = 0;
    for entry in fs::read_dir(&data).expect("the data folder is there") {
        let file = entry.expect("the file can be read").path();
        if !file.is_file() {
            continue;
        }
        let bytes = fs::read(&file).expect("the file can be read");
        searched += bytes.len();
        for trace in ["TheBrowserOfAna", "203.0.113.77", "127.0.0.1", "search.example", "ana-4711"] {
            let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
            assert!(!found, "`{trace}` is in {}", file.display());
        }
    }
    assert!(searched > 10_000, "the database was among the files");
    assert!(!clinic.log().contains("203.0.113.77"));
}
