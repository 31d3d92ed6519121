//! The site in this process, as `serve` builds it from a content folder.

use jiff::civil::Date;
use relationship_clinic::{
    assets::{Assets, Photos},
    content,
    pages::{DeploymentFacts, Edition, MailRoute, Mode, Storage},
};
use std::{path::Path, time::Duration};

/// The public edition of the folder `content_folder` and the shipped assets, on the day `today`, with `origin`.
pub fn edition(content_folder: &Path, origin: &str, today: Date) -> Edition {
    let site = content::load(content_folder, None, today).expect("the content is valid").site;
    let pictures: Vec<_> = site.pictures.iter().map(|path| (path.clone(), content_folder.join(path))).collect();
    let cache = std::env::temp_dir();
    let assets = Assets::load(Path::new("static"), pictures, Photos { cache: &cache, wait: true })
        .expect("the assets are valid");
    let deployment = DeploymentFacts {
        storage: Storage::File,
        mail_route: MailRoute::Folder,
        recipients: 1,
        keep_words: Duration::from_hours(14 * 24),
    };
    Edition::new(site, assets, origin, today, Mode::Public, deployment)
}
