//! Where `serve` listens: the site's address, and the operator's if one is set.
//!
//! Never: what is answered there.

use super::serve::explain;
use crate::{
    config::Config,
    web::{self, Limits, Monitor},
};
use std::net::SocketAddr;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// A monitor needs one or two; more would be taken from readers.
const ADMIN_CONNECTIONS: usize = 64;

/// Listening sockets that answer nobody yet.
pub(super) struct Doors {
    pub(super) site: TcpListener,
    pub(super) admin: Option<TcpListener>,
}

impl Doors {
    /// Opens them; the site's may be one that was handed over.
    ///
    /// # Errors
    /// Every address that cannot be had, each with the reason, in a line of its own.
    pub(super) fn open(config: &Config, handed_over: Option<std::net::TcpListener>) -> Result<Self, String> {
        let site = web::open(config.listen, handed_over).map_err(explain(config.listen));
        let admin = config.admin_listen.map(|address| web::open(address, None).map_err(explain(address))).transpose();
        match (site, admin) {
            (Ok(site), Ok(admin)) => Ok(Self { site, admin }),
            (site, admin) => Err([site.err(), admin.err()].into_iter().flatten().collect::<Vec<_>>().join("\n")),
        }
    }

    /// Where they are: the site's, the operator's.
    ///
    /// # Errors
    /// The system does not say; only a socket that was handed over can do that.
    pub(super) fn addresses(&self) -> Result<(SocketAddr, Option<SocketAddr>), String> {
        let address = |listener: &TcpListener| listener.local_addr().map_err(explain("an address"));
        Ok((address(&self.site)?, self.admin.as_ref().map(address).transpose()?))
    }
}

/// Answers a monitor, as patiently as the site answers its readers, until `stopping` turns true.
pub(super) fn answer_monitor(
    listener: TcpListener,
    monitor: Monitor,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let front = web::admin(monitor);
    let limits = Limits { connections: ADMIN_CONNECTIONS, ..Limits::default() };
    let stop = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    tokio::spawn(web::serve(listener, move |from| front.for_visitor(from), limits, stop))
}
