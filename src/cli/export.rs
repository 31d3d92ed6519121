//! `export`: the whole site except the form, as files for any file server.

use super::{Ended, build, now};
use crate::{
    catalog::{Caching, Catalog, Counters, Media, Resource},
    config::Config,
    web,
};
use std::{path::Path, process::ExitCode};

pub(super) fn run(config: &Config, folder: &Path) -> Ended {
    let read = build::build(config, now(), true)?;
    let builder =
        read.edition.cards().into_iter().fold(Catalog::builder(web::security(config.is_https())), |builder, card| {
            let png = Resource::new(Media::Png, card.draw()).caching(Caching::Immutable);
            builder.resource(card.address, png)
        });
    let catalog = read.edition.catalog(builder, &Counters::default());
    let written = catalog.export(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    println!("{} files, {} bytes, in {}", written.files, written.bytes, folder.display());
    Ok(ExitCode::SUCCESS)
}
