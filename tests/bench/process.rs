//! A server's process: pinned or free, its processor time and memory read from `/proc`.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The processor of the servers.
pub const SERVER_CPU: &str = "0";
/// The processor of the load.
pub const LOAD_CPU: &str = "1";
/// Linux counts processor time for programs in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// A command that runs on one processor alone; servers then start one worker.
pub fn pinned(cpu: &str, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cpu, program]);
    command
}

/// A running process; it is ended when this is dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts a command; its output goes to `log`.
    pub fn start(mut command: Command, log: &Path) -> Self {
        let log = File::create(log).expect("the log can be made");
        let err = log.try_clone().expect("it can be shared");
        let child = command.stdin(Stdio::null()).stdout(log).stderr(err).spawn();
        Self(child.unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Processor time of the process and its descendants, user and system.
    pub fn cpu(&self) -> Duration {
        self.with_descendants().iter().map(|id| cpu_of(*id)).sum()
    }

    /// Resident memory of all of them, in KiB; what they share counts in each.
    pub fn resident_kib(&self) -> u64 {
        self.with_descendants().iter().map(|id| status(*id, "VmRSS:")).sum()
    }

    /// Peak resident memory, in KiB.
    pub fn peak_kib(&self) -> u64 {
        status(self.id(), "VmHWM:")
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Processor time so far of every process that this one has waited for.
    pub fn cpu_of_ended() -> Duration {
        ticks("self", &[15, 16])
    }

    fn with_descendants(&self) -> Vec<u32> {
        let mut all = vec![self.id()];
        let mut next = 0;
        while let Some(id) = all.get(next).copied() {
            let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            next += 1;
        }
        all
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGTERM, so that nginx ends its workers and the program closes its database.
        if !self.ended() {
            let _ = Command::new("kill").arg(self.id().to_string()).status();
            let _ = self.0.wait();
        }
    }
}

fn cpu_of(id: u32) -> Duration {
    ticks(&id.to_string(), &[13, 14])
}

/// Sums fields of `/proc/…/stat`, counted from 0; the name of the process may hold spaces, so reading begins after it.
fn ticks(id: &str, fields: &[usize]) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let rest: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split_whitespace().collect();
    let sum: u32 = fields.iter().filter_map(|field| rest.get(field - 2)?.parse::<u32>().ok()).sum();
    TICK * sum
}

fn status(id: u32, key: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}
