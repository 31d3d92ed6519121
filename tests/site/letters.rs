//! From a posted form to the letter in the mail folder of the real program.

use crate::support::{
    clinic::{Clinic, valid_form, wait_for},
    content_folder::ContentFolder,
};
use mail_parser::{Message, MessageParser, MimeHeaders as _};

fn letter(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).expect("a letter that can be read")
}

fn plain(message: &Message<'_>) -> String {
    message.body_text(0).expect("a text part").replace("\r\n", "\n")
}

#[test]
fn a_posted_form_becomes_a_letter_with_the_name_and_the_way_to_answer() {
    let clinic = Clinic::start();
    clinic.post(&valid_form()).is(303);
    let bytes = clinic.letters(1).remove(0);
    let message = letter(&bytes);
    assert_eq!(message.text_bodies().count() + message.html_bodies().count(), 2, "both parts");
    assert!(message.content_type().expect("a content type").ctype().eq_ignore_ascii_case("multipart"));
    assert_eq!(message.from().and_then(|from| from.first()).and_then(|from| from.address()), Some("website@localhost"));
    assert_eq!(
        message.to().and_then(|to| to.first()).and_then(|to| to.address()),
        Some("info@therelationshipclinic.co")
    );
    assert!(message.reply_to().is_none(), "an answer by email could break their safety");
    let subject = message.subject().expect("a subject");
    assert!(subject.starts_with("New website enquiry ") && !subject.contains("Ana"), "{subject}");
    assert!(message.header("Auto-Submitted").is_some() && message.message_id().is_some() && message.date().is_some());
    let text = plain(&message);
    let places = ["Ana", "(650) 555-0123", "WITHOUT", "quarrel"].map(|mark| text.find(mark));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{text}");
}

#[test]
fn reply_to_is_the_visitor_only_if_the_mailbox_is_private() {
    for (private, expected) in [("yes", Some("ana@example.com")), ("no", None)] {
        let clinic = Clinic::start();
        let fields = [
            ("name", "Ana"),
            ("channel", "email"),
            ("email", "ana@example.com"),
            ("email_private", private),
            ("consent", "yes"),
        ];
        clinic.post(&fields).is(303);
        let bytes = clinic.letters(1).remove(0);
        let message = letter(&bytes);
        let reply_to = message.reply_to().and_then(|to| to.first()).and_then(|to| to.address().map(str::to_owned));
        assert_eq!(reply_to.as_deref(), expected, "private: {private}");
    }
}

#[test]
fn a_base_url_of_this_machine_makes_a_valid_sender() {
    let clinic = Clinic::with(&[("CLINIC_BASE_URL", "http://127.0.0.1:3000")]);
    clinic.post(&valid_form()).is(303);
    let mails = clinic.letters(1);
    let from =
        letter(&mails[0]).from().and_then(|from| from.first()).and_then(|from| from.address().map(str::to_owned));
    assert_eq!(from.as_deref(), Some("website@localhost"));
}

const STAFF: &str = "info@therelationshipclinic.co";

/// Addresses in alphabetical order.
fn recipients(mails: &[Vec<u8>]) -> Vec<String> {
    let to = |bytes: &Vec<u8>| {
        let message = letter(bytes);
        let to = message.to().and_then(|to| to.first()).and_then(|to| to.address().map(str::to_owned));
        to.expect("a recipient")
    };
    let mut recipients: Vec<String> = mails.iter().map(to).collect();
    recipients.sort();
    recipients
}

#[test]
fn an_acknowledgement_is_sent_once_and_the_letter_mentions_it() {
    let content = ContentFolder::copied();
    content.replace_line("clinic.toml", "acknowledge = false", "acknowledge = true");
    let clinic = content.open(&[]);
    let private = [("channel", "email"), ("email", "ana@example.com"), ("email_private", "yes"), ("consent", "yes")];
    let answer = clinic.post(&[&private[..], &[("name", "Ana")]].concat());
    clinic.get(answer.is(303).header("location")).has("a short note there says that a message arrived");
    clinic.post(&[&private[..], &[("name", "Ana once more")]].concat()).is(303);
    clinic.post(&valid_form()).is(303);
    assert_eq!(recipients(&clinic.letters(4)), ["ana@example.com", STAFF, STAFF, STAFF]);
}

#[test]
fn an_enquiry_above_the_limit_of_an_hour_is_thanked_and_held_without_an_acknowledgement() {
    let content = ContentFolder::copied();
    content.replace_line("clinic.toml", "acknowledge = false", "acknowledge = true");
    let clinic = content.open(&[("CLINIC_TEST_MAX_PER_HOUR", "1")]);
    clinic.post(&valid_form()).is(303);
    let private = [("channel", "email"), ("email", "ana@example.com"), ("email_private", "yes"), ("consent", "yes")];
    clinic.post(&[&private[..], &[("name", "Ana")]].concat()).is(303);
    let list: serde_json::Value = serde_json::from_str(&clinic.output_of(&["enquiries", "list", "--json"])).unwrap();
    assert_eq!((&list[0]["state"] != "held", &list[1]["state"]), (true, &"held".into()), "{list}");
    clinic.output_of(&["enquiries", "release", list[1]["reference"].as_str().unwrap()]);
    assert_eq!(recipients(&clinic.letters(2)), [STAFF, STAFF]);
}

#[test]
fn no_field_adds_headers_or_markup() {
    let attack = "x\r\nBcc: spy@example.com\r\n\r\n<script>alert(1)</script>\0\u{202E}evil";
    for field in
        ["name", "phone", "times", "message", "about", "token", "voicemail", "for_whom", "reason_code", "email"]
    {
        let clinic = Clinic::start();
        let mut fields = valid_form();
        fields.retain(|(name, _)| *name != field);
        let value = if field == "phone" { format!("650 555 0123 {attack}") } else { attack.to_owned() };
        fields.push((field, &value));
        let answer = clinic.post(&fields);
        if answer.status == 422 {
            continue; // rejected with every answer kept; other tests cover that
        }
        answer.is(303);
        let bytes = clinic.letters(1).remove(0);
        let head = String::from_utf8_lossy(&bytes).split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
        assert!(!head.contains("bcc:") && !head.contains("spy@"), "{field}: {head}");
        let message = letter(&bytes);
        let html = message.body_html(0).expect("an HTML part");
        assert!(!html.contains("<script>"), "{field}");
        assert!(!plain(&message).contains(['\0', '\u{202E}']), "{field}");
    }
}

#[test]
fn names_of_every_script_arrive_unchanged() {
    for name in ["Zoë Ångström", "مريم الخوري", "李小龍", "Олена", "אסתר", "👩‍👩‍👧 and me"]
    {
        let clinic = Clinic::start();
        let mut fields = valid_form();
        fields.retain(|(field, _)| *field != "name");
        fields.push(("name", name));
        clinic.post(&fields).is(303);
        let bytes = clinic.letters(1).remove(0);
        let message = letter(&bytes);
        // Direction isolates may surround the name.
        assert!(plain(&message).contains(name), "{name}\n{}", plain(&message));
    }
}

#[test]
fn a_kill_between_the_303_and_the_delivery_loses_nothing() {
    let mut clinic = Clinic::start();
    for number in 0..10 {
        let name = format!("Killed {number}");
        let mut fields = valid_form();
        fields.retain(|(field, _)| *field != "name");
        fields.push(("name", &name));
        clinic.post(&fields).is(303);
        clinic.kill_and_restart();
    }
    let found = wait_for(|| {
        let texts: Vec<String> = clinic.letters(1).iter().map(|bytes| plain(&letter(bytes))).collect();
        (0..10).all(|number| texts.iter().any(|text| text.contains(&format!("Killed {number}")))).then_some(())
    });
    assert!(found.is_some(), "every thanked enquiry has its letter");
}
