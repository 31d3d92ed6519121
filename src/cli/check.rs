//! `check`: what `serve` would say of the words, without serving.

use super::{count, now, words};
use crate::{config::Config, content::Faults};
use std::process::ExitCode;

pub(super) fn run(config: &Config) -> ExitCode {
    match words::read(config, now()) {
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::from(1)
        }
        Ok(read) => {
            let warnings = read.warnings.len();
            if warnings > 0 {
                eprintln!("{}", Faults::from(read.warnings));
            }
            println!("the words are sound, with {}", count(warnings, "warning"));
            ExitCode::SUCCESS
        }
    }
}
