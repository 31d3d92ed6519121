//! Load: `wrk` on a processor of its own.

use super::{
    process::{LOAD_CPU, Process, pinned},
    serving::Case,
};
use std::{net::SocketAddr, path::Path, process::Output};

/// What came of one load.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// The server's processor time for one request, in microseconds.
    pub cpu_micros: f64,
    pub per_second: f64,
    /// Half of the requests took no longer, in microseconds.
    pub median_micros: f64,
}

/// Asks a server for a case for some seconds, on as many connections as the case has.
pub fn ask(server: (&Process, SocketAddr), path: &str, case: &Case, lines: &[String], seconds: u32) -> Run {
    let mut headers: Vec<String> = case.lines().iter().map(|line| (*line).to_owned()).collect();
    headers.extend_from_slice(lines);
    let url = format!("http://{}{path}", server.1);
    run(server.0, &url, case.connections, seconds, &headers, None)
}

/// Posts by a script of wrk's.
pub fn post(server: (&Process, SocketAddr), path: &str, script: &Path, connections: u32, seconds: u32) -> Run {
    run(server.0, &format!("http://{}{path}", server.1), connections, seconds, &[], Some(script))
}

fn run(server: &Process, url: &str, connections: u32, seconds: u32, lines: &[String], script: Option<&Path>) -> Run {
    let mut command = pinned(LOAD_CPU, "wrk");
    command.args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--latency"]);
    for line in lines {
        command.args(["-H", line]);
    }
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    let before = server.cpu();
    let output = command.arg(url).output().expect("wrk is installed: tests/bench/run does it");
    let spent = server.cpu().saturating_sub(before);
    let said = words(&output);
    let count: f64 = number_before(&said, " requests in ").unwrap_or_else(|| panic!("wrk did not count:\n{said}"));
    assert!(count > 0.0, "nothing was answered:\n{said}");
    for fault in ["Non-2xx or 3xx responses", "Socket errors"] {
        assert!(!said.contains(fault), "not what was asked for, from {url}:\n{said}");
    }
    let per_second = number_after(&said, "Requests/sec:").expect("wrk says how many");
    let median_micros = latency(&said).expect("wrk says how long");
    Run { cpu_micros: spent.as_secs_f64() * 1e6 / count, per_second, median_micros }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn number_before(said: &str, mark: &str) -> Option<f64> {
    said.split(mark).next().filter(|before| before.len() < said.len())?.split_whitespace().last()?.parse().ok()
}

fn number_after(said: &str, mark: &str) -> Option<f64> {
    said.split(mark).nth(1)?.split_whitespace().next()?.parse().ok()
}

/// The line of the 50th percentile, in microseconds.
fn latency(said: &str) -> Option<f64> {
    let text = said.split("Latency Distribution").nth(1)?.split("50%").nth(1)?.split_whitespace().next()?;
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let scale = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    Some(text.trim_end_matches(unit).parse::<f64>().ok()? * scale)
}
