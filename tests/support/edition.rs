//! The site in this process, as `serve` makes it from a folder of words.

use jiff::civil::Date;
use relationship_clinic::{
    assets::{Assets, Photos},
    content,
    pages::{DeploymentFacts, Edition, MailRoute, Mode, Storage},
};
use std::path::Path;

/// The pages of `words` and the shipped assets, for the public, on the day `today`, under `origin`.
pub fn edition(words: &Path, origin: &str, today: Date) -> Edition {
    let site = content::load(words, today).expect("the words are sound").site;
    let pictures: Vec<_> = site.pictures.iter().map(|picture| (picture.path.clone(), picture.file.clone())).collect();
    let cache = std::env::temp_dir();
    let assets = Assets::load(Path::new("static"), pictures, Photos { cache: &cache, wait: true })
        .expect("the assets are sound");
    let running = DeploymentFacts {
        storage: Storage::File,
        mail_route: MailRoute::Folder,
        recipients: 1,
        other_hosts: Vec::new(),
    };
    Edition::new(site, assets, origin, today, Mode::Public, running)
}
