//! A test relay that accepts every email at once, or hangs at the first one, and reports the times.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Instant,
};

/// Times of the connection and of the acknowledgment.
#[derive(Debug, Clone, Copy)]
pub struct Received {
    pub connected: Instant,
    pub acknowledged: Instant,
}

#[derive(Debug)]
pub struct TestRelay {
    pub address: SocketAddr,
    pub received: Receiver<Received>,
    /// A client is waiting at DATA, or was.
    pub hung: Arc<AtomicBool>,
}

impl TestRelay {
    /// With `hangs`, the first email gets no response.
    pub fn open(hangs: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::channel();
        let hung = Arc::new(AtomicBool::new(!hangs));
        let first = Arc::clone(&hung);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (sender, first) = (sender.clone(), Arc::clone(&first));
                thread::spawn(move || serve(stream.unwrap(), &sender, &first));
            }
        });
        Self { address, received, hung }
    }
}

fn serve(stream: TcpStream, sender: &Sender<Received>, hung: &AtomicBool) -> Option<()> {
    let connected = Instant::now();
    stream.set_nodelay(true).ok()?;
    let mut wire = BufReader::new(stream);
    let mut line = String::new();
    write(&mut wire, "220 relay")?;
    loop {
        line.clear();
        wire.read_line(&mut line).ok().filter(|length| *length > 0)?;
        match line.get(..4)? {
            "DATA" if !hung.swap(true, Ordering::AcqRel) => {
                wire.read_to_end(&mut Vec::new()).ok()?;
                return None;
            }
            "DATA" => {
                write(&mut wire, "354 text")?;
                while line != ".\r\n" {
                    line.clear();
                    wire.read_line(&mut line).ok().filter(|length| *length > 0)?;
                }
                write(&mut wire, "250 received")?;
                sender.send(Received { connected, acknowledged: Instant::now() }).ok()?;
            }
            "QUIT" => return write(&mut wire, "221 bye"),
            _ => write(&mut wire, "250 OK")?,
        }
    }
}

fn write(wire: &mut BufReader<TcpStream>, text: &str) -> Option<()> {
    wire.get_mut().write_all(format!("{text}\r\n").as_bytes()).ok()
}
