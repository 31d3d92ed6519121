//! Clients that POST enquiries: each has its own connection and sends the next one as soon as it has its response.
//!
//! They share one thread, so that the cores work for the site and not for context switches between clients.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    runtime,
    sync::Barrier,
    task::JoinSet,
};

/// Makes every enquiry different, since equal ones are stored once.
static NEXT: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
pub struct Client {
    wire: BufReader<TcpStream>,
    line: String,
}

impl Client {
    pub async fn connect(to: SocketAddr) -> Self {
        let wire = TcpStream::connect(to).await.unwrap();
        wire.set_nodelay(true).unwrap();
        Self { wire: BufReader::new(wire), line: String::new() }
    }

    /// Posts an enquiry of about 700 bytes and reads the whole response, which must be a 303.
    pub async fn post(&mut self) {
        let request = request(NEXT.fetch_add(1, Ordering::Relaxed));
        self.wire.write_all(request.as_bytes()).await.unwrap();
        assert!(self.line().await.starts_with("HTTP/1.1 303 "), "{}", self.line);
        let mut length = 0;
        while !self.line().await.is_empty() {
            if let Some(("content-length", value)) = self.line.to_ascii_lowercase().split_once(": ") {
                length = value.parse().unwrap();
            }
        }
        assert_eq!(length, 0, "a redirect has no body");
    }

    async fn line(&mut self) -> &str {
        self.line.clear();
        self.wire.read_line(&mut self.line).await.unwrap();
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

/// The clients' measurements.
#[derive(Debug)]
pub struct Measured {
    pub per_second: f64,
    /// Median time of a POST.
    pub median_wait: Duration,
}

/// Runs this number of clients for this long.
pub fn run_clients(to: SocketAddr, clients: usize, length: Duration) -> Measured {
    let all = async {
        let start = Arc::new(Barrier::new(clients));
        let clients_done: JoinSet<_> = (0..clients).map(|_| client_loop(to, Arc::clone(&start), length)).collect();
        clients_done.join_all().await
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clients_done = runtime.block_on(all);
    let per_second =
        clients_done.iter().map(|(waits, took)| f64::from(u32::try_from(waits.len()).unwrap()) / took).sum();
    let mut waits: Vec<Duration> = clients_done.into_iter().flat_map(|(waits, _)| waits).collect();
    waits.sort();
    Measured { per_second, median_wait: waits[waits.len() / 2] }
}

/// The time of each POST, and the total in seconds.
async fn client_loop(to: SocketAddr, start: Arc<Barrier>, length: Duration) -> (Vec<Duration>, f64) {
    let mut client = Client::connect(to).await;
    client.post().await;
    start.wait().await;
    let (began, mut waits) = (Instant::now(), Vec::new());
    while began.elapsed() < length {
        let asked = Instant::now();
        client.post().await;
        waits.push(asked.elapsed());
    }
    (waits, began.elapsed().as_secs_f64())
}
