//! The second table: the time until an email is sent, for one, for a backlog, and after a kill.

use super::{
    Database,
    clients::Client,
    median, milliseconds,
    relay::TestRelay,
    site::{self, Site},
    support::clinic::{Clinic, valid_form, wait_for},
};
use jiff::Timestamp;
use relationship_clinic::{
    config::{Relay, Tls},
    enquiry::{Channel, Enquiry, Phone, SpamScore, Voicemail},
    mail::{
        mailer::Mailer,
        outbox::{NewEnquiry, Options, Outbox},
    },
};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Consecutive POST requests.
const POSTS: usize = 201;
/// Enquiries stored concurrently.
const AT_ONCE: usize = 256;
/// `CLINIC_MAIL_TIMEOUT` of the killed program; a lease is that and 12 seconds.
const TIMEOUT: Duration = Duration::from_secs(3);
const LEASE: Duration = Duration::from_secs(15);

/// A database of its own for each figure.
pub fn measure(runtime: &Runtime, databases: impl Fn() -> [Database; 2], letters: usize) {
    println!(
        "| database | to the connection: p50, max | to the acknowledgment: p50, max | {letters} letters drain in | after a kill (lease {LEASE:?}) |"
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    for ((soon, backlog), killed) in databases().into_iter().zip(databases()).zip(databases()) {
        let (connects, acknowledgements) = first_delivery(runtime, &soon);
        let drained = drain(runtime, &backlog, letters).as_secs_f64();
        let recovered = recovery(&killed).as_secs_f64();
        let [connects, acknowledgements] = [connects, acknowledgements].map(|times| {
            let times = milliseconds(&times);
            format!("{:.1} ms, {:.1} ms", median(&times), times.iter().copied().fold(0.0, f64::max))
        });
        let name = soon.name;
        println!("| {name} | {connects} | {acknowledgements} | {drained:.1} s | {recovered:.1} s |");
    }
}

/// From the 303 to the connection to the relay, and to its acknowledgment.
fn first_delivery(runtime: &Runtime, database: &Database) -> (Vec<Duration>, Vec<Duration>) {
    let relay = TestRelay::open(false);
    let site = Site::open(runtime.block_on(site::outbox(&database.place, Options::MAX_BATCH)), mailer(&relay));
    let stop = CancellationToken::new();
    let running = site::run(&site.worker, &stop);
    let mut client = runtime.block_on(Client::connect(site.address));
    let times = (0..POSTS).map(|_| {
        runtime.block_on(client.post());
        let responded = Instant::now();
        let received = relay.received.recv().unwrap();
        let since = |at: Instant| at.saturating_duration_since(responded);
        (since(received.connected), since(received.acknowledged))
    });
    let times = times.collect();
    stop.cancel();
    runtime.block_on(running.join_all());
    runtime.block_on(site.outbox.close());
    times
}

/// From the end of an outage to the acknowledgment of the last letter.
fn drain(runtime: &Runtime, database: &Database, letters: usize) -> Duration {
    let relay = TestRelay::open(false);
    let outbox = runtime.block_on(site::outbox(&database.place, Options::MAX_BATCH));
    runtime.block_on(fill(&outbox, letters));
    let worker = site::worker(&outbox, mailer(&relay));
    let stop = CancellationToken::new();
    let began = Instant::now();
    let running = site::run(&worker, &stop);
    let last = relay.received.iter().take(letters).last().unwrap();
    let took = last.acknowledged - began;
    stop.cancel();
    runtime.block_on(running.join_all());
    runtime.block_on(outbox.close());
    took
}

async fn fill(outbox: &Outbox, letters: usize) {
    let mut put = 0;
    while put < letters {
        let batch = (put..letters.min(put + AT_ONCE)).map(|_| {
            let outbox = outbox.clone();
            tokio::spawn(async move { outbox.put(&new()).await.unwrap() })
        });
        for task in batch.collect::<Vec<_>>() {
            task.await.unwrap();
            put += 1;
        }
    }
}

/// From the SIGKILL of the real program, in the middle of a letter, to the acknowledgment of that letter; it is
/// started again at once.
fn recovery(database: &Database) -> Duration {
    let relay = TestRelay::open(true);
    let settings = [
        ("CLINIC_SMTP_URL", format!("smtp://{}", relay.address)),
        ("CLINIC_MAIL_TIMEOUT", format!("{TIMEOUT:?}")),
        ("CLINIC_SECRET", "a secret of at least thirty-two characters".to_owned()),
    ];
    let url = database.url.clone().map(|url| ("CLINIC_DATABASE_URL", url));
    let settings: Vec<(&str, String)> = settings.into_iter().chain(url).collect();
    let mut clinic = Clinic::with(&settings.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>());
    clinic.post(&valid_form()).is(303);
    wait_for(|| relay.hung.load(Ordering::Acquire).then_some(())).expect("the letter is on its way");
    let killed = Instant::now();
    clinic.kill_and_restart();
    relay.received.recv().unwrap().acknowledged - killed
}

fn mailer(relay: &TestRelay) -> Mailer {
    let relay =
        Relay { host: "127.0.0.1".into(), port: relay.address.port(), tls: Tls::Loopback, login: None, ca: None };
    Mailer::relay(relay, "clinic.example", Duration::from_mins(1)).unwrap()
}

/// A new enquiry, different from all others.
pub fn new() -> NewEnquiry {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let enquiry = Enquiry {
        name: format!("Ana {number}"),
        channel: Channel::Phone,
        phone: Some(Phone { number: "(650) 555-0123".into(), voicemail: Voicemail::Unnamed }),
        email: None,
        times: None,
        for_whom: None,
        message: Some("We keep having the same quarrel. ".repeat(16)),
        about: None,
        notice: "2026-06".into(),
    };
    NewEnquiry { enquiry, spam: SpamScore::default(), nonce: None, received: Timestamp::now() }
}
