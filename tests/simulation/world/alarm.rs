//! An alarm channel that fails.

use super::World;
use jiff::Timestamp;
use relationship_clinic::mail::{
    alarm::{AlarmError, Notifier},
    health::ProblemKind,
};
use std::rc::Rc;

pub struct SimulatedAlarm {
    pub world: Rc<World>,
}

impl Notifier for SimulatedAlarm {
    async fn notify(&self, kind: ProblemKind, _: Timestamp) -> Result<(), AlarmError> {
        self.world.pause().await;
        if self.world.happens(|faults| faults.alarm) {
            return Err(AlarmError::Timeout);
        }
        self.world.log(|| format!("alarm: {}", kind.name()));
        self.world.alarms.borrow_mut().push(kind);
        self.world.pause().await;
        Ok(())
    }
}
