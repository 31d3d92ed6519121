//! Load from `wrk`, on a processor of its own.

use super::{
    process::{LOAD_CPU, Process, pinned},
    serving::Case,
};
use std::{net::SocketAddr, path::Path, process::Output};

/// The result of one load.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// The server's processor time for one request, in microseconds.
    pub cpu_micros: f64,
    pub per_second: f64,
    /// Median time of a request, in microseconds.
    pub median_micros: f64,
}

/// Requests a case for some seconds, on its number of connections.
pub fn ask(server: (&Process, SocketAddr), path: &str, case: &Case, lines: &[String], seconds: u32) -> Run {
    let mut headers: Vec<String> = case.lines().iter().map(|line| (*line).to_owned()).collect();
    headers.extend_from_slice(lines);
    let url = format!("http://{}{path}", server.1);
    run(server.0, &url, case.connections, seconds, &headers, None)
}

/// Sends POST requests made by a wrk script.
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
    let printed = text(&output);
    let count: f64 =
        number_before(&printed, " requests in ").unwrap_or_else(|| panic!("wrk printed no count:\n{printed}"));
    assert!(count > 0.0, "no responses:\n{printed}");
    for fault in ["Non-2xx or 3xx responses", "Socket errors"] {
        assert!(!printed.contains(fault), "unexpected responses from {url}:\n{printed}");
    }
    let per_second = number_after(&printed, "Requests/sec:").expect("wrk prints the rate");
    let median_micros = latency(&printed).expect("wrk prints the latency");
    Run { cpu_micros: spent.as_secs_f64() * 1e6 / count, per_second, median_micros }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn number_before(printed: &str, mark: &str) -> Option<f64> {
    printed.split(mark).next().filter(|before| before.len() < printed.len())?.split_whitespace().last()?.parse().ok()
}

fn number_after(printed: &str, mark: &str) -> Option<f64> {
    printed.split(mark).nth(1)?.split_whitespace().next()?.parse().ok()
}

/// The line of the 50th percentile, in microseconds.
fn latency(printed: &str) -> Option<f64> {
    let text = printed.split("Latency Distribution").nth(1)?.split("50%").nth(1)?.split_whitespace().next()?;
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let scale = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    Some(text.trim_end_matches(unit).parse::<f64>().ok()? * scale)
}
