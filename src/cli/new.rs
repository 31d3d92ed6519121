//! `new article`: writes a draft with every key explained; it passes `check` once its text is written.

use super::{Ended, now};
use crate::config::Config;
use std::{fs, path::Path, process::ExitCode};

pub(super) fn article(config: &Config, slug: &str) -> Ended {
    let is_slug = !slug.is_empty() && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_slug {
        eprintln!("`{slug}` is not a slug; write lowercase letters, digits and hyphens, like trust-after-a-lie");
        return Ok(ExitCode::from(2));
    }
    let folder = config.content.join("articles").join(slug);
    write(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    println!("{} is a draft: write it, then remove `draft = true`", folder.join("index.md").display());
    Ok(ExitCode::SUCCESS)
}

/// Writes the draft; an article that exists is never overwritten.
fn write(folder: &Path) -> std::io::Result<()> {
    let draft = format!(include_str!("new/article.md"), today = now().strftime("%Y-%m-%d"));
    fs::create_dir_all(folder.parent().expect("the path has a parent: articles"))?;
    fs::create_dir(folder)?;
    fs::write(folder.join("index.md"), draft)
}
