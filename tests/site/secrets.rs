//! Secrets: where they are accepted, and what keeps them in the program.

use crate::support::clinic::{Clinic, PROGRAM};
use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

#[test]
fn a_secret_is_a_variable_or_a_file_and_no_flag() {
    let output = |argument: &str| Command::new(PROGRAM).arg(argument).output().expect("the program runs");
    let help = String::from_utf8(output("--help").stdout).expect("the help is UTF-8");
    for name in ["alarm", "database-url", "secret", "smtp-url"] {
        assert_eq!(output(&format!("--{name}=hunter2")).status.code(), Some(2), "--{name}");
        assert!(!help.contains(&format!("--{name} ")), "--{name} is in:\n{help}");
        let variable = format!("\n  CLINIC_{} ", name.to_uppercase().replace('-', "_"));
        assert!(help.contains(&variable), "{variable} is missing in:\n{help}");
    }
}

#[test]
fn the_stored_secret_is_whole_and_its_owners() {
    let mut clinic = Clinic::start();
    let file = clinic.data.join("secret");
    let secret = fs::read_to_string(&file).expect("the secret is stored");
    clinic.kill();
    let set_mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("the mode can be set");
    let table = [("", 0o600, "is empty"), ("short", 0o600, "too short"), (&*secret, 0o666, "written by other users")];
    for (text, mode, problem) in table {
        fs::write(&file, text).expect("the secret can be written");
        set_mode(mode);
        let output = clinic.command(&["serve"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && errors.contains(problem), "{problem}: {output:?}");
    }
    set_mode(0o644);
    clinic.kill_and_restart();
    assert!(clinic.log().contains("secret can be read by other users"), "{}", clinic.log());
}

#[test]
fn a_crash_leaves_no_memory_in_a_core_dump() {
    let clinic = Clinic::start();
    let limits = fs::read_to_string(format!("/proc/{}/limits", clinic.pid())).expect("the process runs");
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit is listed");
    assert_eq!(line.split_whitespace().collect::<Vec<_>>()[4..], ["0", "0", "bytes"]);
}
