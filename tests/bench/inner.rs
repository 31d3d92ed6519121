//! What happens per request, per page and per post, function by function: `cargo bench --bench inner`.

#[path = "../support/mod.rs"]
mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, Request};
use jiff::civil::Date;
use relationship_clinic::{
    catalog::{Catalog, Counters},
    content,
    enquiry::{
        form::{Rules, Submission},
        signals::{Circumstances, FetchSite},
        token::{Key, Token},
    },
    mail::address,
    pages::Edition,
    web,
};
use std::{hint::black_box, path::Path};

const TODAY: Date = Date::constant(2026, 11, 24);
const ARTICLE: &str = "/articles/attachment-repair-therapy";
const BROWSER: &str = "gzip, deflate, br, zstd";
const POST: &[u8] = b"name=Ana&channel=email&phone=&email=ana%40example.org&voicemail=&email_private=yes&times=evenings\
    &for_whom=couple&consent=yes&token=&message=We+keep+having+the+same+quarrel%2C+about+the+house+and+about+his+mother.\
    +We+have+two+children+and+not+much+time.+Do+you+have+a+place+in+the+evening%3F";

fn edition() -> Edition {
    support::edition::edition(Path::new("content"), "https://clinic.example", TODAY)
}

fn request(path: &str, headers: &[(&str, &str)]) -> Request<()> {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    request.body(()).expect("a sound request")
}

/// A request that the catalog answers, or leaves to the router.
fn per_request(bench: &mut Criterion) {
    let catalog = edition().catalog(Catalog::builder(web::security(true)), &Counters::default());
    catalog.compress_now();
    let tag =
        catalog.answer(&request(ARTICLE, &[("accept-encoding", "br")])).expect("it is there").headers()["etag"].clone();
    let tag = tag.to_str().expect("tags are ASCII");
    let cases = [
        ("page, br", request(ARTICLE, &[("accept-encoding", "br")])),
        ("page, as a browser asks", request(ARTICLE, &[("accept-encoding", BROWSER)])),
        ("304", request(ARTICLE, &[("accept-encoding", "br"), ("if-none-match", tag)])),
        ("not in the catalog", request("/contact", &[("accept-encoding", "br")])),
    ];
    for (name, request) in cases {
        bench.bench_function(&format!("answer: {name}"), |run| run.iter(|| catalog.answer(black_box(&request))));
    }
}

/// All shipped words and pages; divide by their number for one.
fn per_edition(bench: &mut Criterion) {
    bench.bench_function("read and check the shipped words", |run| {
        run.iter(|| content::load(Path::new("content"), TODAY).expect("they are sound"));
    });
    let edition = edition();
    bench.bench_function("make every shipped page", |run| {
        run.iter(|| edition.catalog(Catalog::builder(HeaderMap::new()), &Counters::default()));
    });
}

fn per_post(bench: &mut Criterion) {
    let edition = edition();
    let rules = Rules { text_messages: false, is_address: address::acceptable };
    let (key, form) = (Key::new("a secret of some length for a benchmark", "form token"), Submission::from_body(POST));
    let enquiry = form.enquiry(&rules, None).expect("the post is valid");
    let token = Token::issue(&key, 1_000, [7; 16]);
    let around = Circumstances {
        honeypot: String::new(),
        token: Token::read(&key, &token, 1_060),
        site: FetchSite::SameOrigin,
        recent: 0,
        repeated: false,
    };
    bench.bench_function("form: read the body", |run| run.iter(|| Submission::from_body(black_box(POST))));
    bench.bench_function("form: validate", |run| run.iter(|| form.enquiry(black_box(&rules), None)));
    bench.bench_function("form: spam score", |run| {
        run.iter(|| edition.signals.score(black_box(&enquiry), &around));
    });
    bench.bench_function("form: make a token", |run| run.iter(|| Token::issue(&key, black_box(1_000), [7; 16])));
    bench.bench_function("form: read a token", |run| run.iter(|| Token::read(&key, black_box(&token), 1_060)));
}

criterion_group!(benches, per_request, per_edition, per_post);
criterion_main!(benches);
