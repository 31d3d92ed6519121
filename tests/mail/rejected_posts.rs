//! What visitor, operator and monitors see over HTTP while enquiries cannot be stored, with each cause produced on the machine.

use crate::{
    databases::{Kind, fresh, is_root},
    postgres_proxy::PostgresProxy,
    storage_failures::SmallDisk,
    support::clinic::{ADMIN, Clinic, PROGRAM, wait_for},
};
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Command,
};

const SECRET: (&str, &str) = ("CLINIC_SECRET", "a secret of at least thirty-two characters");

fn letter(name: &str) -> Vec<(&str, &str)> {
    vec![
        ("name", name),
        ("channel", "email"),
        ("email", "bea@example.org"),
        ("email_private", "yes"),
        ("times", "after work"),
        ("message", "First line.\r\nIt took me a year to write this."),
        ("consent", "yes"),
    ]
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The visitor gets every answer and the telephone number, the operator the error and its cause; pages are served.
fn assert_rejected_with_every_answer(clinic: &Clinic, because: &str) {
    let before = clinic.log().len();
    let answer = clinic.post(&letter("Bea"));
    answer.is(503).has("(650) 799-1375").has("value=\"Bea\"").has("bea@example.org").has("after work");
    answer.has("First line.").has("It took me a year to write this.");
    wait_for(|| clinic.log()[before..].contains("ERROR").then_some(())).expect("the operator sees an error");
    let logged = clinic.log()[before..].contains("It took me a year");
    assert!(!logged, "the log has the visitor's text");
    clinic.wait_for_health(503).has(because).lacks("Bea");
    assert_eq!(clinic.get("/health/form").is(503).body, "not ok\n", "the public address gives no reasons");
    wait_for(|| clinic.log()[before..].contains("the form does not work").then_some(()))
        .expect("the reasons are logged");
    clinic.get("/health/ready").is(200);
    clinic.get("/").is(200);
    clinic.get("/contact").is(200);
}

/// A post is stored and the form is healthy, without a restart.
fn assert_stored(clinic: &Clinic, name: &str) {
    clinic.store(&letter(name));
    clinic.wait_for_health(200);
    assert_eq!(clinic.get("/health/form").is(200).body, "ok\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_returns_every_answer_to_the_visitor() {
    let (disk, elsewhere) = (SmallDisk::of("8m"), tempfile::tempdir().unwrap());
    // Other files of the program are on another disk.
    for folder in ["cache", "mail"] {
        fs::create_dir(elsewhere.path().join(folder)).unwrap();
        symlink(elsewhere.path().join(folder), disk.path().join(folder)).unwrap();
    }
    let clinic = Clinic::in_folder(disk.path().to_owned(), owned(&[ADMIN]));
    assert_stored(&clinic, "Ann");
    let delivered = || clinic.output_of(&["enquiries", "list"]).contains("delivered");
    wait_for(|| delivered().then_some(())).expect("nothing more is written");
    // A write-ahead file that was written back is used again from its beginning, without room; an empty one has to grow.
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}", disk.path().join("outbox.sqlite").display());
    let pool = sqlx::AnyPool::connect(&url).await.unwrap();
    let log = disk.path().join("outbox.sqlite-wal");
    while fs::metadata(&log).unwrap().len() > 0 {
        sqlx::raw_sql("PRAGMA busy_timeout = 10000; PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool).await.unwrap();
    }
    pool.close().await;
    let ballast = disk.path().join("ballast");
    let _ = fs::write(&ballast, vec![0; 16_000_000]);
    assert_rejected_with_every_answer(&clinic, "disk is full");
    fs::remove_file(&ballast).unwrap();
    assert_stored(&clinic, "Bea");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_returns_every_answer_to_the_visitor() {
    let clinic = Clinic::with(&[ADMIN]);
    assert_stored(&clinic, "Ann");
    let url = format!("sqlite://{}", clinic.data.join("outbox.sqlite").display());
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&url).await.unwrap();
    let mut holder = pool.acquire().await.unwrap();
    sqlx::raw_sql("PRAGMA busy_timeout = 10000; BEGIN EXCLUSIVE").execute(&mut *holder).await.unwrap();
    assert_rejected_with_every_answer(&clinic, "locked");
    sqlx::raw_sql("ROLLBACK").execute(&mut *holder).await.unwrap();
    assert_stored(&clinic, "Bea");
}

#[test]
fn a_missing_data_folder_returns_every_answer_to_the_visitor() {
    let clinic = Clinic::with(&[ADMIN]);
    assert_stored(&clinic, "Ann");
    clinic.letters(1);
    let away = clinic.data.with_extension("away");
    fs::rename(&clinic.data, &away).unwrap();
    assert_rejected_with_every_answer(&clinic, "folder");
    // The cache of pages may have created the folder again.
    let _ = fs::remove_dir_all(&clinic.data);
    fs::rename(&away, &clinic.data).unwrap();
    assert_stored(&clinic, "Bea");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_server_outage_returns_every_answer_to_the_visitor() {
    let (database, mut proxy) = (fresh(Kind::Postgres), PostgresProxy::start().await);
    let name = database.url.split('?').next().unwrap().rsplit('/').next().unwrap();
    let url = format!("postgres://postgres@127.0.0.1:{}/{name}", proxy.port);
    let clinic = Clinic::with(&[("CLINIC_DATABASE_URL", &url), SECRET, ADMIN]);
    assert_stored(&clinic, "Ann");
    proxy.cut().await;
    assert_rejected_with_every_answer(&clinic, "database");
    proxy.restore().await;
    assert_stored(&clinic, "Bea");
}

#[test]
fn a_read_only_folder_returns_every_answer_to_the_visitor() {
    let folder = tempfile::Builder::new().prefix("clinic-read-only").tempdir_in("/tmp").unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let mode = |bits| fs::set_permissions(&data, fs::Permissions::from_mode(bits)).unwrap();
    let program = as_a_user_without_permission(folder.path());
    mode(0o500);
    let [content, assets] = ["content", "static"].map(|name| folder.path().join(name));
    let folders =
        [("CLINIC_CONTENT", content.to_str().unwrap()), ("CLINIC_STATIC", assets.to_str().unwrap()), SECRET, ADMIN];
    let clinic = Clinic::under_command(program, data.clone(), owned(&folders));
    assert_rejected_with_every_answer(&clinic, "ermission");
    mode(0o700);
    assert_stored(&clinic, "Bea");
}

/// Mode bits do not apply to root, and another user may not have access to the build folder.
fn as_a_user_without_permission(folder: &Path) -> Command {
    let program = folder.join("program");
    fs::copy(PROGRAM, &program).unwrap();
    run(Command::new("cp").args(["-r", "content", "static"]).arg(folder));
    if !is_root() {
        return Command::new(program);
    }
    run(Command::new("chown").args(["-R", "65534:65534"]).arg(folder));
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
