//! A name server on a real socket: it answers from a zone of a test, or is silent, or is in trouble itself.

use hickory_resolver::proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, MX, SOA, TXT},
    },
};
use std::net::SocketAddr;
use tokio::{net::UdpSocket, task::JoinHandle};

/// What stands at a name.
#[derive(Debug, Clone)]
pub enum Entry {
    Txt(String),
    Mx(u16, &'static str),
    A,
}

pub type Zone = Vec<(String, Entry)>;

pub fn txt(name: &str, text: impl Into<String>) -> (String, Entry) {
    (name.to_owned(), Entry::Txt(text.into()))
}

pub fn mx(name: &str, preference: u16, host: &'static str) -> (String, Entry) {
    (name.to_owned(), Entry::Mx(preference, host))
}

/// How the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Takes every question and says nothing.
    Silent,
    /// Cannot find out (SERVFAIL).
    Failing,
}

pub struct NameServer {
    pub address: SocketAddr,
    serving: JoinHandle<()>,
}

impl NameServer {
    pub async fn start(zone: Zone, mood: Mood) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        Self { address, serving: tokio::spawn(serve(socket, zone, mood)) }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: UdpSocket, zone: Zone, mood: Mood) {
    let mut bytes = [0; 4096];
    loop {
        let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
        if mood == Mood::Silent {
            continue;
        }
        let question = Message::from_vec(&bytes[..length]).unwrap();
        let answer = answer(&question, &zone, mood);
        socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
    }
}

fn answer(question: &Message, zone: &Zone, mood: Mood) -> Message {
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    let query = question.queries[0].clone();
    let (name, kind) = (query.name().clone(), query.query_type());
    answer.add_query(query);
    answer.metadata.recursion_available = true;
    if mood == Mood::Failing {
        answer.metadata.response_code = ResponseCode::ServFail;
        return answer;
    }
    // A name exists if something stands at it or below it (RFC 8020).
    let exists = zone.iter().any(|(at, _)| name.zone_of(&full(at)));
    let found: Vec<_> = zone.iter().filter(|(at, entry)| full(at) == name && is(entry, kind)).collect();
    for (_, entry) in &found {
        answer.add_answer(Record::from_rdata(name.clone(), 60, data(entry)));
    }
    if found.is_empty() {
        answer.metadata.response_code = if exists { ResponseCode::NoError } else { ResponseCode::NXDomain };
        let root = full("clinic.example");
        let soa = SOA::new(root.clone(), root.clone(), 1, 60, 60, 60, 60);
        answer.add_authority(Record::from_rdata(root, 60, RData::SOA(soa)));
    }
    answer
}

fn full(name: &str) -> Name {
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    name
}

fn is(entry: &Entry, kind: RecordType) -> bool {
    matches!(
        (entry, kind),
        (Entry::Txt(_), RecordType::TXT) | (Entry::Mx(..), RecordType::MX) | (Entry::A, RecordType::A)
    )
}

fn data(entry: &Entry) -> RData {
    match entry {
        // A text travels in parts of 255 bytes at most.
        Entry::Txt(text) => {
            let parts = text.as_bytes().chunks(255).map(|part| String::from_utf8(part.to_vec()).unwrap());
            RData::TXT(TXT::new(parts.collect()))
        }
        Entry::Mx(preference, host) => RData::MX(MX::new(*preference, full(host))),
        Entry::A => RData::A(A::new(192, 0, 2, 1)),
    }
}
