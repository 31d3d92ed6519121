//! The catalog as files, each with its `.gz` and `.br` beside it, for a plain file server.
//!
//! A page `/articles/x` becomes `articles/x.html`, the home page `index.html`, a failure `404.html`; with nginx:
//! `try_files $uri $uri.html $uri/index.html =404; gzip_static on; brotli_static on; error_page 404 /404.html;`.
//! Redirects are listed in `_redirects`, a line each: from, to, status; `*` matches the rest of a path and `:splat`
//! inserts it.

use super::{Catalog, Entry, Media, compression::Coding, encoded_body::Body};
use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

/// Totals of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Files, the compressed ones included.
    pub files: usize,
    /// Bytes in them.
    pub bytes: u64,
}

impl Catalog {
    /// Writes every resource under `folder`. Files of other resources are left alone.
    ///
    /// # Errors
    /// A file cannot be written, or a path would leave the folder.
    pub fn export(&self, folder: &Path) -> io::Result<Exported> {
        self.compress_now();
        let mut done = Exported::default();
        let mut redirects = Vec::new();
        for (path, entry) in &self.entries {
            match entry {
                Entry::Resource(resource) => {
                    write_all(&folder.join(file(path, resource.media)?), &resource.body, &mut done)?;
                }
                Entry::Redirect(to) => redirects.push(format!("{path} {to} 308\n")),
                Entry::Gone => redirects.push(format!("{path} /410.html 410\n")),
                Entry::Routed => {}
            }
        }
        for (status, resource) in &self.failures {
            write_all(&folder.join(format!("{}.html", status.as_u16())), &resource.body, &mut done)?;
        }
        redirects.sort();
        for (from, to) in &self.moved_folders {
            redirects.push(format!("{from} {to} 308\n"));
            redirects.push(format!("{from}/* {to}/:splat 308\n"));
        }
        write(&folder.join("_redirects"), redirects.concat().as_bytes(), &mut done)?;
        Ok(done)
    }
}

/// Writes every encoding of a body.
fn write_all(file: &Path, body: &Body, done: &mut Exported) -> io::Result<()> {
    for (coding, ending) in [(Coding::Identity, ""), (Coding::Gzip, ".gz"), (Coding::Br, ".br")] {
        let encoded = body.get(coding);
        if encoded.coding == coding {
            let mut name = file.as_os_str().to_owned();
            name.push(ending);
            write(Path::new(&name), &encoded.bytes, done)?;
        }
    }
    Ok(())
}

fn write(file: &Path, bytes: &[u8], done: &mut Exported) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, bytes)?;
    done.files += 1;
    done.bytes += bytes.len() as u64;
    Ok(())
}

/// The file of a path, relative to the folder.
fn file(path: &str, media: Media) -> io::Result<PathBuf> {
    let name = match path.trim_start_matches('/') {
        "" => "index.html".to_owned(),
        name if media == Media::Html && Media::of(name) != Some(Media::Html) => format!("{name}.html"),
        name => name.to_owned(),
    };
    let file = PathBuf::from(name);
    if file.components().all(|part| matches!(part, Component::Normal(_))) {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{path} cannot be a file name")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_file_that_try_files_finds() {
        let table = [
            ("/", Media::Html, Some("index.html")),
            ("/articles", Media::Html, Some("articles.html")),
            ("/articles/x", Media::Html, Some("articles/x.html")),
            ("/feed.xml", Media::Atom, Some("feed.xml")),
            ("/.well-known/security.txt", Media::Text, Some(".well-known/security.txt")),
            ("/../etc/passwd", Media::Text, None),
        ];
        for (address, media, expected) in table {
            assert_eq!(file(address, media).ok().as_deref(), expected.map(Path::new), "{address}");
        }
    }
}
