//! Visitors and staff, the retention rules, and what happens by the minute: outages, a full disk, clocks that are set.

use super::{World, store::SimulatedOutbox};
use crate::model::{Model, State};
use jiff::SignedDuration;
use relationship_clinic::{
    enquiry::{Action, Channel, Enquiry, Mailbox, SpamScore},
    mail::{health::ProblemKind, outbox::NewEnquiry},
};
use std::{rc::Rc, time::Duration};

/// Fills in the form once, and sends it again if it is not thanked.
pub async fn visit(world: Rc<World>, visitor: u64, arrival: Duration) {
    world.time.sleep(arrival).await;
    let outbox = SimulatedOutbox { world: Rc::clone(&world), copy: world.any_copy() };
    let mut new = enquiry(&world, visitor);
    for _ in 0..4 {
        new.received = world.clock(outbox.copy);
        if let Ok(receipt) = outbox.put(&new).await {
            world.log(|| format!("visitor {visitor} is thanked for {}", receipt.number));
            let known = world.thanked.borrow_mut().insert(receipt.number, visitor);
            assert!(known.is_none_or(|known| known == visitor), "number {} was given twice", receipt.number);
            if world.random.happens(2000) {
                acknowledge(&outbox, &receipt.reference, visitor).await;
            }
            return;
        }
        world.time.sleep(Duration::from_secs(world.random.within(1..120))).await;
    }
}

async fn acknowledge(outbox: &SimulatedOutbox, reference: &str, visitor: u64) {
    let (address, now) = (address(visitor), outbox.world.clock(outbox.copy));
    let _ = outbox.write(|model| model.queue_acknowledgement(reference, &address, now)).await;
    outbox.world.announce(outbox.copy);
}

fn address(visitor: u64) -> String {
    format!("visitor{visitor}@mail.example")
}

fn enquiry(world: &World, visitor: u64) -> NewEnquiry {
    let enquiry = Enquiry {
        name: format!("Visitor {visitor}"),
        channel: Channel::Email,
        phone: None,
        email: Some(Mailbox { address: address(visitor), private: false }),
        times: None,
        for_whom: None,
        message: None,
        about: None,
        notice: "2026-06".into(),
    };
    let action = if world.random.happens(2000) { Action::Hold } else { Action::Deliver };
    let spam = SpamScore { action, score: 0, reasons: Vec::new() };
    NewEnquiry { enquiry, spam, nonce: Some(visitor.to_string()), received: world.time.now() }
}

/// Releases, answers, marks and erases now and then; sends failed letters again after an alarm.
pub async fn work_as_staff(world: Rc<World>) {
    loop {
        world.time.sleep(Duration::from_secs(world.random.within(10..600))).await;
        let outbox = SimulatedOutbox { world: Rc::clone(&world), copy: world.any_copy() };
        let last = world.thanked.borrow().keys().last().copied().unwrap_or(1);
        let number = 1 + i64::try_from(world.random.within(0..last.unsigned_abs())).unwrap();
        let (now, action) = (world.clock(outbox.copy), world.random.within(0..10));
        world.log(|| format!("staff: action {action} on {number}"));
        let operation = |model: &mut Model| match action {
            0..3 => model.release(number, now),
            3..5 => model.answered(number, now),
            5 => model.spam(number, now),
            6 => {
                world.erased_by_staff.borrow_mut().insert(number);
                model.erase(number, now)
            }
            _ => world.alarms.borrow().contains(&ProblemKind::Failed) && model.resend(None, now) > 0,
        };
        let _ = outbox.write(operation).await;
        world.announce(outbox.copy);
    }
}

/// Erases what has reached its age, as the retention task does: only what has left, or what staff marked. The clock for
/// erasures is right when others are not.
pub async fn apply_retention(world: Rc<World>, copy: usize) {
    let outbox = SimulatedOutbox { world: Rc::clone(&world), copy };
    loop {
        let now = world.time.now();
        let pass = |model: &mut Model| {
            let before = model.clone();
            model.apply_retention(now);
            for (number, row) in before.enquiries.iter().filter(|(_, row)| row.content.is_some()) {
                let kept = model.enquiries.get(number).is_some_and(|row| row.content.is_some());
                let due = row.entry.spam.is_some() || has_left(&world, &before, *number);
                assert!(kept || due, "enquiry {number} was erased before its letters left");
            }
        };
        let _ = outbox.write(pass).await;
        world.time.sleep(Duration::from_mins(10)).await;
    }
}

/// The relay has each of its letters.
pub fn has_left(world: &World, model: &Model, number: i64) -> bool {
    let received = world.received.borrow();
    let mut rows = model.letters.values().filter(|row| row.letter.number == number).peekable();
    rows.peek().is_some()
        && rows.all(|row| {
            let key = (row.letter.message_id.clone(), row.letter.recipient.clone());
            row.state == State::Delivered && received.contains_key(&key)
        })
}

/// Once a minute something may begin or end.
pub async fn change_conditions(world: Rc<World>) {
    loop {
        world.time.sleep(Duration::from_mins(1)).await;
        let down = if world.relay_down.get() { world.random.happens(8000) } else { world.happens(|f| f.outage) };
        world.relay_down.set(down);
        let full = if world.disk_full.get() { world.random.happens(6000) } else { world.happens(|f| f.full_disk) };
        world.disk_full.set(full);
        for clock in world.clocks.iter().filter(|_| world.happens(|faults| faults.clock_jump)) {
            let hours = i64::try_from(world.random.within(0..1440)).unwrap() - 720;
            world.log(|| format!("a clock is set {hours} hours from the true time"));
            clock.set(SignedDuration::from_hours(hours));
        }
    }
}
