//! People who write, each from an address of their own, and who send the same form again until they are thanked.

use super::{Dice, program::DoorPlate};
use crate::support::clinic::{TIMEOUT, valid_form};
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

/// People at their keyboards at once.
const AT_ONCE: usize = 6;
/// Milliseconds between one of them and the next, at most: the workers keep up, so that kills meet them at work.
const PAUSE: u64 = 150;
/// A copy that is just being started is asked again after this.
const A_MOMENT: Duration = Duration::from_millis(5);

pub struct Visitors {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    doors: Vec<DoorPlate>,
    in_flight: Vec<AtomicUsize>,
    closing: AtomicBool,
    posts: AtomicUsize,
    next: AtomicUsize,
    thanked: Mutex<HashMap<String, String>>,
    dice: Arc<Dice>,
}

/// What became of them.
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
    pub fn start(doors: Vec<DoorPlate>, dice: &Arc<Dice>) -> Self {
        let shared = Arc::new(Shared {
            in_flight: doors.iter().map(|_| AtomicUsize::default()).collect(),
            doors,
            closing: AtomicBool::default(),
            posts: AtomicUsize::default(),
            next: AtomicUsize::default(),
            thanked: Mutex::default(),
            dice: Arc::clone(dice),
        });
        let come = |_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.come_one_after_another())
        };
        let threads = (0..AT_ONCE).map(come).collect();
        Self { shared, threads }
    }

    /// Until somebody waits for an answer of this copy.
    pub fn wait_for_a_post_in_flight(&self, copy: usize) {
        let end = Instant::now() + TIMEOUT;
        while self.shared.in_flight[copy].load(Ordering::Acquire) == 0 {
            assert!(Instant::now() < end, "nobody writes to copy {copy}");
            thread::yield_now();
        }
    }

    /// Nobody new comes; whoever is here stays until thanked.
    pub fn finish(self) -> Thanked {
        self.shared.closing.store(true, Ordering::Release);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        let references = std::mem::take(&mut *self.shared.thanked.lock().unwrap());
        Thanked { posts: self.shared.posts.load(Ordering::Relaxed), references }
    }
}

impl Shared {
    fn come_one_after_another(&self) {
        while !self.closing.load(Ordering::Acquire) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let name = format!("Visitor-{number}.");
            let reference = self.write_until_thanked(number, &name);
            self.thanked.lock().unwrap().insert(name, reference);
            thread::sleep(Duration::from_millis(self.dice.below(PAUSE)));
        }
    }

    fn write_until_thanked(&self, number: usize, name: &str) -> String {
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

    /// Knocks at one copy or another until there is an answer.
    fn until<T>(&self, name: &str, ask: impl Fn(usize) -> Option<T>) -> T {
        let end = Instant::now() + TIMEOUT;
        loop {
            let copy = usize::try_from(self.dice.below(self.doors.len() as u64)).unwrap();
            if let Some(answer) = ask(copy) {
                return answer;
            }
            assert!(Instant::now() < end, "{name} was not answered within {TIMEOUT:?}");
            thread::sleep(A_MOMENT);
        }
    }

    fn door(&self, copy: usize) -> String {
        self.doors[copy].lock().unwrap().clone()
    }

    fn token(&self, agent: &ureq::Agent, copy: usize) -> Option<String> {
        agent.get(format!("{}/contact/token", self.door(copy))).call().ok()?.body_mut().read_to_string().ok()
    }

    /// The reference, or nothing: refused, cut off, or told that it was not kept.
    fn post(&self, agent: &ureq::Agent, copy: usize, address: &str, body: &str) -> Option<String> {
        let request = agent
            .post(format!("{}/contact", self.door(copy)))
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
        Some(receipt.split('.').next().unwrap().to_owned())
    }
}
