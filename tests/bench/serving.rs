//! The same bytes from nginx, from the program and from bare hyper, in turn.

use super::{
    bare,
    figures::Figures,
    goals::{Goal, Goals},
    load::{self, Run},
    nginx,
    process::{Process, SERVER_CPU, pinned},
    program::{self, On, Program},
    reader::{self, Answer, free_port},
};
use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

/// The longest article that is shipped.
const ARTICLE: &str = "/articles/attachment-repair-therapy";
/// A proxy holds few connections, a busy hour a few dozen, a bad day hundreds.
const CONNECTIONS: [u32; 3] = [64, 512, 1];

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: &'static str,
    coding: &'static str,
    sheet: bool,
    again: bool,
    pub connections: u32,
}

impl Case {
    /// The lines of its head.
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
    let case = |connections| move |(name, coding, sheet, again)| Case { name, coding, sheet, again, connections };
    CONNECTIONS.into_iter().flat_map(|connections| kinds.into_iter().map(case(connections))).collect()
}

/// A server with its addresses of the two resources.
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

    /// One answer, before the many; with the tag that makes the next one a 304.
    fn look(&self, case: &Case) -> (Answer, Vec<String>) {
        let get = |lines: &[&str]| reader::get(self.address, self.path(case), lines).expect("the server answers");
        let whole = get(&case.lines());
        if !case.again {
            return (whole, Vec::new());
        }
        let tag = whole.header("etag").to_owned();
        let line = format!("If-None-Match: {}", if tag.is_empty() { "\"any\"" } else { &tag });
        (get(&[case.coding, &line]), vec![line])
    }
}

/// Runs every case and prints a table; the program's figures also go to the goals.
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
        "\nnginx, the program and bare hyper, one worker each; medians of {rounds} rounds of {seconds} s [min..max]\n"
    );
    println!(
        "| case | connections | nginx, µs of CPU | program / nginx | hyper / nginx | program / hyper | requests/s, program / nginx | program / hyper |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (case, runs) in &tables {
        tell(case, runs, goals);
    }
    compare_usual(&peers[1], &folder.join("serving"), (rounds, seconds), goals);
}

/// The usual way to build such a site, asked for the same article in turn with the program. Its bytes are its own.
fn compare_usual(program: &Peer, folder: &Path, (rounds, seconds): (usize, u32), goals: &mut Goals) {
    let (process, address) = start_myself("--usual", &[], &folder.join("usual.log"));
    let usual = Peer { name: "usual", process, address, page: ARTICLE.into(), sheet: String::new() };
    let (answer, _) = reader::until(address, ARTICLE, &["Accept-Encoding: br"], |answer| answer.status == 200);
    let case = &cases()[0];
    let one = |peer: &Peer| load::ask((&peer.process, peer.address), ARTICLE, case, &[], seconds);
    let ratio = |_| one(&usual).cpu_micros / one(program).cpu_micros;
    let ratios: Figures = (0..rounds).map(ratio).collect();
    println!(
        "\nA site that renders and compresses for each reader: {ratios:.0} times the CPU, {} B",
        answer.body.len()
    );
    goals.note(Goal::ToUsual, &ratios);
}

/// In each round every server has its turn, another one first each time; the first round warms up and is thrown away.
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

/// Prints what each server answers, and refuses to compare what is not the same.
fn check(peers: &[Peer], case: &Case) -> Vec<Vec<String>> {
    let looks: Vec<_> = peers.iter().map(|peer| peer.look(case)).collect();
    for (peer, (answer, _)) in peers.iter().zip(&looks) {
        println!(
            "check: {}, {} connections: {:<7} {} {:<4} head {} B, body {} B",
            case.name,
            case.connections,
            peer.name,
            answer.status,
            answer.header("content-encoding"),
            answer.head_bytes,
            answer.body.len()
        );
        let same = answer.status == looks[0].0.status && answer.body == looks[0].0.body;
        assert!(same, "{} serves other bytes than {}", peer.name, peers[0].name);
    }
    looks.into_iter().map(|(_, lines)| lines).collect()
}

fn tell(case: &Case, runs: &[Vec<Run>], goals: &mut Goals) {
    let of = |which: usize, figure: fn(&Run) -> f64| runs[which].iter().map(figure).collect::<Figures>();
    let (cpu, speed): (Vec<Figures>, Vec<Figures>) =
        (0..runs.len()).map(|which| (of(which, |run| run.cpu_micros), of(which, |run| run.per_second))).unzip();
    let (to_nginx, to_bare) = (cpu[1].to(&cpu[0]), cpu[1].to(&cpu[2]));
    println!(
        "| {} | {} | {:.1} | {to_nginx} | {} | {to_bare} | {} | {} |",
        case.name,
        case.connections,
        cpu[0],
        cpu[2].to(&cpu[0]),
        speed[1].to(&speed[0]),
        speed[1].to(&speed[2]),
    );
    match (case.name, case.connections) {
        ("page, br", 64) => {
            goals.note(Goal::PageBr, &to_nginx);
            goals.note(Goal::PageBrToBare, &to_bare);
            goals.note(Goal::SpeedToBare, &speed[1].to(&speed[2]));
        }
        ("page, gzip", 64) => {
            goals.note(Goal::PageGzip, &to_nginx);
            goals.note(Goal::PageGzipToBare, &to_bare);
        }
        ("page, identity", 64) => {
            goals.note(Goal::PageIdentity, &to_nginx);
            goals.note(Goal::PageIdentityToBare, &to_bare);
        }
        ("304", 64) => {
            goals.note(Goal::Unchanged, &to_nginx);
            goals.note(Goal::UnchangedToBare, &to_bare);
        }
        ("stylesheet, br", 64) => {
            goals.note(Goal::Sheet, &to_nginx);
            goals.note(Goal::SheetToBare, &to_bare);
        }
        ("page, br", 512) => goals.note(Goal::PageBrCrowded, &to_nginx),
        _ => {}
    }
}

/// The three servers, with the same files; the program waits until its pages are as small as the exported ones.
fn start(folder: &Path) -> Vec<Peer> {
    fs::create_dir_all(folder).expect("the folder can be made");
    let (content, files) = (Path::new("content"), folder.join("files"));
    program::export(content, &files);
    let mut program = Program::start(content, &folder.join("data"), On::One);
    program.first_answer(ARTICLE);
    program.compressed();
    let page = reader::get(program.address, ARTICLE, &["Accept-Encoding: br"]).expect("it answers");
    let sheet = page.header("link").split(['<', '>']).nth(1).expect("pages name their stylesheet").to_owned();
    let asset = reader::get(program.address, &sheet, &["Accept-Encoding: br"]).expect("it answers");
    let (nginx, at) = nginx::start(&files, &folder.join("nginx"), &page, &asset);
    let (bare, bare_at) = start_bare(folder, &files, &sheet);
    let file = format!("{ARTICLE}.html");
    for (address, path) in [(at, &*file), (bare_at, ARTICLE)] {
        reader::until(address, path, &[], |answer| answer.status == 200);
    }
    let peer =
        |name, process, address, page: &str| Peer { name, process, address, page: page.into(), sheet: sheet.clone() };
    vec![
        peer("nginx", nginx, at, &file),
        peer("program", program.process, program.address, ARTICLE),
        peer("hyper", bare, bare_at, ARTICLE),
    ]
}

fn start_bare(folder: &Path, files: &Path, sheet: &str) -> (Process, SocketAddr) {
    let bodies = folder.join("bodies");
    fs::create_dir_all(&bodies).expect("the folder can be made");
    for (name, path) in [(bare::PAGE, format!("{ARTICLE}.html")), (bare::SHEET, sheet.to_owned())] {
        for ending in ["", ".gz", ".br"] {
            let from = files.join(format!("{}{ending}", path.trim_start_matches('/')));
            fs::copy(&from, bodies.join(format!("{name}{ending}"))).expect("the export has every variant");
        }
    }
    start_myself("--bare", &[&bodies], &folder.join("bare.log"))
}

/// This program as a yardstick on a free port.
fn start_myself(yardstick: &str, folders: &[&Path], log: &Path) -> (Process, SocketAddr) {
    let port = free_port();
    let me = env::current_exe().expect("this program has a path");
    let mut command = pinned(SERVER_CPU, me.to_str().expect("a plain path"));
    command.arg(yardstick).arg(port.to_string()).args(folders);
    (Process::start(command, log), SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}
