//! What the program uses, measured again and again: memory, open files, threads, and the files of its data folder.

use crate::support::clinic::Clinic;
use std::{fmt, fs, path::Path};

type Measure = fn(&Clinic) -> u64;

/// Name and measurement; the database is last, and it alone may grow.
const MEASURES: [(&str, Measure); 6] = [
    ("memory, KiB", memory),
    ("open files", |clinic| entries(&format!("/proc/{}/fd", clinic.pid()))),
    ("threads", |clinic| entries(&format!("/proc/{}/task", clinic.pid()))),
    ("write-ahead file, KiB", |clinic| kib(&clinic.data.join("outbox.sqlite-wal"))),
    ("other files, KiB", |clinic| kib(&clinic.data) - database(clinic) - kib(&clinic.data.join("outbox.sqlite-wal"))),
    ("database, KiB", database),
];
/// What one measurement may vary by, in its unit.
const VARIES: [u64; 5] = [8192, 16, 16, 4096, 1024];
/// Of an empty database, and of an enquiry with a letter to each of two recipients.
const EMPTY_KIB: u64 = 512;
const ENQUIRY_KIB: u64 = 6;

/// One sample a turn.
#[derive(Default)]
pub struct Figures(Vec<[u64; MEASURES.len()]>);

impl Figures {
    pub fn take(&mut self, clinic: &Clinic) {
        self.0.push(MEASURES.map(|(_, measure)| measure(clinic)));
    }

    pub fn assert_database_is_small(&self, enquiries: usize) {
        let (size, limit) = (self.peak(3)[5], EMPTY_KIB + ENQUIRY_KIB * enquiries as u64);
        assert!(size <= limit, "the database has {size} KiB after {enquiries} enquiries, more than {limit}");
    }

    /// The first quarter of the run is the warm-up.
    pub fn assert_nothing_grows(&self) {
        let (before, after) = (self.peak(1), self.peak(3));
        for (index, varies) in VARIES.into_iter().enumerate() {
            let (name, before, after) = (MEASURES[index].0, before[index], after[index]);
            assert!(after <= before + varies, "{name}: {before} in the second quarter, {after} in the last");
        }
    }

    /// The largest values of one quarter of the run.
    fn peak(&self, quarter: usize) -> [u64; MEASURES.len()] {
        let samples = &self.0[self.0.len() * quarter / 4..self.0.len() * (quarter + 1) / 4];
        std::array::from_fn(|index| samples.iter().map(|sample| sample[index]).max().unwrap_or_default())
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "largest in each quarter of {} turns:", self.0.len())?;
        let peaks: Vec<_> = (0..4).map(|quarter| self.peak(quarter)).collect();
        for (index, (name, _)) in MEASURES.iter().enumerate() {
            let values: Vec<String> = peaks.iter().map(|peak| format!("{:>9}", peak[index])).collect();
            writeln!(f, "{name:>22}{}", values.join(""))?;
        }
        Ok(())
    }
}

/// Resident.
fn memory(clinic: &Clinic) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", clinic.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn entries(folder: &str) -> u64 {
    fs::read_dir(folder).unwrap().count() as u64
}

fn database(clinic: &Clinic) -> u64 {
    kib(&clinic.data.join("outbox.sqlite"))
}

/// Of a file, or of all files below a folder; what is removed meanwhile counts nothing.
fn kib(path: &Path) -> u64 {
    let Ok(found) = path.symlink_metadata() else { return 0 };
    if !found.is_dir() {
        return found.len().div_ceil(1024);
    }
    fs::read_dir(path).into_iter().flatten().flatten().map(|entry| kib(&entry.path())).sum()
}
