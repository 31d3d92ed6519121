//! Properties of everything that reads what a visitor, a browser or an editor wrote, checked with random input.
//!
//! `PROPTEST_CASES` is the number of cases of each property. A failing input is shortened and kept beside the source
//! in `*.regressions`, which every later run tries first.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../support/mod.rs"]
mod support;

mod content;
mod form;
mod messages;
mod negotiation;
mod search;
mod signed;

use proptest::{collection::vec, prelude::*, sample::select, test_runner::FileFailurePersistence};

/// A share of the usual number of cases: one in `divisor`.
fn one_in(divisor: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    let persistence = FileFailurePersistence::WithSource("regressions");
    ProptestConfig { cases: (usual.cases / divisor).max(1), failure_persistence: Some(Box::new(persistence)), ..usual }
}

/// What has a meaning in a form, a header, a mail, HTML, Markdown or TOML.
const HOSTILE: [&str; 36] = [
    "\r\n",
    "\n",
    "\r",
    "\0",
    "\t",
    "\u{b}",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{200d}",
    "\u{202e}",
    "\u{2028}",
    "\u{feff}",
    "\u{301}",
    "\u{fffd}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{645}\u{631}\u{64a}\u{645}",
    "\"",
    "'",
    "&",
    "=",
    "%0d%0a",
    "+",
    ";",
    "<script>alert(1)</script>",
    "</textarea>",
    "&amp;",
    "{{ name }}",
    "\r\nBcc: x@example.org",
    "\r\n.\r\n",
    "=?utf-8?q?=0d=0a?=",
    "https://example.org/?a=b&c=d",
    "\\",
    "]]>",
    "From ",
];

/// Text that anybody may type or send: words, any characters, and what is hostile somewhere.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-zA-Z]{1,9} ?",
        1 => "[0-9 ().+-]{1,9}",
        2 => any::<char>().prop_map(String::from),
        3 => select(&HOSTILE[..]).prop_map(str::to_owned),
    ];
    vec(part, 0..24).prop_map(|parts| parts.concat())
}
