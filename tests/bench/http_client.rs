//! A minimal HTTP client that reads one response.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// Longer than anything measured here.
const TIMEOUT: Duration = Duration::from_mins(5);

/// A complete response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub head_bytes: usize,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Requests `path` with header lines, on a new connection.
pub fn get(server: SocketAddr, path: &str, lines: &[&str]) -> io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let first = format!("GET {path} HTTP/1.1");
    let head = [&[&*first, "Host: clinic.example", "Connection: close"], lines, &["\r\n"]].concat();
    stream.write_all(head.join("\r\n").as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no HTTP/1.1 response"))
}

fn parse(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    Some(Response {
        status,
        headers: lines.filter_map(pair).collect(),
        head_bytes: end + 4,
        body: bytes[end + 4..].to_vec(),
    })
}

/// Repeats the request until `wanted` returns true; the response and the time that it took.
pub fn until(
    server: SocketAddr,
    path: &str,
    lines: &[&str],
    wanted: impl Fn(&Response) -> bool,
) -> (Response, Duration) {
    let begun = Instant::now();
    loop {
        if let Ok(response) = get(server, path, lines)
            && wanted(&response)
        {
            return (response, begun.elapsed());
        }
        assert!(begun.elapsed() < TIMEOUT, "no expected response from {path} within {TIMEOUT:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A free port of this machine.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}
