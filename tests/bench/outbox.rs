//! Measures the outbox: enquiries stored per second, and the time until their emails are sent.
//!
//! `cargo bench --bench outbox` prints everything as Markdown; OUTBOX.md beside this file describes the method and has
//! the results. Options: `rounds=7` (of the first table), `letters=10000` (of the backlog). It is not part of the test
//! suite: figures of a busy machine mean nothing.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]
#![allow(clippy::unwrap_used, reason = "a benchmark may fail loudly")]

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../mail/databases.rs"]
mod databases;
#[path = "../support/mod.rs"]
mod support;

#[path = "outbox/clients.rs"]
mod clients;
#[path = "outbox/relay.rs"]
mod relay;
#[path = "outbox/sending.rs"]
mod sending;
#[path = "outbox/site.rs"]
mod site;
#[path = "outbox/storing.rs"]
mod storing;

use databases::Cluster;
use relationship_clinic::mail::outbox::DatabaseLocation;
use secrecy::SecretString;
use std::time::Duration;
use tempfile::TempDir;

/// A database as an operator would run it: every commit is synced.
#[derive(Debug)]
struct Database {
    name: &'static str,
    place: DatabaseLocation,
    /// For the real program; `None` means SQLite in its data folder.
    url: Option<String>,
    _folder: Option<TempDir>,
}

fn main() {
    let rounds = option("rounds", 7);
    let letters = option("letters", 10_000);
    let cluster = Cluster::start(&["fsync=on", "synchronous_commit=on", "full_page_writes=on"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();

    println!("## Storing: POST requests per second, from the socket to the disk and back\n");
    storing::measure(&runtime, &[sqlite(), postgres(&cluster)], rounds);
    println!("\n## Sending: from the 303 to the relay\n");
    sending::measure(&runtime, || [sqlite(), postgres(&cluster)], letters);
}

fn sqlite() -> Database {
    let folder = TempDir::new().unwrap();
    let place = DatabaseLocation::Sqlite(folder.path().join("outbox.sqlite"));
    Database { name: "SQLite", place, url: None, _folder: Some(folder) }
}

fn postgres(cluster: &Cluster) -> Database {
    let url = cluster.create_database();
    let place = DatabaseLocation::Postgres(SecretString::from(url.clone()));
    Database { name: "PostgreSQL", place, url: Some(url), _folder: None }
}

/// `name=number` on the command line; other arguments are ignored.
fn option(name: &str, default: usize) -> usize {
    let given = std::env::args().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('=')?.parse().ok());
    given.unwrap_or(default)
}

/// The middle of an odd number of figures.
fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn milliseconds(times: &[Duration]) -> Vec<f64> {
    times.iter().map(|time| time.as_secs_f64() * 1000.0).collect()
}
