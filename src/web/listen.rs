//! Listening: connections, time limits, and an orderly stop. HTTP/1.1.
//!
//! Invariant: no client holds a connection without using it. Silence, incomplete headers or body, an unread response
//! and idleness each end it after a time, and when there are too many connections the longest idle one is closed for
//! each new one.
//!
//! Never: the content of a response. Signals of the system and the environment belong to `cli`.

mod connection;
mod open_files;
mod per_network;
mod places;
mod timeouts;

use super::SiteService;
use ipnet::IpNet;
use per_network::PerNetwork;
use places::Places;
use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

/// Connections that the system queues before they are accepted.
const BACKLOG: u32 = 4096;
/// Pause after an error such as "too many open files", so that the loop does not occupy a processor.
const AFTER_FAULT: Duration = Duration::from_millis(100);

/// Limits of connections: time, size and number.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections in all, if the system gives so many open files.
    pub connections: usize,
    /// Connections from one IPv4 address or one IPv6 /64; a /56 has twice as many, a /48 four times.
    pub per_address: u32,
    /// Proxies, to which `per_address` does not apply.
    pub trusted: Vec<IpNet>,
    /// From the connection to its first byte.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its headers.
    pub request_headers: Duration,
    /// From the end of the headers to the beginning of the response: the body and the handler.
    pub body_and_handler: Duration,
    /// Without a new request; also ends a response of which the client reads nothing for this time. Must exceed the
    /// proxy's keep-alive time (nginx: 60 s); otherwise the proxy could write to a closing connection.
    pub idle: Duration,
    /// Bytes of a request's headers; 8,192 at least.
    pub header_bytes: usize,
    /// Lines of a request's headers.
    pub header_lines: usize,
    /// Time that open requests get after the stop.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 12_000,
            per_address: 128,
            trusted: Vec::new(),
            first_byte: Duration::from_secs(10),
            request_headers: Duration::from_secs(10),
            body_and_handler: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            header_bytes: 16 * 1024,
            header_lines: 100,
            stop: Duration::from_secs(10),
        }
    }
}

/// Listens on an address.
///
/// # Errors
/// The address is in use, not of this machine, or not permitted.
pub fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Commands from the listener to its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Serve as usual.
    Serve,
    /// Answer the open request, then close.
    Finish,
    /// Close at once.
    Close,
}

/// Serves until `shutdown` is done and then until open requests are answered, [`Limits::stop`] at most.
pub async fn serve(listener: TcpListener, site: SiteService, limits: Limits, shutdown: impl Future<Output = ()>) {
    let limits = Arc::new(limits);
    let mut places = Places::new(open_files::connections(limits.connections));
    let per_network = PerNetwork::new(limits.per_address, limits.trusted.clone());
    // Each connection holds a receiver.
    let signals = watch::Sender::new(Signal::Serve);
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let (stream, peer) = accept(&listener).await;
            let counted = per_network.admit(peer.ip())?;
            Some((stream, peer, counted, places.take().await))
        };
        let next = tokio::select! {
            biased;
            () = &mut shutdown => break,
            next = next => next,
        };
        let Some((stream, peer, counted, (permit, activity))) = next else { continue };
        let service = site.for_visitor(peer);
        let connection = connection::serve(stream, service, Arc::clone(&limits), activity, signals.subscribe());
        tokio::spawn(async move {
            connection.await;
            drop((permit, counted));
        });
    }
    drop(listener);
    close(&signals, limits.stop).await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The client left before it was accepted; every other error is the system's.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted; more open files may be needed");
                sleep(AFTER_FAULT).await;
            }
        }
    }
}

/// Lets open requests end, then ends the rest.
async fn close(signals: &watch::Sender<Signal>, stop: Duration) {
    signals.send_replace(Signal::Finish);
    if timeout(stop, signals.closed()).await.is_err() {
        tracing::warn!(connections = signals.receiver_count(), "requests were cut off at the stop");
        signals.send_replace(Signal::Close);
        signals.closed().await;
    }
}
