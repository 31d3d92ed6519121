//! `check`: reports every fault of content and settings without serving.

use super::{Ended, build, count, now};
use crate::{
    config::Config,
    content::{self, Faults},
};
use std::process::ExitCode;

/// Lists the addresses that `addresses.txt` lacks; with `record`, they are added if the content has no errors.
pub(super) fn run(config: &Config, record: bool) -> Ended {
    for warning in &config.warnings {
        eprintln!("{warning}");
    }
    let read = build::catch_panic(&config.content, || build::build(config, now(), true))?;
    let warnings = read.warnings.len();
    if warnings > 0 {
        eprintln!("{}", Faults::from(read.warnings));
    }
    println!("the content has no errors, {}", count(warnings, "warning", "warnings"));
    let unrecorded = &read.edition.site.unrecorded;
    if unrecorded.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let (list, file) = (unrecorded.join("\n  "), config.content.join("addresses.txt"));
    if record {
        content::record(&config.content, unrecorded).map_err(|error| format!("{}: {error}", file.display()))?;
        println!("added to {}:\n  {list}", file.display());
    } else {
        println!("new, and not in {} yet:\n  {list}\nadd them with `check --record`", file.display());
    }
    Ok(ExitCode::SUCCESS)
}
