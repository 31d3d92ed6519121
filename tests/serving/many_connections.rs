//! Many connections: idle ones keep no new client out.

use crate::{
    support::clinic::Clinic,
    test_server::{Client, TIMEOUT, TestServer, eventually, head, short_limits},
};
use relationship_clinic::web::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpSocket;

/// How many idle connections; 10000 shows what the default limits promise.
const VARIABLE: &str = "CLINIC_TEST_IDLE";
/// Memory that an idle connection may take in an unoptimized program; the benchmark measures the real amount.
const KIB_EACH: u64 = 32;

/// A connection from an address of its own on the loopback network.
async fn connect_from(server: SocketAddr, last: u8) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 1, last), 0))).unwrap();
    Client::new(socket.connect(server).await.unwrap())
}

/// Resident memory of a process.
fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The server is a process of its own with its default limits, so that each process has enough open files for one end.
#[tokio::test]
async fn thousands_of_idle_connections_take_little_memory_and_block_no_client() {
    let count: u64 = std::env::var(VARIABLE).map_or(2_000, |count| count.parse().unwrap());
    let limit = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit }).unwrap();
    let clinic = Clinic::start();
    let server = clinic.origin.trim_start_matches("http://").parse().unwrap();
    let before = resident_kib(clinic.pid());
    let mut idle = Vec::new();
    for i in 0..count {
        // Every address stays below its limit of 128.
        let mut client = connect_from(server, u8::try_from(i / 100 + 1).unwrap()).await;
        client.send(&head("GET", "/articles", &["Accept-Encoding: br"])).await;
        assert_eq!(client.answer("GET").await.status, 200, "connection {i}");
        idle.push(client);
    }
    let each = resident_kib(clinic.pid()).saturating_sub(before) / count;
    println!("{count} idle connections: {each} KiB each");
    assert!(each <= KIB_EACH, "{each} KiB each");
    for _ in 0..20 {
        let mut new = connect_from(server, 250).await;
        new.send(&head("GET", "/", &[])).await;
        assert_eq!(new.answer("GET").await.status, 200, "a new client");
    }
    let mut first = idle.swap_remove(0);
    first.send(&head("GET", "/", &[])).await;
    assert_eq!(first.answer("GET").await.status, 200, "the first of all");
}

#[tokio::test]
async fn the_longest_idle_connection_is_closed_for_each_that_is_too_many() {
    let server = TestServer::open(Limits { connections: 10, first_byte: TIMEOUT, ..short_limits() });
    let mut idle = Vec::new();
    for i in 0..10 {
        let mut client = server.connect().await;
        if i % 2 == 0 {
            client.send(&head("GET", "/", &[])).await;
            client.answer("GET").await;
        }
        idle.push(client);
    }
    let mut new = Vec::new();
    for mut oldest in idle.drain(..2) {
        let mut client = server.connect().await;
        client.send(&head("GET", "/", &[])).await;
        assert_eq!(client.answer("GET").await.status, 200, "a new client");
        assert_eq!(oldest.until_closed().await, "", "the longest idle connection is closed");
        new.push(client);
    }
    for client in idle.iter_mut().chain(&mut new) {
        client.send(&head("GET", "/", &[])).await;
        assert_eq!(client.answer("GET").await.status, 200, "every other connection stays open");
    }
}

#[tokio::test]
async fn one_address_gets_no_more_connections_than_its_limit() {
    let server = TestServer::open(Limits { per_address: 3, first_byte: TIMEOUT, ..short_limits() });
    let mut mine = Vec::new();
    for _ in 0..3 {
        let mut client = connect_from(server.address, 1).await;
        client.send(&head("GET", "/", &[])).await;
        assert_eq!(client.answer("GET").await.status, 200);
        mine.push(client);
    }
    assert_eq!(
        connect_from(server.address, 1).await.until_closed().await,
        "",
        "the fourth is closed without a response"
    );
    let mut other = connect_from(server.address, 2).await;
    other.send(&head("GET", "/", &[])).await;
    assert_eq!(other.answer("GET").await.status, 200, "another address");
    mine.clear();
    eventually("a connection is free again", async || {
        let mut client = connect_from(server.address, 1).await;
        (client.send(&head("GET", "/", &["Connection: close"])).await
            && client.until_closed().await.starts_with("HTTP/1.1 200"))
        .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_trusted_proxy_has_no_limit() {
    let trusted = vec!["127.0.1.0/24".parse().unwrap()];
    let server = TestServer::open(Limits { per_address: 1, trusted, ..short_limits() });
    let mut all = Vec::new();
    for _ in 0..5 {
        let mut client = connect_from(server.address, 1).await;
        client.send(&head("GET", "/", &[])).await;
        assert_eq!(client.answer("GET").await.status, 200);
        all.push(client);
    }
}
