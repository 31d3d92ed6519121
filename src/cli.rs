//! Commands and wiring.
//!
//! The only module that reads the environment and the clock; only `main` uses it. Exit codes: 0 success, 1 a fault in
//! the content or at run time, 2 a fault in the settings or on the command line.

mod build;
mod changes;
mod check;
mod clock;
mod counts;
mod data;
mod doctor;
mod enquiries;
mod export;
mod import;
mod letter;
mod listeners;
mod logs;
mod new;
mod notes;
mod outbox;
mod reload;
mod serve;
mod supervisor;

use crate::config::{Config, SECRETS, Settings};
use clap::{Parser, Subcommand};
use clock::now;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use std::{env, path::PathBuf, process::ExitCode};

/// The website of The Relationship Clinic: articles to pages, a consultation form to a mailbox.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, after_help = SECRETS)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the site; the default
    Serve,
    /// Check content and settings; print every fault, and exit with 1 if there is one
    Check {
        /// Add new addresses to content/addresses.txt
        #[arg(long)]
        record: bool,
    },
    /// Create a file from a template
    #[command(subcommand)]
    New(New),
    /// List, release, resend, erase and export enquiries, with or without a running server
    #[command(subcommand)]
    Enquiries(enquiries::Enquiries),
    /// Show the email that staff read, with sample data
    Letter {
        /// The HTML part instead of the text
        #[arg(long)]
        html: bool,
    },
    /// Show how often each article was opened and how many enquiries came from it: rounded totals
    Counts,
    /// Check mail settings, relay, certificate and DNS records; print what to change, and exit with 1 if there is
    /// anything
    Doctor(doctor::Arguments),
    /// Compare the addresses of another system
    #[command(subcommand)]
    Import(Import),
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
        /// Lowercase letters, digits and hyphens: the last part of the address
        slug: String,
    },
}

#[derive(Debug, Subcommand)]
enum Import {
    /// Print what each old address of a sitemap, a crawl or a list answers, and the line missing in addresses.txt
    Urls {
        /// Any text with addresses in it: XML, CSV, or one per line
        file: PathBuf,
    },
}

/// Runs the command of this process.
pub fn main() -> ExitCode {
    disable_core_dumps();
    let mut cli = Cli::parse();
    let variables = env::vars_os().map(|(name, value)| [name, value].map(|text| text.to_string_lossy().into_owned()));
    cli.settings.variables = variables.map(Into::into).collect();
    let config = match Config::new(&cli.settings) {
        Ok(config) => config,
        Err(faults) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            eprintln!("{} in the settings; nothing was started", count(faults.len(), "fault", "faults"));
            return ExitCode::from(2);
        }
    };
    logs::start(&config);
    let ended = match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(&config),
        Command::Check { record } => check::run(&config, record),
        Command::New(New::Article { slug }) => new::article(&config, &slug),
        Command::Enquiries(command) => enquiries::run(&config, &command),
        Command::Letter { html } => letter::run(&config, html, now()),
        Command::Counts => counts::run(&config),
        Command::Doctor(arguments) => doctor::run(&config, &arguments),
        Command::Import(Import::Urls { file }) => import::urls(&config, &file),
        Command::Export { folder } => export::run(&config, &folder),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(1)
    })
}

/// Keeps secrets and enquiries out of core dumps, and other programs of the same user from reading the memory. The limit
/// alone does not bind a program that collects core dumps (core(5)).
fn disable_core_dumps() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// How a command ends: with this exit code, or with 1 and the error on standard error.
type Ended = Result<ExitCode, Box<dyn std::error::Error>>;

/// One row a line, with columns as wide as their widest cell.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// `1 fault`, `2 faults`.
fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}
