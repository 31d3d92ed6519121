//! The program itself, started as behind a proxy on the same machine.

use super::{
    http_client::{self, free_port},
    process::{Process, SERVER_CPU, pinned},
};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// Compressing ten thousand articles takes minutes on one processor.
const TIMEOUT: Duration = Duration::from_mins(20);
/// What the program logs when every page is compressed.
const COMPRESSED: &str = "everything is compressed";

/// A running program.
#[derive(Debug)]
pub struct Program {
    pub process: Process,
    pub address: SocketAddr,
    log_file: PathBuf,
    begun: Instant,
}

/// The processors it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The servers' processor alone: one worker.
    One,
    /// Every processor.
    All,
}

impl Program {
    /// Starts it with this content folder and its data in `data`.
    pub fn start(content: &Path, data: &Path, on: On) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut command = match on {
            On::One => pinned(SERVER_CPU, program()),
            On::All => Command::new(program()),
        };
        settings(&mut command, content).env("CLINIC_DATA", data).env("CLINIC_LISTEN", address.to_string());
        let log_file = data.with_extension("log");
        let begun = Instant::now();
        Self { process: Process::start(command, &log_file), address, log_file, begun }
    }

    /// Waits for a complete response; the time since the start.
    pub fn first_response(&mut self, path: &str) -> Duration {
        while http_client::get(self.address, path, &["Accept-Encoding: br"]).is_err() {
            assert!(!self.process.ended() && self.begun.elapsed() < TIMEOUT, "it did not come up:\n{}", self.log());
            thread::sleep(Duration::from_micros(500));
        }
        self.begun.elapsed()
    }

    /// Waits until every page is compressed; the time since the start.
    pub fn compressed(&self) -> Duration {
        while !self.log().contains(COMPRESSED) {
            assert!(self.begun.elapsed() < TIMEOUT, "it did not finish compressing:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
        self.begun.elapsed()
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log_file).unwrap_or_default()
    }
}

/// Writes the site as files, compressed.
pub fn export(content: &Path, folder: &Path) {
    let done = settings(&mut Command::new(program()), content).arg("export").arg(folder).output();
    let done = done.expect("the program was built with this benchmark");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_relationship-clinic")
}

/// A public site, so that no page waits for changes. Every request comes from the one proxy, so no limit per address
/// applies.
fn settings<'c>(command: &'c mut Command, content: &Path) -> &'c mut Command {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CLINIC_")) {
        command.env_remove(name);
    }
    command
        // As in README.md.
        .env("MALLOC_TRIM_THRESHOLD_", "131072")
        .env("MALLOC_ARENA_MAX", "1")
        .env("CLINIC_BASE_URL", "https://clinic.example")
        .env("CLINIC_CONTENT", content)
        .env("CLINIC_TRUSTED_PROXIES", "127.0.0.1")
        .env("RUST_LOG", "info,sqlx=warn")
}
