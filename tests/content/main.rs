//! Content folders as an editor changes them: faults, published addresses, related articles and search.

#![allow(clippy::unwrap_used, reason = "a test that cannot write its input has failed")]

mod faults;
mod published_addresses;
mod related;
mod search;

use jiff::civil::date;
use relationship_clinic::content::{Faults, Level, load};
use std::{fs, path::Path};
use tempfile::TempDir;

const FRONT: &str = "+++\ntitle = \"A valid title for tests\"\ndescription = \"A description that is long enough to be shown whole in a list of results, and no longer.\"\npublished = 2026-06-01\ntopics = [\"trust\"]\n";
const BODY: &str = "+++\nThe lead.\n\n## One\n\nText.\n";

/// A folder with the shipped facts, one topic and one article `valid`, without faults.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    for name in ["clinic.toml", "crisis.toml", "signals.toml", "home.md"] {
        fs::copy(Path::new("content").join(name), path.join(name)).unwrap();
    }
    let clinic = fs::read_to_string(path.join("clinic.toml")).unwrap();
    let clinic = clinic.lines().filter(|line| !line.contains("path = \"/")).collect::<Vec<_>>().join("\n");
    write(path, "clinic.toml", &clinic);
    write(
        path,
        "home.md",
        "+++\ntitle = \"A title for the tests\"\ndescription = \"A description that is long enough to be shown whole in a list of results, and no longer.\"\nheading = \"Home\"\n+++\nLead.\n",
    );
    write(
        path,
        "topics/trust.md",
        "+++\ntitle = \"Trust\"\ndescription = \"A description that is long enough to be shown whole in a list of results, and no longer.\"\n+++\n",
    );
    write(path, "articles/valid.md", &format!("{FRONT}{BODY}"));
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// Every fault: `file:line:column`, level, message and remedy.
fn faults(folder: &TempDir) -> Vec<(String, Level, String, String)> {
    let found = match load(folder.path(), None, date(2026, 11, 24)) {
        Ok(loaded) => Faults::from(loaded.warnings),
        Err(faults) => faults,
    };
    let base = format!("{}/", folder.path().display());
    found
        .iter()
        .map(|f| {
            (
                format!("{}:{}:{}", f.file.replace(&base, ""), f.line, f.column),
                f.level,
                f.message.clone(),
                f.remedy.clone(),
            )
        })
        .collect()
}
