//! A relay that accepts, refuses, postpones, hangs, drops connections and loses acknowledgments.

use super::{Key, World};
use relationship_clinic::mail::mailer::{DeliveryError, MessageSender, OutgoingMessage};
use std::{rc::Rc, time::Duration};

/// The longest time of a session.
const LIMIT: Duration = Duration::from_secs(20);

/// The mailer of a copy of the program.
pub struct SimulatedMailer {
    pub world: Rc<World>,
    pub copy: usize,
}

/// A session with one recipient; dropped also when its task is killed.
struct Session<'a>(&'a World, (usize, String));

impl<'a> Session<'a> {
    fn begin(world: &'a World, copy: usize, message: &OutgoingMessage) -> Self {
        let sent = (copy, message.envelope.to()[0].to_string());
        assert!(world.sessions.borrow_mut().insert(sent.clone()), "two letters at once go to {}", sent.1);
        Self(world, sent)
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.0.sessions.borrow_mut().remove(&self.1);
    }
}

impl MessageSender for SimulatedMailer {
    fn limit(&self) -> Duration {
        LIMIT
    }

    async fn send(&self, message: &OutgoingMessage) -> Result<(), DeliveryError> {
        let world = &self.world;
        let _session = Session::begin(world, self.copy, message);
        self.check().await?;
        let letter = |permanent| Err(DeliveryError::Letter { permanent, reason: "refused".into() });
        if world.happens(|faults| faults.letter_refused) {
            return letter(true);
        }
        if world.happens(|faults| faults.letter_postponed) {
            return letter(false);
        }
        self.accept(message);
        world.pause().await;
        if world.happens(|faults| faults.acknowledgement_lost) {
            world.log(|| "the acknowledgment is lost".into());
            world.excuse(|task| task == world.task.get());
            if world.happens(|faults| faults.hang) {
                world.time.sleep(LIMIT / 2).await;
            }
            return letter(false);
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), DeliveryError> {
        let world = &self.world;
        let session = |permanent| Err(DeliveryError::Session { permanent, reason: "no session".into() });
        world.pause().await;
        if world.happens(|faults| faults.hang) {
            world.time.sleep(LIMIT / 2).await;
            return session(false);
        }
        if world.happens(|faults| faults.session_refused) {
            return session(true);
        }
        if world.relay_down.get() || world.happens(|faults| faults.session) {
            return session(false);
        }
        Ok(())
    }
}

impl SimulatedMailer {
    /// From here on the letter is in the mailbox.
    fn accept(&self, message: &OutgoingMessage) {
        let world = &self.world;
        let key = key(message);
        let model = world.model.borrow();
        let row = model.letters.values().find(|row| row.letter.message_id == key.0 && row.letter.recipient == key.1);
        let mut received = world.received.borrow_mut();
        let entry = received.entry(key.clone()).or_default();
        world.log(|| format!("the relay has {key:?}"));
        assert!(entry.times <= entry.excuses, "{key:?} is received again without a lost acknowledgment");
        entry.times += 1;
        entry.unrecorded = row.map(|row| (row.letter.id, world.task.get()));
    }
}

/// Message-ID and recipient.
fn key(message: &OutgoingMessage) -> Key {
    let text = String::from_utf8_lossy(&message.bytes);
    let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap();
    (id.trim().to_owned(), message.envelope.to()[0].to_string())
}
