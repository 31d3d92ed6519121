//! The delivery workers and the health watch in a world of faults, and what must hold in the end.
//!
//! `SEEDS=1000` runs so many histories, `SEED=7` repeats one and prints what happens.

use crate::{
    message_builder::message_builder,
    model::State,
    scheduler::{Event, Scheduler, Start},
    setting,
    world::{GIVE_UP, World, alarm::SimulatedAlarm, people, relay::SimulatedMailer, store::SimulatedOutbox},
};
use jiff::SignedDuration;
use rayon::prelude::*;
use relationship_clinic::mail::{
    delivery::DeliveryWorker, health::ProblemKind, health_watch::HealthWatch, message::MessageBuilder,
    retry_policy::RetryPolicy,
};
use std::{panic::catch_unwind, rc::Rc, time::Duration};

const WORKERS: usize = 3;
/// The process of visitors, staff and weather, which is never killed.
const OUTSIDE: usize = 99;

type Worker = DeliveryWorker<SimulatedOutbox, SimulatedMailer>;

#[test]
fn every_thanked_enquiry_is_delivered_held_failed_with_an_alarm_or_erased_by_rule() {
    let only = std::env::var("SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let seeds = only.map_or(0..u64::from(setting("SEEDS", 50)), |seed| seed..seed + 1);
    let failing: Vec<u64> =
        seeds.into_par_iter().filter(|seed| catch_unwind(|| simulate(*seed, only.is_some())).is_err()).collect();
    assert!(failing.is_empty(), "{} histories fail; SEED={} repeats the first", failing.len(), failing[0]);
}

fn simulate(seed: u64, trace: bool) {
    let world = Rc::new(World::new(seed, trace));
    world.log(|| format!("{:?}", world.faults.borrow()));
    let mut scheduler = Scheduler::default();
    scheduler.spawn(OUTSIDE, start(&world, people::change_conditions));
    scheduler.spawn(OUTSIDE, start(&world, people::work_as_staff));
    let length = if world.random.happens(1000) { 7200 } else { world.random.within(300..1800) };
    for visitor in 0..world.random.within(1..16) {
        let arrival = Duration::from_secs(world.random.within(0..length));
        scheduler.spawn(OUTSIDE, start(&world, move |world| people::visit(world, visitor, arrival)));
    }
    (0..world.copies).for_each(|copy| start_process(&mut scheduler, &world, copy));
    run(&mut scheduler, &world, length);

    world.log(|| "everything is mended".into());
    world.mend();
    scheduler.kill(OUTSIDE);
    run(&mut scheduler, &world, 1800);
    check_letters(&world);
    check_alarms(&world);

    check_erasure(&world);
}

fn start<F: Future<Output = ()> + 'static>(world: &Rc<World>, task: impl Fn(Rc<World>) -> F + 'static) -> Start {
    let world = Rc::clone(world);
    Rc::new(move || Box::pin(task(Rc::clone(&world))))
}

/// Lets so many seconds pass.
fn run(scheduler: &mut Scheduler, world: &Rc<World>, seconds: u64) {
    let end = world.time.now() + SignedDuration::from_secs(i64::try_from(seconds).unwrap());
    loop {
        match scheduler.poll(&world.time, &world.random, end, |task| world.task.set(task)) {
            Event::Polled => {}
            Event::Panicked { task } => world.excuse(|other| other == task),
            Event::End => return,
        }
        if world.happens(|faults| faults.crash) {
            let copy = world.any_copy();
            world.log(|| format!("copy {copy} is killed"));
            let killed = scheduler.kill(copy);
            world.excuse(|task| killed.contains(&task));
            start_process(scheduler, world, copy);
        }
    }
}

/// The tasks that `serve` starts, after a moment.
fn start_process(scheduler: &mut Scheduler, world: &Rc<World>, copy: usize) {
    let policy = RetryPolicy { waits: [10, 30, 60].map(Duration::from_secs).to_vec(), give_up: GIVE_UP };
    let outbox = SimulatedOutbox { world: Rc::clone(world), copy };
    let mailer = SimulatedMailer { world: Rc::clone(world), copy };
    let messages = MessageBuilder { acknowledges: true, ..message_builder() };
    let worker = Rc::new(DeliveryWorker::new(outbox.clone(), mailer, messages, policy.clone(), 30));
    let watch = Rc::new(HealthWatch::new(outbox, Some(SimulatedAlarm { world: Rc::clone(world) }), policy));
    let boot = Duration::from_millis(world.random.within(0..20_000));
    for _ in 0..WORKERS {
        let worker = Rc::clone(&worker);
        scheduler.spawn(copy, start(world, move |world| deliver(world, Rc::clone(&worker), copy, boot)));
    }
    scheduler.spawn(copy, start(world, move |world| watch_health(world, Rc::clone(&watch), copy, boot)));
    scheduler.spawn(copy, start(world, move |world| people::apply_retention(world, copy)));
}

/// The loop of `DeliveryWorker::run`, on the simulated clock.
async fn deliver(world: Rc<World>, worker: Rc<Worker>, copy: usize, boot: Duration) {
    world.time.sleep(boot).await;
    let (arrivals, wakers) = &world.arrivals[copy];
    loop {
        let seen = arrivals.get();
        let step = worker.step(world.clock(copy)).await;
        world.log(|| format!("{step:?}"));
        let Some(pause) = step.pause(world.clock(copy)) else { continue };
        let arrived = || step.ends_at_arrival() && arrivals.get() != seen;
        world.time.sleep_unless(pause, arrived, |waker| wakers.borrow_mut().push(waker)).await;
    }
}

async fn watch_health(
    world: Rc<World>,
    watch: Rc<HealthWatch<SimulatedOutbox, SimulatedAlarm>>,
    copy: usize,
    boot: Duration,
) {
    world.time.sleep(boot).await;
    loop {
        watch.check(world.clock(copy)).await;
        world.time.sleep(Duration::from_secs(10)).await;
    }
}

fn check_letters(world: &World) {
    let model = world.model.borrow();
    for row in model.letters.values() {
        assert!(row.state != State::Waiting, "a letter still waits: {row:?}");
    }
    for number in world.thanked.borrow().keys() {
        let by_staff = world.erased_by_staff.borrow().contains(number);
        let outcome = model.enquiries.get(number).is_some_and(|row| {
            let failed = model.has_letter(*number, State::Failed);
            let spam = row.entry.erased && row.entry.spam.is_some();
            failed || by_staff || spam || row.entry.state == "held" || people::has_left(world, &model, *number)
        });
        assert!(outcome, "enquiry {number} is lost: {:?}", model.enquiries.get(number));
    }
}

/// Staff know of every failed letter.
fn check_alarms(world: &World) {
    let model = world.model.borrow();
    let failed = model.letter_counts(world.time.now(), SignedDuration::ZERO).failed.cast_signed();
    if failed > 0 {
        let problem = model.problems.get(ProblemKind::Failed.name());
        let reported = problem.is_some_and(|problem| problem.reported.is_some() && problem.letters == failed);
        let alarmed = world.alarms.borrow().contains(&ProblemKind::Failed);
        assert!(alarmed && reported, "{failed} failed letters raised no alarm: {problem:?}");
    }
}

/// A month and sixteen days later, two weeks longer than any clock was wrong, the words of what was delivered are gone.
fn check_erasure(world: &World) {
    let mut model = world.model.borrow_mut();
    model.apply_retention(world.time.now() + SignedDuration::from_hours(46 * 24));
    for (number, row) in &model.enquiries {
        let delivered = row.entry.state == "delivered";
        assert!(!delivered, "the words of enquiry {number} are kept for too long: {row:?}");
    }
}
