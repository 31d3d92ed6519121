//! No enquiry that was answered with 303 is lost while the program is killed with posts in flight and the relay fails at
//! random.
//!
//! The real program, posts over HTTP from several threads, SIGKILL at random moments, a restart each time; on SQLite, and
//! on PostgreSQL with two copies that share one outbox. A visitor without an answer sends the same form again.
//! The relay fails only temporarily; permanent refusals are tested elsewhere.
//!
//! At least [`KILLS`] kills; `CLINIC_TEST_SECONDS` is the minimum duration. `CLINIC_TEST_SEED` repeats the random
//! numbers of an earlier run, which prints its seed; the timing is not repeated.

pub mod lost_enquiries;
pub mod program;
pub mod visitors;

use crate::{
    databases::{Kind, fresh},
    smtp_server::{At, Encryption, Fault, Server},
};
use program::Copies;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use visitors::Visitors;

/// Kills in every run, each with posts in flight.
const KILLS: usize = 20;
/// Milliseconds between kills, at most.
const LIFE: u64 = 700;
/// Milliseconds between two posts of a visitor, at most; few enough that delivery is under way when a copy is killed.
const PAUSE: u64 = 150;
/// Recipients of every letter.
const STAFF: [&str; 2] = ["one@clinic.example", "two@clinic.example"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_enquiry_is_lost_when_the_program_is_killed_repeatedly() {
    kill_and_count(Kind::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_enquiry_is_lost_when_copies_that_share_an_outbox_are_killed() {
    kill_and_count(Kind::Postgres, 2).await;
}

async fn kill_and_count(kind: Kind, count: usize) {
    let seed = std::env::var("CLINIC_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(random_seed);
    println!("{kind:?}: CLINIC_TEST_SEED={seed}");
    let began = Instant::now();
    let random = Arc::new(SeededRandom::new(seed));
    let database = fresh(kind);
    let relay = Server::start(Encryption::Plain).await;
    let drawn = Arc::clone(&random);
    relay.draw_faults(Box::new(move || draw_fault(&drawn)));
    let copies = Copies::new(&database, count, relay.address, &STAFF, &[]);

    let (copies, visitors, kills) = tokio::task::spawn_blocking(move || {
        let visitors = Visitors::start(copies.addresses(), &random, PAUSE);
        let kills = kill_repeatedly(&copies, &visitors, &random);
        (copies, visitors.finish(), kills)
    })
    .await
    .unwrap();

    relay.clear_fault();
    lost_enquiries::wait_until_all_are_delivered(&database).await;
    let mails = relay.mails();
    let tally = lost_enquiries::count(&visitors, &mails, &STAFF);
    println!("{kind:?}: {visitors}, {kills} kills, {tally}, in {:.1?}", began.elapsed());
    lost_enquiries::assert_consecutive_numbers(&database, &visitors).await;
    copies.stop_and_assert_no_panics();
}

/// How often a copy was killed.
fn kill_repeatedly(copies: &Copies, visitors: &Visitors, random: &SeededRandom) -> usize {
    let least = std::env::var("CLINIC_TEST_SECONDS").ok().and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let began = Instant::now();
    let mut kills = 0;
    while kills < KILLS || least.is_some_and(|least| began.elapsed() < least) {
        thread::sleep(Duration::from_millis(random.below(LIFE)));
        // One of them, sometimes all.
        let first = usize::try_from(random.below(copies.count() as u64)).unwrap();
        let victims = if random.below(4) == 0 { 0..copies.count() } else { first..first + 1 };
        for victim in victims.clone() {
            visitors.wait_for_a_post_in_flight(victim);
            copies.kill(victim);
            kills += 1;
        }
        victims.for_each(|victim| copies.start(victim));
    }
    kills
}

/// The fault of an SMTP session; mostly none.
fn draw_fault(random: &SeededRandom) -> Option<(At, Fault)> {
    const PLACES: [At; 6] = [At::Banner, At::Ehlo, At::Mail, At::Rcpt, At::Data, At::Dot];
    let place = PLACES[usize::try_from(random.below(6)).unwrap()];
    match random.below(100) {
        0..8 => Some((place, Fault::Cut)),
        8..16 => Some((place, Fault::Answer("451 later"))),
        16..18 => Some((place, Fault::Silence)),
        18..20 => Some((At::During, Fault::Cut)),
        20..24 => Some((At::Dot, Fault::TakenAndCut)),
        24..25 => Some((At::Dot, Fault::TakenAndSilent)),
        _ => None,
    }
}

/// Random numbers that a seed repeats (`SplitMix64`).
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub fn below(&self, end: u64) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}

fn random_seed() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    u64::from_le_bytes(bytes)
}
