//! `import urls`: prints what each address of another system would answer.
//!
//! Never: changes a file; a person decides which lines to add to `addresses.txt`.

use super::{Ended, build, now};
use crate::{
    catalog::{Catalog, Counters, Target},
    config::Config,
    content::{self, Site},
    web,
};
use std::{collections::BTreeSet, fs, path::Path, process::ExitCode};
use url::Url;

/// Prints a line for each address in `file`; exits with 1 if one would answer 404.
pub(super) fn urls(config: &Config, file: &Path) -> Ended {
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let read = build::build(config, now(), true)?;
    let builder = Catalog::builder(web::security(config.is_https()));
    let catalog = read.edition.catalog(builder, &Counters::default());
    let lines =
        paths(&String::from_utf8_lossy(&bytes)).into_iter().map(|path| line(&catalog, &read.edition.site, &path));
    let lost = lines.inspect(|(line, _)| println!("{line}")).filter(|(_, lost)| *lost).count();
    if lost > 0 {
        eprintln!("{lost} would be lost; add a line for each to addresses.txt");
    }
    Ok(ExitCode::from(u8::from(lost > 0)))
}

/// The answer of an address as a line, and whether it is 404.
fn line(catalog: &Catalog, site: &Site, path: &str) -> (String, bool) {
    match catalog.target(path) {
        Target::Here => (format!("200 {path}"), false),
        Target::Redirect(to) => (format!("308 {path} -> {to}"), false),
        Target::Gone => (format!("410 {path}"), false),
        Target::Missing => match content::most_similar_page(site, path) {
            Some(to) => (format!("404 {path}: write `{path} -> {to}`"), true),
            None => (format!("404 {path}: write `{path} -> ` and a page, or `{path} gone`"), true),
        },
    }
}

/// Every path in a text, from absolute URLs anywhere and from lines that are a path. Sorted, without duplicates.
fn paths(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| c.is_whitespace() || "<>\"',;".contains(c));
    let whole = words.filter_map(|word| Url::parse(word).ok());
    let whole = whole.filter(|url| matches!(url.scheme(), "http" | "https")).map(|url| url.path().to_owned());
    let bare = text.lines().map(str::trim).filter(|line| line.starts_with('/')).map(str::to_owned);
    let schema = |path: &String| path.starts_with("/schemas/sitemap");
    whole.chain(bare).filter(|path| !schema(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_xml_csv_and_lists() {
        let xml = "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><url><loc>https://old.example/post/a</loc></url>";
        let table = [
            (xml, vec!["/post/a"]),
            ("URL,Status\n\"https://old.example/b?x=1\",200\nhttps://old.example/,200\n", vec!["/", "/b"]),
            ("/c\n /d \n# a remark\n", vec!["/c", "/d"]),
        ];
        for (text, expected) in table {
            assert_eq!(paths(text).into_iter().collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
