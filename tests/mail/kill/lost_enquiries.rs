//! Compares the mails that arrived with the enquiries that were answered with 303.

use super::visitors::Thanked;
use crate::{databases::Fresh, smtp_server::Mail};
use mail_parser::MessageParser;
use sqlx::Row as _;
use std::{
    collections::{HashMap, HashSet},
    fmt,
    time::{Duration, Instant},
};

/// Far more than a lease, the waits of retries and a queue take.
const AT_MOST: Duration = Duration::from_mins(2);

#[derive(Default)]
pub struct Tally {
    deliveries: usize,
    copies: usize,
    lost_acknowledgements: usize,
    /// Copies of a letter that a killed program had sent last.
    killed_before_recording: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} deliveries, {} of them copies ({} lost acknowledgments, {} copies because of a kill)",
            self.deliveries, self.copies, self.lost_acknowledgements, self.killed_before_recording
        )
    }
}

/// Reads the database, since a letter that arrived may be sent once more.
pub async fn wait_until_all_are_delivered(database: &Fresh) {
    let pool = sqlx::AnyPool::connect(&database.url).await.unwrap();
    let (mut end, mut fewest) = (Instant::now() + AT_MOST, usize::MAX);
    loop {
        let waiting = sqlx::query("SELECT number, state, attempts, fault FROM letter WHERE state <> 'delivered'");
        let waiting = waiting.fetch_all(&pool).await.unwrap();
        let Some(first) = waiting.first() else { break };
        if waiting.len() < fewest {
            (end, fewest) = (Instant::now() + AT_MOST, waiting.len());
        }
        let facts = (first.get::<i64, _>(0), first.get::<String, _>(1), first.get::<i64, _>(2));
        assert!(Instant::now() < end, "{} letters are not delivered, {facts:?} among them", waiting.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    pool.close().await;
}

/// Every visitor with a reference is in a letter to every recipient, under that reference, once; a copy is the same
/// message, sent again because its acknowledgment was lost.
pub fn count(visitors: &Thanked, mails: &[Mail], staff: &[&str]) -> Tally {
    let mut letters: HashMap<(String, &str), Vec<usize>> = HashMap::new();
    let mut ids: HashMap<String, String> = HashMap::new();
    for (index, mail) in mails.iter().enumerate() {
        let id = message_id(mail);
        let reference = id.split('.').next().unwrap().to_owned();
        letters.entry((reference.clone(), &mail.to)).or_default().push(index);
        let first = ids.entry(reference).or_insert_with(|| id.clone());
        assert_eq!(*first, id, "a copy has another Message-ID");
    }
    for (name, reference) in &visitors.references {
        for to in staff {
            let arrived = letters.get(&(reference.clone(), *to)).map_or(&[][..], Vec::as_slice);
            assert!(!arrived.is_empty(), "{name} got {reference}, and {to} has no letter");
            assert!(arrived.iter().all(|index| mails[*index].text.contains(name)), "{reference} is not {name}'s");
        }
    }
    assert_eq!(letters.len(), visitors.references.len() * staff.len(), "a visitor has two references");
    tally(mails, letters.values())
}

fn tally<'a>(mails: &[Mail], letters: impl Iterator<Item = &'a Vec<usize>>) -> Tally {
    let last = last_of_each_process(mails);
    let lost_acknowledgements = mails.iter().filter(|mail| !mail.acknowledged).count();
    let mut tally = Tally { deliveries: mails.len(), lost_acknowledgements, ..Tally::default() };
    for arrivals in letters {
        for earlier in &arrivals[..arrivals.len() - 1] {
            tally.copies += 1;
            if mails[*earlier].acknowledged {
                let killed = last.contains(earlier);
                assert!(killed, "a letter was sent again after its acknowledgement: {}", mails[*earlier].text);
                tally.killed_before_recording += 1;
            }
        }
    }
    tally
}

/// A process sends the letters to each recipient in turn: only the last may be unrecorded.
fn last_of_each_process(mails: &[Mail]) -> HashSet<usize> {
    let lives = mails.iter().enumerate().map(|(index, mail)| ((mail.from.as_str(), mail.to.as_str()), index));
    lives.collect::<HashMap<_, _>>().into_values().collect()
}

/// The reference in the Message-ID.
pub fn reference(mail: &Mail) -> String {
    message_id(mail).split('.').next().unwrap().to_owned()
}

fn message_id(mail: &Mail) -> String {
    let message = MessageParser::default().parse(mail.text.as_bytes()).expect("a mail");
    message.message_id().expect("a Message-ID").to_owned()
}

/// Numbers run from 1 without a gap, one for each visitor, and no reference is there twice.
pub async fn assert_consecutive_numbers(database: &Fresh, visitors: &Thanked) {
    let pool = sqlx::AnyPool::connect(&database.url).await.unwrap();
    let rows = sqlx::query("SELECT number, reference FROM enquiry ORDER BY number").fetch_all(&pool).await.unwrap();
    let numbers: Vec<usize> = rows.iter().map(|row| usize::try_from(row.get::<i64, _>(0)).unwrap()).collect();
    assert_eq!(numbers, (1..=visitors.references.len()).collect::<Vec<_>>(), "numbers have gaps");
    let references: HashSet<String> = rows.iter().map(|row| row.get(1)).collect();
    assert_eq!(references.len(), numbers.len(), "two enquiries share a reference");
    pool.close().await;
}
