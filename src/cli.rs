//! Commands and wiring.
//!
//! The only place that reads the environment and the clock. Nobody uses it but `main`. Exit codes: 0 all is well, 1 a
//! fault in content or at run time, 2 a fault in settings or on the command line.

mod check;
mod counting;
mod counts;
mod data;
mod doctor;
mod export;
mod logs;
mod new;
mod press;
mod serve;
mod words;

use crate::config::{Config, Settings};
use clap::{Parser, Subcommand};
use jiff::Timestamp;
use std::{path::PathBuf, process::ExitCode};

/// The website of The Relationship Clinic: articles to pages, a consultation form to a mailbox.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the site; this is what happens without a command
    Serve,
    /// Check content and settings; print every fault and exit 1 if there is one
    Check,
    /// Begin something new
    #[command(subcommand)]
    New(New),
    /// How often each article was read, and how many enquiries came from it: totals, rounded
    Counts(counts::Wanted),
    /// Look at mail settings, relay, certificate and DNS records; say what to change and exit 1 if there is something
    Doctor(doctor::Wanted),
    /// Write everything but the form as files, each with .gz and .br beside it
    Export {
        /// Folder to write to; it must be empty or absent
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum New {
    /// An article: content/articles/SLUG/index.md, a draft with every key explained
    Article {
        /// Lower-case letters, digits and hyphens: the last part of the address
        slug: String,
    },
}

/// Runs the command of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = match Config::new(&cli.settings) {
        Ok(config) => config,
        Err(faults) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            eprintln!("{} in the settings; nothing was started", count(faults.len(), "fault"));
            return ExitCode::from(2);
        }
    };
    logs::start(&config);
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(&config),
        Command::Check => check::run(&config),
        Command::New(New::Article { slug }) => new::article(&config, &slug),
        Command::Counts(wanted) => counts::run(&config, &wanted),
        Command::Doctor(wanted) => doctor::run(&config, &wanted),
        Command::Export { folder } => export::run(&config, &folder),
    }
}

/// `1 fault`, `2 faults`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The time: read here and handed on.
fn now() -> Timestamp {
    Timestamp::now()
}
