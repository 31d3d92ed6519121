//! `check`: what `serve` would say of the words, without serving.

use super::{build, count, now};
use crate::{
    config::Config,
    content::{self, Faults},
};
use std::process::ExitCode;

/// With `record`, addresses that are not in the ledger yet are written there, if the words are sound; without it they are
/// a fault, so that no release forgets one.
pub(super) fn run(config: &Config, record: bool) -> ExitCode {
    for warning in config.warnings() {
        eprintln!("{warning}");
    }
    match build::read(config, now(), true) {
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::from(1)
        }
        Ok(read) => {
            let warnings = read.warnings.len();
            if warnings > 0 {
                eprintln!("{}", Faults::from(read.warnings));
            }
            println!("the words are sound, with {}", count(warnings, "warning", "warnings"));
            ledger(config, &read.edition.site.unrecorded, record)
        }
    }
}

fn ledger(config: &Config, unrecorded: &[String], record: bool) -> ExitCode {
    if unrecorded.is_empty() {
        return ExitCode::SUCCESS;
    }
    let list = unrecorded.join("\n  ");
    let file = config.content.join("addresses.txt");
    if !record {
        eprintln!("not in {} yet:\n  {list}\nwrite them there with `check --record`", file.display());
        return ExitCode::from(1);
    }
    match content::record(&config.content, unrecorded) {
        Ok(()) => {
            println!("written to {}:\n  {list}", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            ExitCode::from(1)
        }
    }
}
