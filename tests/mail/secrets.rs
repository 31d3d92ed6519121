//! Copies of the program that share a database share the secret.

use crate::{
    databases::{Kind, fresh},
    support::clinic::{Clinic, PROGRAM, valid_form},
};
use std::process::Command;

#[test]
fn a_copy_with_another_secret_does_not_start_on_the_same_database() {
    let database = fresh(Kind::Postgres);
    let url = ("CLINIC_DATABASE_URL", database.url.as_str());
    let secret = ("CLINIC_SECRET", "a secret that the copies of the program share");
    let first = Clinic::with(&[url, secret]);
    let other = [url, ("CLINIC_SECRET", "another secret, as long as it must be"), ("CLINIC_LISTEN", "127.0.0.1:0")];
    let data = database.folder.path().join("other");
    let output = Command::new(PROGRAM).env("CLINIC_DATA", data).envs(other).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && text.contains("CLINIC_SECRET is not the one"), "{text}");
    for copy in [first, Clinic::with(&[url, secret])] {
        copy.store(&valid_form());
    }
}
