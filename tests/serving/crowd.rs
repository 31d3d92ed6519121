//! Many connections: nobody is kept out by those who do nothing.

use crate::house::{Client, House, PATIENCE, eventually, head, quick};
use relationship_clinic::web::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpSocket;

/// How many idle connections; 10000 shows what the settings promise (it needs 20,500 open files).
const VARIABLE: &str = "CLINIC_TEST_IDLE";

/// A connection from an address of its own on the loopback network.
async fn knock_from(house: &House, last: u8) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 1, last), 0))).unwrap();
    Client::new(socket.connect(house.address).await.unwrap())
}

/// Both ends of every connection are in this process.
fn allow_files(wanted: u64) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let maximum = limit.maximum.map(|maximum| maximum.max(wanted));
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .unwrap_or_else(|error| panic!("{wanted} open files are needed ({error}): raise ulimit -n"));
}

#[tokio::test]
async fn thousands_of_idle_connections_keep_nobody_out() {
    let count: u64 = std::env::var(VARIABLE).map_or(2_000, |count| count.parse().unwrap());
    allow_files(2 * count + 500);
    let house = House::open(Limits { first_byte: PATIENCE, ..quick() });
    let mut crowd = Vec::new();
    for i in 0..count {
        // Every address stays below its share of 128.
        let mut client = knock_from(&house, u8::try_from(i / 100 + 1).unwrap()).await;
        if i % 2 == 0 {
            client.send(&head("GET", "/articles/boundaries", &["Accept-Encoding: br"])).await;
            assert_eq!(client.answer("GET").await.status, 200, "connection {i}");
        }
        crowd.push(client);
    }
    for _ in 0..20 {
        assert_eq!(house.get("/", &[]).await.status, 200, "a newcomer");
    }
    let mut first = crowd.swap_remove(0);
    first.send(&head("GET", "/", &[])).await;
    assert_eq!(first.answer("GET").await.status, 200, "the first of all");
}

#[tokio::test]
async fn when_places_are_short_the_idle_make_room() {
    let house = House::open(Limits { connections: 20, first_byte: PATIENCE, ..quick() });
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
    let house = House::open(Limits { per_address: 3, first_byte: PATIENCE, ..quick() });
    let mut mine = Vec::new();
    for _ in 0..3 {
        let mut client = knock_from(&house, 1).await;
        client.send(&head("GET", "/", &[])).await;
        assert_eq!(client.answer("GET").await.status, 200);
        mine.push(client);
    }
    assert_eq!(knock_from(&house, 1).await.until_closed().await, "", "the fourth is closed without a word");
    let mut other = knock_from(&house, 2).await;
    other.send(&head("GET", "/", &[])).await;
    assert_eq!(other.answer("GET").await.status, 200, "a neighbour");
    mine.clear();
    eventually("a place is free again", async || {
        let mut client = knock_from(&house, 1).await;
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
        let mut client = knock_from(&house, 1).await;
        client.send(&head("GET", "/", &[])).await;
        assert_eq!(client.answer("GET").await.status, 200);
        all.push(client);
    }
}
