//! A proxy before the tests' PostgreSQL server that can refuse, restore and freeze connections.

use crate::databases::cluster;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    task::{JoinHandle, JoinSet},
};

pub struct PostgresProxy {
    pub port: u16,
    frozen: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl PostgresProxy {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut proxy = Self { port: listener.local_addr().unwrap().port(), frozen: Arc::default(), accepting: None };
        proxy.accept(listener);
        proxy
    }

    fn accept(&mut self, listener: TcpListener) {
        let frozen = Arc::clone(&self.frozen);
        self.accepting = Some(tokio::spawn(async move {
            // Dropped with this task, which closes the connections.
            let mut open = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                open.spawn(forward(socket, Arc::clone(&frozen)));
            }
        }));
    }

    /// Every connection is closed, and new ones are refused.
    pub async fn cut(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    pub async fn restore(&mut self) {
        self.frozen.store(false, Ordering::SeqCst);
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.accept(listener);
    }

    /// Connections stay open without forwarding requests.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }
}

async fn forward(socket: TcpStream, frozen: Arc<AtomicBool>) {
    let server = UnixStream::connect(cluster().socket()).await.unwrap();
    let (mut from_client, mut to_client) = socket.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut up = [0; 8192];
    let mut down = [0; 8192];
    loop {
        tokio::select! {
            read = from_client.read(&mut up) => match read {
                Ok(length) if length > 0 && !frozen.load(Ordering::SeqCst) => to_server.write_all(&up[..length]).await.unwrap(),
                Ok(length) if length > 0 => {}
                _ => return,
            },
            read = from_server.read(&mut down) => match read {
                Ok(length) if length > 0 => to_client.write_all(&down[..length]).await.unwrap(),
                _ => return,
            },
        }
    }
}
