//! The admin address: metrics for a monitor, which change with each event and contain nothing personal.

use crate::{
    enquiries::spam_form,
    support::{
        clinic::{ADMIN, Answer, Clinic, PROGRAM, valid_form, wait_for},
        content_folder::ContentFolder,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpListener,
    process::{Command, Output},
    thread,
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

fn scrape(clinic: &Clinic) -> Answer {
    clinic.get_at_admin("/metrics")
}

fn metrics(clinic: &Clinic) -> BTreeMap<String, u64> {
    parse(&scrape(clinic).is(200).body)
}

/// The text format of OpenMetrics 1, as strictly as its grammar: families one after another, each with its type before
/// its samples and once, samples with the suffix of their type and once, and an end.
#[track_caller]
fn parse(text: &str) -> BTreeMap<String, u64> {
    let body = text.strip_suffix("# EOF\n").expect("the end is marked");
    let mut families = BTreeSet::new();
    let (mut family, mut kind) = (String::new(), String::new());
    let mut samples = BTreeMap::new();
    for line in body.lines() {
        assert!(!line.is_empty() && line.trim() == line, "`{line}`");
        let Some(comment) = line.strip_prefix("# ") else {
            let (name, value) = sample(line, &family, &kind);
            assert!(samples.insert(name, value).is_none(), "given twice: {line}");
            continue;
        };
        let mut words = comment.splitn(3, ' ');
        let (about, name) = (words.next().expect("the kind of the comment"), words.next().expect("a name"));
        let rest = words.next().expect("the rest of the comment");
        match about {
            "HELP" => {
                assert!(families.insert(name.to_owned()), "a family in two places: {line}");
                (family, kind) = (name.to_owned(), String::new());
                assert!(!rest.contains(['\\', '"']), "nothing that must be escaped: {line}");
            }
            "TYPE" => {
                assert!(name == family && kind.is_empty(), "{line}");
                assert!(matches!(rest, "gauge" | "counter" | "info"), "{line}");
                rest.clone_into(&mut kind);
            }
            "UNIT" => assert!(name == family && name.ends_with(&format!("_{rest}")), "{line}"),
            _ => panic!("neither help nor type nor unit: {line}"),
        }
    }
    samples
}

/// `name{label="value"} number`; name and labels together are the key.
#[track_caller]
fn sample(line: &str, family: &str, kind: &str) -> (String, u64) {
    let (key, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let (name, labels) = key.split_once('{').map_or((key, None), |(name, labels)| (name, Some(labels)));
    let suffix = match kind {
        "gauge" => "",
        "counter" => "_total",
        "info" => "_info",
        _ => panic!("a sample before its type: {line}"),
    };
    assert_eq!(name, format!("{family}{suffix}"), "{line}");
    assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{line}");
    if let Some(labels) = labels {
        let label = labels.strip_suffix("\"}").unwrap_or_else(|| panic!("no end: {line}"));
        let (label, value) = label.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
        assert!(label.chars().all(|c| c.is_ascii_lowercase()), "{line}");
        assert!(!value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'), "{line}");
    }
    // Every metric of this program is a whole number.
    (key.to_owned(), value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
}

#[test]
fn metrics_contain_every_value_with_its_type() {
    let clinic = Clinic::with(&[ADMIN]);
    let answer = scrape(&clinic);
    assert_eq!(answer.is(200).header("content-type"), OPEN_METRICS);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let found = parse(&answer.body);
    let version = concat!("clinic_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
    let still = [
        (version, 1),
        ("clinic_letters_waiting", 0),
        ("clinic_oldest_letter_age_seconds", 0),
        ("clinic_letters_failed", 0),
        ("clinic_enquiries_held", 0),
        ("clinic_enquiries_stored_total{action=\"deliver\"}", 0),
        ("clinic_enquiries_stored_total{action=\"label\"}", 0),
        ("clinic_enquiries_stored_total{action=\"hold\"}", 0),
        ("clinic_form_can_store_enquiries", 1),
        ("clinic_content_faulty", 0),
    ];
    for (name, value) in still {
        assert_eq!(found.get(name), Some(&value), "{name} in {found:#?}");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970").as_secs();
    let started = found["process_start_time_seconds"];
    assert!((now - 600..=now).contains(&started), "it is {now}, and it started at {started}");
    // The form's own page is made for each visitor.
    let sitemap = clinic.get("/sitemap.xml").body.matches("<loc>").count() - 1;
    assert!(found["clinic_pages"] >= sitemap as u64, "{found:#?}");
    assert!(found.contains_key("clinic_connections_open"));
    assert_eq!(found.len(), still.len() + 3, "a metric that this test lacks: {found:#?}");
}

#[test]
fn metrics_count_each_enquiry_and_contain_nothing_personal() {
    // No relay listens there, so letters wait.
    let clinic = Clinic::with(&[ADMIN, ("CLINIC_SMTP_URL", "smtp://127.0.0.1:9")]);
    let stored = |metrics: &BTreeMap<String, u64>| {
        ["deliver", "label", "hold"]
            .map(|action| metrics[&format!("clinic_enquiries_stored_total{{action=\"{action}\"}}")])
    };
    let lines = |metrics: &BTreeMap<String, u64>| (metrics["clinic_letters_waiting"], metrics["clinic_enquiries_held"]);
    clinic.post(&valid_form()).is(303);
    let one = metrics(&clinic);
    assert_eq!((stored(&one), lines(&one)), ([1, 0, 0], (1, 0)));
    clinic.post(&valid_form()).is(303);
    let again = metrics(&clinic);
    assert_eq!((stored(&again), lines(&again)), ([1, 0, 0], (1, 0)), "a repeated enquiry is not counted");
    clinic.post(&spam_form()).is(303);
    let two = metrics(&clinic);
    assert_eq!((stored(&two), lines(&two)), ([1, 0, 1], (1, 1)));
    wait_for(|| (metrics(&clinic)["clinic_oldest_letter_age_seconds"] >= 1).then_some(()))
        .expect("the age of the letter grows");
    let text = scrape(&clinic).body.to_lowercase();
    for (field, value) in valid_form().into_iter().chain(spam_form()) {
        let personal = matches!(field, "name" | "phone" | "email" | "message");
        assert!(!personal || !text.contains(&value.to_lowercase()), "{value}: {text}");
    }
    for word in ["127.0.0.1", "seller", "quarrel", "555-0123"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn connections_of_the_site_are_counted_and_those_of_the_admin_address_are_not() {
    let clinic = Clinic::with(&[ADMIN]);
    let open = || metrics(&clinic)["clinic_connections_open"];
    assert_eq!(open(), 0);
    let address = clinic.origin.trim_start_matches("http://");
    let silent: Vec<_> = (0..3).map(|_| std::net::TcpStream::connect(address).expect("a connection")).collect();
    wait_for(|| (open() == 3).then_some(())).expect("the connections are counted");
    drop(silent);
    wait_for(|| (open() == 0).then_some(())).expect("closed ones are not counted");
}

#[test]
fn a_content_fault_is_reported_until_it_is_corrected() {
    let content = ContentFolder::copied();
    let clinic = content.open(&[ADMIN]);
    let file = content.file("pages/approach.md");
    let text = fs::read_to_string(&file).expect("the page is there");
    let faulty = |wanted: u64| wait_for(|| (metrics(&clinic)["clinic_content_faulty"] == wanted).then_some(()));
    fs::write(&file, format!("{text}\n\n[a link](/that-leads-nowhere)\n")).expect("the content file can be written");
    faulty(1).expect("the fault is reported");
    fs::write(&file, &text).expect("the content file can be written");
    faulty(0).expect("the fault is corrected");
}

#[test]
fn a_form_that_cannot_store_enquiries_is_reported_and_unknown_metrics_are_left_out() {
    let folder = TempDir::new().expect("a folder for the test");
    let data = folder.path().join("var");
    // A folder at the path of the database, so that it cannot be opened.
    fs::create_dir_all(data.join("outbox.sqlite")).expect("a folder can be made");
    let clinic = Clinic::in_folder(data, vec![(ADMIN.0.to_owned(), ADMIN.1.to_owned())]);
    let found = metrics(&clinic);
    assert_eq!(found["clinic_form_can_store_enquiries"], 0);
    assert!(
        !found.contains_key("clinic_letters_waiting") && !found.contains_key("clinic_enquiries_held"),
        "{found:#?}"
    );
    clinic.get_at_admin("/health/form").is(503);
}

#[test]
fn many_who_ask_for_the_health_of_the_form_cause_one_write() {
    let clinic = Clinic::start();
    clinic.get("/health/form").is(200);
    let log = clinic.data.join("outbox.sqlite-wal");
    let size = || fs::metadata(&log).expect("the write-ahead file is there").len();
    let (before, began) = (size(), Instant::now());
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| assert_eq!(clinic.get("/health/form").status, 200));
        }
    });
    let checks = 2 + began.elapsed().as_secs() / 2;
    // The first retention run may empty the file meanwhile.
    let written = size().saturating_sub(before);
    assert!(written <= checks * 150_000, "{written} bytes were written for at most {checks} checks");
}

#[test]
fn site_and_admin_address_answer_different_paths() {
    let clinic = Clinic::with(&[ADMIN]);
    let get = |path: &str| clinic.get_at_admin(path);
    for (path, text) in [("/health/live", "alive"), ("/health/ready", "ready"), ("/health/form", "ok")] {
        get(path).is(200).has(text);
    }
    for path in ["/", "/contact", "/metrics/", "/metrics/x", "/health", "/robots.txt", "/articles", "/search?q=trust"] {
        let answer = get(path);
        answer.is(404).lacks("<");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    for path in ["/metrics", "/metrics/", "/health/metrics"] {
        clinic.get(path).is(404);
    }
    let closed = Clinic::start();
    closed.get("/metrics").is(404);
    assert!(!closed.log().contains("monitor"), "off by default");
}

/// Runs the program until it ends by itself; exit code and output.
fn run(arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = TempDir::new().expect("a folder for the test");
    let mut command = Command::new(PROGRAM);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CLINIC_")) {
        command.env_remove(name);
    }
    command.args(arguments).env("CLINIC_DATA", folder.path().join("var")).envs(settings.iter().copied());
    let Output { status, stdout, stderr } = command.output().expect("the program runs");
    (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

#[test]
fn every_unusable_address_is_reported_and_nothing_starts() {
    let (code, text) = run(&[], &[("CLINIC_LISTEN", "here"), ("CLINIC_ADMIN_LISTEN", "there")]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("CLINIC_LISTEN: `here`") && text.contains("CLINIC_ADMIN_LISTEN: `there`"), "{text}");
    let taken = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    let [site, admin] = taken.each_ref().map(|taken| taken.local_addr().expect("an address").to_string());
    let (code, text) = run(&[], &[("CLINIC_LISTEN", &site), ("CLINIC_ADMIN_LISTEN", &admin)]);
    assert_eq!(code, Some(1), "{text}");
    for address in [site, admin.clone()] {
        assert!(text.contains(&format!("{address}: Address already in use")), "{text}");
    }
    let (code, text) = run(&[], &[("CLINIC_LISTEN", "127.0.0.1:0"), ("CLINIC_ADMIN_LISTEN", &admin)]);
    assert!(code == Some(1) && text.contains(&admin), "{text}");
    assert!(!text.contains("The site is at"), "nothing was opened: {text}");
}

#[test]
fn an_admin_address_that_others_may_reach_is_a_warning() {
    const WARNING: &str = "0.0.0.0:0 may be reached from outside";
    let (code, text) = run(&["check"], &[("CLINIC_ADMIN_LISTEN", "0.0.0.0:0")]);
    assert!(code == Some(0) && text.contains(WARNING) && text.contains("remedy: "), "{text}");
    let (code, text) = run(&["check"], &[ADMIN]);
    assert!(code == Some(0) && !text.contains("CLINIC_ADMIN_LISTEN"), "{text}");
    let clinic = Clinic::with(&[("CLINIC_ADMIN_LISTEN", "0.0.0.0:0")]);
    wait_for(|| clinic.log().contains(WARNING).then_some(())).expect("the warning is logged");
}
