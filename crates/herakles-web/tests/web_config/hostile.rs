//! Clients that are slow, silent, mistaken or ill-meaning.

use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use herakles_web::Limits;

use crate::certificates::Validity;
use crate::clients::{Client, connect};
use crate::harness::{PATIENCE, Running, Site, TLS};

fn impatient() -> Limits {
    Limits {
        header_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

/// Everything until the server closes; a reset counts as the end.
fn rest(socket: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes);
    bytes
}

#[test]
fn a_client_that_says_nothing_is_closed() {
    let server = Running::start(&Site::new(TLS).path("web.yml"), impatient());
    assert_eq!(rest(&mut connect(server.address)), b"");
    server.wait_for_event("HandshakeTimedOut");
}

#[test]
fn a_client_that_says_little_at_a_time_is_closed() {
    let server = Running::start(&Site::new(TLS).path("web.yml"), impatient());
    let mut client = connect(server.address);
    // The head of a record that would be 512 bytes long, then a byte now and then.
    client.write_all(&[22, 3, 1, 2, 0]).unwrap();
    while client.write_all(&[1]).is_ok() {
        std::thread::sleep(Duration::from_millis(20));
    }
    server.wait_for_event("HandshakeTimedOut");
}

#[test]
fn silent_handshakes_give_way_to_those_who_speak() {
    let site = Site::new(TLS);
    let limits = Limits {
        max_connections: NonZeroUsize::new(2).unwrap(),
        header_timeout: PATIENCE * 3,
        ..Limits::default()
    };
    let server = Running::start(&site.path("web.yml"), limits);
    let mut silent = [(); 2].map(|()| connect(server.address));
    assert_eq!(
        Client::tls(&site.authority)
            .get(server.address)
            .unwrap()
            .status,
        200
    );
    assert_eq!(rest(&mut silent[0]), b"");
    server.wait_for_event("Evicted");
}

#[test]
fn a_stopping_server_does_not_wait_for_a_handshake() {
    let limits = Limits {
        header_timeout: PATIENCE * 3,
        grace: PATIENCE * 3,
        ..Limits::default()
    };
    let server = Running::start(&Site::new(TLS).path("web.yml"), limits);
    let mut silent = connect(server.address);
    server.wait_for_event("Accepted");
    drop(server);
    assert_eq!(rest(&mut silent), b"");
}

#[test]
fn a_clients_certificate_must_be_valid_now() {
    let verify = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";
    let site = Site::new(&format!("{TLS}{verify}"));
    let server = site.serve();
    for (validity, is_valid) in [
        (Validity::Now, true),
        (Validity::Over, false),
        (Validity::Later, false),
    ] {
        let own = site.clients.client_when(&["me.example"], validity);
        let answer = Client::with_certificate(&site.authority, own).get(server.address);
        assert_eq!(answer.is_ok(), is_valid, "{answer:?}");
    }
}

#[test]
fn who_is_refused_and_still_sending_hears_why() {
    let verify = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";
    let site = Site::new(&format!("{TLS}{verify}"));
    let limits = Limits {
        header_timeout: PATIENCE * 3,
        ..Limits::default()
    };
    let server = Running::start(&site.path("web.yml"), limits);
    let mut client = Client::tls(&site.authority).session(server.address);
    // By TLS 1.3 a client has finished its side before the server has seen its certificate.
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock).unwrap();
    }
    server.wait_for_event("HandshakeFailed");
    // What arrives at a closed socket is answered by a reset, and the next attempt to send fails.
    for _ in 0..5 {
        client
            .conn
            .writer()
            .write_all(b"GET / HTTP/1.1\r\n")
            .unwrap();
        while client.conn.wants_write() {
            client.conn.write_tls(&mut client.sock).unwrap();
        }
    }
    let error = client.read(&mut [0]).unwrap_err().to_string();
    assert!(error.contains("CertificateRequired"), "{error}");
}

#[test]
fn a_servers_certificate_that_is_not_valid_now_is_for_the_client_to_refuse() {
    for validity in [Validity::Over, Validity::Later] {
        let site = Site::new(TLS);
        let own = site.authority.server_when(validity);
        site.write("server.pem", &own.certificate);
        site.write("server.key", &own.key);
        let server = site.serve();
        let error = Client::tls(&site.authority)
            .get(server.address)
            .unwrap_err();
        assert!(error.contains("certificate"), "{error}");
    }
}

#[test]
fn a_flood_of_wrong_passwords_does_not_keep_scrapes_waiting() {
    // A check takes far longer than a scrape.
    let hash = bcrypt::hash("right", 7).unwrap();
    let server = Site::new(&format!("basic_auth_users:\n  alice: {hash}\n")).serve();
    let scrape = || {
        let client = Client::plain().login("alice", "right");
        client.get(server.address).unwrap().status
    };
    assert_eq!(scrape(), 200);
    let done = AtomicBool::new(false);
    let wrong = AtomicUsize::new(0);
    let scrapes = std::thread::scope(|scope| {
        for thread in 0..4 {
            let (done, wrong, address) = (&done, &wrong, server.address);
            scope.spawn(move || {
                for number in 0.. {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    let client = Client::plain().login("alice", &format!("{thread}-{number}"));
                    let status = client.get(address).unwrap().status;
                    assert!(status == 401 || status == 429, "{status}");
                    wrong.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // Each scrape is answered at once by what is remembered, whatever is being checked.
        let mut scrapes = 0;
        while wrong.load(Ordering::Relaxed) < 1000 && server.count("TurnedAway") < 20 {
            assert_eq!(scrape(), 200);
            scrapes += 1;
        }
        done.store(true, Ordering::Relaxed);
        scrapes
    });
    assert!(scrapes >= 20, "{scrapes} scrapes");
}
