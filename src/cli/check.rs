//! `check`: reports every fault of content and settings without serving.

use super::{Ended, build, count, now};
use crate::{
    config::Config,
    content::{self, Faults},
};
use std::process::ExitCode;

/// With `record`, addresses that `addresses.txt` lacks are added if the content has no errors; without it they are a
/// fault, so that each is recorded before a release.
pub(super) fn run(config: &Config, record: bool) -> Ended {
    for warning in config.warnings() {
        eprintln!("{warning}");
    }
    let read = build::build(config, now(), true)?;
    let warnings = read.warnings.len();
    if warnings > 0 {
        eprintln!("{}", Faults::from(read.warnings));
    }
    println!("the content has no errors, {}", count(warnings, "warning", "warnings"));
    let unrecorded = &read.edition.site.unrecorded;
    if unrecorded.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let list = unrecorded.join("\n  ");
    let file = config.content.join("addresses.txt");
    if !record {
        return Err(format!("missing in {}:\n  {list}\nadd them with `check --record`", file.display()).into());
    }
    content::record(&config.content, unrecorded).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("added to {}:\n  {list}", file.display());
    Ok(ExitCode::SUCCESS)
}
