//! The first table: enquiries that share a commit, compared to one commit each and to syncs of the disk alone.

use super::{
    Database,
    clients::{Measured, run_clients},
    median, sending,
    site::{self, Site},
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

/// The measurements of one table row, one of each round.
#[derive(Default)]
struct Line {
    together: Vec<Measured>,
    one_by_one: Vec<Measured>,
}

/// The outbox alone, without HTTP, form and spam score, with as many callers as the most clients.
#[derive(Default)]
struct Alone {
    together: Vec<f64>,
    one_by_one: Vec<f64>,
}

/// Takes every measurement once in each round, so that a disturbance affects all of them.
pub fn measure(runtime: &Runtime, databases: &[Database], rounds: usize) {
    let sites: Vec<[Site; 2]> = databases
        .iter()
        .map(|database| [Options::MAX_BATCH, 1].map(|together| open(runtime, database, together)))
        .collect();
    let mut lines: Vec<Vec<Line>> = databases.iter().map(|_| CLIENTS.map(|_| Line::default()).into()).collect();
    let mut alone: Vec<Alone> = databases.iter().map(|_| Alone::default()).collect();
    let mut disk = Vec::new();
    for _ in 0..rounds {
        disk.push(appends());
        for ((sites, lines), alone) in sites.iter().zip(&mut lines).zip(&mut alone) {
            alone.together.push(runtime.block_on(callers(&sites[0].outbox)));
            alone.one_by_one.push(runtime.block_on(callers(&sites[1].outbox)));
            for (clients, line) in CLIENTS.into_iter().zip(lines) {
                line.together.push(run_clients(sites[0].address, clients, LENGTH));
                line.one_by_one.push(run_clients(sites[1].address, clients, LENGTH));
            }
        }
    }
    println!("This disk alone: {:.0} synced appends of 4 KiB per second (median of {rounds} rounds).\n", median(&disk));
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

/// Enquiries stored per second by concurrent callers.
async fn callers(outbox: &Outbox) -> f64 {
    let began = Instant::now();
    let tasks = (0..CALLERS).map(|_| {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            let mut stored = 0_u32;
            while began.elapsed() < LENGTH {
                outbox.put(&sending::new()).await.unwrap();
                stored += 1;
            }
            stored
        })
    });
    let mut stored = 0;
    for task in tasks.collect::<Vec<_>>() {
        stored += task.await.unwrap();
    }
    f64::from(stored) / began.elapsed().as_secs_f64()
}

/// Median, minimum and maximum.
fn spread(ratios: &[f64]) -> String {
    let least = ratios.iter().copied().fold(f64::MAX, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    format!("{:.2} [{least:.2}..{most:.2}]", median(ratios))
}

fn open(runtime: &Runtime, database: &Database, together: usize) -> Site {
    let outbox = runtime.block_on(site::outbox(&database.place, together));
    // No delivery worker runs, so no email is sent.
    Site::open(outbox, Mailer::folder("/nowhere".into()))
}

fn print(database: &str, clients: usize, line: &Line, disk: &[f64]) {
    let per_second = |seen: &[Measured]| seen.iter().map(|seen| seen.per_second).collect::<Vec<_>>();
    let wait = |seen: &[Measured]| {
        median(&seen.iter().map(|seen| seen.median_wait.as_secs_f64() * 1000.0).collect::<Vec<_>>())
    };
    let (together, alone) = (per_second(&line.together), per_second(&line.one_by_one));
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

/// Appends of 4 KiB per second, each synced.
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
