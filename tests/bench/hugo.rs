//! Hugo's build of the same articles: a page for each with three related ones, a list and a home page, uncompressed.

use super::{corpus, process::Process};
use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// The cost of a build.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    pub wall: Duration,
    pub cpu: Duration,
    pub peak_kib: u64,
}

/// Builds several times, each into an empty folder.
pub fn builds(folder: &Path, count: usize, times: usize) -> Vec<Build> {
    let site = folder.join("hugo");
    corpus::for_hugo(&site, count);
    (0..times).map(|_| build(&site)).collect()
}

fn build(site: &Path) -> Build {
    for made in ["public", "resources"] {
        let _ = fs::remove_dir_all(site.join(made));
    }
    let mut command = Command::new("hugo");
    command.args(["--quiet", "--source"]).arg(site);
    let before = Process::cpu_of_ended();
    let begun = Instant::now();
    let mut hugo = Process::start(command, &site.with_extension("log"));
    let mut peak_kib = 0;
    while !hugo.ended() {
        peak_kib = hugo.peak_kib().max(peak_kib);
        thread::sleep(Duration::from_millis(1));
    }
    let wall = begun.elapsed();
    assert!(site.join("public/articles/index.html").exists(), "Hugo built no pages: see {}.log", site.display());
    Build { wall, cpu: Process::cpu_of_ended().saturating_sub(before), peak_kib }
}
