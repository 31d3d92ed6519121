//! From an enquiry to the mail that staff receive, and back.

use super::{one_in, text};
use crate::support::message_builder::{SECRET, message_builder};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mail_parser::{Address, MessageParser};
use proptest::{option, prelude::*, sample::select};
use relationship_clinic::{
    enquiry::{Action, Channel, Enquiry, ForWhom, Mailbox, Phone, SpamScore, Voicemail},
    mail::{
        letter::Letter,
        message::MessageBuilder,
        outbox::{
            ClaimedLetter, DatabaseLocation, EarlierEnquiry, LetterStore as _, NewEnquiry, Options, Outbox,
            StoredEnquiry,
        },
    },
};
use std::sync::LazyLock;

static BUILDER: LazyLock<MessageBuilder> = LazyLock::new(message_builder);

/// A letter as the outbox hands it out.
static CLAIMED: LazyLock<ClaimedLetter> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            recipients: vec!["staff@clinic.example".parse().unwrap()],
            domain: "clinic.example".into(),
            zone: TimeZone::UTC,
            keep_words: SignedDuration::from_hours(14 * 24),
            max_batch: Options::MAX_BATCH,
            max_per_hour: u32::MAX,
            key: Options::fingerprint_key(SECRET),
            connection_lifetime: None,
        };
        let outbox = Outbox::open(DatabaseLocation::Sqlite(folder.path().join("outbox.sqlite")), options).await;
        tokio::spawn(outbox.clone().write());
        let enquiry = enquiry_of("Ann".into());
        let new = NewEnquiry { enquiry, spam: SpamScore::default(), nonce: None, received: received() };
        outbox.put(&new).await.unwrap();
        outbox.claim(received(), SignedDuration::from_mins(1), Timestamp::MAX, &[]).await.unwrap().unwrap()
    })
});

fn received() -> Timestamp {
    "2026-11-24T23:12:00Z".parse().unwrap()
}

fn enquiry_of(name: String) -> Enquiry {
    Enquiry {
        name,
        channel: Channel::Phone,
        phone: None,
        email: None,
        times: None,
        for_whom: Some(ForWhom::Couple),
        message: None,
        about: None,
        notice: "2026-11".into(),
    }
}

fn enquiries() -> impl Strategy<Value = Enquiry> {
    let channels = select(&[Channel::Phone, Channel::Email, Channel::Text][..]);
    let voicemails = select(&[Voicemail::Named, Voicemail::Unnamed, Voicemail::None][..]);
    let phone = (text(), voicemails).prop_map(|(number, voicemail)| Phone { number, voicemail });
    let addresses = prop_oneof!["[a-z0-9.+]{1,20}@[a-z]{1,9}\\.(org|example)", text()];
    let email = (addresses, any::<bool>()).prop_map(|(address, private)| Mailbox { address, private });
    let texts = (text(), option::of(text()), option::of(text()), option::of(text()));
    (channels, option::of(phone), option::of(email), texts).prop_map(|(channel, phone, email, texts)| {
        let (name, times, message, about) = texts;
        Enquiry { channel, phone, email, times, message, about, ..enquiry_of(name) }
    })
}

fn stored() -> impl Strategy<Value = StoredEnquiry> {
    let actions = select(&[Action::Deliver, Action::Label, Action::Hold][..]);
    let earlier = (any::<u32>(), any::<bool>()).prop_map(|(number, held)| EarlierEnquiry {
        number: number.into(),
        reference: "CH4TNFRY".into(),
        held,
    });
    (enquiries(), actions, text(), any::<u32>(), option::of(earlier)).prop_map(
        |(enquiry, action, reason, number, previous)| StoredEnquiry {
            reference: "K7MWPX3D".into(),
            number: number.into(),
            received: received(),
            enquiry,
            spam: SpamScore { action, score: 3, reasons: vec![reason] },
            previous,
            corrects: None,
        },
    )
}

fn addresses(field: Option<&Address<'_>>) -> Vec<String> {
    let all = field.into_iter().flat_map(Address::iter);
    all.map(|address| address.address.as_deref().unwrap_or_default().to_owned()).collect()
}

/// Line ends as in a template.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").trim_end().to_owned()
}

proptest! {
    #![proptest_config(one_in(1))]

    #[test]
    fn the_mail_says_what_the_letter_says_and_goes_to_staff_alone(stored in stored()) {
        let letter = Letter::new(&stored, &BUILDER).unwrap();
        let message = BUILDER.message(&CLAIMED, Some(&stored), received()).unwrap();
        let recipients: Vec<String> = message.envelope.to().iter().map(ToString::to_string).collect();
        prop_assert_eq!(recipients, ["staff@clinic.example"]);

        let raw = std::str::from_utf8(&message.bytes).unwrap();
        prop_assert!(!raw.replace("\r\n", "").contains(['\r', '\n', '\0']), "only whole line ends");
        prop_assert!(raw.split("\r\n").all(|line| line.len() <= 998), "RFC 5322 2.1.1");
        let (head, _) = raw.split_once("\r\n\r\n").unwrap();
        prop_assert!(head.is_ascii());
        let fields = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        let names: Vec<&str> = fields.map(|field| field.split_once(": ").unwrap().0).collect();
        let known = ["From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted", "Reply-To", "MIME-Version",
            "Content-Type"];
        prop_assert!(names.iter().all(|name| known.contains(name)), "{names:?}");

        let mail = MessageParser::default().parse(&message.bytes).unwrap();
        prop_assert_eq!(mail.subject().unwrap(), letter.subject);
        prop_assert_eq!(addresses(mail.from()), ["website@clinic.example"]);
        prop_assert_eq!(addresses(mail.to()), ["staff@clinic.example"]);
        let reply_to: Vec<String> = letter.reply_to.iter().map(ToString::to_string).collect();
        prop_assert_eq!(addresses(mail.reply_to()), reply_to);
        prop_assert_eq!(lines(&mail.body_text(0).unwrap()), lines(&letter.text));
        prop_assert_eq!(lines(&mail.body_html(0).unwrap()), lines(&letter.html));
    }

    #[test]
    fn no_typed_text_becomes_markup_or_a_line_of_its_own(name in text()) {
        let stored = StoredEnquiry {
            reference: "K7MWPX3D".into(),
            number: 2,
            received: received(),
            enquiry: enquiry_of(name),
            spam: SpamScore::default(),
            previous: None,
            corrects: None,
        };
        let plain = StoredEnquiry { enquiry: enquiry_of("Ann".into()), ..stored.clone() };
        let write = |stored: &StoredEnquiry| Letter::new(stored, &BUILDER).unwrap();
        let (letter, plain) = (write(&stored), write(&plain));
        prop_assert_eq!(letter.text.lines().count(), plain.text.lines().count());
        prop_assert_eq!(letter.html.matches('<').count(), plain.html.matches('<').count());
        prop_assert_eq!(letter.subject, plain.subject);
    }
}
