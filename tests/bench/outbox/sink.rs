//! A relay that takes every mail at once, or hangs at the first one, and tells when.

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

/// When the worker knocked, and when the mail was acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    pub knocked: Instant,
    pub acknowledged: Instant,
}

#[derive(Debug)]
pub struct Sink {
    pub address: SocketAddr,
    pub taken: Receiver<Taken>,
    /// Somebody hangs at DATA just now, or has.
    pub hung: Arc<AtomicBool>,
}

impl Sink {
    /// `hangs`: the first mail is never answered.
    pub fn open(hangs: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, taken) = mpsc::channel();
        let hung = Arc::new(AtomicBool::new(!hangs));
        let first = Arc::clone(&hung);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (tell, first) = (tell.clone(), Arc::clone(&first));
                thread::spawn(move || converse(stream.unwrap(), &tell, &first));
            }
        });
        Self { address, taken, hung }
    }
}

fn converse(stream: TcpStream, tell: &Sender<Taken>, hung: &AtomicBool) -> Option<()> {
    let knocked = Instant::now();
    stream.set_nodelay(true).ok()?;
    let mut wire = BufReader::new(stream);
    let mut line = String::new();
    say(&mut wire, "220 sink")?;
    loop {
        line.clear();
        wire.read_line(&mut line).ok().filter(|length| *length > 0)?;
        match line.get(..4)? {
            "DATA" if !hung.swap(true, Ordering::AcqRel) => {
                wire.read_to_end(&mut Vec::new()).ok()?;
                return None;
            }
            "DATA" => {
                say(&mut wire, "354 text")?;
                while line != ".\r\n" {
                    line.clear();
                    wire.read_line(&mut line).ok().filter(|length| *length > 0)?;
                }
                say(&mut wire, "250 taken")?;
                tell.send(Taken { knocked, acknowledged: Instant::now() }).ok()?;
            }
            "QUIT" => return say(&mut wire, "221 bye"),
            _ => say(&mut wire, "250 well")?,
        }
    }
}

fn say(wire: &mut BufReader<TcpStream>, text: &str) -> Option<()> {
    wire.get_mut().write_all(format!("{text}\r\n").as_bytes()).ok()
}
