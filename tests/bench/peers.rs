//! Compares the program with nginx on the same files, with a minimal hyper server, and with Hugo on the same articles.
//!
//! `tests/bench/run` prepares everything and starts this; README.md beside it describes the method and has
//! the results. It is not part of the test suite: figures of a busy machine mean nothing.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]

mod corpus;
mod figures;
mod form;
mod goals;
mod growth;
mod http_client;
mod hugo;
mod idle;
mod load;
mod machine;
mod minimal_server;
mod nginx;
mod process;
mod program;
mod serving;
mod typical_server;

use clap::{Parser, ValueEnum};
use goals::Goals;
use std::path::PathBuf;

/// What to measure, and how long.
#[derive(Debug, Parser)]
struct Arguments {
    /// Three short rounds, and no more than 1,000 articles: to see that everything runs
    #[arg(long)]
    quick: bool,
    /// Rounds of each comparison, after one to warm up
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of each load
    #[arg(long, default_value_t = 1)]
    seconds: u32,
    /// Maximum number of articles
    #[arg(long, default_value_t = 10_000)]
    upto: usize,
    /// Idle connections
    #[arg(long, default_value_t = 10_000)]
    idle: u32,
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Folder for the servers' files, on a real disk [default: target/bench]
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// Cargo passes this
    #[arg(long, hide = true)]
    bench: bool,
    /// Runs the minimal server instead: port, folder of bodies
    #[arg(long, hide = true, num_args = 2)]
    minimal_server: Option<Vec<String>>,
    /// Runs the typical server instead: port
    #[arg(long, hide = true)]
    typical_server: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Serving,
    Form,
    Idle,
    Growth,
}

impl Arguments {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// `--quick` limits the other arguments, so that it can be combined with them.
    fn capped(mut self) -> Self {
        if self.quick {
            (self.rounds, self.seconds, self.upto) = (self.rounds.min(3), 1, self.upto.min(1_000));
        }
        self
    }
}

fn main() {
    let arguments = Arguments::parse().capped();
    if let Some(server) = &arguments.minimal_server {
        minimal_server::serve(&server[0], server[1].as_ref());
        return;
    }
    if let Some(port) = &arguments.typical_server {
        typical_server::serve(port);
        return;
    }
    let _ = std::fs::remove_dir_all(&arguments.folder);
    std::fs::create_dir_all(&arguments.folder).expect("the folder can be made");
    let folder = arguments.folder.canonicalize().expect("it was just made");
    let mut goals = Goals::default();
    machine::report(&arguments);
    if arguments.wants(Part::Serving) {
        serving::compare(&folder, arguments.rounds, arguments.seconds, &mut goals);
    }
    if arguments.wants(Part::Form) {
        form::measure(&folder, arguments.rounds, arguments.seconds, &mut goals);
    }
    if arguments.wants(Part::Idle) {
        idle::measure(&folder, arguments.idle, &mut goals);
    }
    if arguments.wants(Part::Growth) {
        growth::measure(&folder, arguments.upto, &mut goals);
    }
    goals.print();
}
