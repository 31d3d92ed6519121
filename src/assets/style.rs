//! Stylesheets: all files of a folder become one, without comments and idle space.
//!
//! Invariant: what is written means what the files mean: tokens are kept as they stand, only comments, idle white space
//! and the last semicolon of a block go, and `url()` gets the address of today. Nothing is rewritten, merged or put in
//! another order.
//!
//! Measured on the real stylesheet (20 files, 24,507 B; Brotli 11): as written 5,041 B · this 3,951 B (-21.6 %) ·
//! lightningcss 1.0.0-alpha.72 with `minify` 3,896 B (-22.7 %). So it is worth doing (5 % was the mark), and the last
//! 55 B are not worth 40 more packages and a minifier that turns `(min-width: 56em)` into a form which phones from
//! before 2023 do not read.

use super::fault::AssetFault;
use cssparser::{ParseError, Parser, SourcePosition, Token};
use std::path::{Path, PathBuf};

/// One stylesheet of all files: the order of layers first (`layers.css`), then by name. `address` finds the address
/// of a key such as `img/logo.svg`.
pub(super) fn join(
    mut files: Vec<(String, PathBuf)>,
    address: impl Fn(&str) -> Option<String>,
    faults: &mut Vec<AssetFault>,
) -> String {
    files.sort_by_key(|(key, _)| (!key.ends_with("layers.css"), key.clone()));
    let mut out = String::new();
    for (key, file) in files {
        match std::fs::read_to_string(&file) {
            Ok(text) => squeeze(&text, &Source { file: &file, key: &key, address: &address }, &mut out, faults),
            Err(error) => faults.push(AssetFault::unreadable(&file, &error)),
        }
    }
    out
}

/// Where a stylesheet comes from.
struct Source<'a> {
    file: &'a Path,
    key: &'a str,
    address: &'a dyn Fn(&str) -> Option<String>,
}

fn squeeze(text: &str, source: &Source<'_>, out: &mut String, faults: &mut Vec<AssetFault>) {
    let mut writer = Writer { source, out: &mut *out, faults, place: (1, 1) };
    writer.block(&mut Parser::new(text));
    if !out.is_empty() && !out.ends_with(['}', ';']) {
        out.push(';');
    }
}

struct Writer<'a> {
    source: &'a Source<'a>,
    out: &'a mut String,
    faults: &'a mut Vec<AssetFault>,
    /// Line and column of the token at hand, from 1.
    place: (u32, u32),
}

/// What stands between two tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Comment,
    Space,
}

impl Writer<'_> {
    /// Writes tokens up to the end of the block.
    fn block(&mut self, parser: &mut Parser<'_>) {
        let mut gap = Gap::None;
        loop {
            let (start, place) = (parser.position(), parser.current_source_location());
            self.place = (place.line + 1, place.column);
            let Ok(token) = parser.next_including_whitespace_and_comments().cloned() else { return };
            match token {
                Token::WhiteSpace(_) => gap = Gap::Space,
                Token::Comment(_) if gap == Gap::None => gap = Gap::Comment,
                Token::Comment(_) => {}
                token => {
                    self.gap(std::mem::replace(&mut gap, Gap::None), &token);
                    self.token(parser, start, &token);
                }
            }
        }
    }

    /// Space matters except beside these signs. `a/**/b` stays two tokens, and `.a/**/.b` one compound.
    fn gap(&mut self, gap: Gap, next: &Token<'_>) {
        let idle = self.out.is_empty()
            || self.out.ends_with(['{', '}', ';', ',', '(', '['])
            || matches!(next, Token::CurlyBracketBlock | Token::Semicolon | Token::Comma);
        match gap {
            Gap::Space if !idle => self.out.push(' '),
            Gap::Comment if !idle => self.out.push_str("/**/"),
            _ => {}
        }
    }

    fn token(&mut self, parser: &mut Parser<'_>, start: SourcePosition, token: &Token<'_>) {
        match token {
            Token::UnquotedUrl(url) => self.url(url),
            Token::Function(name) if name.eq_ignore_ascii_case("url") => self.quoted_url(parser),
            Token::AtKeyword(name) if name.eq_ignore_ascii_case("import") => {
                self.fault("imports a file", "put the rules into a file beside it; all of them are joined");
            }
            Token::BadString(_) | Token::BadUrl(_) => self.fault("has a broken string or url", "close it"),
            Token::CloseCurlyBracket | Token::CloseParenthesis | Token::CloseSquareBracket => {
                self.fault("closes a bracket that was not opened", "remove it, or open one");
            }
            _ => self.out.push_str(parser.slice_from(start)),
        }
        let close = match token {
            Token::CurlyBracketBlock => '}',
            Token::SquareBracketBlock => ']',
            Token::ParenthesisBlock => ')',
            Token::Function(name) if !name.eq_ignore_ascii_case("url") => ')',
            _ => return,
        };
        self.nested(parser, close);
    }

    fn nested(&mut self, parser: &mut Parser<'_>, close: char) {
        let walked: Result<(), ParseError<()>> = parser.parse_nested_block(|inner| {
            self.block(inner);
            Ok(())
        });
        if walked.is_err() {
            self.fault("nests blocks too deeply", "write flatter rules");
        }
        if close == '}' && self.out.ends_with(';') {
            self.out.pop();
        }
        self.out.push(close);
    }

    fn quoted_url(&mut self, parser: &mut Parser<'_>) {
        let url: Result<_, ParseError<()>> = parser.parse_nested_block(|inner| Ok(inner.expect_string_cloned()?));
        match url {
            Ok(url) => self.url(&url),
            Err(_) => self.fault("has a url() that is no address", "write url(\"../img/name.svg\")"),
        }
    }

    /// The address of today for a file of ours; fragments and data stay.
    fn url(&mut self, url: &str) {
        let (path, fragment) = url.find(['#', '?']).map_or((url, ""), |at| url.split_at(at));
        let written = if path.is_empty() || path.starts_with("data:") {
            Some(url.to_owned())
        } else {
            resolve(self.source.key, path)
                .and_then(|key| (self.source.address)(&key))
                .map(|address| format!("{address}{fragment}"))
        };
        let Some(written) = written else {
            let what = format!("names {url}, which is not in the static folder");
            return self.fault(&what, "name a file there, relative to the stylesheet");
        };
        self.out.push_str("url(");
        cssparser::serialize_string(&written, self.out).expect("writing to a string");
        self.out.push(')');
    }

    fn fault(&mut self, what: &str, remedy: &str) {
        self.faults.push(AssetFault::new(self.source.file, what, remedy).at(self.place.0, self.place.1));
    }
}

/// The key of a path relative to a stylesheet; `None` outside the folder.
fn resolve(sheet: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = sheet.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squeezed(text: &str) -> (String, Vec<String>) {
        let address = |key: &str| (key == "img/a.svg").then(|| "/assets/img/a.HASH.svg".to_owned());
        let source = Source { file: Path::new("a.css"), key: "css/a.css", address: &address };
        let (mut out, mut faults) = (String::new(), Vec::new());
        squeeze(text, &source, &mut out, &mut faults);
        (out, faults.iter().map(AssetFault::to_string).collect())
    }

    #[test]
    fn idle_space_goes_and_meaning_stays() {
        let table = [
            ("a { color: red; }\n\n/* why */\nb{}", "a{color: red}b{}"),
            ("a :hover, a:hover {}", "a :hover,a:hover{}"),
            (".a/**/.b {}", ".a/**/.b{}"),
            (".a /* x */ .b {}", ".a .b{}"),
            ("a { width: calc( 1px + (2 * var(--x)) ) }", "a{width: calc(1px + (2 * var(--x)))}"),
            ("a { content: \"/* no */  ; {\" }", "a{content: \"/* no */  ; {\"}"),
            ("@media (min-width: 56em) and (a) { b { c: d } }", "@media (min-width: 56em) and (a){b{c: d}}"),
            ("a[href ^= \"x\"] {}", "a[href ^= \"x\"]{}"),
            ("@layer a, b", "@layer a,b;"),
            ("a { --x: 1; --y:; }", "a{--x: 1;--y:}"),
            ("a { b: 1px -2px +3px }", "a{b: 1px -2px +3px}"),
            ("a { color: #FFF !important }", "a{color: #FFF !important}"),
        ];
        for (text, expected) in table {
            let (out, faults) = squeezed(text);
            assert_eq!(out, expected, "{text}");
            assert!(faults.is_empty(), "{faults:?}");
        }
    }

    #[test]
    fn addresses_lead_to_the_file_of_today() {
        let table = [
            ("a{b:url(../img/a.svg)}", "a{b:url(\"/assets/img/a.HASH.svg\")}"),
            ("a{b:url( '../img/a.svg#x' )}", "a{b:url(\"/assets/img/a.HASH.svg#x\")}"),
            ("a{b:URL(\"./../img/a.svg\")}", "a{b:url(\"/assets/img/a.HASH.svg\")}"),
            ("a{b:url(#x)}", "a{b:url(\"#x\")}"),
            ("a{b:url(data:,x)}", "a{b:url(\"data:,x\")}"),
        ];
        for (text, expected) in table {
            assert_eq!(squeezed(text), (expected.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn what_leads_elsewhere_or_nowhere_is_a_fault() {
        for text in [
            "a{b:url(../img/b.svg)}",
            "a{b:url(https://elsewhere.example/a.svg)}",
            "a{b:url(//elsewhere.example/a.svg)}",
            "a{b:url(../../../etc/passwd)}",
            "a{b:url('unclosed\n)}",
            "@import url(b.css);",
            "a{}}",
        ] {
            assert!(!squeezed(text).1.is_empty(), "{text}");
        }
    }
}
