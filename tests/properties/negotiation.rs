//! `Accept-Encoding` and `If-None-Match`.

use super::one_in;
use http::{HeaderMap, HeaderValue, Request, Response};
use proptest::{collection::vec, option, prelude::*, sample::select};
use relationship_clinic::catalog::{Catalog, Media, Resource};
use std::{collections::HashSet, io::Read as _, sync::LazyLock};

/// With all three codings.
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let catalog = Catalog::builder(HeaderMap::new()).resource("/", Resource::new(Media::Html, page())).build();
    catalog.compress_now();
    catalog
});

fn page() -> String {
    "<p>We keep having the same quarrel.</p>\n".repeat(100)
}

fn respond(name: &str, lines: &[Vec<u8>]) -> Response<bytes::Bytes> {
    let mut request = Request::get("/");
    for line in lines {
        request = request.header(name, HeaderValue::from_bytes(line).unwrap());
    }
    CATALOG.respond(&request.body(()).unwrap()).unwrap()
}

fn coding(response: &Response<bytes::Bytes>) -> &str {
    response.headers().get("content-encoding").map_or("identity", |value| value.to_str().unwrap())
}

fn decoded(response: &Response<bytes::Bytes>) -> String {
    let mut text = vec![0; page().len()];
    match coding(response) {
        "gzip" => drop(libdeflater::Decompressor::new().gzip_decompress(response.body(), &mut text).unwrap()),
        "br" => brotli::Decompressor::new(&response.body()[..], 4096).read_exact(&mut text).unwrap(),
        _ => text = response.body().to_vec(),
    }
    String::from_utf8(text).unwrap()
}

/// A coding and its weight in thousandths; without one it is 1.
type Wish = (&'static str, Option<u32>);

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    const NAMES: &[&str] = &["br", "gzip", "identity", "*", "zstd", "deflate"];
    let wish = (select(NAMES), option::of(prop_oneof![Just(0), Just(1000), 0..=1000_u32]));
    vec(wish, 0..7).prop_map(|wishes| {
        let mut once = HashSet::new();
        wishes.into_iter().filter(|(name, _)| once.insert(*name)).collect()
    })
}

fn written((name, weight): &Wish, space: &str, upper: bool) -> String {
    let name = if upper { name.to_uppercase() } else { (*name).to_owned() };
    match weight {
        Some(1000) => format!("{name}{space};{space}q=1.000"),
        Some(weight) => format!("{name}{space};{space}q=0.{weight:03}"),
        None => name,
    }
}

/// RFC 9110, 12.5.3: what is not named has the weight of `*`. Without one only the uncompressed bytes are acceptable,
/// as the last choice.
fn weight(wishes: &[Wish], coding: &str) -> u32 {
    let of = |name: &str| wishes.iter().find(|(wish, _)| *wish == name).map(|(_, weight)| weight.unwrap_or(1000) * 10);
    of(coding).or_else(|| of("*")).unwrap_or(u32::from(coding == "identity"))
}

proptest! {
    #![proptest_config(one_in(1))]

    #[test]
    fn no_other_coding_has_a_higher_weight_than_the_chosen_one(
        wishes in wishes(), space in select(&["", " ", "\t "][..]), upper: bool, lines: bool,
    ) {
        let items: Vec<String> = wishes.iter().map(|wish| written(wish, space, upper)).collect();
        let joined = items.join(&format!("{space},{space}"));
        let lines = if lines { items } else { vec![joined] };
        let response = respond("accept-encoding", &lines.iter().map(|line| line.clone().into_bytes()).collect::<Vec<_>>());
        let chosen = coding(&response).to_owned();
        let highest = ["br", "gzip", "identity"].into_iter().map(|coding| weight(&wishes, coding)).max();
        prop_assert!(weight(&wishes, &chosen) == highest.unwrap(), "{lines:?}: {chosen}");
        prop_assert_eq!(response.headers().get("vary").unwrap(), "accept-encoding");
        prop_assert_eq!(decoded(&response), page());
    }

    #[test]
    fn any_header_is_answered_with_the_whole_page(
        lines in vec(vec(prop_oneof![0x20..=0x7e_u8, Just(b','), Just(b';'), Just(b'*'), 0x80..=0xff_u8], 0..40), 0..4),
    ) {
        let response = respond("accept-encoding", &lines);
        prop_assert_eq!(response.status(), 200);
        prop_assert_eq!(decoded(&response), page());
    }

    #[test]
    fn only_a_list_with_the_tag_is_answered_with_304(
        before in vec(select(&["\"a\"", "W/\"b,c\"", "\"\"", ",", " "][..]), 0..4), weak: bool, whole: bool,
    ) {
        let tag = respond("accept-encoding", &[]).headers()["etag"].to_str().unwrap().to_owned();
        let tag = if whole { tag } else { tag[..tag.len() - 2].to_owned() + "\"" };
        let list = format!("{}, {}{tag}", before.join(", "), if weak { "W/" } else { "" });
        let response = respond("if-none-match", &[list.into_bytes()]);
        prop_assert_eq!(response.status(), if whole { 304 } else { 200 });
    }
}
