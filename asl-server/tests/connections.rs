//! Connections: how many there are at once, and how long they may be silent.

mod support;

use asl_server::connection::{self, Limits};
use asl_server::http;
use std::net::SocketAddr;
use std::time::Duration;
use support::service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const LIST: &[u8] = b"POST /ListStateMachines HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}";

/// Longer than a test takes.
const LONG: Duration = Duration::from_secs(3600);

/// A server that serves until the sender is used.
async fn serve(limits: Limits) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (end, told) = oneshot::channel();
    let serving = connection::serve(listener, http::router(service()), limits, async { _ = told.await });
    (address, end, tokio::spawn(serving))
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Asks for the list of state machines, over a connection that stays.
async fn list(stream: &mut TcpStream) -> String {
    stream.write_all(LIST).await.unwrap();
    answer(stream).await
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.ends_with(r#"{"stateMachines":[]}"#) {
        let mut bytes = [0; 1024];
        let length = stream.read(&mut bytes).await.unwrap();
        assert_ne!(length, 0, "the server hung up after {text:?}");
        text += std::str::from_utf8(&bytes[..length]).unwrap();
    }
    text
}

/// What comes until the server hangs up.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn further_connections_wait_until_there_is_a_place() {
    let (address, _end, _serving) = serve(Limits { connections: 2, head: LONG }).await;
    let (mut first, mut second) = (connect(address).await, connect(address).await);
    assert!(list(&mut first).await.starts_with("HTTP/1.1 200 OK"));
    assert!(list(&mut second).await.starts_with("HTTP/1.1 200 OK"));
    // The system takes the third one; the server does not read what it says.
    let mut third = connect(address).await;
    third.write_all(LIST).await.unwrap();
    for stream in [&mut first, &mut second] {
        list(stream).await;
    }
    assert_eq!(third.try_read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    drop(first);
    assert!(answer(&mut third).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn who_says_nothing_or_half_a_request_has_to_go() {
    let (address, _end, _serving) = serve(Limits { connections: 3, head: Duration::from_millis(50) }).await;
    let (mut silent, mut half, mut idle) = (connect(address).await, connect(address).await, connect(address).await);
    list(&mut idle).await;
    half.write_all(&LIST[..30]).await.unwrap();
    assert_eq!(rest(&mut idle).await, "");
    for stream in [&mut silent, &mut half] {
        let last = rest(stream).await;
        assert!(last.is_empty() || last.starts_with("HTTP/1.1 408 "), "{last}");
    }
    // Their places are free again.
    let mut others = [connect(address).await, connect(address).await, connect(address).await];
    for stream in &mut others {
        list(stream).await;
    }
}

#[tokio::test]
async fn the_end_closes_idle_connections_and_answers_the_others() {
    let (address, end, serving) = serve(Limits { connections: 8, head: LONG }).await;
    let (mut silent, mut idle, mut busy) = (connect(address).await, connect(address).await, connect(address).await);
    list(&mut idle).await;
    // All but the last byte.
    list(&mut busy).await;
    busy.write_all(&LIST[..LIST.len() - 1]).await.unwrap();
    // Connections are accepted in their order: when this one is answered, the server knows the others.
    list(&mut connect(address).await).await;
    end.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "");
    assert_eq!(rest(&mut silent).await, "");
    assert!(TcpStream::connect(address).await.is_err(), "it does not listen any more");
    busy.write_all(b"}").await.unwrap();
    let answered = rest(&mut busy).await;
    assert!(answered.ends_with(r#"{"stateMachines":[]}"#), "{answered}");
    serving.await.unwrap();
}
