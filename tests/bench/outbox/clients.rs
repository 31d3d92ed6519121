//! People at their browsers: each has a connection of their own and posts again as soon as they are thanked.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// No two enquiries are the same: they would be one.
static NEXT: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
pub struct Client {
    wire: BufReader<TcpStream>,
    line: String,
}

impl Client {
    pub fn connect(to: SocketAddr) -> Self {
        let wire = TcpStream::connect(to).unwrap();
        wire.set_nodelay(true).unwrap();
        Self { wire: BufReader::new(wire), line: String::new() }
    }

    /// Posts an enquiry of about 700 bytes and reads the answer to its end, which must be a 303.
    pub fn post(&mut self) {
        let request = request(NEXT.fetch_add(1, Ordering::Relaxed));
        self.wire.get_mut().write_all(request.as_bytes()).unwrap();
        assert!(self.line().starts_with("HTTP/1.1 303 "), "{}", self.line);
        let mut length = 0;
        while !self.line().is_empty() {
            if let Some(("content-length", value)) = self.line.to_ascii_lowercase().split_once(": ") {
                length = value.parse().unwrap();
            }
        }
        assert_eq!(length, 0, "a redirect has no body");
    }

    fn line(&mut self) -> &str {
        self.line.clear();
        self.wire.read_line(&mut self.line).unwrap();
        self.line.truncate(self.line.trim_end().len());
        &self.line
    }
}

fn request(number: u64) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("name", &format!("Ana {number}"))
        .append_pair("channel", "phone")
        .append_pair("phone", "(650) 555-0123")
        .append_pair("voicemail", "unnamed")
        .append_pair("message", &format!("{number}: {}", "We keep having the same quarrel. ".repeat(16)))
        .append_pair("consent", "yes");
    let body = form.finish();
    format!(
        "POST /contact HTTP/1.1\r\nhost: localhost\r\nsec-fetch-site: same-origin\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What a crowd saw.
#[derive(Debug)]
pub struct Seen {
    pub a_second: f64,
    /// Half of them waited no longer.
    pub median_wait: Duration,
}

/// So many clients, so long.
pub fn crowd(to: SocketAddr, clients: usize, length: Duration) -> Seen {
    let start = Arc::new(Barrier::new(clients));
    let threads: Vec<_> = (0..clients)
        .map(|_| {
            let start = Arc::clone(&start);
            thread::spawn(move || {
                let mut client = Client::connect(to);
                client.post();
                start.wait();
                let began = Instant::now();
                let mut waits = Vec::new();
                while began.elapsed() < length {
                    let asked = Instant::now();
                    client.post();
                    waits.push(asked.elapsed());
                }
                (waits, began.elapsed())
            })
        })
        .collect();
    let (mut waits, mut a_second) = (Vec::new(), 0.0);
    for thread in threads {
        let (own, took) = thread.join().unwrap();
        a_second += f64::from(u32::try_from(own.len()).unwrap()) / took.as_secs_f64();
        waits.extend(own);
    }
    waits.sort();
    Seen { a_second, median_wait: waits[waits.len() / 2] }
}
