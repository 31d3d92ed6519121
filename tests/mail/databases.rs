//! Both real databases: a file in a temporary folder, and a throw-away PostgreSQL cluster for this process.
//!
//! A missing server is a failure, never a skip. The cluster goes away with this process, however it ends: a shell waits
//! for the end of its standard input.

use relationship_clinic::mail::outbox::DatabaseLocation;
use secrecy::SecretString;
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};
use tempfile::TempDir;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A new, empty database.
#[derive(Debug)]
pub struct Fresh {
    pub kind: Kind,
    pub place: DatabaseLocation,
    /// Data folder of the test.
    pub folder: TempDir,
    pub url: String,
}

impl Fresh {
    /// Whether a file of the data folder contains `text`.
    pub fn is_on_disk(&self, text: &str) -> bool {
        let files = fs::read_dir(self.folder.path().join("data")).unwrap();
        let files = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let mut files = files.map(|path| fs::read(path).unwrap());
        files.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

pub fn fresh(kind: Kind) -> Fresh {
    // For the test's own look at it.
    sqlx::any::install_default_drivers();
    let folder = tempfile::tempdir().unwrap();
    let (place, url) = match kind {
        Kind::Sqlite => {
            let file = folder.path().join("data").join("outbox.sqlite");
            (DatabaseLocation::Sqlite(file.clone()), format!("sqlite://{}", file.display()))
        }
        Kind::Postgres => {
            let url = cluster().create_database();
            (DatabaseLocation::Postgres(SecretString::from(url.clone())), url)
        }
    };
    Fresh { kind, place, folder, url }
}

/// A PostgreSQL server of this process.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    home: PathBuf,
    port: u16,
}

/// The certificate of a server and its key, in its folder.
const TLS_FILES: [&str; 2] = ["certificate.pem", "key.pem"];

pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&["fsync=off"]))
}

impl Cluster {
    /// With further settings of the server (`name=value`).
    pub fn start(settings: &[&str]) -> Self {
        Self::start_at(5432, settings, &[])
    }

    /// Also reached by TCP, over TLS if the client wants it.
    pub fn start_with_tls((certificate, key): &(String, String)) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let files = TLS_FILES.into_iter().zip([certificate.as_str(), key]);
        let [certificate, key] = TLS_FILES.map(|name| format!("../{name}"));
        let [certificate, key] = [format!("ssl_cert_file={certificate}"), format!("ssl_key_file={key}")];
        let settings = ["fsync=off", "listen_addresses=127.0.0.1", "ssl=on", &certificate, &key];
        Self::start_at(port, &settings, &files.collect::<Vec<_>>())
    }

    /// The server uses them for new connections soon after this.
    pub fn replace_certificate(&self, (certificate, key): &(String, String)) {
        for (name, content) in TLS_FILES.into_iter().zip([certificate, key]) {
            fs::write(self.home.join(name), content).unwrap();
        }
        self.sql("SELECT pg_reload_conf()");
    }

    /// The result of one statement of an administrator, without column names.
    pub fn sql(&self, statement: &str) -> String {
        let arguments = ["-U", "postgres", "-A", "-t", "-c", statement];
        run(self.client("psql").args(arguments)).trim().to_owned()
    }

    /// With files in its folder that it alone can read, by name and content.
    fn start_at(port: u16, settings: &[&str], files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let bin = find_server();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("clinic-postgres-{}-{number}", std::process::id()));
        let user = user();
        run(Command::new("mkdir").arg("-m").arg("700").arg(&home));
        for (name, content) in files {
            fs::write(home.join(name), content).unwrap();
            fs::set_permissions(home.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        if user != "self" {
            run(Command::new("chown").arg("-R").arg(&user).arg(&home));
        }
        let data = home.join("data");
        run(as_user(&user, &bin.join("initdb"))
            .args(["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data));
        keep_running(&user, &bin, &home, &data, &[&[&*format!("port={port}")], settings].concat());
        let cluster = Self { bin, home, port };
        cluster.wait();
        cluster
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn socket(&self) -> PathBuf {
        self.home.join(format!(".s.PGSQL.{}", self.port))
    }

    /// A program of PostgreSQL that connects by the socket.
    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.arg("-h").arg(&self.home).args(["-p", &self.port.to_string()]);
        command
    }

    fn wait(&self) {
        for _ in 0..2400 {
            let ready = self.client("pg_isready").stdout(Stdio::null()).status();
            if ready.is_ok_and(|status| status.success()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the PostgreSQL cluster did not start; read {}", self.home.join("log").display());
    }

    pub fn create_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("outbox_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        run(self.client("createdb").args(["-U", "postgres", &name]));
        format!("postgres://postgres@localhost:{}/{name}?host={}", self.port, self.home.display())
    }
}

fn find_server() -> PathBuf {
    let mut places: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    places.extend(versions.into_iter().rev());
    let whole = |bin: &&PathBuf| {
        let real = bin.join("postgres").canonicalize().ok().and_then(|file| file.parent().map(Path::to_owned));
        real.is_some_and(|real| {
            ["initdb", "pg_isready", "createdb", "psql"].iter().all(|tool| real.join(tool).exists())
        })
    };
    let found = places.iter().find(whole).expect(
        "these tests need a PostgreSQL server: install it (Debian: `apt-get install postgresql`), or put its bin folder \
         into PATH",
    );
    found.join("postgres").canonicalize().unwrap().parent().unwrap().to_owned()
}

/// `initdb` refuses root.
fn user() -> String {
    if !is_root() {
        return "self".into();
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user =
        ["postgres", "nobody"].into_iter().find(|name| passwd.lines().any(|l| l.starts_with(&format!("{name}:"))));
    user.expect("as root, PostgreSQL needs a user `postgres` or `nobody` to run as").into()
}

pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

fn as_user(user: &str, program: &Path) -> Command {
    if user == "self" {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", user, "--"]).arg(program);
    command
}

#[expect(clippy::zombie_processes, reason = "it outlives the tests and ends when this process does")]
fn keep_running(user: &str, bin: &Path, home: &Path, data: &Path, settings: &[&str]) {
    let script = r#"
        "$@" >"$HOME_OF_CLUSTER/log" 2>&1 &
        cat >/dev/null
        kill -QUIT "$(head -1 "$DATA_OF_CLUSTER/postmaster.pid")" 2>/dev/null
        wait
        rm -rf "$HOME_OF_CLUSTER""#;
    let server = as_user(user, &bin.join("postgres"));
    let mut child = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(server.get_program())
        .args(server.get_args())
        .arg("-D")
        .arg(data)
        .args(["-c", "listen_addresses=", "-c", "max_connections=200", "-k"])
        .arg(home)
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .env("HOME_OF_CLUSTER", home)
        .env("DATA_OF_CLUSTER", data)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Open until this process is gone.
    std::mem::forget(child.stdin.take());
}

fn run(command: &mut Command) -> String {
    let output = command.current_dir("/").output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
