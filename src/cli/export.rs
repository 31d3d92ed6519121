//! `export`: the whole site except the form, as files for any file server.

use super::{build, now};
use crate::{
    catalog::{Caching, Catalog, Counters, Media, Resource},
    config::Config,
    web,
};
use std::{path::Path, process::ExitCode};

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
    let read = build::build(config, now(), true)?;
    let builder =
        read.edition.cards().into_iter().fold(Catalog::builder(web::security(config.is_https())), |builder, card| {
            let png = Resource::new(Media::Png, card.draw()).caching(Caching::Immutable);
            builder.resource(card.address, png)
        });
    let catalog = read.edition.catalog(builder, &Counters::default());
    let written = catalog.export(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(format!("{} files, {} bytes, in {}", written.files, written.bytes, folder.display()))
}
