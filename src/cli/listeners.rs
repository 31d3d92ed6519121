//! The sockets of `serve`: the site's, and that of the admin address if one is set.

use super::serve::explain;
use crate::{config::Config, web};
use std::{io, net::SocketAddr};
use tokio::net::TcpListener;

/// Bound sockets; no connection is accepted yet.
pub(super) struct Listeners {
    pub(super) site: TcpListener,
    pub(super) admin: Option<TcpListener>,
}

impl Listeners {
    /// Binds them. The site's socket is the one that a service manager holds open (`LISTEN_FDS`), if there is one, so
    /// that a restart refuses no connection.
    ///
    /// # Errors
    /// Every address that cannot be used, each with the reason, in a line of its own.
    pub(super) fn open(config: &Config) -> Result<Self, String> {
        let inherited = inherited().map_err(explain("the socket of LISTEN_FDS"))?;
        let site = inherited.map_or_else(|| web::open(config.listen).map_err(explain(config.listen)), Ok);
        let admin = config.admin_listen.map(|address| web::open(address).map_err(explain(address))).transpose();
        match (site, admin) {
            (Ok(site), Ok(admin)) => Ok(Self { site, admin }),
            (site, admin) => Err([site.err(), admin.err()].into_iter().flatten().collect::<Vec<_>>().join("\n")),
        }
    }

    /// The site's address, and the admin address.
    ///
    /// # Errors
    /// The address cannot be read; possible only for an inherited socket.
    pub(super) fn addresses(&self) -> Result<(SocketAddr, Option<SocketAddr>), String> {
        let address = |listener: &TcpListener| listener.local_addr().map_err(explain("an address"));
        Ok((address(&self.site)?, self.admin.as_ref().map(address).transpose()?))
    }
}

fn inherited() -> io::Result<Option<TcpListener>> {
    let Some(listener) = listenfd::ListenFd::from_env().take_tcp_listener(0)? else { return Ok(None) };
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Some)
}
