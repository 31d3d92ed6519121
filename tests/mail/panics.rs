//! A panic in one task of the mail side: enquiries, letters, alarms, erasure and health go on.

use crate::{
    databases::{Fresh, Kind, fresh},
    smtp_server::{At, Encryption, Fault, Server},
    support::clinic::{ADMIN, Clinic, valid_form, wait_for},
    test_outbox::{new, open_outbox, put},
};
use jiff::{SignedDuration, Timestamp};
use relationship_clinic::mail::outbox::{LetterStore as _, NewEnquiry};
use std::{fs, os::unix::fs::PermissionsExt as _, thread};

const TASKS: [&str; 5] = ["outbox writer", "delivery", "health watch", "retention", "notes to staff"];
const OLD: &str = "Zinnia wrote this long ago";

/// An outbox with an enquiry that was answered long ago.
async fn outbox_with_an_old_enquiry() -> Fresh {
    let database = fresh(Kind::Sqlite);
    let outbox = open_outbox(database.place.clone(), &["good@clinic.example"]).await;
    let received = Timestamp::now() - SignedDuration::from_hours(24 * 40);
    let receipt = put(&outbox, &NewEnquiry { received, ..new(OLD) }).await;
    let letter = outbox.claim(received, SignedDuration::from_mins(1), Timestamp::MAX, &[]).await.unwrap().unwrap();
    outbox.mark_delivered(&letter, received).await.unwrap();
    outbox.answered(&receipt.reference, received).await.unwrap();
    outbox.close().await;
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_one_task_stops_neither_letters_nor_alarms_nor_erasure_nor_health() {
    let mut cases = Vec::new();
    for task in TASKS {
        let server = Server::start(Encryption::Plain).await;
        server.fail(At::Rcpt, Fault::BadRecipient("550 never"));
        cases.push((task, server, outbox_with_an_old_enquiry().await));
    }
    thread::scope(|scope| {
        for (task, server, database) in &cases {
            scope.spawn(|| check(task, server, database));
        }
    });
}

fn check(task: &str, server: &Server, database: &Fresh) {
    let notice = database.folder.path().join("notice");
    let alarm = database.folder.path().join("alarm.sh");
    fs::write(&alarm, format!("#!/bin/sh\ncat >{}\n", notice.display())).unwrap();
    fs::set_permissions(&alarm, fs::Permissions::from_mode(0o700)).unwrap();
    let relay = server.relay(relationship_clinic::config::Tls::Loopback);
    let settings = [
        ("CLINIC_SMTP_URL", format!("smtp://{}:{}", relay.host, relay.port)),
        ("CLINIC_MAIL_TO", "good@clinic.example,bad@clinic.example".to_owned()),
        ("CLINIC_ALARM", alarm.display().to_string()),
        ("CLINIC_TEST_PANIC", task.to_owned()),
        (ADMIN.0, ADMIN.1.to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let clinic = Clinic::in_folder(database.folder.path().join("data"), settings);
    let wait = |what: &str, is: &dyn Fn() -> bool| {
        wait_for(|| is().then_some(())).unwrap_or_else(|| panic!("{task}: {what}\n{}", clinic.log()));
    };
    let panicked = |line: &str| line.contains("background task panicked") && line.contains(task);
    wait("it panics", &|| clinic.log().lines().any(panicked));
    wait("an enquiry is stored", &|| clinic.post(&valid_form()).status == 303);
    wait("its letter is sent", &|| server.mails().iter().any(|mail| mail.to == "good@clinic.example"));
    wait("the refused letter raises the alarm", &|| {
        fs::read_to_string(&notice).is_ok_and(|text| text.contains("An email to staff was refused"))
    });
    wait("the old enquiry is erased", &|| !database.is_on_disk(OLD));
    clinic.wait_for_health(503).has("failed");
    server.clear_fault();
    clinic.output_of(&["enquiries", "resend"]);
    clinic.wait_for_health(200);
}
