//! Packets between two pods.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::Pod;

/// The first packet may wait for neighbour discovery.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends a datagram from one pod to an address of another and back again.
///
/// # Panics
///
/// When no answer comes.
#[track_caller]
pub fn exchange(from: &Pod, to: &Pod, address: IpAddr) {
    let server = to.inside(|| {
        UdpSocket::bind(SocketAddr::new(address, 0))
            .unwrap_or_else(|error| panic!("listen on {address}: {error}"))
    });
    let target = server.local_addr().expect("the socket is bound");
    let any: SocketAddr = if address.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let client = from.inside(|| UdpSocket::bind(any).expect("make a socket"));
    for socket in [&server, &client] {
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("set a timeout");
    }
    let mut buffer = [0; 16];
    let started = Instant::now();
    let mut last = String::from("no answer");
    while started.elapsed() < PATIENCE {
        if let Err(error) = client.send_to(b"ping", target) {
            last = error.to_string();
        }
        match server.recv_from(&mut buffer) {
            Ok((4, client_address)) => {
                server.send_to(b"pong", client_address).expect("answer");
            }
            Ok((length, _)) => panic!("a datagram of {length} bytes arrived, not ours"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => panic!("receive in {}: {error}", to.name()),
        }
        if client
            .recv_from(&mut buffer)
            .is_ok_and(|(length, _)| &buffer[..length] == b"pong")
        {
            return;
        }
    }
    panic!(
        "nothing came through from {} to {target} in {}: {last}",
        from.name(),
        to.name()
    );
}

/// Sends a datagram from one socket to another, and back. The server must see the address of the client's socket.
///
/// # Panics
///
/// When no answer comes.
#[track_caller]
pub fn talk(client: &UdpSocket, server: &UdpSocket) {
    let source = client.local_addr().expect("it is bound").ip();
    let target = server.local_addr().expect("it is bound");
    let started = Instant::now();
    let mut buffer = [0; 8];
    let mut last = String::from("no answer");
    while started.elapsed() < PATIENCE {
        if let Err(error) = client.send_to(b"question", target) {
            last = error.to_string();
        }
        if let Ok((_, sender)) = server.recv_from(&mut buffer) {
            assert_eq!(sender.ip(), source, "the sender that {target} saw");
            server.send_to(b"answer", sender).expect("send the answer");
            if client.recv_from(&mut buffer).is_ok() {
                return;
            }
        }
    }
    panic!("nothing came from {source} to {target} and back: {last}");
}

/// A socket of an address of the current namespace, at some port, for [`talk`].
///
/// # Panics
///
/// When the namespace does not have the address.
#[track_caller]
pub fn socket(address: &str) -> UdpSocket {
    let address: IpAddr = address.parse().expect("an address");
    let socket = UdpSocket::bind(SocketAddr::new(address, 0))
        .unwrap_or_else(|error| panic!("bind {address}: {error}"));
    socket
        .set_read_timeout(Some(Duration::from_millis(50)))
        .expect("set a timeout");
    socket
}
