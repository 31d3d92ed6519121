//! Listening: connections, time-outs, limits, and an end in good order. HTTP/1.1, over any stream.
//!
//! Invariant: nobody holds a connection for nothing. Silence, half a head, half a body, an unread answer and idleness
//! each end it, and when there are too many connections the idle ones make room for the next visitor.
//!
//! Never: what is answered. Signals and the environment belong to `cli`.

mod connection;
mod counter;
mod places;
mod pulse;

use connection::{Order, Served};
use counter::Counter;
use http::Request;
use hyper::{body::Incoming, service::Service};
use ipnet::IpNet;
use std::{error::Error, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, sleep, timeout},
};

/// Waiting connections that the system keeps for us.
const BACKLOG: i32 = 4096;
/// After "too many open files" and the like: a pause, or the loop would spin.
const AFTER_FAULT: Duration = Duration::from_millis(100);
/// Idle connections are asked to make room this often at most.
const ROOM_EVERY: Duration = Duration::from_millis(250);

/// How long and how much; every field may be set.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections in all, if the system gives so many open files.
    pub connections: usize,
    /// Connections from one address (IPv6: one /64, which is one customer).
    pub per_address: u32,
    /// Proxies: everybody comes through them, so `per_address` is not for them.
    pub trusted: Vec<IpNet>,
    /// From the connection to its first byte.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// From the end of the head to the beginning of the answer: the body's time, and ours.
    pub request: Duration,
    /// Without a new request, or without any of an answer being read. More than a proxy in front keeps its idle
    /// connections (nginx: 60 s), or it would now and then write into a closing one.
    pub idle: Duration,
    /// Bytes of a request's head; 8,192 at least.
    pub head_bytes: usize,
    /// Lines in a request's head.
    pub head_lines: usize,
    /// What open requests get after the call to stop.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 12_000,
            per_address: 128,
            trusted: Vec::new(),
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            request: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            head_bytes: 16 * 1024,
            head_lines: 100,
            stop: Duration::from_secs(10),
        }
    }
}

/// The socket that a service manager holds open for us, so that a restart turns nobody away. Reads `LISTEN_FDS`: for
/// `cli`.
///
/// # Errors
/// What was handed over is no listening TCP socket.
pub fn handed_over() -> io::Result<Option<std::net::TcpListener>> {
    listenfd::ListenFd::from_env().take_tcp_listener(0)
}

/// Listens on an address, or on the socket that was handed over.
///
/// # Errors
/// The address is taken, not ours, or not allowed to us.
pub fn open(address: SocketAddr, handed_over: Option<std::net::TcpListener>) -> io::Result<TcpListener> {
    let listener = if let Some(listener) = handed_over {
        listener
    } else {
        let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.into()
    };
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Serves until `shutdown` is done and then until open requests are answered, [`Limits::stop`] at most.
/// `service_for` makes the service of one connection from the peer's address.
pub async fn serve<M, S, B>(listener: TcpListener, service_for: M, limits: Limits, shutdown: impl Future<Output = ()>)
where
    M: Fn(SocketAddr) -> S,
    S: Service<Request<Incoming>, Response = http::Response<B>> + Send + 'static,
    S::Future: Send + Unpin + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut house = House::new(limits);
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer, permit) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            arrival = house.next(&listener) => arrival,
        };
        let Some(counted) = house.counter.enter(peer.ip()) else { continue };
        let service = service_for(peer);
        let connection = Served { limits: Arc::clone(&house.limits), orders: house.orders.subscribe() };
        tokio::spawn(async move {
            connection.run(stream, service).await;
            drop((permit, counted));
        });
    }
    drop(listener);
    house.close().await;
}

/// Everybody inside.
struct House {
    limits: Arc<Limits>,
    room: Arc<Semaphore>,
    counter: Counter,
    orders: watch::Sender<Order>,
}

impl House {
    fn new(limits: Limits) -> Self {
        Self {
            room: Arc::new(Semaphore::new(places::within_open_files(limits.connections))),
            counter: Counter::new(limits.per_address, limits.trusted.clone()),
            orders: watch::Sender::new(Order::Serve),
            limits: Arc::new(limits),
        }
    }

    /// The next connection, once there is room for it.
    async fn next(&mut self, listener: &TcpListener) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
        let permit = self.room().await;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, peer, permit),
                // The visitor left between knocking and our opening; everything else is a fault of the system's.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted; more open files may be needed");
                    sleep(AFTER_FAULT).await;
                }
            }
        }
    }

    /// A place; if there is none, those who are idle are asked to leave.
    async fn room(&self) -> OwnedSemaphorePermit {
        loop {
            let place = Arc::clone(&self.room).acquire_owned();
            if self.room.available_permits() == 0 {
                self.orders.send_replace(Order::MakeRoom);
            }
            if let Ok(place) = timeout(ROOM_EVERY, place).await {
                return place.expect("the semaphore is never closed");
            }
        }
    }

    /// Lets open requests end, then ends the rest.
    async fn close(self) {
        let deadline = Instant::now() + self.limits.stop;
        self.orders.send_replace(Order::Finish);
        if tokio::time::timeout_at(deadline, self.orders.closed()).await.is_err() {
            tracing::warn!(connections = self.orders.receiver_count(), "requests were cut off at the stop");
            self.orders.send_replace(Order::Leave);
            self.orders.closed().await;
        }
    }
}
