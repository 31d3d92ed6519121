//! The form over HTTP: no typed text is lost, and the receipt comes only after the enquiry is stored.

use crate::support::{
    clinic::{Answer, Clinic, valid_form},
    html::Dom,
};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::LazyLock,
};

static CLINIC: LazyLock<Clinic> = LazyLock::new(Clinic::start);

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = valid_form();
    for (name, value) in changes {
        fields.retain(|(other, _)| other != name);
        fields.push((name, value));
    }
    fields
}

/// The values of a page's form, as a browser would send them again.
fn values(answer: &Answer) -> Vec<(String, String)> {
    let dom = Dom::new(&answer.body);
    let mut found = Vec::new();
    for input in dom.all("form.form input") {
        let attribute = |name| input.value().attr(name).unwrap_or_default().to_owned();
        let choice = matches!(attribute("type").as_str(), "radio" | "checkbox");
        if !choice || input.value().attr("checked").is_some() {
            found.push((attribute("name"), attribute("value")));
        }
    }
    let message = dom.one("textarea[name=message]").text().collect::<String>();
    // The parser drops the line break that HTML drops after <textarea>.
    found.push(("message".to_owned(), message));
    found
}

#[track_caller]
fn keeps(answer: &Answer, fields: &[(&str, &str)]) {
    let values = values(answer);
    for (name, value) in fields {
        if matches!(*name, "token" | "email_asked") {
            continue;
        }
        let value = value.replace("\r\n", "\n");
        assert!(
            values.iter().any(|(n, v)| n == name && v.replace("\r\n", "\n") == value),
            "{name}={value} was lost: {values:?}"
        );
    }
}

#[test]
fn a_valid_form_gets_a_receipt_with_a_reference_and_nothing_personal_in_its_address() {
    let answer = CLINIC.post(&with(&[("name", "Bea"), ("message", "First.")]));
    answer.is(303);
    let location = answer.header("location");
    assert!(location.starts_with("/contact/received?r="), "{location}");
    assert!(!location.contains("Bea") && !location.contains("0123"), "{location}");
    let receipt = CLINIC.get(location);
    receipt.is(200).has("Thank you. We have your message.").lacks("Bea");
    assert_eq!(receipt.header("cache-control"), "no-store");
    assert_eq!(CLINIC.get(location).body, receipt.body, "reloading does nothing");
    CLINIC.get("/contact/received?r=AAAAAAAA.AAAA").is(404);
    CLINIC.get("/contact/received").is(404);
}

#[test]
fn every_error_shows_the_form_with_all_answers_and_the_same_text_in_summary_and_field() {
    let fields = with(&[
        ("name", ""),
        ("phone", "12"),
        ("voicemail", "named"),
        ("for_whom", "couple"),
        ("times", "<b>evenings</b> & \"weekends\""),
        ("message", "  Zeile eins\r\nمرحبا </textarea><script>alert(1)</script>"),
    ]);
    let answer = CLINIC.post(&fields);
    answer.is(422);
    keeps(&answer, &fields);
    let dom = Dom::new(&answer.body);
    assert!(dom.text("title").starts_with("Error: "));
    let summary: Vec<String> = dom
        .all("[aria-labelledby=error-summary-heading] li a")
        .iter()
        .map(|a| crate::support::html::text(*a))
        .collect();
    assert_eq!(summary, ["Please tell us what to call you", "Enter a phone number in digits, with its area code"]);
    for (href, words) in dom.attributes("[aria-labelledby=error-summary-heading] li a", "href").iter().zip(&summary) {
        let field = dom.one(href);
        assert_eq!(field.value().attr("aria-invalid"), Some("true"), "{href}");
        let described = field.value().attr("aria-describedby").expect("the error is tied to the field");
        let error = described.split_whitespace().last().expect("the id of the error");
        assert_eq!(dom.text(&format!("#{error}")), format!("Error: {words}"));
    }
    assert!(dom.all("script:not([src])").is_empty(), "typed markup stays text");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn the_summary_links_to_the_first_choice_of_a_group_without_an_answer() {
    let answer = CLINIC.post(&with(&[("channel", ""), ("voicemail", ""), ("consent", "")]));
    answer.is(422);
    let dom = Dom::new(&answer.body);
    assert_eq!(
        dom.attributes("[aria-labelledby=error-summary-heading] li a", "href"),
        ["#channel-phone", "#voicemail-named", "#consent"]
    );
    assert!(dom.all("fieldset[aria-invalid=true]").len() == 2, "both groups are marked as invalid");
}

#[test]
fn no_choice_is_preselected_and_the_browser_validates_nothing() {
    let answer = CLINIC.get("/contact");
    let dom = Dom::new(&answer.body);
    assert!(dom.all("[checked]").is_empty());
    assert!(dom.all("[required], [maxlength], [pattern]").is_empty());
    assert!(dom.one("form.form").value().attr("novalidate").is_some());
    assert!(!dom.attributes("input[name=token]", "value")[0].is_empty());
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn a_double_click_makes_one_enquiry_and_a_corrected_number_makes_another() {
    let token = CLINIC.get("/contact/token").body;
    let fields = with(&[("token", &token), ("name", "Cleo"), ("message", "Twice.")]);
    let first = CLINIC.post(&fields);
    let again = CLINIC.post(&fields);
    assert_eq!(first.header("location"), again.header("location"), "the same receipt");
    let corrected = with(&[("token", &token), ("name", "Cleo"), ("message", "Twice."), ("phone", "(650) 555-0199")]);
    let corrected = CLINIC.post(&corrected);
    corrected.is(303);
    assert_ne!(first.header("location"), corrected.header("location"), "a correction is a new enquiry");
}

#[test]
fn a_form_without_a_valid_token_is_accepted() {
    for (case, token) in [("missing", ""), ("foreign", "AAAA"), ("garbage", "%00 ' OR 1=1")] {
        let answer = CLINIC.post(&with(&[("token", token), ("name", case)]));
        assert_eq!(answer.status, 303, "{case}");
    }
}

#[test]
fn a_form_with_a_filled_honeypot_is_accepted() {
    CLINIC.post(&with(&[("reason_code", "https://example.com"), ("name", "Password manager")])).is(303);
}

#[test]
fn a_post_from_another_site_stores_nothing_and_shows_every_answer() {
    let fields = with(&[("name", "Eve")]);
    let answer = CLINIC.post_with(&fields, &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]);
    answer.is(403).has("(650) 799-1375");
    keeps(&answer, &fields);
}

#[test]
fn origin_null_is_accepted_only_with_sec_fetch_site_same_origin() {
    let fields = with(&[("name", "Null")]);
    CLINIC.post_with(&fields, &[("origin", "null"), ("sec-fetch-site", "same-origin")]).is(303);
    let answer = CLINIC.post_with(&fields, &[("origin", "null")]);
    answer.is(403);
    keeps(&answer, &fields);
}

#[test]
fn a_body_too_large_is_read_to_its_end_and_the_response_explains_what_to_do() {
    let body = [b"name=Ana&message=".as_slice(), &vec![b'x'; 600_000]].concat();
    let answer = CLINIC.post_bytes(&body, &[("sec-fetch-site", "same-origin")]);
    answer.is(413).has("too long").has("1,500").has("(650) 799-1375");
}

/// The browser sends the rest only when the test ends; the program answers after its limit of 20 seconds.
#[test]
fn a_body_that_stops_arriving_is_answered_with_a_page_before_the_connection_ends() {
    let mut stream = TcpStream::connect(CLINIC.origin.trim_start_matches("http://")).expect("a connection");
    let head = "POST /contact HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100\r\n\r\nname=Ana";
    stream.write_all(head.as_bytes()).expect("the program reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the whole answer");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("didn’t arrive in full") && answer.ends_with("</html>"), "{answer}");
}

#[test]
fn a_long_message_within_the_body_limit_comes_back_complete() {
    let message = "心".repeat(3_000);
    let fields = with(&[("message", &message)]);
    let answer = CLINIC.post(&fields);
    answer.is(422).has("Yours has 3,000");
    keeps(&answer, &fields);
}

#[test]
fn the_response_to_another_content_type_links_to_the_form() {
    let answer = CLINIC
        .post_bytes(b"{\"name\":\"Ana\"}", &[("content-type", "application/json"), ("sec-fetch-site", "same-origin")]);
    answer.is(415).has("/contact");
}

#[test]
fn too_many_posts_from_one_network_get_429_with_every_answer() {
    let clinic = Clinic::start();
    let mut last = None;
    for number in 0..40 {
        let name = format!("Post {number}");
        let answer = clinic.post(&with(&[("name", &name)]));
        if answer.status == 429 {
            keeps(&answer, &with(&[("name", &name)]));
            let wait: u32 = answer.header("retry-after").parse().expect("a number of seconds");
            assert!((1..=120).contains(&wait), "thirty posts an hour are one every two minutes: {wait}");
            last = Some(answer);
            break;
        }
        assert_eq!(answer.status, 303);
    }
    last.expect("the rate is limited").has("(650) 799-1375");
}

#[test]
fn the_title_of_an_existing_article_is_shown_and_sent() {
    let wrong = CLINIC.post(&with(&[("about", "attachment-repair-therapy"), ("name", "")]));
    wrong.is(422).has("You are writing from:");
    assert_eq!(Dom::new(&wrong.body).attributes("input[name=about]", "value"), ["attachment-repair-therapy"]);
    let invented = CLINIC.post(&with(&[("about", "<script>"), ("name", "")]));
    invented.is(422).lacks("You are writing from:");
}

/// The names of the fields of [`Submission`](relationship_clinic::enquiry::form::Submission).
fn fields() -> Vec<String> {
    let shown = format!("{:?}", relationship_clinic::enquiry::form::Submission::default());
    let inner = shown.trim_start_matches("Submission { ").trim_end_matches(" }");
    inner.split(", ").map(|field| field.split(':').next().expect("a first part").to_owned()).collect()
}

#[test]
fn each_field_has_a_complete_row_in_the_table_of_fields() {
    let table = include_str!("../../templates/components/README.md");
    let (_, table) = table.split_once("## Fields of the form").expect("the table of fields");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let named: Vec<String> = rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    let (mut named, mut read) = (named, fields());
    named.sort();
    read.sort();
    assert_eq!(named, read);
    let answered = |row: &&Vec<&str>| row.len() == 5 && row.iter().all(|answer| !answer.is_empty());
    assert_eq!(rows.iter().find(|row| !answered(row)), None, "a cell of the table is empty");
}
