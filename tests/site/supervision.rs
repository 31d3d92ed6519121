//! Background tasks that panic: each is logged by name and started again, and a listener that panics ends the program.

use crate::support::clinic::{Clinic, valid_form, wait_for};
use std::fs;

/// Tasks that `serve` starts on every machine. Each panics at its first start if this variable names it (debug builds).
const TASKS: [&str; 10] = [
    "outbox writer",
    "delivery",
    "health watch",
    "retention",
    "counts",
    "rate limit cleanup",
    "reload",
    "clinic facts",
    "notes to staff",
    "compression",
];
const PANIC: &str = "CLINIC_TEST_PANIC";

#[test]
fn every_background_task_that_panics_is_logged_by_name_and_started_again() {
    let clinic = Clinic::with(&[(PANIC, &TASKS.join(","))]);
    for task in TASKS {
        let line = |text: &str| {
            wait_for(|| clinic.log().lines().any(|line| line.contains(text) && line.contains(task)).then_some(()))
        };
        line("background task panicked").unwrap_or_else(|| panic!("{task} did not panic:\n{}", clinic.log()));
        line("background task restarted").unwrap_or_else(|| panic!("{task}:\n{}", clinic.log()));
    }
    assert!(clinic.log().contains("a panic requested by CLINIC_TEST_PANIC"), "the reason is logged:\n{}", clinic.log());
    clinic.get("/").is(200);
    clinic.post(&valid_form()).is(303);
    clinic.letters(1);
}

#[test]
fn a_listener_that_panics_ends_the_program_with_an_error() {
    let clinic = Clinic::with(&[(PANIC, "site listener")]);
    let ended =
        || fs::read_to_string(format!("/proc/{}/stat", clinic.pid())).map_or(true, |stat| stat.contains(") Z "));
    wait_for(|| ended().then_some(())).expect("the program ends");
    let reason = "the program stops, since a required task has failed: site listener";
    wait_for(|| clinic.log().contains(reason).then_some(())).unwrap_or_else(|| panic!("{}", clinic.log()));
}
