//! Long hostile text: each function that reads what a visitor typed takes time in proportion to its length.

use crate::support::edition::edition;
use jiff::{Timestamp, civil::date};
use relationship_clinic::{
    enquiry::{
        Channel, Enquiry, Mailbox, Phone, SpamScore, Voicemail,
        form::{Rules, Submission},
        link::Links,
        signals::{Circumstances, FetchSite},
        token::{Key, Token},
    },
    mail::{address, letter::Letter, message::MessageBuilder, outbox::StoredEnquiry},
    pages::{self, Edition, FormView},
};
use std::{fs, hint::black_box, path::Path, sync::LazyLock};

/// What a text repeats: one letter or digit, what ends or begins a word, address, amount, line, mark or character.
const PARTS: [&str; 18] = [
    "a", "7", " ", "\n", "a ", "a@", "a-", "a/", "a.", "7,", "$", "$ 7", "best\n", "http://", "<a ", "e\u{301}",
    "\u{e01}", "&%00=",
];
/// Length in bytes of the shorter text; the longer is four times as long.
const SHORT: usize = 1_500;
/// Processor time of a measurement in nanoseconds: several times its resolution, which is the system's tick.
const LEAST: u64 = 20_000_000;

static EDITION: LazyLock<Edition> =
    LazyLock::new(|| edition(Path::new("content"), "https://clinic.example", date(2026, 11, 24)));

/// Nanoseconds for which this thread has run; other programs on a busy machine do not count.
fn processor_time() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts the time of a thread");
    text.split(' ').next().and_then(|time| time.parse().ok()).expect("the first number is its processor time")
}

fn cost(read: &impl Fn(&str), text: &str, times: u32) -> u64 {
    let before = processor_time();
    (0..times).for_each(|_| read(black_box(text)));
    processor_time() - before
}

/// Four times the length takes four times as long, and not sixteen times.
fn is_linear(read: &impl Fn(&str), part: &str) -> bool {
    let short = part.repeat(SHORT / part.len());
    let long = short.repeat(4);
    let mut times = 1;
    let mut whole = cost(read, &long, times);
    while whole < LEAST {
        times *= 2;
        whole = cost(read, &long, times);
    }
    whole < 2 * cost(read, &short, 4 * times) + LEAST / 5
}

fn assert_linear(what: &str, read: impl Fn(&str)) {
    let slow = PARTS.into_iter().filter(|part| !(0..3).any(|_| is_linear(&read, part)));
    assert_eq!(slow.collect::<Vec<_>>(), [""; 0], "{what}");
}

fn enquiry(text: &str) -> Enquiry {
    Enquiry {
        name: text.into(),
        channel: Channel::Phone,
        phone: Some(Phone { number: text.into(), voicemail: Voicemail::None }),
        email: Some(Mailbox { address: text.into(), private: true }),
        times: Some(text.into()),
        for_whom: None,
        message: Some(text.into()),
        about: None,
        notice: text.into(),
    }
}

#[test]
fn reading_and_showing_the_form_is_linear() {
    let rules = Rules { text_messages: false, is_address: address::acceptable };
    assert_linear("every field", |text| {
        let value: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let names = ["name", "phone", "email", "times", "message", "about", "token", "reason_code", "email_asked"];
        let body: String = names.map(|name| format!("{name}={value}&")).concat();
        let form = Submission::from_body(body.as_bytes());
        let errors = form.enquiry(&rules, EDITION.article_title(form.about.trim())).expect_err("no channel is chosen");
        black_box(pages::contact(&EDITION, FormView::new(&EDITION, &form, &errors, ""), None));
    });
    assert_linear("a body", |text| {
        black_box(Submission::from_body(text.as_bytes()));
    });
}

#[test]
fn scoring_is_linear() {
    let around = |honeypot: &str| Circumstances {
        honeypot: honeypot.into(),
        token: Token::Missing,
        site: FetchSite::Unknown,
        recent: 0,
        repeated: false,
    };
    assert_linear("every field", |text| {
        black_box(EDITION.signals.score(&enquiry(text), &around(text)));
    });
    assert_linear("a name that is a part of the message", |text| {
        let name = Enquiry { name: text[..text.floor_char_boundary(text.len() / 2)].into(), ..enquiry(text) };
        black_box(EDITION.signals.score(&name, &around("")));
    });
}

#[test]
fn letters_tokens_and_links_are_linear() {
    let clinic = &EDITION.site.clinic;
    let links = Links::new("https://clinic.example", "a secret of the test that is long enough");
    let sender = "website@clinic.example".parse().expect("a valid address");
    let builder = MessageBuilder::new(clinic, sender, links.clone());
    let key = Key::new("a secret of the test that is long enough", "form");
    assert_linear("letter", |text| {
        let spam = SpamScore::default();
        let stored = StoredEnquiry {
            reference: "K7MWPX3D".into(),
            number: 41,
            received: Timestamp::UNIX_EPOCH,
            enquiry: enquiry(text),
            spam,
            previous: None,
            corrects: None,
        };
        black_box(Letter::new(&stored, &builder).expect("the templates can be filled in"));
    });
    assert_linear("token and link", |text| {
        black_box(Token::read(&key, text, 0));
        black_box(links.read(text, Timestamp::UNIX_EPOCH));
    });
}
