//! Many connections: nobody is kept out by those who do nothing.

use crate::{
    house::{Client, House, TIMEOUT, eventually, head, quick},
    support::clinic::Clinic,
};
use relationship_clinic::web::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpSocket;

/// How many idle connections; 10000 shows what the default limits promise.
const VARIABLE: &str = "CLINIC_TEST_IDLE";
/// What an idle connection may cost, in an unoptimised program; the benchmark measures the real price.
const KIB_EACH: u64 = 32;

/// A connection from an address of its own on the loopback network.
async fn knock_from(house: SocketAddr, last: u8) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 1, last), 0))).unwrap();
    Client::new(socket.connect(house).await.unwrap())
}

/// Resident memory of a process.
fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The other end is the real program with its default limits, so that each process has files enough for one end.
#[tokio::test]
async fn thousands_of_idle_connections_cost_little_and_keep_nobody_out() {
    let count: u64 = std::env::var(VARIABLE).map_or(2_000, |count| count.parse().unwrap());
    let limit = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit }).unwrap();
    let clinic = Clinic::start();
    let house = clinic.origin.trim_start_matches("http://").parse().unwrap();
    let before = resident_kib(clinic.pid());
    let mut crowd = Vec::new();
    for i in 0..count {
        // Every address stays below its share of 128.
        let mut client = knock_from(house, u8::try_from(i / 100 + 1).unwrap()).await;
        client.send(&head("GET", "/articles", &["Accept-Encoding: br"])).await;
        assert_eq!(client.answer("GET").await.status, 200, "connection {i}");
        crowd.push(client);
    }
    let each = resident_kib(clinic.pid()).saturating_sub(before) / count;
    println!("{count} idle connections: {each} KiB each");
    assert!(each <= KIB_EACH, "{each} KiB each");
    for _ in 0..20 {
        let mut newcomer = knock_from(house, 250).await;
        newcomer.send(&head("GET", "/", &[])).await;
        assert_eq!(newcomer.answer("GET").await.status, 200, "a newcomer");
    }
    let mut first = crowd.swap_remove(0);
    first.send(&head("GET", "/", &[])).await;
    assert_eq!(first.answer("GET").await.status, 200, "the first of all");
}

#[tokio::test]
async fn when_places_are_short_the_idle_make_room() {
    let house = House::open(Limits { connections: 20, first_byte: TIMEOUT, ..quick() });
    let mut idle = Vec::new();
    for i in 0..20 {
        let mut client = house.knock().await;
        if i % 2 == 0 {
            client.send(&head("GET", "/", &[])).await;
            client.answer("GET").await;
        }
        idle.push(client);
    }
    assert_eq!(house.get("/", &[]).await.status, 200, "a newcomer");
    for client in &mut idle {
        assert_eq!(client.until_closed().await, "", "who was idle is gone");
    }
}

#[tokio::test]
async fn one_address_gets_its_share_of_places() {
    let house = House::open(Limits { per_address: 3, first_byte: TIMEOUT, ..quick() });
    let mut mine = Vec::new();
    for _ in 0..3 {
        let mut client = knock_from(house.address, 1).await;
        client.send(&head("GET", "/", &[])).await;
        assert_eq!(client.answer("GET").await.status, 200);
        mine.push(client);
    }
    assert_eq!(knock_from(house.address, 1).await.until_closed().await, "", "the fourth is closed without a word");
    let mut other = knock_from(house.address, 2).await;
    other.send(&head("GET", "/", &[])).await;
    assert_eq!(other.answer("GET").await.status, 200, "a neighbour");
    mine.clear();
    eventually("a place is free again", async || {
        let mut client = knock_from(house.address, 1).await;
        (client.send(&head("GET", "/", &["Connection: close"])).await
            && client.until_closed().await.starts_with("HTTP/1.1 200"))
        .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_trusted_proxy_has_no_share() {
    let trusted = vec!["127.0.1.0/24".parse().unwrap()];
    let house = House::open(Limits { per_address: 1, trusted, ..quick() });
    let mut all = Vec::new();
    for _ in 0..5 {
        let mut client = knock_from(house.address, 1).await;
        client.send(&head("GET", "/", &[])).await;
        assert_eq!(client.answer("GET").await.status, 200);
        all.push(client);
    }
}
