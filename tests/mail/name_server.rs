//! A name server on a real socket that answers from a test's zone, does not answer, or fails.

use hickory_resolver::proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{
        self, Name, RData, RecordType,
        rdata::{A, MX, SOA, TXT},
    },
};
use std::net::SocketAddr;
use tokio::{net::UdpSocket, task::JoinHandle};

#[derive(Debug, Clone)]
pub enum Record {
    Txt(String),
    Mx(u16, &'static str),
    A,
}

pub type Zone = Vec<(String, Record)>;

pub fn txt(name: &str, text: impl Into<String>) -> (String, Record) {
    (name.to_owned(), Record::Txt(text.into()))
}

pub fn mx(name: &str, preference: u16, host: &'static str) -> (String, Record) {
    (name.to_owned(), Record::Mx(preference, host))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Answering,
    /// Answers nothing.
    Silent,
    /// Answers SERVFAIL.
    Failing,
}

pub struct NameServer {
    pub address: SocketAddr,
    serving: JoinHandle<()>,
}

impl NameServer {
    pub async fn start(zone: Zone, mode: Mode) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        Self { address, serving: tokio::spawn(serve(socket, zone, mode)) }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: UdpSocket, zone: Zone, mode: Mode) {
    let mut bytes = [0; 4096];
    loop {
        let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
        if mode == Mode::Silent {
            continue;
        }
        let question = Message::from_vec(&bytes[..length]).unwrap();
        let answer = answer(&question, &zone, mode);
        socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
    }
}

fn answer(question: &Message, zone: &Zone, mode: Mode) -> Message {
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    let query = question.queries[0].clone();
    let (name, kind) = (query.name().clone(), query.query_type());
    answer.add_query(query);
    answer.metadata.recursion_available = true;
    if mode == Mode::Failing {
        answer.metadata.response_code = ResponseCode::ServFail;
        return answer;
    }
    // A name exists if it or a name below it has a record (RFC 8020).
    let exists = zone.iter().any(|(at, _)| name.zone_of(&fully_qualified(at)));
    let found: Vec<_> =
        zone.iter().filter(|(at, entry)| fully_qualified(at) == name && has_type(entry, kind)).collect();
    for (_, entry) in &found {
        answer.add_answer(rr::Record::from_rdata(name.clone(), 60, data(entry)));
    }
    if found.is_empty() {
        answer.metadata.response_code = if exists { ResponseCode::NoError } else { ResponseCode::NXDomain };
        let root = fully_qualified("clinic.example");
        let soa = SOA::new(root.clone(), root.clone(), 1, 60, 60, 60, 60);
        answer.add_authority(rr::Record::from_rdata(root, 60, RData::SOA(soa)));
    }
    answer
}

fn fully_qualified(name: &str) -> Name {
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    name
}

fn has_type(entry: &Record, kind: RecordType) -> bool {
    matches!(
        (entry, kind),
        (Record::Txt(_), RecordType::TXT) | (Record::Mx(..), RecordType::MX) | (Record::A, RecordType::A)
    )
}

fn data(entry: &Record) -> RData {
    match entry {
        // A TXT record consists of parts of at most 255 bytes.
        Record::Txt(text) => {
            let parts = text.as_bytes().chunks(255).map(|part| String::from_utf8(part.to_vec()).unwrap());
            RData::TXT(TXT::new(parts.collect()))
        }
        Record::Mx(preference, host) => RData::MX(MX::new(*preference, fully_qualified(host))),
        Record::A => RData::A(A::new(192, 0, 2, 1)),
    }
}
