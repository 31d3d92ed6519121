//! The line to a relay.
//!
//! Invariant: in the clear, no more than one line of an answer is handed on at a time. What a meddler adds behind
//! "220 go ahead" is therefore met by the TLS handshake, which fails, and never taken for an answer of the secured
//! relay. (lettre keeps its read buffer across STARTTLS.)

use lettre::transport::smtp::client::AsyncTokioStream;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
    time::timeout,
};

/// A dead address of a relay must not use up the time of the next one.
pub(super) const CONNECT: Duration = Duration::from_secs(10);
/// A line of an answer fits in; lettre refuses lines longer than 1,000.
const BUFFER: usize = 1024;

/// Connects to the first address that answers. `loopback` refuses every other network, whatever the name resolves to.
pub(super) async fn connect(host: &str, port: u16, loopback: bool) -> io::Result<Box<dyn AsyncTokioStream>> {
    let mut last = io::Error::other("the relay's name leads to no address");
    for address in lookup_host((host, port)).await? {
        if loopback && !address.ip().is_loopback() {
            last = io::Error::other("plain text goes to loopback only, and the relay's name leads elsewhere");
            continue;
        }
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                // A letter is three small writes; waiting for acknowledgements between them costs 40 ms each.
                tcp.set_nodelay(true)?;
                return Ok(Box::new(Wire { tcp, ahead: Vec::new() }));
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, "it does not answer"),
        }
    }
    Err(last)
}

/// A socket that hands on at most one line per read.
#[derive(Debug)]
struct Wire {
    tcp: TcpStream,
    /// Received and not yet handed on.
    ahead: Vec<u8>,
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ahead.is_empty() {
            let mut bytes = [0; BUFFER];
            let mut received = ReadBuf::new(&mut bytes);
            std::task::ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut received))?;
            this.ahead.extend_from_slice(received.filled());
        }
        let line = this.ahead.iter().position(|byte| *byte == b'\n').map_or(this.ahead.len(), |end| end + 1);
        let part = line.min(buf.remaining());
        buf.put_slice(&this.ahead[..part]);
        this.ahead.drain(..part);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write(cx, bytes)
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}
