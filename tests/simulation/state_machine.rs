//! The outbox on SQLite against the model: after each operation of a random history, both answer and look alike.
//!
//! A failing history is shortened, printed, and kept in `tests/simulation/regressions.txt`, which is run first.

#![expect(clippy::unit_arg, reason = "an operation without a result has an empty answer")]

mod operation;
mod subject;

use crate::{model::Model, setting};
use jiff::Timestamp;
use operation::Operation;
use proptest::{
    strategy::{BoxedStrategy, Just, Strategy as _},
    test_runner::{Config, FileFailurePersistence, TestRunner},
};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use relationship_clinic::mail::outbox::ClaimedLetter;
use subject::Subject;

/// Staff addresses.
const RECIPIENTS: [&str; 2] = ["staff@clinic.example", "office@clinic.example"];

/// The model, with what the operations refer to.
#[derive(Debug, Clone)]
struct Reference {
    model: Model,
    now: Timestamp,
    /// Every letter that was ever claimed, in this order.
    claims: Vec<ClaimedLetter>,
    /// What the last operation answered.
    answer: String,
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Self> {
        let now = "2026-11-24T23:12:00Z".parse().unwrap();
        Just(Self { model: Model::new(&RECIPIENTS), now, claims: Vec::new(), answer: String::new() }).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Operation> {
        operation::any()
    }

    fn apply(mut state: Self, operation: &Operation) -> Self {
        state.answer = state.perform(operation);
        state
    }
}

struct OutboxTest;

impl StateMachineTest for OutboxTest {
    type SystemUnderTest = Subject;
    type Reference = Reference;

    fn init_test(reference: &Reference) -> Subject {
        Subject::new(reference.now)
    }

    fn apply(mut subject: Subject, reference: &Reference, operation: Operation) -> Subject {
        let answer = subject.perform(&operation);
        assert_eq!(answer, reference.answer, "the answer to {operation:?}; the model's is on the right");
        subject
    }

    fn check_invariants(subject: &Subject, reference: &Reference) {
        subject.compare(&reference.model, reference.now);
    }
}

#[test]
fn the_outbox_on_sqlite_agrees_with_the_model_after_every_operation() {
    let config = Config {
        cases: setting("PROPTEST_CASES", 32),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/simulation/regressions.txt"))),
        source_file: Some(file!()),
        max_shrink_iters: 500,
        ..Config::default()
    };
    let history = Reference::sequential_strategy(1..60);
    let result = TestRunner::new(config.clone()).run(&history, |(start, operations, seen)| {
        OutboxTest::test_sequential(config.clone(), start, operations, seen);
        Ok(())
    });
    result.unwrap_or_else(|fault| panic!("{fault}"));
}
