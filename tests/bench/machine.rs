//! The machine of the measurements.

use super::Arguments;
use std::{fs, process::Command};

/// Prints processor, memory, system, versions and how busy the machine is.
pub fn report(arguments: &Arguments) {
    println!("processor: {} of {}", std::thread::available_parallelism().map_or(0, usize::from), processor());
    println!("memory:    {}", line_of("/proc/meminfo", "MemTotal:"));
    println!("system:    {}", fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim());
    println!("busy:      {} (load of 1, 5 and 15 minutes at the start)", load());
    for command in [&["nginx", "-v"][..], &["hugo", "version"], &["wrk", "-v"], &["rustc", "--version"]] {
        println!("{:<10} {}", format!("{}:", command[0]), version(command));
    }
    println!("rounds:    {} of {} s", arguments.rounds, arguments.seconds);
}

fn processor() -> String {
    line_of("/proc/cpuinfo", "model name")
}

fn line_of(file: &str, key: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.trim_start_matches([':', '\t', ' ']).to_owned()
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// The first line of output; some programs print it on standard error.
fn version(command: &[&str]) -> String {
    let Ok(output) = Command::new(command[0]).args(&command[1..]).output() else { return "not installed".to_owned() };
    let printed = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&printed).lines().next().unwrap_or_default().to_owned()
}
