//! `export`: the whole site but the form, as files that any file server can serve.

use super::{now, words};
use crate::{
    catalog::{Encoder, Tally, VariantCache},
    config::Config,
    web,
};
use std::{path::Path, process::ExitCode, sync::Arc};

pub(super) fn run(config: &Config, folder: &Path) -> ExitCode {
    match write(config, folder) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::from(1)
        }
    }
}

fn write(config: &Config, folder: &Path) -> Result<String, String> {
    let read = words::read(config, now(), true)?;
    let encoder = Arc::new(Encoder::new(None::<VariantCache>));
    let catalog = read.edition.illustrated_catalog(web::security(config.is_https()), encoder, &Tally::default());
    let written = catalog.export(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(format!("{} files, {} bytes, in {}", written.files, written.bytes, folder.display()))
}
