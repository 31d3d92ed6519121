//! The files below a folder, in a stable order.

use super::fault::AssetFault;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Every file below `folder` as key (path with `/`) and path, sorted by key. Hidden files, except `.well-known`, and
/// editors' backups (`…~`) are left out. A symbolic link may lead to a file inside `folder`.
pub(super) fn list(folder: &Path, faults: &mut Vec<AssetFault>) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    collect(folder, folder, "", &mut files, faults);
    files.sort();
    files
}

fn collect(root: &Path, folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>, faults: &mut Vec<AssetFault>) {
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
        if path.is_symlink() && !leads_to_file_inside(root, &path) {
            let problem = "is a symbolic link out of the folder, or to a folder";
            faults.push(AssetFault::new(&path, problem, "put the files themselves there"));
        } else if path.is_dir() {
            collect(root, &path, &format!("{key}/"), files, faults);
        } else {
            files.push((key, path));
        }
    }
}

fn leads_to_file_inside(root: &Path, link: &Path) -> bool {
    let inside = || Ok::<_, io::Error>(link.canonicalize()?.starts_with(root.canonicalize()?));
    link.is_file() && inside().unwrap_or_default()
}
