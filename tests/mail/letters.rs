//! The letter that staff read.

use crate::{
    databases::Kind,
    delivery::worker_of,
    smtp_server::{Encryption, Server},
    support::message_builder::message_builder,
    test_outbox::{TestOutbox, by_email, enquiry, held, later, new, start, with_nonce},
};
use mail_parser::MessageParser;
use relationship_clinic::{
    config::Tls,
    enquiry::{Action, Channel, Enquiry, ForWhom, Mailbox, Phone, SpamScore, Voicemail},
    mail::{
        delivery::Step,
        letter::Letter,
        mailer::Mailer,
        outbox::{EarlierEnquiry, NewEnquiry, StoredEnquiry},
    },
};
use std::time::Duration;

fn stored(enquiry: Enquiry) -> StoredEnquiry {
    StoredEnquiry {
        reference: "K7MWPX3D".into(),
        number: 41,
        received: start(),
        enquiry,
        spam: SpamScore::default(),
        previous: Some(EarlierEnquiry { number: 40, reference: "CH4TNFRY".into(), held: false }),
        corrects: None,
    }
}

fn write(stored: &StoredEnquiry) -> Letter {
    Letter::new(stored, &message_builder()).unwrap()
}

fn with_phone(voicemail: Voicemail) -> Enquiry {
    Enquiry { phone: Some(Phone { number: "(650) 555-0123".into(), voicemail }), ..enquiry("Ann") }
}

/// Every kind of enquiry, with a name.
fn samples() -> Vec<(&'static str, StoredEnquiry)> {
    let bare = Enquiry { times: None, for_whom: None, message: None, ..with_phone(Voicemail::Named) };
    let text = Enquiry { channel: Channel::Text, for_whom: Some(ForWhom::Me), ..with_phone(Voicemail::Unnamed) };
    let also = Enquiry {
        email: Some(Mailbox { address: "ann@example.org".into(), private: true }),
        for_whom: Some(ForWhom::Child),
        about: Some("How to argue well".into()),
        ..with_phone(Voicemail::None)
    };
    let label = SpamScore {
        action: Action::Label,
        score: 4,
        reasons: vec!["Two links in the message".into(), "Sent within two seconds".into()],
    };
    let earlier = |number, held| Some(EarlierEnquiry { number, reference: "CH4TNFRY".into(), held });
    vec![
        ("phone_unnamed", stored(enquiry("Ann"))),
        ("phone_bare", stored(bare)),
        ("phone_silent_and_unused_email", stored(also)),
        ("text_message", stored(text)),
        ("email_private", stored(by_email("Ann", "ann@example.org", true))),
        ("email_not_private", stored(by_email("Ann", "ann@example.org", false))),
        ("email_unusual_letters", stored(by_email("Ann", "änn@example.org", true))),
        ("first_of_all", StoredEnquiry { number: 1, previous: None, ..stored(enquiry("Ann")) }),
        (
            "labeled_after_a_held_one",
            StoredEnquiry { spam: label, previous: earlier(40, true), ..stored(enquiry("Ann")) },
        ),
        ("released", StoredEnquiry { spam: held("x").spam, ..stored(enquiry("Ann")) }),
        ("correction", StoredEnquiry { corrects: earlier(40, false), ..stored(enquiry("Anne")) }),
    ]
}

#[test]
fn both_parts_match_the_snapshots() {
    for (name, stored) in samples() {
        let letter = write(&stored);
        insta::assert_snapshot!(format!("{name}.txt"), letter.text);
        insta::assert_snapshot!(format!("{name}.html"), letter.html);
    }
}

#[test]
fn actions_and_remarks_follow_the_signature_separator_and_nothing_accuses_the_reader() {
    for (name, stored) in samples() {
        let letter = write(&stored);
        let (above, below) = letter.text.split_once("\n-- \n").unwrap_or_else(|| panic!("{name}: no separator"));
        assert!(!above.contains("/t/") && !above.contains("advertising"), "{name}: {above}");
        assert_eq!(below.matches("/t/").count(), 2, "{name}: {below}");
        assert!(stored.spam.reasons.iter().all(|reason| below.contains(reason)), "{name}: {below}");
        let (above, _) = letter.html.split_once("For the staff of the clinic:").unwrap();
        assert!(!above.contains("/t/") && !above.contains("advertising"), "{name}: {above}");
    }
}

/// Words of a part, without markup and without what only one part needs.
pub fn words(text: &str) -> Vec<String> {
    // A link has words in the HTML part and an address in the text part.
    let text = text.lines().filter(|line| !line.starts_with("https://")).collect::<Vec<_>>().join("\n");
    let plain = text
        .replace("“", "\"")
        .replace("”", "\"")
        .replace('’', "'")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&");
    plain.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// What an HTML part shows below its heading.
pub fn shown(html: &str) -> String {
    let body = html.split("</h1>").nth(1).unwrap();
    let mut shown = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                shown.push(' ');
            }
            _ if !inside => shown.push(c),
            _ => {}
        }
    }
    shown
}

#[test]
fn both_parts_have_the_same_text() {
    for (name, stored) in samples() {
        let letter = write(&stored);
        let (text, html) = (words(&letter.text), words(&shown(&letter.html)));
        for word in &html {
            assert!(text.contains(word), "{name}: {word:?} is in the HTML part only");
        }
        let links = ["tel", "sms", "mailto", "subject", "20your", "20message", "16505550123", "com"];
        for word in text.iter().filter(|word| !links.contains(&word.as_str())) {
            assert!(
                html.contains(word) || word == "call" || word == "write",
                "{name}: {word:?} is in the text part only"
            );
        }
    }
}

#[test]
fn the_first_lines_are_name_contact_voicemail_times_for_whom_received_and_reference() {
    let text = write(&stored(enquiry("Ann"))).text;
    let screen: Vec<_> = text.lines().take(7).collect();
    let starts = [
        "Ask for: Ann",
        "Reach by: PHONE (650) 555-0123",
        "Message: may be left WITHOUT",
        "Good times: Tuesday",
        "For: the person writing and a partner",
        "Received: Tuesday, November 24, 2026, 3:12 PM Pacific time",
        "Reference: K7MWPX3D, No. 41. The one before was No. 40",
    ];
    for (line, start) in screen.iter().zip(starts) {
        assert!(line.starts_with(start), "{line:?} should start with {start:?}");
    }
}

#[test]
fn a_reply_or_a_link_goes_only_to_a_safe_address() {
    let phone_and_email = Enquiry {
        email: Some(Mailbox { address: "ann@example.org".into(), private: true }),
        ..with_phone(Voicemail::Named)
    };
    let email_and_phone = Enquiry { phone: phone_and_email.phone.clone(), ..by_email("Ann", "ann@example.org", false) };
    let idn = by_email("Ann", "ann@bücher.example", true);
    let evil = by_email("Ann", "a%26b?bcc=x@example.org", true);
    let cases = [
        (
            "email, private",
            by_email("Ann", "ann@example.org", true),
            Some("ann@example.org"),
            "mailto:ann@example.org?",
        ),
        ("email, not private", by_email("Ann", "ann@example.org", false), None, ""),
        ("email, unusual letters", by_email("Ann", "änn@example.org", true), None, ""),
        ("email, IDN", idn, Some("ann@xn--bcher-kva.example"), "mailto:ann@xn--bcher-kva.example?"),
        (
            "email that meddles with the link",
            evil,
            Some("a%26b?bcc=x@example.org"),
            "mailto:a%2526b%3Fbcc%3Dx@example.org?",
        ),
        ("phone, email given too", phone_and_email, None, "tel:+16505550123"),
        ("email not private, phone given too", email_and_phone, None, ""),
    ];
    for (case, enquiry, reply_to, link) in cases {
        let letter = write(&stored(enquiry));
        assert_eq!(letter.reply_to.map(|a| a.to_string()).as_deref(), reply_to, "{case}");
        let links: Vec<_> = letter
            .html
            .split("href=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().replace("&#38;", "&"))
            .filter(|link| !link.starts_with("https://www.clinic.example/t/"))
            .collect();
        assert_eq!(links.len(), usize::from(!link.is_empty()), "{case}: {links:?}");
        assert!(links.iter().all(|found| found.starts_with(link)), "{case}: {links:?}");
        assert_eq!(letter.text.contains("mailto:"), link.starts_with("mailto:"), "{case}");
        assert_eq!(letter.text.contains("tel:"), link.starts_with("tel:"), "{case}");
    }
}

fn hostile() -> Vec<&'static str> {
    vec![
        "x\r\nBcc: victim@example.org\r\n\r\nHello",
        "x\nReply-To: evil@example.org",
        "</dd><script>alert(1)</script><a href=\"https://evil.example\">https://clinic.example</a>",
        "<img src=https://evil.example/pixel>",
        "\u{202e}gro.elpmaxe@nna\u{202c}",
        "x\0\u{1}\u{7f}\u{85}\u{9b}",
        "=?utf-8?q?encoded?= \"quoted\" <angle@example.org>, (comment)",
        "{{ 7*7 }} {% raw %} &amp; &#x202e;",
        "\u{2028}\u{2029}\u{feff}\u{200b}",
        "Ignore the above.\n.\nQUIT\n..\n.leading dot\nFrom here",
    ]
}

#[tokio::test]
async fn what_a_visitor_typed_is_sanitized_everywhere() {
    let server = Server::start(Encryption::Plain).await;
    let test = TestOutbox::new(Kind::Sqlite).await;
    let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", Duration::from_secs(5)).unwrap();
    let worker = worker_of(&test.outbox, mailer, 1000);
    for (index, text) in hostile().into_iter().enumerate() {
        let typed = Enquiry {
            name: text.into(),
            times: Some(text.into()),
            message: Some(text.into()),
            about: Some(text.into()),
            notice: text.into(),
            phone: Some(Phone { number: text.into(), voicemail: Voicemail::Named }),
            email: Some(Mailbox { address: text.into(), private: true }),
            channel: if index % 2 == 0 { Channel::Email } else { Channel::Phone },
            for_whom: None,
        };
        let spam = SpamScore { action: Action::Label, score: 1, reasons: vec![text.into()] };
        test.put(NewEnquiry { enquiry: typed, spam, nonce: Some(text.into()), received: start() }).await;
        assert!(matches!(worker.step(start()).await, Step::Delivered(_)), "{text:?}");
        let mail = server.mails().pop().unwrap();
        assert!(mail.text.lines().all(|line| line.len() <= 998), "{text:?}: a line is too long");
        let parsed = MessageParser::default().parse(mail.text.as_bytes()).unwrap();
        let names: Vec<_> = parsed.headers().iter().map(|header| header.name().to_owned()).collect();
        assert_eq!(
            names,
            ["From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted", "MIME-Version", "Content-Type"],
            "{text:?}"
        );
        let html = parsed.body_html(0).unwrap();
        for markup in ["<script", "<img", "evil.example\"", "{{"] {
            // The last one is what an unescaped template would write.
            let typed = markup == "{{" && text.contains("{{");
            assert!(typed || !html.contains(markup), "{text:?}: {markup} in {html}");
        }
        let ours = html.matches("<a href=\"https://www.clinic.example/t/").count();
        assert_eq!((html.matches("<a ").count(), ours), (2, 2), "{text:?}: a link that is not ours");
        for part in [html.as_ref(), parsed.body_text(0).unwrap().as_ref()] {
            let hidden = |c: char| {
                (c.is_control() && c != '\n' && c != '\r')
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(!part.contains(hidden), "{text:?}: a hidden sign in {part:?}");
        }
    }
}

#[tokio::test]
async fn a_letter_arrives_with_the_required_headers() {
    let server = Server::start(Encryption::Plain).await;
    let test = TestOutbox::with(Kind::Sqlite, &["staff@clinic.example", "office@clinic.example"]).await;
    let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", Duration::from_secs(5)).unwrap();
    let worker = worker_of(&test.outbox, mailer, 1000);
    let enquiry = by_email("Zoë Q.", "zoe@example.org", true);
    let receipt = test.put(NewEnquiry { enquiry, ..new("") }).await;
    worker.step(later(500)).await;
    worker.step(later(501)).await;
    let mails = server.mails();
    let parsed = MessageParser::default().parse(mails[0].text.as_bytes()).unwrap();
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!(
        (from.name(), from.address()),
        (Some("The Relationship Clinic website"), Some("website@clinic.example"))
    );
    assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("staff@clinic.example"));
    assert_eq!(parsed.reply_to().unwrap().first().unwrap().address(), Some("zoe@example.org"));
    assert_eq!(
        parsed.subject(),
        Some(format!("New website enquiry {}, No. 1; the first one", receipt.reference).as_str())
    );
    assert_eq!(parsed.date().unwrap().to_timestamp(), start().as_second());
    let id = parsed.message_id().unwrap();
    assert!(id.starts_with(&format!("{}.", receipt.reference)) && id.ends_with("@clinic.example"), "{id}");
    assert_eq!(parsed.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
    assert_eq!((parsed.text_body_count(), parsed.html_body_count()), (1, 1));
    assert!(parsed.body_text(0).unwrap().contains("Ask for: Zoë Q."));
    assert_eq!((mails[0].from.as_str(), mails[1].to.as_str()), ("bounces@clinic.example", "office@clinic.example"));
    let second = MessageParser::default().parse(mails[1].text.as_bytes()).unwrap();
    assert_eq!(second.message_id(), parsed.message_id());
    for header in ["Sender", "Bcc", "Cc", "List-Unsubscribe", "X-Mailer", "User-Agent"] {
        assert!(parsed.header(header).is_none(), "{header}");
    }
}

#[tokio::test]
async fn a_correction_names_the_enquiry_before_it() {
    let server = Server::start(Encryption::Plain).await;
    let test = TestOutbox::new(Kind::Sqlite).await;
    let mailer = Mailer::relay(server.relay(Tls::Loopback), "clinic.example", Duration::from_secs(5)).unwrap();
    let worker = worker_of(&test.outbox, mailer, 1000);
    let first = test.put(with_nonce("Ann", "n1")).await;
    test.put(held("Seller")).await;
    test.put(with_nonce("Anne", "n1")).await;
    worker.step(start()).await;
    worker.step(start()).await;
    let mails = server.mails();
    let parsed = MessageParser::default().parse(mails[1].text.as_bytes()).unwrap();
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert!(text.contains(&format!("This corrects No. 1 ({}).", first.reference)), "{text}");
    assert!(
        text.contains("The one before, No. 2 (") && text.contains("is waiting for someone at the clinic"),
        "{text}"
    );
}

#[test]
fn no_letter_loads_external_resources() {
    for (name, stored) in samples() {
        let html = write(&stored).html;
        for remote in ["src=", "url(", "@import", "http://", "<link", "<form", "<script"] {
            assert!(!html.contains(remote), "{name}: {remote}");
        }
        // Links are not loaded before they are followed.
        let links = html.matches("href=\"https://www.clinic.example/t/").count();
        assert_eq!(html.matches("https://").count(), links, "{name}");
        assert!(html.contains("<html lang=\"en-US\">") && html.contains("color-scheme"), "{name}");
    }
}
