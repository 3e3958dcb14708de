//! HTTP/2 where ALPN chooses it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use herakles_web::Limits;
use herakles_web::hyper::http::{HeaderMap, Request, Version};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::{ALICE, BIG, PATIENCE, Running, Site, TLS};

type Connection = h2::client::Connection<TlsStream<TcpStream>, Bytes>;

async fn connect(site: &Site, server: &Running, protocols: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(site.authority.pem.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let socket = TcpStream::connect(server.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, socket).await.unwrap()
}

async fn client(site: &Site, server: &Running) -> (SendRequest<Bytes>, Connection) {
    let stream = connect(site, server, &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    h2::client::handshake(stream).await.unwrap()
}

fn request(method: &str, path: &str) -> Request<()> {
    let request = Request::builder().method(method).version(Version::HTTP_2);
    request
        .uri(format!("https://localhost{path}"))
        .body(())
        .unwrap()
}

/// Status, headers and body.
async fn fetch(sender: &SendRequest<Bytes>, request: Request<()>) -> (u16, HeaderMap, Vec<u8>) {
    let mut sender = sender.clone().ready().await.unwrap();
    let (response, _) = sender.send_request(request, true).unwrap();
    let (head, mut stream) = response.await.unwrap().into_parts();
    let mut body = Vec::new();
    while let Some(bytes) = stream.data().await {
        let bytes = bytes.unwrap();
        stream.flow_control().release_capacity(bytes.len()).unwrap();
        body.extend_from_slice(&bytes);
    }
    (head.status.as_u16(), head.headers, body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn requests_at_the_same_time_share_a_connection() {
    let site = Site::new(TLS);
    let server = site.serve();
    let (sender, connection) = client(&site, &server).await;
    tokio::spawn(connection);
    // The client knows from here on how many the server takes.
    assert_eq!(fetch(&sender, request("GET", "/")).await.0, 200);
    let requests = (0..40).map(|number| {
        let sender = sender.clone();
        tokio::spawn(async move {
            let path = if number % 8 == 0 { "/big" } else { "/" };
            let (status, headers, body) = fetch(&sender, request("GET", path)).await;
            assert_eq!(status, 200);
            assert_eq!(headers["content-length"], body.len().to_string());
            body.len()
        })
    });
    for (number, request) in requests.collect::<Vec<_>>().into_iter().enumerate() {
        let expected = if number % 8 == 0 { BIG } else { 12 };
        assert_eq!(request.await.unwrap(), expected);
    }
    assert_eq!(server.count("Accepted"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn head_has_the_length_and_no_body() {
    let site = Site::new(TLS);
    let server = site.serve();
    let (sender, connection) = client(&site, &server).await;
    tokio::spawn(connection);
    let (status, headers, body) = fetch(&sender, request("HEAD", "/big")).await;
    assert_eq!((status, body.len()), (200, 0));
    assert_eq!(headers["content-length"], BIG.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn passwords_are_asked_for_and_headers_added() {
    let more = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n";
    let site = Site::new(&format!("{TLS}basic_auth_users:\n  alice: {ALICE}\n{more}"));
    let server = site.serve();
    let (sender, connection) = client(&site, &server).await;
    tokio::spawn(connection);
    let (status, headers, _) = fetch(&sender, request("GET", "/")).await;
    assert_eq!(
        (status, &headers["x-frame-options"]),
        (401, &"deny".parse().unwrap())
    );
    let mut with_password = request("GET", "/");
    let value = "Basic YWxpY2U6YWxpY2UxMjM=".parse().unwrap();
    with_password.headers_mut().insert("authorization", value);
    assert_eq!(fetch(&sender, with_password).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn it_can_be_switched_off_and_need_not_be_chosen() {
    let site = Site::new(&format!("{TLS}http_server_config: {{http2: false}}\n"));
    let server = site.serve();
    let stream = connect(&site, &server, &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let site = Site::new(TLS);
    let server = site.serve();
    let stream = connect(&site, &server, &["http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_panic_closes_the_connection_and_is_told() {
    let site = Site::new(TLS);
    let server = site.serve();
    let (sender, connection) = client(&site, &server).await;
    let connection = tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let (response, _) = sender.send_request(request("GET", "/panic"), true).unwrap();
    assert!(response.await.is_err());
    drop(sender);
    let _ = connection.await.unwrap();
    server.wait_for_event("HandlerPanicked");
    let (sender, connection) = client(&site, &server).await;
    tokio::spawn(connection);
    assert_eq!(fetch(&sender, request("GET", "/")).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_idle_connection_is_told_to_go() {
    // Time for the handshake on a busy machine.
    let limits = Limits {
        header_timeout: Duration::from_secs(2),
        ..Limits::default()
    };
    let site = Site::new(TLS);
    let server = Running::start(&site.path("web.yml"), limits);
    let (sender, connection) = client(&site, &server).await;
    let connection = tokio::spawn(connection);
    assert_eq!(fetch(&sender, request("GET", "/")).await.0, 200);
    // It ends well or, as the server does not wait for the last word, by a broken pipe.
    let _ = connection.await.unwrap();
    assert_eq!(server.count("HeaderTimedOut"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_client_that_takes_nothing_is_closed() {
    let limits = Limits {
        write_timeout: Duration::from_millis(300),
        header_timeout: PATIENCE * 3,
        ..Limits::default()
    };
    let site = Site::new(TLS);
    let server = Running::start(&site.path("web.yml"), limits);
    let (sender, connection) = client(&site, &server).await;
    let connection = tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let (response, _) = sender.send_request(request("GET", "/big"), true).unwrap();
    // The window is never opened again.
    let _response = response.await.unwrap();
    server.wait_for_event("WriteTimedOut");
    let _ = connection.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_idle_connection_gives_way_and_a_busy_one_does_not() {
    let limits = Limits {
        max_connections: NonZeroUsize::MIN,
        header_timeout: PATIENCE * 3,
        write_timeout: PATIENCE * 3,
        ..Limits::default()
    };
    let site = Site::new(TLS);
    let server = Running::start(&site.path("web.yml"), limits);
    let (sender, connection) = client(&site, &server).await;
    let idle = tokio::spawn(connection);
    assert_eq!(fetch(&sender, request("GET", "/")).await.0, 200);
    let (sender, connection) = client(&site, &server).await;
    tokio::spawn(connection);
    let _ = idle.await.unwrap();
    let mut busy = sender.clone().ready().await.unwrap();
    let (response, _) = busy.send_request(request("GET", "/big"), true).unwrap();
    let response = response.await.unwrap();
    let refused = TcpStream::connect(server.address).await.unwrap();
    drop(refused);
    let waiting = tokio::task::spawn_blocking(move || {
        server.wait_for_event("Refused");
        server
    });
    let _server = waiting.await.unwrap();
    // Gives back the window that it fills.
    drop(response);
    assert_eq!(fetch(&sender, request("GET", "/")).await.0, 200);
}
