//! Changes of the content while the program runs, and what the log contains.

use crate::support::{
    clinic::{Clinic, TIMEOUT, valid_form, wait_for},
    content_folder::ContentFolder,
    html::Dom,
};
use std::{
    fs,
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

/// Time from a save to the response that contains it.
const LIMIT: Duration = Duration::from_secs(1);

/// Numbers of attempts, until the tests' time limit, since a machine that runs other tests at the same time may be slow.
fn attempts() -> impl Iterator<Item = usize> {
    let begun = Instant::now();
    (1..).take_while(move |_| begun.elapsed() < TIMEOUT)
}

#[test]
fn a_change_is_served_within_a_second_and_a_faulty_one_is_reported_and_not_served() {
    let content = ContentFolder::copied();
    let clinic = content.open(&[]);
    let file = content.file("pages/approach.md");
    let text = fs::read_to_string(&file).expect("the page is there");
    let mut saves = attempts().map(|number| {
        let saved = Instant::now();
        let sentence = format!("Sentence {number} was added just now.");
        fs::write(&file, format!("{text}\n\n{sentence}\n")).expect("the content file can be written");
        wait_for(|| clinic.get("/approach").body.contains(&sentence).then_some(())).expect("the change is served");
        saved.elapsed()
    });
    assert!(saves.any(|took| took < LIMIT), "no change was served within {LIMIT:?}");
    fs::write(&file, format!("{text}\n\n[a link](/that-leads-nowhere)\n")).expect("the content file can be written");
    let log = wait_for(|| clinic.log().contains("there is no page at /that-leads-nowhere").then(|| clinic.log()));
    let log = log.expect("the fault is in the log");
    assert!(log.contains("approach.md:"), "with its place: {log}");
    clinic.get("/approach").is(200).has("added just now").lacks("that-leads-nowhere");
    fs::write(&file, &text).expect("the content file can be written");
    wait_for(|| (!clinic.get("/approach").body.contains("added just now")).then_some(()))
        .expect("the corrected text is served");
}

#[test]
fn a_folder_behind_a_switched_link_is_served_within_a_second_and_watched() {
    let folder = tempfile::TempDir::new().expect("a folder for the test");
    let (link, next) = (folder.path().join("current"), folder.path().join("next"));
    let releases = [ContentFolder::copied(), ContentFolder::copied()];
    releases[1].add("pages/approach.md", "\nThe second release.\n");
    symlink(releases[0].folder(), &link).expect("a link can be made");
    let clinic = Clinic::with(&[("CLINIC_CONTENT", link.to_str().expect("the path is UTF-8"))]);
    let has = |text: &str| clinic.get("/approach").body.contains(text);
    let mut switches = attempts().map(|number| {
        let switched = Instant::now();
        symlink(releases[number % 2].folder(), &next).expect("a link can be made");
        fs::rename(&next, &link).expect("a link can be replaced");
        let is_second = number % 2 == 1;
        wait_for(|| (has("The second release") == is_second).then_some(())).expect("the other release is served");
        switched.elapsed()
    });
    let is_fast = switches.any(|took| took < LIMIT);
    assert!(is_fast, "no switch was served within {LIMIT:?}");
    for release in &releases {
        release.add("pages/approach.md", "\nA later sentence.\n");
    }
    wait_for(|| has("A later sentence").then_some(())).expect("the folder is watched after a switch");
}

const BEFORE: &str = "+++\ntitle = \"An article with a photograph\"\npublished = 2026-06-01\ntopics = [\"couples\"]\n\
    description = \"A description that is as long as descriptions ought to be, neither less nor much more.\"\n\
    image = {src = \"room.png\", alt = \"A grey wall\"}\n+++\n\nA first paragraph.\n";

#[test]
fn a_photograph_beside_an_article_is_served_in_every_width_and_a_corrupt_one_changes_nothing() {
    let content = ContentFolder::copied();
    content.write("articles/photograph/room.png", b"not a picture");
    let clinic = content.open(&[]);
    content.write("articles/photograph/index.md", BEFORE);
    let problem = "room.png: cannot be read as a photograph";
    let log = wait_for(|| clinic.log().contains(problem).then(|| clinic.log())).expect("the fault is in the log");
    assert!(log.contains("export it again"), "{log}");
    clinic.get("/articles/photograph").is(404);

    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(1300, 700, image::Rgb([120; 3]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("writing to memory cannot fail");
    content.write("articles/photograph/room.png", bytes.into_inner());
    let second = content.open(&[]);
    wait_for(|| second.get("/articles/photograph").body.contains("<picture>").then_some(()))
        .expect("a start with a new photograph shows it a little later");
    wait_for(|| (clinic.get("/articles/photograph").status == 200).then_some(())).expect("the photograph is served");
    let page = Dom::new(&clinic.get("/articles/photograph").body);
    let source = page.one("article picture source[type='image/webp'][sizes]");
    let widths: Vec<(&str, &str)> = source
        .value()
        .attr("srcset")
        .expect("the picture has a srcset")
        .split(", ")
        .filter_map(|one| one.split_once(' '))
        .collect();
    assert_eq!(widths.iter().map(|(_, width)| *width).collect::<Vec<_>>(), ["480w", "800w", "1200w", "1300w"]);
    for (address, _) in widths {
        assert_eq!(clinic.get(address).is(200).header("content-type"), "image/webp");
    }
    let image = page.one("article picture img").value();
    assert_eq!([image.attr("width"), image.attr("height")], [Some("1200"), Some("646")]);
    let fallback = clinic.get(image.attr("src").expect("an address"));
    assert_eq!(fallback.is(200).header("content-type"), "image/jpeg");
    assert_eq!(fallback.header("cache-control"), "public, max-age=31536000, immutable");
}

/// An article published on that day.
fn article(published: &str) -> String {
    BEFORE.replace("2026-06-01", published).replace("image = {src = \"room.png\", alt = \"A grey wall\"}\n", "")
}

#[test]
fn a_published_address_is_kept_until_it_is_recorded_and_then_cannot_be_lost() {
    let content = ContentFolder::copied();
    let recorded = fs::read(content.file("addresses.txt")).expect("the list is shipped");
    let mut clinic = content.open(&[]);
    content.write("articles/draft/index.md", article("2026-06-01\ndraft = true"));
    content.write("articles/later/index.md", article("2100-01-01"));
    content.write("articles/new/index.md", article("2026-06-01"));
    wait_for(|| (clinic.get("/articles/new").status == 200).then_some(())).expect("the article is served");
    let kept = fs::read_to_string(clinic.data.join("addresses.txt")).expect("the address is kept");
    let lines: Vec<&str> = kept.lines().filter(|line| line.starts_with('/')).collect();
    assert_eq!(lines, ["/articles/new"], "neither a draft nor a page of the future");
    assert_eq!(fs::read(content.file("addresses.txt")).expect("the list is there"), recorded, "content is not written");

    clinic.kill_and_restart();
    fs::rename(content.file("articles/new"), content.file("articles/renamed")).expect("a folder can be renamed");
    let lost = "/articles/new was published and would answer 404";
    let log = wait_for(|| clinic.log().contains(lost).then(|| clinic.log())).expect("the lost address is a fault");
    assert!(log.contains("var/addresses.txt:") && log.contains("aliases = [\"/articles/new\"]"), "{log}");
    clinic.get("/articles/new").is(200);
    assert_eq!(clinic.command(&["check"]).status.code(), Some(1));

    content.write("articles/renamed/index.md", article("2026-06-01\naliases = [\"/articles/new\"]"));
    wait_for(|| (clinic.get("/articles/new").status == 308).then_some(())).expect("the alias is served");
    clinic.output_of(&["check", "--record"]);
    let recorded = fs::read_to_string(content.file("addresses.txt")).expect("the list is there");
    assert!(recorded.ends_with("\n/articles/later from 2100-01-01\n/articles/new\n/articles/renamed\n"), "{recorded}");
}

#[test]
fn emails_use_the_changed_facts_of_the_clinic() {
    let content = ContentFolder::copied();
    let clinic = content.open(&[]);
    let file = content.file("clinic.toml");
    let text = fs::read_to_string(&file).expect("the facts are there");
    let changed = text
        .replace("The Relationship Clinic", "The Renamed Clinic")
        .replace(&line_of(&text, "email"), "email = \"new-mailbox@example.org\"");
    fs::write(&file, changed).expect("the content file can be written");
    wait_for(|| clinic.get("/contact").body.contains("The Renamed Clinic").then_some(())).expect("the page changes");
    // The emails use the change a moment after the pages do, so the first enquiries may still use the old facts.
    let found = wait_for(|| {
        let name = format!("Ana {}", clinic.letters(0).len());
        let fields: Vec<_> =
            valid_form().into_iter().filter(|(field, _)| *field != "name").chain([("name", &*name)]).collect();
        let count = clinic.letters(0).len();
        clinic.post(&fields).is(303);
        let letters = clinic.letters(count + 1);
        letters.into_iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).find(|letter| {
            letter.contains("To: new-mailbox@example.org") && letter.contains("The Renamed Clinic website")
        })
    });
    found.expect("an email goes to the new mailbox, from the new name");
}

/// The line of a file of facts that begins with this key.
fn line_of(text: &str, key: &str) -> String {
    text.lines().find(|line| line.starts_with(key)).expect("the fact is there").to_owned()
}

#[test]
fn the_editor_receives_an_email_about_a_change_with_faults() {
    let content = ContentFolder::copied();
    let clinic = content.open(&[("CLINIC_EDITOR_MAIL", "editor@example.org")]);
    let file = content.file("pages/approach.md");
    let text = fs::read_to_string(&file).expect("the page is there");
    for _ in 0..3 {
        // The same fault is reported once.
        fs::write(&file, format!("{text}\n\n[a link](/that-leads-nowhere)\n"))
            .expect("the content file can be written");
        let mail = clinic.letters(1).remove(0);
        let mail = mail_parser::MessageParser::default().parse(&mail).expect("a mail that can be read");
        let words = mail.body_text(0).expect("a text part");
        assert!(words.contains("approach.md, line ") && words.contains("/that-leads-nowhere"), "{words}");
        assert_eq!(mail.to().and_then(|to| to.first()).and_then(|to| to.address()), Some("editor@example.org"));
    }
    fs::write(&file, &text).expect("the content file can be written");
    wait_for(|| clinic.log().contains("a new edition is served").then_some(())).expect("the fault is corrected");
    assert_eq!(clinic.letters(1).len(), 1);
}

#[test]
fn failures_are_logged_without_what_a_visitor_wrote() {
    // No server listens there, so every email fails.
    let clinic = Clinic::with(&[("CLINIC_SMTP_URL", "smtp://127.0.0.1:9"), ("RUST_LOG", "debug")]);
    let mut fields = valid_form();
    fields.retain(|(name, _)| !matches!(*name, "name" | "message"));
    fields.extend([("email", "secret-ana@example.org"), ("email_private", "no"), ("times", "secret times")]);
    fields.extend([("name", "Secretana"), ("message", "A secret message.")]);
    clinic.post(&fields).is(303);
    wait_for(|| clinic.log().contains("WARN").then_some(())).expect("the failed email is in the log");
    let log = clinic.log().to_lowercase();
    for secret in ["secretana", "secret-ana", "secret times", "secret message", "555-0123"] {
        assert!(!log.contains(secret), "`{secret}` is in the log:\n{log}");
    }
}
