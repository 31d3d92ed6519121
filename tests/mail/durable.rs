//! An enquiry is synced to disk before the 303. A kill does not show this, since the kernel's cache outlives the program;
//! the system calls do (Debian: `strace`), and on PostgreSQL the settings of the session.

use crate::{
    databases::{Kind, fresh},
    support::clinic::{Clinic, PROGRAM, valid_form, wait_for},
    test_outbox::{new, open_outbox, put},
};
use sqlx::Row as _;
use std::{collections::HashMap, fs, path::Path, process::Command};

/// The system calls that read a request, write an answer, or sync.
const CALLS: &str = "trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,fsync,fdatasync";

#[test]
fn the_write_ahead_file_is_synced_between_the_post_and_the_303() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls");
    let mut strace = Command::new("strace");
    // As a grandchild (-D), so that the test can kill the program; with the paths of its files (-y).
    strace.args(["-D", "-f", "-y", "-s", "64", "-e", CALLS, "-o"]).arg(&file).arg(PROGRAM);
    let mut clinic = Clinic::under_command(strace, folder.path().join("data"), Vec::new());
    let posts = 3;
    for number in 0..posts {
        let name = format!("Ana {number}");
        let mut fields = valid_form();
        fields.retain(|(field, _)| *field != "name");
        fields.push(("name", &name));
        clinic.post(&fields).is(303);
    }
    clinic.kill();
    let calls = wait_for(|| whole(&file)).expect("strace writes down how the program ended");
    let found = events(&calls);
    let expected: Vec<Event> = [Event::Post, Event::Synced, Event::Redirect].repeat(posts);
    assert_eq!(found, expected, "a post, then the sync, then the redirect");
}

/// The output of strace, once it is complete.
fn whole(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.trim_end().ends_with("+++ killed by SIGKILL +++").then_some(text)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// The head of a post was read.
    Post,
    /// A sync of the write-ahead file succeeded; several in a row are one.
    Synced,
    /// A 303 is about to be written.
    Redirect,
}

/// Posts, redirects, and the syncs between them, in the order of the system calls.
fn events(calls: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let mut begun: HashMap<&str, bool> = HashMap::new();
    for line in calls.lines() {
        let (thread, call) = line.trim_start().split_once(' ').unwrap_or_default();
        let is_sync = call.contains("sync(") && call.contains("outbox.sqlite-wal>");
        let ended_well = call.ends_with("= 0");
        let synced = if call.contains("sync resumed>") { begun.remove(thread) == Some(true) } else { is_sync };
        if is_sync && call.ends_with("<unfinished ...>") {
            begun.insert(thread, true);
        }
        // Only a sync between a post and its redirect counts.
        let last = events.last().copied();
        match () {
            () if call.contains("\"POST /contact ") => events.push(Event::Post),
            () if call.contains("\"HTTP/1.1 303 ") => events.push(Event::Redirect),
            () if synced && ended_well && last == Some(Event::Post) => events.push(Event::Synced),
            () => {}
        }
    }
    events
}

#[tokio::test]
async fn a_postgresql_session_is_durable_when_the_server_default_is_not() {
    let database = fresh(Kind::Postgres);
    let place = || open_outbox(database.place.clone(), &["staff@clinic.example"]);
    place().await.close().await;
    let pool = sqlx::AnyPool::connect(&database.url).await.unwrap();
    // Sessions of this database are not durable by default; a trigger records the setting inside the transaction.
    let name = database.url.split('?').next().unwrap().rsplit('/').next().unwrap();
    let not_durable = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    sqlx::raw_sql(sqlx::AssertSqlSafe(not_durable)).execute(&pool).await.unwrap();
    let recorded = "CREATE TABLE recorded (setting TEXT); \
        CREATE FUNCTION record_setting() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN \
        INSERT INTO recorded VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$; \
        CREATE TRIGGER record_setting AFTER INSERT ON enquiry FOR EACH ROW EXECUTE FUNCTION record_setting()";
    sqlx::raw_sql(recorded).execute(&pool).await.unwrap();
    pool.close().await;

    let pool = sqlx::AnyPool::connect(&database.url).await.unwrap();
    let outbox = place().await;
    put(&outbox, &new("Ann")).await;
    let shown: String = sqlx::query("SHOW synchronous_commit").fetch_one(&pool).await.unwrap().get(0);
    let used: String = sqlx::query("SELECT setting FROM recorded").fetch_one(&pool).await.unwrap().get(0);
    assert_eq!((shown.as_str(), used.as_str()), ("off", "on"), "the server's default, and the program's session");
}
