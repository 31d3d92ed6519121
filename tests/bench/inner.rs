//! What happens per request, per page and per post, function by function: `cargo bench --bench inner`.

#[path = "../support/mod.rs"]
mod support;

use divan::Bencher;
use http::{HeaderMap, Request};
use jiff::civil::Date;
use relationship_clinic::{
    catalog::{Catalog, Counters},
    content::{self, Article},
    enquiry::{
        form::{Rules, Submission},
        signals::{Circumstances, FetchSite},
        token::{Key, Token},
    },
    mail::address,
    pages::Edition,
    search::Index,
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

/// Name, path and request headers.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Cases of [`answer`].
const CASES: [Case; 4] = [
    ("page, br", ARTICLE, &[("accept-encoding", "br")]),
    ("page, as a browser requests it", ARTICLE, &[("accept-encoding", BROWSER)]),
    ("304", ARTICLE, &[("accept-encoding", "br"), ("if-none-match", "*")]),
    ("not in the catalog", "/contact", &[("accept-encoding", "br")]),
];

/// A request that the catalog answers, or leaves to the router.
#[divan::bench(args = CASES.map(|(name, ..)| name))]
fn answer(bencher: Bencher, name: &str) {
    let catalog = edition().catalog(Catalog::builder(web::security(true)), &Counters::default());
    catalog.compress_now();
    let (_, path, headers) = CASES.iter().find(|case| case.0 == name).expect("the argument is one of the cases");
    let request = request(path, headers);
    bencher.bench_local(|| catalog.respond(black_box(&request)));
}

/// All shipped articles and pages; divide by their number for one.
#[divan::bench]
fn read_and_check_the_shipped_content(bencher: Bencher) {
    bencher.bench_local(|| content::load(Path::new("content"), None, TODAY).expect("the shipped content is valid"));
}

#[divan::bench]
fn render_every_shipped_page(bencher: Bencher) {
    let edition = edition();
    bencher.bench_local(|| edition.catalog(Catalog::builder(HeaderMap::new()), &Counters::default()));
}

#[divan::bench]
fn form_parse() -> Submission {
    Submission::from_body(black_box(POST))
}

#[divan::bench]
fn form_validate(bencher: Bencher) {
    let (form, rules) = (Submission::from_body(POST), rules());
    bencher.bench_local(|| form.enquiry(black_box(&rules), None));
}

#[divan::bench]
fn form_spam_score(bencher: Bencher) {
    let (edition, key) = (edition(), key());
    let enquiry = Submission::from_body(POST).enquiry(&rules(), None).expect("the post is valid");
    let circumstances = Circumstances {
        honeypot: String::new(),
        token: Token::read(&key, &Token::issue(&key, 1_000, [7; 16]), 1_060),
        site: FetchSite::SameOrigin,
        recent: 0,
        repeated: false,
    };
    bencher.bench_local(|| edition.signals.score(black_box(&enquiry), &circumstances));
}

#[divan::bench]
fn token_issue(bencher: Bencher) {
    let key = key();
    bencher.bench_local(|| Token::issue(&key, black_box(1_000), [7; 16]));
}

#[divan::bench]
fn token_read(bencher: Bencher) {
    let key = key();
    let token = Token::issue(&key, 1_000, [7; 16]);
    bencher.bench_local(|| Token::read(&key, black_box(&token), 1_060));
}

/// Words of two to six syllables, none of a language.
fn invented_word(number: usize) -> String {
    const SYLLABLES: [&str; 20] = [
        "ba", "cor", "di", "fen", "gu", "hal", "jo", "kir", "lu", "mat", "ne", "pol", "qui", "ras", "se", "tov", "u",
        "ver", "wi", "zan",
    ];
    let mut word = SYLLABLES[number % 7].to_owned();
    let mut rest = number / 7 + 1;
    while rest > 0 {
        word += SYLLABLES[rest % 20];
        rest /= 20;
    }
    word
}

/// The longest query that is answered: three words that resemble others of 100,000 and nine that occur.
#[divan::bench]
fn search_among_100_000_words(bencher: Bencher) {
    let mut site = content::load(Path::new("content"), None, TODAY).expect("the shipped content is valid").site;
    let text: Vec<String> = (0..100_000).map(invented_word).collect();
    let article = Article { slug: "invented".into(), text: text.join(" ").into(), ..site.articles[0].clone() };
    site.articles.push(article);
    let index = Index::new(&site);
    let query = "attachmnet betryal quarrelig trust love child money sex anger work home talk";
    assert!(!index.find(query).hits.is_empty());
    bencher.bench_local(|| index.find(black_box(query)));
}

fn rules() -> Rules {
    Rules { text_messages: false, is_address: address::acceptable }
}

fn key() -> Key {
    Key::new("a secret of some length for a benchmark", "form token")
}

fn main() {
    divan::main();
}
