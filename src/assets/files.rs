//! The files below a folder, in a stable order.

use super::fault::AssetFault;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Every file below `folder` as key (path with `/`) and path, sorted by key. Hidden files, except `.well-known`, and
/// editors' backups (`…~`) are left out.
pub(super) fn list(folder: &Path, faults: &mut Vec<AssetFault>) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    collect(folder, "", &mut files, faults);
    files.sort();
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>, faults: &mut Vec<AssetFault>) {
    let entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => return faults.push(AssetFault::unreadable(folder, &error)),
    };
    for entry in entries {
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            faults.push(AssetFault::new(&path, "has a name that is not UTF-8", "rename it"));
            continue;
        };
        if (name.starts_with('.') && name != ".well-known") || name.ends_with('~') {
            continue;
        }
        let key = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{key}/"), files, faults);
        } else {
            files.push((key, path));
        }
    }
}
