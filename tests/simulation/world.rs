//! What surrounds the delivery workers: an outbox in memory, a relay, an alarm channel, visitors and staff, and faults.
//!
//! Every fault happens by chance, with chances that the seed draws; a seed leaves many of them out.

pub mod alarm;
pub mod people;
pub mod relay;
pub mod store;

use crate::{
    model::Model,
    random::Random,
    scheduler::{Panic, Time, yield_now},
};
use jiff::{SignedDuration, Timestamp};
use relationship_clinic::mail::{health::ProblemKind, outbox::Unavailable};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    panic::resume_unwind,
    task::Waker,
    time::Duration,
};

/// Age at which letters fail.
pub const GIVE_UP: Duration = Duration::from_mins(20);
pub const RECIPIENTS: [&str; 2] = ["staff@clinic.example", "office@clinic.example"];

/// Chances in ten thousand, of each operation if nothing else is said.
#[derive(Debug, Default)]
pub struct Faults {
    pub database: u64,
    /// The operation is done and answers an error.
    pub answer_lost: u64,
    pub slow: u64,
    pub panic: u64,
    /// Of each poll.
    pub crash: u64,
    pub letter_refused: u64,
    pub letter_postponed: u64,
    pub session: u64,
    pub session_refused: u64,
    pub acknowledgement_lost: u64,
    pub hang: u64,
    pub alarm: u64,
    /// Of each minute: the relay fails, or the disk is full, for some time.
    pub outage: u64,
    pub full_disk: u64,
    pub clock_jump: u64,
}

impl Faults {
    pub fn draw(random: &Random) -> Self {
        let up_to = |chance: u64| if random.happens(5000) { random.within(0..chance) } else { 0 };
        Self {
            database: up_to(400),
            answer_lost: up_to(300),
            slow: up_to(300),
            panic: up_to(80),
            crash: up_to(20),
            letter_refused: up_to(1000),
            letter_postponed: up_to(4000),
            session: up_to(4000),
            session_refused: up_to(2000),
            acknowledgement_lost: up_to(2000),
            hang: up_to(1000),
            alarm: up_to(5000),
            outage: up_to(1000),
            full_disk: up_to(1000),
            clock_jump: up_to(1000),
        }
    }
}

/// A letter at its recipient.
pub type Key = (String, String);

/// The relay's side of a letter.
#[derive(Debug, Default)]
pub struct Received {
    pub times: usize,
    /// How often it may come again: its acknowledgment was lost, or could not be recorded.
    pub excuses: usize,
    /// The row of the letter, and the task that handed it over, until that task has recorded the delivery.
    pub unrecorded: Option<(i64, usize)>,
}

pub struct World {
    pub time: std::rc::Rc<Time>,
    pub random: Random,
    pub model: RefCell<Model>,
    pub copies: usize,
    /// What goes wrong; nothing after the end of the faults.
    pub faults: RefCell<Faults>,
    pub disk_full: Cell<bool>,
    pub relay_down: Cell<bool>,
    /// Of each copy, against the true time.
    pub clocks: Vec<Cell<SignedDuration>>,
    pub last_write: RefCell<Vec<Result<(), Unavailable>>>,
    /// Of each copy: how many letters arrived, and who waits for the next.
    pub arrivals: Vec<(Cell<u64>, RefCell<Vec<Waker>>)>,
    pub received: RefCell<BTreeMap<Key, Received>>,
    /// Copies of the program and the recipients to whom each sends a letter now.
    pub sessions: RefCell<BTreeSet<(usize, String)>>,
    pub alarms: RefCell<Vec<ProblemKind>>,
    /// The numbers that visitors were given, and to whom.
    pub thanked: RefCell<BTreeMap<i64, u64>>,
    pub erased_by_staff: RefCell<BTreeSet<i64>>,
    /// The task that is polled.
    pub task: Cell<usize>,
    pub trace: bool,
}

impl World {
    pub fn new(seed: u64, trace: bool) -> Self {
        let random = Random::new(seed);
        let start = "2026-11-24T23:12:00Z".parse().unwrap();
        let copies = if random.happens(3000) { 2 } else { 1 };
        Self {
            time: std::rc::Rc::new(Time::new(start)),
            faults: RefCell::new(Faults::draw(&random)),
            model: RefCell::new(Model::new(&RECIPIENTS[..=usize::from(random.happens(5000))])),
            copies,
            disk_full: Cell::new(false),
            relay_down: Cell::new(false),
            clocks: (0..copies).map(|_| Cell::default()).collect(),
            last_write: RefCell::new(vec![Ok(()); copies]),
            arrivals: (0..copies).map(|_| Default::default()).collect(),
            received: RefCell::default(),
            sessions: RefCell::default(),
            alarms: RefCell::default(),
            thanked: RefCell::default(),
            erased_by_staff: RefCell::default(),
            task: Cell::new(0),
            random,
            trace,
        }
    }

    pub fn log(&self, text: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{} task {:2} {}", self.time.now(), self.task.get(), text());
        }
    }

    /// The clock of a copy.
    pub fn clock(&self, copy: usize) -> Timestamp {
        self.time.now() + self.clocks[copy].get()
    }

    pub fn any_copy(&self) -> usize {
        usize::try_from(self.random.within(0..self.copies as u64)).unwrap()
    }

    /// Whether a fault happens now.
    pub fn happens(&self, chance: impl Fn(&Faults) -> u64) -> bool {
        let chance = chance(&self.faults.borrow());
        self.random.happens(chance)
    }

    /// A moment in which other tasks run, the process may be killed, or the task panics.
    pub async fn pause(&self) {
        yield_now().await;
        if self.happens(|faults| faults.slow) {
            self.time.sleep(Duration::from_millis(self.random.within(1..4000))).await;
        }
        if self.happens(|faults| faults.panic) {
            self.log(|| "panics".into());
            resume_unwind(Box::new(Panic));
        }
    }

    /// Wakes the workers of a copy, as a new letter does.
    pub fn announce(&self, copy: usize) {
        let (count, wakers) = &self.arrivals[copy];
        count.set(count.get() + 1);
        wakers.take().into_iter().for_each(Waker::wake);
    }

    /// The deliveries that these tasks have not recorded cannot be recorded any more.
    pub fn excuse(&self, tasks: impl Fn(usize) -> bool) {
        for received in self.received.borrow_mut().values_mut() {
            if received.unrecorded.is_some_and(|(_, task)| tasks(task)) {
                received.unrecorded = None;
                received.excuses += 1;
            }
        }
    }

    /// The delivery of this letter was recorded, or could not be and may be forgotten.
    pub fn settle(&self, letter: i64, failed: bool, forgotten: bool) {
        for received in self.received.borrow_mut().values_mut() {
            if received.unrecorded.is_some_and(|(id, _)| id == letter) && (!failed || forgotten) {
                received.unrecorded = None;
                received.excuses += usize::from(failed);
            }
        }
    }

    /// Ends every fault: the relay works, the disk has room, the clocks are right.
    pub fn mend(&self) {
        self.faults.replace(Faults::default());
        self.disk_full.set(false);
        self.relay_down.set(false);
        self.clocks.iter().for_each(|clock| clock.set(SignedDuration::ZERO));
    }
}
