//! nginx for comparison: the exported files, a tuned configuration, the same headers as the program.

use super::{
    http_client::{Response, free_port},
    process::{Process, SERVER_CPU, pinned},
};
use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

/// Headers that nginx adds itself.
const OWN: [&str; 10] = [
    "accept-ranges",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "server",
    "vary",
];

/// Starts it on the files of `root`; pages get the headers of `page`, what is under `/assets/` those of `asset`.
pub fn start(root: &Path, work: &Path, page: &Response, asset: &Response) -> (Process, SocketAddr) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
    let configuration = include_str!("nginx.conf")
        .replace("@ADDRESS@", &address.to_string())
        .replace("@ROOT@", &text(root))
        .replace("@WORK@", &text(work))
        .replace("@PAGE@", &headers(page))
        .replace("@ASSET@", &headers(asset));
    fs::create_dir_all(work).expect("the folder can be made");
    let file = work.join("nginx.conf");
    fs::write(&file, configuration).expect("the configuration can be written");
    let mut command = pinned(SERVER_CPU, "nginx");
    command.args(["-e", "stderr", "-c"]).arg(&file);
    (Process::start(command, &work.join("log")), address)
}

fn headers(response: &Response) -> String {
    let others = response.headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    others.fold(String::new(), |mut lines, (name, value)| {
        let _ = writeln!(lines, "add_header {name} \"{}\" always;", value.replace('"', "\\\""));
        lines
    })
}
