//! The first table: commits that posts share, beside one commit a post over the same path, beside this disk's own syncs.

use super::{
    Database,
    clients::{Seen, crowd},
    house::{self, House},
    median,
};
use relationship_clinic::mail::{mailer::Mailer, outbox::Options};
use std::{
    fs::File,
    io::Write as _,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

const CLIENTS: [usize; 3] = [1, 8, 64];
const LENGTH: Duration = Duration::from_secs(1);

/// Figures of one line, one of each round.
#[derive(Default)]
struct Line {
    together: Vec<Seen>,
    one_by_one: Vec<Seen>,
}

/// Every figure once in each round, in turn, so that a busy minute falls on all of them.
pub fn measure(runtime: &Runtime, databases: &[Database], rounds: usize) {
    let houses: Vec<[House; 2]> = databases
        .iter()
        .map(|database| [Options::TOGETHER, 1].map(|together| open(runtime, database, together)))
        .collect();
    let mut lines: Vec<Vec<Line>> = databases.iter().map(|_| CLIENTS.map(|_| Line::default()).into()).collect();
    let mut disk = Vec::new();
    for _ in 0..rounds {
        disk.push(appends());
        for (houses, lines) in houses.iter().zip(&mut lines) {
            for (clients, line) in CLIENTS.into_iter().zip(lines) {
                line.together.push(crowd(houses[0].address, clients, LENGTH));
                line.one_by_one.push(crowd(houses[1].address, clients, LENGTH));
            }
        }
    }
    println!("This disk alone: {:.0} synced appends of 4 KiB a second (median of {rounds} rounds).\n", median(&disk));
    println!("| database | clients | together | p50 | one by one | p50 | ratio, round by round | to the disk |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (database, lines) in databases.iter().zip(&lines) {
        for (clients, line) in CLIENTS.into_iter().zip(lines) {
            print(database.name, clients, line, &disk);
        }
    }
}

fn open(runtime: &Runtime, database: &Database, together: usize) -> House {
    let outbox = runtime.block_on(house::outbox(&database.place, together));
    // Nobody walks: letters stay where they are.
    House::open(outbox, Mailer::folder("/nowhere".into()))
}

fn print(database: &str, clients: usize, line: &Line, disk: &[f64]) {
    let a_second = |seen: &[Seen]| seen.iter().map(|seen| seen.a_second).collect::<Vec<_>>();
    let wait =
        |seen: &[Seen]| median(&seen.iter().map(|seen| seen.median_wait.as_secs_f64() * 1000.0).collect::<Vec<_>>());
    let (together, alone) = (a_second(&line.together), a_second(&line.one_by_one));
    let in_pairs = |over: &[f64]| together.iter().zip(over).map(|(a, b)| a / b).collect::<Vec<_>>();
    let ratios = in_pairs(&alone);
    let least = ratios.iter().copied().fold(f64::MAX, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    println!(
        "| {database} | {clients} | {:.0} | {:.2} ms | {:.0} | {:.2} ms | {:.2} [{least:.2}..{most:.2}] | {:.2} |",
        median(&together),
        wait(&line.together),
        median(&alone),
        wait(&line.one_by_one),
        median(&ratios),
        median(&in_pairs(disk)),
    );
}

/// What the disk itself can do: 4 KiB appended and synced, again and again, a second long.
fn appends() -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let mut file = File::create(folder.path().join("log")).unwrap();
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < LENGTH {
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}
