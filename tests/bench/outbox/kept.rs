//! The first table: commits that posts share, beside one commit a post over the same path, beside this disk's own syncs.

use super::{
    Database,
    clients::{Seen, crowd},
    house::{self, House},
    leaving, median,
};
use relationship_clinic::mail::{
    mailer::Mailer,
    outbox::{Options, Outbox},
};
use std::{
    fs::File,
    io::Write as _,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

const CLIENTS: [usize; 3] = [1, 8, 64];
const CALLERS: usize = 64;
const LENGTH: Duration = Duration::from_secs(1);

/// Figures of one line, one of each round.
#[derive(Default)]
struct Line {
    together: Vec<Seen>,
    one_by_one: Vec<Seen>,
}

/// The outbox alone, without HTTP, form and spam score, with as many callers as the largest crowd.
#[derive(Default)]
struct Alone {
    together: Vec<f64>,
    one_by_one: Vec<f64>,
}

/// Every figure once in each round, in turn, so that a busy minute falls on all of them.
pub fn measure(runtime: &Runtime, databases: &[Database], rounds: usize) {
    let houses: Vec<[House; 2]> = databases
        .iter()
        .map(|database| [Options::MAX_BATCH, 1].map(|together| open(runtime, database, together)))
        .collect();
    let mut lines: Vec<Vec<Line>> = databases.iter().map(|_| CLIENTS.map(|_| Line::default()).into()).collect();
    let mut alone: Vec<Alone> = databases.iter().map(|_| Alone::default()).collect();
    let mut disk = Vec::new();
    for _ in 0..rounds {
        disk.push(appends());
        for ((houses, lines), alone) in houses.iter().zip(&mut lines).zip(&mut alone) {
            alone.together.push(runtime.block_on(callers(&houses[0].outbox)));
            alone.one_by_one.push(runtime.block_on(callers(&houses[1].outbox)));
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
    println!("\nThe outbox alone, without HTTP, form and spam score, {CALLERS} callers:\n");
    println!("| database | together | one by one | ratio, round by round |");
    println!("| --- | ---: | ---: | ---: |");
    for (database, alone) in databases.iter().zip(&alone) {
        let ratios: Vec<f64> = alone.together.iter().zip(&alone.one_by_one).map(|(a, b)| a / b).collect();
        let (together, one_by_one) = (median(&alone.together), median(&alone.one_by_one));
        println!("| {} | {together:.0} | {one_by_one:.0} | {} |", database.name, spread(&ratios));
    }
}

/// Enquiries kept in a second by callers who each wait for their receipt.
async fn callers(outbox: &Outbox) -> f64 {
    let began = Instant::now();
    let tasks = (0..CALLERS).map(|_| {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            let mut kept = 0_u32;
            while began.elapsed() < LENGTH {
                outbox.put(leaving::new()).await.unwrap();
                kept += 1;
            }
            kept
        })
    });
    let mut kept = 0;
    for task in tasks.collect::<Vec<_>>() {
        kept += task.await.unwrap();
    }
    f64::from(kept) / began.elapsed().as_secs_f64()
}

/// The middle, the least and the most.
fn spread(ratios: &[f64]) -> String {
    let least = ratios.iter().copied().fold(f64::MAX, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    format!("{:.2} [{least:.2}..{most:.2}]", median(ratios))
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
    println!(
        "| {database} | {clients} | {:.0} | {:.2} ms | {:.0} | {:.2} ms | {} | {:.2} |",
        median(&together),
        wait(&line.together),
        median(&alone),
        wait(&line.one_by_one),
        spread(&in_pairs(&alone)),
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
