//! Visitors, each with an address of its own, who post the same form until it is answered with 303.

use super::{SeededRandom, program::Address};
use crate::support::clinic::{TIMEOUT, valid_form};
use data_encoding::BASE64URL_NOPAD;
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Visitors at the same time.
const AT_ONCE: usize = 6;
/// Pause before a copy that is starting gets another request.
const RETRY_PAUSE: Duration = Duration::from_millis(5);

pub struct Visitors {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    addresses: Vec<Address>,
    in_flight: Vec<AtomicUsize>,
    closing: AtomicBool,
    posts: AtomicUsize,
    next: AtomicUsize,
    thanked: Mutex<HashMap<String, String>>,
    random: Arc<SeededRandom>,
    pause: u64,
}

/// The result.
pub struct Thanked {
    pub posts: usize,
    /// Name to the reference that they were given.
    pub references: HashMap<String, String>,
}

impl fmt::Display for Thanked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} posts, {} answered with 303", self.posts, self.references.len())
    }
}

impl Visitors {
    /// Each pauses for `pause` milliseconds at most before writing again as another visitor.
    pub fn start(addresses: Vec<Address>, random: &Arc<SeededRandom>, pause: u64) -> Self {
        let shared = Arc::new(Shared {
            in_flight: addresses.iter().map(|_| AtomicUsize::default()).collect(),
            addresses,
            closing: AtomicBool::default(),
            posts: AtomicUsize::default(),
            next: AtomicUsize::default(),
            thanked: Mutex::default(),
            random: Arc::clone(random),
            pause,
        });
        let come = |_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.write_in_turn())
        };
        let threads = (0..AT_ONCE).map(come).collect();
        Self { shared, threads }
    }

    /// Waits until a post to this copy is unanswered.
    pub fn wait_for_a_post_in_flight(&self, copy: usize) {
        let end = Instant::now() + TIMEOUT;
        while self.shared.in_flight[copy].load(Ordering::Acquire) == 0 {
            assert!(Instant::now() < end, "no visitor posts to copy {copy}");
            thread::yield_now();
        }
    }

    /// No new visitors; the present ones post until they are answered.
    pub fn finish(self) -> Thanked {
        self.shared.closing.store(true, Ordering::Release);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        let references = std::mem::take(&mut *self.shared.thanked.lock().unwrap());
        Thanked { posts: self.shared.posts.load(Ordering::Relaxed), references }
    }
}

impl Shared {
    fn write_in_turn(&self) {
        while !self.closing.load(Ordering::Acquire) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let name = format!("Visitor-{number}.");
            let reference = self.post_until_answered(number, &name);
            self.thanked.lock().unwrap().insert(name, reference);
            thread::sleep(Duration::from_millis(self.random.below(self.pause)));
        }
    }

    fn post_until_answered(&self, number: usize, name: &str) -> String {
        let agent = ureq::Agent::new_with_config(
            ureq::Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .timeout_global(Some(TIMEOUT))
                .build(),
        );
        let message = format!("We keep having the same quarrel, says number {number}.");
        // The form that they opened: sent again, it is the same enquiry, also after midnight.
        let token = self.until(name, |copy| self.token(&agent, copy));
        let mut fields = valid_form();
        fields.retain(|(field, _)| !matches!(*field, "name" | "message"));
        fields.extend([("name", name), ("message", &message), ("token", &token)]);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let address = format!("10.{}.{}.{}", number >> 16, (number >> 8) & 255, number & 255);
        self.until(name, |copy| self.post(&agent, copy, &address, &body))
    }

    /// Sends requests to one copy or another until there is a response.
    fn until<T>(&self, name: &str, ask: impl Fn(usize) -> Option<T>) -> T {
        let end = Instant::now() + TIMEOUT;
        loop {
            let copy = usize::try_from(self.random.below(self.addresses.len() as u64)).unwrap();
            if let Some(answer) = ask(copy) {
                return answer;
            }
            assert!(Instant::now() < end, "{name} was not answered within {TIMEOUT:?}");
            thread::sleep(RETRY_PAUSE);
        }
    }

    fn address(&self, copy: usize) -> String {
        self.addresses[copy].lock().unwrap().clone()
    }

    fn token(&self, agent: &ureq::Agent, copy: usize) -> Option<String> {
        agent.get(format!("{}/contact/token", self.address(copy))).call().ok()?.body_mut().read_to_string().ok()
    }

    /// The reference, or nothing: refused, cut off, or not stored.
    fn post(&self, agent: &ureq::Agent, copy: usize, address: &str, body: &str) -> Option<String> {
        let request = agent
            .post(format!("{}/contact", self.address(copy)))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-for", address);
        self.posts.fetch_add(1, Ordering::Relaxed);
        self.in_flight[copy].fetch_add(1, Ordering::Release);
        let answer = request.send(body);
        self.in_flight[copy].fetch_sub(1, Ordering::Release);
        let answer = answer.ok()?;
        assert!(matches!(answer.status().as_u16(), 303 | 503), "an answer of {}", answer.status());
        let location = answer.headers().get("location")?.to_str().unwrap();
        let receipt = location.strip_prefix("/contact/received?r=").unwrap();
        let sealed = BASE64URL_NOPAD.decode(receipt.as_bytes()).unwrap();
        Some(sealed[..8].iter().copied().map(char::from).collect())
    }
}
