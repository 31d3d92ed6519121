//! Thousands of idle connections: memory of each, and whether a new connection is accepted.

use super::{
    figures::Figures,
    goals::{Goal, Goals},
    http_client,
    program::{On, Program},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};
use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    thread,
    time::Duration,
};

/// Connections from one address of the loopback network; the program allows 128.
const FROM_ONE: u32 = 100;

/// Opens `count` connections and prints their cost.
pub fn measure(folder: &Path, count: u32, goals: &mut Goals) {
    let limit = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit })
        .expect("a process may raise its limit to the maximum");
    let mut program = Program::start(Path::new("content"), &folder.join("idle"), On::All);
    program.first_response("/");
    program.compressed();
    let (before, connections) = (program.process.resident_kib(), open_connections(program.address, count));
    // The program frees temporary memory first.
    thread::sleep(Duration::from_secs(1));
    let spent = program.process.cpu();
    thread::sleep(Duration::from_secs(3));
    let at_rest = program.process.cpu().saturating_sub(spent);
    let resident = program.process.resident_kib();
    #[expect(clippy::cast_precision_loss, reason = "memory of a machine")]
    let each = resident.saturating_sub(before) as f64 / f64::from(count);
    assert_eq!(http_client::get(program.address, "/", &[]).expect("a new connection is served").status, 200);
    println!(
        "\n{count} idle connections: {each:.1} KiB each, {} MiB in all, {} ms of CPU in 3 s; a new connection is served",
        resident / 1024,
        at_rest.as_millis()
    );
    drop(connections);
    goals.record(Goal::Idle, &Figures::one(each));
}

fn open_connections(server: SocketAddr, count: u32) -> Vec<TcpStream> {
    (0..count).map(|number| idle(server, number)).collect()
}

/// A connection after its first response.
fn idle(server: SocketAddr, number: u32) -> TcpStream {
    let from = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 1, 1)) + number / FROM_ONE);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((from, 0)).into()).expect("the loopback network has many addresses");
    socket.connect(&server.into()).expect("the connection is accepted");
    let mut stream = TcpStream::from(socket);
    let head = "GET /articles HTTP/1.1\r\nHost: clinic.example\r\nAccept-Encoding: br\r\nIf-None-Match: *\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("the request is sent");
    let mut answer = [0; 4096];
    assert!(stream.read(&mut answer).expect("it responds") > 0, "connection {number} was closed");
    stream
}
