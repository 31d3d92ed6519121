//! The outbox as a copy of the program sees it: the model, behind a database that fails.

use super::{GIVE_UP, World};
use crate::model::Model;
use jiff::{SignedDuration, Timestamp};
use relationship_clinic::mail::{
    health::{LetterCounts, ProblemKind},
    mailer::DeliveryError,
    outbox::{
        ClaimedLetter, ClaimedProblem, LetterStore, NewEnquiry, ProblemStore, Receipt, RelayState, RelayStore,
        StoredEnquiry, Unavailable,
    },
};
use std::rc::Rc;

#[derive(Clone)]
pub struct SimulatedOutbox {
    pub world: Rc<World>,
    pub copy: usize,
}

impl SimulatedOutbox {
    /// The program may be killed before the operation, and after it before its result is known.
    pub async fn read<T>(&self, operation: impl FnOnce(&mut Model) -> T) -> Result<T, Unavailable> {
        self.world.pause().await;
        if self.world.happens(|faults| faults.database) {
            return Err(Unavailable("it does not answer".into()));
        }
        let result = {
            let mut model = self.world.model.borrow_mut();
            model.server_clock = (self.world.copies > 1).then(|| self.world.time.now());
            operation(&mut model)
        };
        self.world.pause().await;
        if self.world.happens(|faults| faults.answer_lost) {
            return Err(Unavailable("its answer is lost".into()));
        }
        Ok(result)
    }

    pub async fn write<T>(&self, operation: impl FnOnce(&mut Model) -> T) -> Result<T, Unavailable> {
        if self.world.disk_full.get() {
            self.world.pause().await;
            return Err(Unavailable("the disk is full".into()));
        }
        self.read(operation).await
    }

    pub async fn put(&self, new: &NewEnquiry) -> Result<Receipt, Unavailable> {
        let stored = self.write(|model| model.put(new)).await;
        self.world.last_write.borrow_mut()[self.copy] = stored.as_ref().map(drop).map_err(Clone::clone);
        self.world.announce(self.copy);
        stored
    }
}

impl LetterStore for SimulatedOutbox {
    async fn claim(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        latest: Timestamp,
        busy: &[String],
    ) -> Result<Option<ClaimedLetter>, Unavailable> {
        self.write(|model| model.claim(now, lease, latest, busy)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, Unavailable> {
        self.read(|model| model.next_due()).await
    }

    async fn stored(&self, number: i64) -> Result<Option<StoredEnquiry>, Unavailable> {
        self.read(|model| model.stored(number)).await
    }

    async fn mark_delivered(&self, letter: &ClaimedLetter, now: Timestamp) -> Result<(), Unavailable> {
        let recorded = self.write(|model| model.mark_delivered(letter, now)).await;
        // Of two copies of the program, one cannot know what the other could not record.
        self.world.settle(letter.id, recorded.is_err(), self.world.copies > 1);
        recorded
    }

    async fn schedule_retry(
        &self,
        letter: &ClaimedLetter,
        error: &DeliveryError,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        self.write(|model| model.schedule_retry(letter, error, at)).await
    }

    async fn mark_failed(
        &self,
        letter: &ClaimedLetter,
        error: &DeliveryError,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        let of_letter = matches!(error, DeliveryError::Unwritable(_) | DeliveryError::Letter { permanent: true, .. });
        let old = now.duration_since(letter.queued) >= SignedDuration::try_from(GIVE_UP).unwrap();
        assert!(of_letter || old, "a letter fails early: {error}");
        self.write(|model| model.mark_failed(letter, error, now)).await
    }

    async fn discard_acknowledgement(&self, letter: &ClaimedLetter, now: Timestamp) -> Result<(), Unavailable> {
        self.write(|model| model.discard_acknowledgement(letter, now)).await
    }
}

impl RelayStore for SimulatedOutbox {
    async fn relay(&self) -> Result<RelayState, Unavailable> {
        self.read(|model| model.relay).await
    }

    async fn may_probe(&self, now: Timestamp, until: Timestamp, latest: Timestamp) -> Result<bool, Unavailable> {
        self.write(|model| model.may_probe(now, until, latest)).await
    }

    async fn pause(&self, until: Timestamp) -> Result<(), Unavailable> {
        self.write(|model| model.pause(until)).await
    }

    async fn resume(&self) -> Result<(), Unavailable> {
        self.write(Model::resume).await
    }

    async fn relay_recovered(&self, now: Timestamp) -> Result<(), Unavailable> {
        self.write(|model| model.relay_recovered(now)).await
    }
}

impl ProblemStore for SimulatedOutbox {
    fn last_write(&self) -> Result<(), Unavailable> {
        self.world.last_write.borrow()[self.copy].clone()
    }

    async fn letter_counts(&self, now: Timestamp, late: SignedDuration) -> Result<LetterCounts, Unavailable> {
        self.read(|model| model.letter_counts(now, late)).await
    }

    async fn problem_begins(&self, kind: ProblemKind, letters: u64, now: Timestamp) -> Result<bool, Unavailable> {
        self.write(|model| model.problem_begins(kind, letters, now)).await
    }

    async fn problem_ends(&self, kind: ProblemKind) -> Result<bool, Unavailable> {
        self.write(|model| model.problem_ends(kind)).await
    }

    async fn claim_problem(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        latest: Timestamp,
    ) -> Result<Option<ClaimedProblem>, Unavailable> {
        self.write(|model| model.claim_problem(now, lease, latest)).await
    }

    async fn problem_reported(&self, problem: &ClaimedProblem, now: Timestamp) -> Result<(), Unavailable> {
        self.write(|model| model.problem_reported(problem, now)).await
    }

    async fn retry_problem(&self, kind: ProblemKind, at: Timestamp) -> Result<(), Unavailable> {
        self.write(|model| model.retry_problem(kind, at)).await
    }
}
