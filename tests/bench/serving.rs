//! The same bytes from nginx, from the program and from a minimal hyper server, in turn.

use super::{
    figures::Figures,
    goals::{Goal, Goals},
    http_client::{self, Response, free_port},
    load::{self, Run},
    minimal_server, nginx,
    process::{Process, SERVER_CPU, pinned},
    program::{self, On, Program},
};
use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

/// The longest article that is shipped.
const ARTICLE: &str = "/articles/attachment-repair-therapy";
/// Few connections from a proxy, dozens in a busy hour, hundreds at a peak.
const CONNECTIONS: [u32; 3] = [64, 512, 1];

/// A request to measure.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: &'static str,
    coding: &'static str,
    sheet: bool,
    conditional: bool,
    pub connections: u32,
}

impl Case {
    /// Its header lines.
    pub fn lines(&self) -> Vec<&'static str> {
        vec![self.coding]
    }
}

fn cases() -> Vec<Case> {
    let kinds = [
        ("page, br", "Accept-Encoding: br", false, false),
        ("page, gzip", "Accept-Encoding: gzip", false, false),
        ("page, identity", "Accept-Encoding: identity", false, false),
        ("304", "Accept-Encoding: br", false, true),
        ("stylesheet, br", "Accept-Encoding: br", true, false),
    ];
    let case =
        |connections| move |(name, coding, sheet, conditional)| Case { name, coding, sheet, conditional, connections };
    CONNECTIONS.into_iter().flat_map(|connections| kinds.into_iter().map(case(connections))).collect()
}

/// A server with its paths of the two resources.
struct Peer {
    name: &'static str,
    process: Process,
    address: SocketAddr,
    page: String,
    sheet: String,
}

impl Peer {
    fn path(&self, case: &Case) -> &str {
        if case.sheet { &self.sheet } else { &self.page }
    }

    /// One response before the load; with the header line that makes the next one a 304.
    fn inspect(&self, case: &Case) -> (Response, Vec<String>) {
        let get = |lines: &[&str]| http_client::get(self.address, self.path(case), lines).expect("the server responds");
        let whole = get(&case.lines());
        if !case.conditional {
            return (whole, Vec::new());
        }
        let tag = whole.header("etag").to_owned();
        let line = format!("If-None-Match: {}", if tag.is_empty() { "\"any\"" } else { &tag });
        (get(&[case.coding, &line]), vec![line])
    }
}

/// Runs every case, prints a table and records the goals.
pub fn compare(folder: &Path, rounds: usize, seconds: u32, goals: &mut Goals) {
    let peers = start(&folder.join("serving"));
    let tables: Vec<(Case, Vec<Vec<Run>>)> = cases()
        .into_iter()
        .map(|case| {
            let runs = rounds_of(&peers, &case, rounds, seconds);
            (case, runs)
        })
        .collect();
    println!(
        "\nnginx, the program and a minimal hyper server, one worker each; medians of {rounds} rounds of {seconds} s [min..max]\n"
    );
    println!(
        "| case | connections | nginx, µs of CPU | program / nginx | hyper / nginx | program / hyper | requests/s, program / nginx | program / hyper |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (case, runs) in &tables {
        report(case, runs, goals);
    }
    compare_typical_server(&peers[1], &folder.join("serving"), (rounds, seconds), goals);
}

/// A typical server, in turn with the program, for the same article. Its responses differ.
fn compare_typical_server(program: &Peer, folder: &Path, (rounds, seconds): (usize, u32), goals: &mut Goals) {
    let (process, address) = start_own_server("--typical-server", &[], &folder.join("typical.log"));
    let typical = Peer { name: "typical", process, address, page: ARTICLE.into(), sheet: String::new() };
    let (response, _) =
        http_client::until(address, ARTICLE, &["Accept-Encoding: br"], |response| response.status == 200);
    let case = &cases()[0];
    let one = |peer: &Peer| load::ask((&peer.process, peer.address), ARTICLE, case, &[], seconds);
    let ratio = |_| one(&typical).cpu_micros / one(program).cpu_micros;
    let ratios: Figures = (0..rounds).map(ratio).collect();
    println!(
        "\nA typical server that renders and compresses per request: {ratios:.0} times the CPU, {} B",
        response.body.len()
    );
    goals.record(Goal::ToTypical, &ratios);
}

/// In each round the servers take turns, starting with another one each time; the first round only warms up.
fn rounds_of(peers: &[Peer], case: &Case, rounds: usize, seconds: u32) -> Vec<Vec<Run>> {
    let lines = check(peers, case);
    let mut runs = vec![Vec::new(); peers.len()];
    for round in 0..=rounds {
        for turn in 0..peers.len() {
            let which = (round + turn) % peers.len();
            let peer = &peers[which];
            let run = load::ask((&peer.process, peer.address), peer.path(case), case, &lines[which], seconds);
            if round > 0 {
                runs[which].push(run);
            }
        }
    }
    runs
}

/// Prints each server's response; panics if they are not the same.
fn check(peers: &[Peer], case: &Case) -> Vec<Vec<String>> {
    let inspected: Vec<_> = peers.iter().map(|peer| peer.inspect(case)).collect();
    for (peer, (response, _)) in peers.iter().zip(&inspected) {
        println!(
            "check: {}, {} connections: {:<7} {} {:<4} head {} B, body {} B",
            case.name,
            case.connections,
            peer.name,
            response.status,
            response.header("content-encoding"),
            response.head_bytes,
            response.body.len()
        );
        let same = response.status == inspected[0].0.status && response.body == inspected[0].0.body;
        assert!(same, "{} serves different bytes than {}", peer.name, peers[0].name);
    }
    inspected.into_iter().map(|(_, lines)| lines).collect()
}

fn report(case: &Case, runs: &[Vec<Run>], goals: &mut Goals) {
    let of = |which: usize, figure: fn(&Run) -> f64| runs[which].iter().map(figure).collect::<Figures>();
    let (cpu, speed): (Vec<Figures>, Vec<Figures>) =
        (0..runs.len()).map(|which| (of(which, |run| run.cpu_micros), of(which, |run| run.per_second))).unzip();
    let (to_nginx, to_minimal) = (cpu[1].to(&cpu[0]), cpu[1].to(&cpu[2]));
    println!(
        "| {} | {} | {:.1} | {to_nginx} | {} | {to_minimal} | {} | {} |",
        case.name,
        case.connections,
        cpu[0],
        cpu[2].to(&cpu[0]),
        speed[1].to(&speed[0]),
        speed[1].to(&speed[2]),
    );
    match (case.name, case.connections) {
        ("page, br", 64) => {
            goals.record(Goal::PageBr, &to_nginx);
            goals.record(Goal::PageBrToMinimal, &to_minimal);
            goals.record(Goal::SpeedToMinimal, &speed[1].to(&speed[2]));
        }
        ("page, gzip", 64) => {
            goals.record(Goal::PageGzip, &to_nginx);
            goals.record(Goal::PageGzipToMinimal, &to_minimal);
        }
        ("page, identity", 64) => {
            goals.record(Goal::PageIdentity, &to_nginx);
            goals.record(Goal::PageIdentityToMinimal, &to_minimal);
        }
        ("304", 64) => {
            goals.record(Goal::Unchanged, &to_nginx);
            goals.record(Goal::UnchangedToMinimal, &to_minimal);
        }
        ("stylesheet, br", 64) => {
            goals.record(Goal::Sheet, &to_nginx);
            goals.record(Goal::SheetToMinimal, &to_minimal);
        }
        ("page, br", 512) => goals.record(Goal::PageBrCrowded, &to_nginx),
        _ => {}
    }
}

/// Starts the three servers with the same files, and waits until the program has compressed its pages.
fn start(folder: &Path) -> Vec<Peer> {
    fs::create_dir_all(folder).expect("the folder can be made");
    let (content, files) = (Path::new("content"), folder.join("files"));
    program::export(content, &files);
    let mut program = Program::start(content, &folder.join("data"), On::One);
    program.first_response(ARTICLE);
    program.compressed();
    let page = http_client::get(program.address, ARTICLE, &["Accept-Encoding: br"]).expect("it responds");
    let sheet = page.header("link").split(['<', '>']).nth(1).expect("pages name their stylesheet").to_owned();
    let asset = http_client::get(program.address, &sheet, &["Accept-Encoding: br"]).expect("it responds");
    let (nginx, at) = nginx::start(&files, &folder.join("nginx"), &page, &asset);
    let (minimal, minimal_address) = start_minimal_server(folder, &files, &sheet);
    let file = format!("{ARTICLE}.html");
    for (address, path) in [(at, &*file), (minimal_address, ARTICLE)] {
        http_client::until(address, path, &[], |response| response.status == 200);
    }
    let peer =
        |name, process, address, page: &str| Peer { name, process, address, page: page.into(), sheet: sheet.clone() };
    vec![
        peer("nginx", nginx, at, &file),
        peer("program", program.process, program.address, ARTICLE),
        peer("hyper", minimal, minimal_address, ARTICLE),
    ]
}

fn start_minimal_server(folder: &Path, files: &Path, sheet: &str) -> (Process, SocketAddr) {
    let bodies = folder.join("bodies");
    fs::create_dir_all(&bodies).expect("the folder can be made");
    for (name, path) in [(minimal_server::PAGE, format!("{ARTICLE}.html")), (minimal_server::SHEET, sheet.to_owned())] {
        for ending in ["", ".gz", ".br"] {
            let from = files.join(format!("{}{ending}", path.trim_start_matches('/')));
            fs::copy(&from, bodies.join(format!("{name}{ending}"))).expect("the export has every encoding");
        }
    }
    start_own_server("--minimal-server", &[&bodies], &folder.join("minimal.log"))
}

/// Starts this benchmark program as a server on a free port.
fn start_own_server(option: &str, folders: &[&Path], log: &Path) -> (Process, SocketAddr) {
    let port = free_port();
    let program = env::current_exe().expect("this program has a path");
    let mut command = pinned(SERVER_CPU, program.to_str().expect("a plain path"));
    command.arg(option).arg(port.to_string()).args(folders);
    (Process::start(command, log), SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}
