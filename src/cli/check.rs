//! `check`: reports every fault of content and settings without serving.

use super::{build, count, now};
use crate::{
    config::Config,
    content::{self, Faults},
};
use std::process::ExitCode;

/// With `record`, addresses that `addresses.txt` lacks are added if the content has no errors; without it they are a
/// fault, so that each is recorded before a release.
pub(super) fn run(config: &Config, record: bool) -> ExitCode {
    for warning in config.warnings() {
        eprintln!("{warning}");
    }
    match build::build(config, now(), true) {
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::from(1)
        }
        Ok(read) => {
            let warnings = read.warnings.len();
            if warnings > 0 {
                eprintln!("{}", Faults::from(read.warnings));
            }
            println!("the content has no errors, {}", count(warnings, "warning", "warnings"));
            report_unrecorded(config, &read.edition.site.unrecorded, record)
        }
    }
}

fn report_unrecorded(config: &Config, unrecorded: &[String], record: bool) -> ExitCode {
    if unrecorded.is_empty() {
        return ExitCode::SUCCESS;
    }
    let list = unrecorded.join("\n  ");
    let file = config.content.join("addresses.txt");
    if !record {
        eprintln!("missing in {}:\n  {list}\nadd them with `check --record`", file.display());
        return ExitCode::from(1);
    }
    match content::record(&config.content, unrecorded) {
        Ok(()) => {
            println!("added to {}:\n  {list}", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            ExitCode::from(1)
        }
    }
}
