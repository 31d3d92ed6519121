//! An unencrypted connection to a relay that hands on one line of an answer per read.
//!
//! Invariant: what an attacker appends to "220 go ahead" reaches the TLS handshake, which fails, and is never read as an
//! answer of the encrypted relay. (lettre keeps its read buffer across STARTTLS.)

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

/// Time limit for connecting to each of the relay's IP addresses.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Bytes; a line of an answer fits in, because lettre refuses lines longer than 1,000.
const BUFFER: usize = 1024;

/// Connects to the first address that answers. With `loopback`, every other address is refused.
pub(super) async fn connect(host: &str, port: u16, loopback: bool) -> io::Result<Box<dyn AsyncTokioStream>> {
    let mut last = io::Error::other("the relay's name has no address");
    for address in lookup_host((host, port)).await? {
        if loopback && !address.ip().is_loopback() {
            last = io::Error::other("plain text goes to loopback only, and the relay's name has another address");
            continue;
        }
        match timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                // A message is three small writes; waiting for acknowledgments between them costs 40 ms each.
                tcp.set_nodelay(true)?;
                return Ok(Box::new(LineStream { tcp, pending: Vec::new() }));
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, "it does not answer"),
        }
    }
    Err(last)
}

#[derive(Debug)]
struct LineStream {
    tcp: TcpStream,
    /// Received and not yet returned.
    pending: Vec<u8>,
}

impl AsyncRead for LineStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.pending.is_empty() {
            let mut bytes = [0; BUFFER];
            let mut received = ReadBuf::new(&mut bytes);
            std::task::ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut received))?;
            this.pending.extend_from_slice(received.filled());
        }
        let line = this.pending.iter().position(|byte| *byte == b'\n').map_or(this.pending.len(), |end| end + 1);
        let part = line.min(buf.remaining());
        buf.put_slice(&this.pending[..part]);
        this.pending.drain(..part);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineStream {
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

impl AsyncTokioStream for LineStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}
