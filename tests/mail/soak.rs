//! A long run of the real program as it is used: an enquiry about every second, pages and searches read, an article
//! edited, the relay failing now and then, enquiries answered, erased and backed up.
//!
//! No line is logged as an error, every thanked visitor is in a letter to each recipient, and nothing grows: memory,
//! open files, threads and the files of the data folder.
//!
//! `CLINIC_TEST_SECONDS` is the duration; `tests/soak MINUTES` sets it. Growth is judged in runs of ten minutes and more.

mod figures;

use crate::{
    databases::{Kind, fresh},
    kill::{
        SeededRandom,
        lost_enquiries::{self, reference},
        program::Copies,
        visitors::Visitors,
    },
    smtp_server::{At, Encryption, Fault, Mail, Server},
    support::{
        clinic::{Clinic, links, wait_for},
        content_folder::ContentFolder,
    },
};
use figures::Figures;
use std::{
    fs,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// Without `CLINIC_TEST_SECONDS`: every event happens once.
const SHORT: u64 = 15;
/// Judged for growth.
const LONG: Duration = Duration::from_mins(10);
/// The pace of everything but the posts.
const TURN: Duration = Duration::from_secs(1);
/// Milliseconds between two posts of a visitor, at most; six visitors write about once a second.
const PAUSE: u64 = 10_000;
const STAFF: [&str; 2] = ["one@clinic.example", "two@clinic.example"];
const ARTICLE: &str = "anxious-and-avoidant-couples";
const HERE: [(&str, &str); 1] = [("sec-fetch-site", "same-origin")];
/// None of these makes a letter fail.
const OUTAGES: [(At, Fault); 6] = [
    (At::Banner, Fault::Cut),
    (At::Ehlo, Fault::Answer("421 closing")),
    (At::Mail, Fault::Answer("451 later")),
    (At::Data, Fault::Cut),
    (At::Dot, Fault::Answer("452 full")),
    (At::Dot, Fault::TakenAndCut),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_fails_or_grows_in_a_long_run() {
    let seconds = std::env::var("CLINIC_TEST_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SHORT);
    let duration = Duration::from_secs(seconds);
    let database = fresh(Kind::Sqlite);
    let relay = Arc::new(Server::start(Encryption::Plain).await);
    let content = ContentFolder::copied();
    let further = [
        ("CLINIC_CONTENT", content.folder().to_str().unwrap()),
        // Short leases and connections.
        ("CLINIC_MAIL_TIMEOUT", "10s"),
        ("CLINIC_TEST_CONNECTION_LIFETIME", "2000"),
        ("CLINIC_RETRY", "100ms,1s"),
        ("CLINIC_KEEP_WORDS", "1m"),
        ("MALLOC_TRIM_THRESHOLD_", "131072"),
        ("MALLOC_ARENA_MAX", "1"),
    ];
    let copies = Copies::new(&database, 1, relay.address, &STAFF, &further);
    let server = Arc::clone(&relay);
    // The folder of the content stays as long as the program runs.
    let (copies, visitors, figures, _content) = tokio::task::spawn_blocking(move || {
        let visitors = Visitors::start(copies.addresses(), &Arc::new(SeededRandom::new(1)), PAUSE);
        let figures = copies.with_running(0, |clinic| Run::new(clinic, &server, &content).last(duration));
        (copies, visitors.finish(), figures, content)
    })
    .await
    .unwrap();

    relay.clear_fault();
    lost_enquiries::wait_until_all_are_delivered(&database).await;
    let tally = lost_enquiries::count(&visitors, &relay.mails(), &STAFF);
    println!("{visitors}, {tally}, in {duration:?}\n{figures}");
    lost_enquiries::assert_consecutive_numbers(&database, &visitors).await;
    copies.with_running(0, |clinic| assert_no_errors(&clinic.log(), visitors.posts));
    copies.stop_and_assert_no_panics();
    figures.assert_database_is_small(visitors.references.len());
    if duration >= LONG {
        figures.assert_nothing_grows();
    }
}

/// On a busy machine the database may answer later than a visitor waits: then the form is sent again. Of the posts, at
/// most one in twenty may be answered so.
fn assert_no_errors(log: &str, posts: usize) {
    let errors = log.lines().filter(|line| line.contains(" ERROR "));
    let (slow, others): (Vec<_>, Vec<_>) = errors.partition(|line| line.contains("did not answer in time"));
    assert!(others.is_empty(), "{} lines are errors:\n{}", others.len(), others.join("\n"));
    println!("{} lines say that the database did not answer in time", slow.len());
    assert!(slow.len() <= posts.div_ceil(20), "too many, for {posts} posts:\n{}", slow.join("\n"));
}

/// Everything that happens beside the posts.
struct Run<'a> {
    clinic: &'a Clinic,
    relay: &'a Server,
    content: &'a ContentFolder,
    article: String,
    paths: Vec<String>,
}

impl<'a> Run<'a> {
    fn new(clinic: &'a Clinic, relay: &'a Server, content: &'a ContentFolder) -> Self {
        let article = fs::read_to_string(content.file(&article_file())).unwrap();
        let sitemap = clinic.get("/sitemap.xml").body;
        let addresses = sitemap.split("<loc>").skip(1).map(|rest| rest.split("</loc>").next().unwrap());
        let paths: Vec<String> = addresses.map(|address| url::Url::parse(address).unwrap().path().to_owned()).collect();
        assert!(paths.len() > 10, "{sitemap}");
        Self { clinic, relay, content, article, paths }
    }

    fn last(&self, duration: Duration) -> Figures {
        let began = Instant::now();
        let mut figures = Figures::default();
        for turn in 0.. {
            if began.elapsed() >= duration {
                break;
            }
            self.read(turn);
            match turn % 10 {
                0 => self.edit(turn),
                2 => self.answer(),
                3 => self.fail(turn / 10),
                6 => self.relay.clear_fault(),
                8 => self.erase(),
                9 => self.back_up(),
                _ => {}
            }
            figures.take(self.clinic);
            thread::sleep(TURN);
        }
        figures
    }

    fn read(&self, turn: usize) {
        let path = |at: usize| &self.paths[at % self.paths.len()];
        for (at, encoding) in ["br", "gzip", "identity"].into_iter().enumerate() {
            self.clinic.get_with(path(3 * turn + at), &[("accept-encoding", encoding)]).is(200);
        }
        self.clinic.get(&format!("/search?q=fear+and+closeness+{turn}")).is(200);
        self.clinic.get(&format!("/articles/not-there-{turn}")).is(404);
        // On a busy machine the check may take longer than a visitor waits.
        let well = || (self.clinic.get("/health/form").status == 200).then_some(());
        wait_for(well).unwrap_or_else(|| panic!("the form is not healthy:\n{}", self.clinic.log()));
    }

    /// Waits until the change is served. The texts recur, since the cache keeps what it has compressed.
    fn edit(&self, turn: usize) {
        let line = format!("This line was written in turn {}.", turn % 80);
        self.content.write(&article_file(), format!("{}\n{line}\n", self.article));
        let served = || self.clinic.get(&format!("/articles/{ARTICLE}")).body.contains(&line);
        wait_for(|| served().then_some(())).unwrap_or_else(|| panic!("{line} is not served:\n{}", self.clinic.log()));
    }

    fn fail(&self, number: usize) {
        let (at, fault) = OUTAGES[number % OUTAGES.len()];
        self.relay.fail(at, fault);
    }

    /// Presses the link of a letter that has just arrived.
    fn answer(&self) {
        if let Some(mail) = self.last_mail_to_all() {
            self.clinic.press(&links(mail.text.as_bytes())[0], &HERE).is(200);
        }
    }

    fn erase(&self) {
        if let Some(mail) = self.last_mail_to_all() {
            self.clinic.output_of(&["enquiries", "erase", &reference(&mail)]);
        }
    }

    fn back_up(&self) {
        let file = self.content.folder().with_extension("backup");
        self.clinic.output_of(&["enquiries", "backup", file.to_str().unwrap()]);
        fs::remove_file(file).unwrap();
    }

    /// The latest letter that every recipient has.
    fn last_mail_to_all(&self) -> Option<Mail> {
        let mails = &self.relay.state.lock().unwrap().seen.mails;
        let has = |to: &str, id: &str| mails.iter().rev().any(|mail| mail.to == to && reference(mail) == id);
        mails.iter().rev().find(|mail| STAFF.iter().all(|to| has(to, &reference(mail)))).cloned()
    }
}

fn article_file() -> String {
    format!("articles/{ARTICLE}/index.md")
}
