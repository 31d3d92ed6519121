//! What arrived, held against what was promised.

use super::visitors::Thanked;
use crate::{databases::Fresh, smtp_server::Mail};
use mail_parser::MessageParser;
use sqlx::Row as _;
use std::{
    collections::{HashMap, HashSet},
    fmt,
    time::{Duration, Instant},
};

/// A lease, the waits of a retry and a queue: far more than is needed.
const AT_MOST: Duration = Duration::from_mins(2);

#[derive(Default)]
pub struct Toll {
    deliveries: usize,
    copies: usize,
    lost_acknowledgements: usize,
    /// Copies of a letter that a killed program had handed over last.
    killed_before_writing_down: usize,
}

impl fmt::Display for Toll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} deliveries, {} of them copies ({} lost acknowledgements, {} copies because of a kill)",
            self.deliveries, self.copies, self.lost_acknowledgements, self.killed_before_writing_down
        )
    }
}

/// The database is asked, since a letter that arrived may still go once more.
pub async fn wait_until_all_is_delivered(database: &Fresh) {
    let pool = sqlx::AnyPool::connect(&database.url).await.unwrap();
    let end = Instant::now() + AT_MOST;
    loop {
        let waiting = sqlx::query("SELECT number, state, attempts, fault FROM letter WHERE state <> 'delivered'");
        let waiting = waiting.fetch_all(&pool).await.unwrap();
        let Some(first) = waiting.first() else { break };
        let facts = (first.get::<i64, _>(0), first.get::<String, _>(1), first.get::<i64, _>(2));
        assert!(Instant::now() < end, "{} letters are not delivered, {facts:?} among them", waiting.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    pool.close().await;
}

/// Every visitor who was thanked is in a letter to every member of staff, under the reference that they were given, once;
/// a copy is the same message, and stands for an acknowledgement that nobody heard.
pub fn count(visitors: &Thanked, mails: &[Mail], staff: &[&str]) -> Toll {
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
            assert!(!arrived.is_empty(), "{name} was thanked ({reference}) and is not heard by {to}");
            assert!(arrived.iter().all(|index| mails[*index].text.contains(name)), "{reference} is not {name}'s");
        }
    }
    assert_eq!(letters.len(), visitors.references.len() * staff.len(), "somebody is heard under two references");
    tally(mails, letters.values())
}

fn tally<'a>(mails: &[Mail], letters: impl Iterator<Item = &'a Vec<usize>>) -> Toll {
    let last = last_of_each_life(mails);
    let lost_acknowledgements = mails.iter().filter(|mail| !mail.acknowledged).count();
    let mut tally = Toll { deliveries: mails.len(), lost_acknowledgements, ..Toll::default() };
    for arrivals in letters {
        for earlier in &arrivals[..arrivals.len() - 1] {
            tally.copies += 1;
            if mails[*earlier].acknowledged {
                let killed = last.contains(earlier);
                assert!(killed, "a letter came again though its acknowledgement was heard: {}", mails[*earlier].text);
                tally.killed_before_writing_down += 1;
            }
        }
    }
    tally
}

/// A life hands over one letter after another to each recipient: only the last may not be written down.
fn last_of_each_life(mails: &[Mail]) -> HashSet<usize> {
    let lives = mails.iter().enumerate().map(|(index, mail)| ((mail.from.as_str(), mail.to.as_str()), index));
    lives.collect::<HashMap<_, _>>().into_values().collect()
}

fn message_id(mail: &Mail) -> String {
    let message = MessageParser::default().parse(mail.text.as_bytes()).expect("a mail");
    message.message_id().expect("a Message-ID").to_owned()
}

/// Numbers run from 1 without a gap, one for each visitor, and no reference is there twice.
pub async fn rows_are_in_order(database: &Fresh, visitors: &Thanked) {
    let pool = sqlx::AnyPool::connect(&database.url).await.unwrap();
    let rows = sqlx::query("SELECT number, reference FROM enquiry ORDER BY number").fetch_all(&pool).await.unwrap();
    let numbers: Vec<usize> = rows.iter().map(|row| usize::try_from(row.get::<i64, _>(0)).unwrap()).collect();
    assert_eq!(numbers, (1..=visitors.references.len()).collect::<Vec<_>>(), "numbers have gaps");
    let references: HashSet<String> = rows.iter().map(|row| row.get(1)).collect();
    assert_eq!(references.len(), numbers.len(), "two enquiries share a reference");
    pool.close().await;
}
