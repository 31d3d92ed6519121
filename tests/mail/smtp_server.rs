//! An SMTP server on a real socket that works, or fails in one way at one step of the session.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use relationship_clinic::config::{Relay, Tls};
use secrecy::SecretString;
use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, rustls};

/// Steps of a session, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Banner,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// While the text arrives.
    During,
    /// After the final dot.
    Dot,
    Quit,
}

/// What fails there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This answer, and the session goes on.
    Answer(&'static str),
    /// The connection is closed instead of an answer.
    Cut,
    /// No answer, ever.
    Silence,
    /// One byte at a time, without end.
    Drip,
    /// The message is stored, and the connection is closed before the acknowledgment.
    TakenAndCut,
    /// The message is stored, and the acknowledgment is never sent.
    TakenAndSilent,
    /// STARTTLS is not offered.
    Stripped,
    /// An attacker's answer follows "220 go ahead" in the same packet.
    Injected,
    /// AUTH is not offered.
    NoAuth,
    /// The recipient that starts with `bad` is refused with this.
    BadRecipient(&'static str),
    /// The recipient that starts with `bad` is never answered.
    SlowRecipient,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub text: String,
    pub encrypted: bool,
    /// The answer to the final dot was written to the socket.
    pub acknowledged: bool,
}

#[derive(Debug, Default)]
pub struct Seen {
    pub mails: Vec<Mail>,
    /// Every line that was received unencrypted.
    pub unencrypted: Vec<String>,
    pub logins: Vec<String>,
    pub connections: usize,
    /// Sessions that were not answered any more.
    pub hanging: usize,
}

/// Draws the fault of a session, or none.
pub type FaultSource = Box<dyn FnMut() -> Option<(At, Fault)> + Send>;

#[derive(Default)]
pub struct State {
    pub fault: Option<(At, Fault)>,
    pub source: Option<FaultSource>,
    pub seen: Seen,
}

/// A certificate authority of one test.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    pub fn write(&self, file: &Path) {
        std::fs::write(file, self.issuer.pem()).unwrap();
    }

    /// Certificate and key for a name, both PEM.
    pub fn certify(&self, name: &str) -> (String, String) {
        let (certificate, key) = self.sign(name);
        (certificate.pem(), key.serialize_pem())
    }

    /// A STARTTLS server whose certificate is valid between two days, counted from today.
    pub fn for_days(&self, name: &str, from: i64, until: i64) -> Encryption {
        let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        let day = |days: i64| {
            let date = today.checked_add(days.days()).unwrap();
            rcgen::date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
        };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (day(from), day(until));
        Encryption::StartTls(acceptor(&self.sign_with(&params)))
    }

    fn sign(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        self.sign_with(&CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    fn sign_with(&self, params: &CertificateParams) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

fn acceptor((certificate, key): &(rcgen::Certificate, KeyPair)) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

pub struct Server {
    pub address: SocketAddr,
    pub state: Arc<Mutex<State>>,
    /// Of sessions that begin after the next [`Server::reopen`].
    pub encryption: Encryption,
    accepting: Option<JoinHandle<()>>,
}

/// How the server encrypts.
#[derive(Clone)]
pub enum Encryption {
    Plain,
    StartTls(TlsAcceptor),
    Implicit(TlsAcceptor),
}

impl Encryption {
    pub fn start_tls(authority: &Authority, name: &str) -> Self {
        Self::StartTls(acceptor(&authority.sign(name)))
    }
    pub fn implicit(authority: &Authority, name: &str) -> Self {
        Self::Implicit(acceptor(&authority.sign(name)))
    }
}

impl Server {
    pub async fn start(encryption: Encryption) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = Self { address, state: Arc::default(), encryption, accepting: None };
        server.accept(listener);
        server
    }

    fn accept(&mut self, listener: TcpListener) {
        let (state, encryption) = (Arc::clone(&self.state), self.encryption.clone());
        self.accepting = Some(tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&state), encryption.clone()));
            }
        }));
    }

    /// Connections are refused from now on.
    pub async fn close(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    pub async fn reopen(&mut self) {
        self.close().await;
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.accept(listener);
    }

    pub fn fail(&self, at: At, fault: Fault) {
        self.state.lock().unwrap().fault = Some((at, fault));
    }

    /// Draws a fault for each session from now on.
    pub fn draw_faults(&self, source: FaultSource) {
        self.state.lock().unwrap().source = Some(source);
    }

    pub fn clear_fault(&self) {
        let mut state = self.state.lock().unwrap();
        (state.fault, state.source) = (None, None);
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.state.lock().unwrap().seen.mails.clone()
    }

    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().seen.connections
    }

    pub fn hanging(&self) -> usize {
        self.state.lock().unwrap().seen.hanging
    }

    /// Settings of a relay at this server.
    pub fn relay(&self, tls: Tls) -> Relay {
        let host = if tls == Tls::Loopback { "127.0.0.1" } else { "localhost" };
        Relay { host: host.into(), port: self.address.port(), tls, login: None, ca: None }
    }

    pub fn relay_with_login(&self, tls: Tls) -> Relay {
        Relay { login: Some(("clinic".into(), SecretString::from("open sesame"))), ..self.relay(tls) }
    }
}

async fn serve(socket: TcpStream, state: Arc<Mutex<State>>, encryption: Encryption) {
    socket.set_nodelay(true).unwrap();
    let own = {
        let mut state = state.lock().unwrap();
        state.seen.connections += 1;
        state.source.as_mut().and_then(|draw| draw())
    };
    let session = Session { state, own, encrypted: false, can_encrypt: matches!(encryption, Encryption::StartTls(_)) };
    match encryption {
        Encryption::Plain => drop(session.run(socket, true).await),
        Encryption::Implicit(acceptor) => {
            if let Ok(stream) = acceptor.accept(socket).await {
                drop(Session { encrypted: true, ..session }.run(stream, true).await);
            }
        }
        Encryption::StartTls(acceptor) => {
            let state = Arc::clone(&session.state);
            if let Some(socket) = session.run(socket, true).await
                && let Ok(stream) = acceptor.accept(socket).await
            {
                let session = Session { state, own, encrypted: true, can_encrypt: false };
                drop(session.run(stream, false).await);
            }
        }
    }
}

struct Session {
    state: Arc<Mutex<State>>,
    /// The fault of this session only.
    own: Option<(At, Fault)>,
    encrypted: bool,
    can_encrypt: bool,
}

/// What the server does at a step.
enum Reaction {
    Answer(String),
    Close,
    Hang,
    Drip,
}

impl Session {
    fn reaction(&self, at: At, otherwise: &str) -> Reaction {
        match self.fault(at) {
            Some(Fault::Answer(text)) => Reaction::Answer(text.into()),
            Some(Fault::Cut | Fault::TakenAndCut) => Reaction::Close,
            Some(Fault::Silence | Fault::TakenAndSilent) => {
                self.state.lock().unwrap().seen.hanging += 1;
                Reaction::Hang
            }
            Some(Fault::Drip) => Reaction::Drip,
            Some(Fault::Injected) => Reaction::Answer(format!("{otherwise}\r\n250 injected")),
            _ => Reaction::Answer(otherwise.into()),
        }
    }

    fn fault(&self, at: At) -> Option<Fault> {
        self.own.or(self.state.lock().unwrap().fault).filter(|(place, _)| *place == at).map(|(_, fault)| fault)
    }

    fn ehlo_answer(&self) -> String {
        let mut lines = vec!["250-relay.example"];
        if self.can_encrypt && self.fault(At::StartTls) != Some(Fault::Stripped) {
            lines.push("250-STARTTLS");
        }
        if self.fault(At::Auth) != Some(Fault::NoAuth) {
            lines.push("250-AUTH PLAIN LOGIN");
        }
        lines.push("250 SIZE 1000000");
        lines.join("\r\n")
    }

    /// Returns the socket if it is to be encrypted now.
    async fn run<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S, greet: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greet && !respond(&mut stream, self.reaction(At::Banner, "220 relay.example ESMTP")).await {
            return None;
        }
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            if !self.encrypted {
                self.state.lock().unwrap().seen.unencrypted.push(line.to_owned());
            }
            let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            let reaction = match verb.as_str() {
                "EHLO" => self.reaction(At::Ehlo, &self.ehlo_answer()),
                "STARTTLS" => {
                    let refused = matches!(self.fault(At::StartTls), Some(Fault::Answer(_)));
                    if !respond(&mut stream, self.reaction(At::StartTls, "220 go ahead")).await {
                        return None;
                    }
                    if refused {
                        continue;
                    }
                    return Some(stream.into_inner());
                }
                "AUTH" => {
                    self.state.lock().unwrap().seen.logins.push(line.to_owned());
                    self.reaction(At::Auth, "235 welcome")
                }
                "MAIL" => {
                    from = address_in_brackets(line);
                    self.reaction(At::Mail, "250 sender")
                }
                "RCPT" => {
                    to = address_in_brackets(line);
                    match self.fault(At::Rcpt) {
                        Some(Fault::BadRecipient(answer)) if to.starts_with("bad") => Reaction::Answer(answer.into()),
                        Some(Fault::SlowRecipient) if to.starts_with("bad") => Reaction::Hang,
                        Some(Fault::BadRecipient(_) | Fault::SlowRecipient) => Reaction::Answer("250 recipient".into()),
                        _ => self.reaction(At::Rcpt, "250 recipient"),
                    }
                }
                "DATA" => {
                    if self.fault(At::Data).is_some() {
                        self.reaction(At::Data, "")
                    } else {
                        match self.data(&mut stream, &from, &to).await? {
                            (reaction, Some(mail)) => {
                                if !respond(&mut stream, reaction).await {
                                    return None;
                                }
                                self.state.lock().unwrap().seen.mails[mail].acknowledged = true;
                                continue;
                            }
                            (reaction, None) => reaction,
                        }
                    }
                }
                "QUIT" => {
                    respond(&mut stream, self.reaction(At::Quit, "221 bye")).await;
                    return None;
                }
                _ => Reaction::Answer("502 unknown command".into()),
            };
            if !respond(&mut stream, reaction).await {
                return None;
            }
        }
    }

    /// The reaction, and the index of the mail that was stored.
    async fn data<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        from: &str,
        to: &str,
    ) -> Option<(Reaction, Option<usize>)> {
        respond(stream, Reaction::Answer("354 text".into())).await;
        if self.fault(At::During).is_some() {
            let mut some = [0; 100];
            stream.read_exact(&mut some).await.ok()?;
            return Some((self.reaction(At::During, ""), None));
        }
        let mut text = String::new();
        while !text.ends_with("\r\n.\r\n") {
            if stream.read_line(&mut text).await.ok()? == 0 {
                return None;
            }
        }
        let reaction = self.reaction(At::Dot, "250 stored");
        let accepted = matches!(&reaction, Reaction::Answer(answer) if answer.starts_with('2'));
        if !accepted && !matches!(self.fault(At::Dot), Some(Fault::TakenAndCut | Fault::TakenAndSilent)) {
            return Some((reaction, None));
        }
        let text = text.trim_end_matches(".\r\n").replace("\r\n..", "\r\n.");
        let mail = Mail { from: from.into(), to: to.into(), text, encrypted: self.encrypted, acknowledged: false };
        let mails = &mut self.state.lock().unwrap().seen.mails;
        mails.push(mail);
        Some((reaction, Some(mails.len() - 1)))
    }
}

/// False when the session is over.
async fn respond<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, reaction: Reaction) -> bool {
    match reaction {
        Reaction::Answer(text) => stream.write_all(format!("{text}\r\n").as_bytes()).await.is_ok(),
        Reaction::Close => false,
        Reaction::Hang => {
            // Until the client closes the connection.
            let _ = stream.read_to_end(&mut Vec::new()).await;
            false
        }
        Reaction::Drip => {
            while stream.write_all(b"2").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            false
        }
    }
}

fn address_in_brackets(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}
