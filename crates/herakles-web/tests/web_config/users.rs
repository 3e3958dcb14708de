//! Names and passwords, with and without TLS: exporter-toolkit's `TestUsers` and its handler tests.
//!
//! Its `TestCacheSize` looks into a cache; what bounds ours is tested beside it, in `passwords`.

use crate::clients::Client;
use crate::harness::{ALICE, Running, Site, TLS};

const NO_TLS: &str = "";

fn site(tls: &str) -> Site {
    Site::new(&format!("{tls}basic_auth_users:\n  alice: {ALICE}\n"))
}

fn status(server: &Running, client: Client) -> u16 {
    client.get(server.address).unwrap().status
}

#[test]
fn without_tls_only_the_right_name_and_password_are_let_in() {
    let server = site(NO_TLS).serve();
    let answer = Client::plain().get(server.address).unwrap();
    assert_eq!(answer.status, 401);
    let challenge = answer.header("WWW-Authenticate").unwrap();
    assert!(challenge.starts_with("Basic realm="), "{challenge}");
    assert_eq!(
        status(&server, Client::plain().login("alice", "alice123")),
        200
    );
    assert_eq!(
        status(&server, Client::plain().login("alice", "alice1234")),
        401
    );
    assert_eq!(
        status(&server, Client::plain().login("bob", "alice123")),
        401
    );
    server.wait_for_event("TurnedAway");
}

#[test]
fn with_tls_too() {
    let site = site(TLS);
    let server = site.serve();
    let client = || Client::tls(&site.authority);
    assert_eq!(status(&server, client()), 401);
    assert_eq!(status(&server, client().login("alice", "alice123")), 200);
    assert_eq!(status(&server, client().login("alice", "alice1234")), 401);
    assert_eq!(status(&server, client().login("bob", "alice123")), 401);
}

#[test]
fn each_of_several_has_a_password_of_their_own() {
    let bob = bcrypt::hash("bob123", 4).unwrap();
    let users = format!("basic_auth_users:\n  alice: {ALICE}\n  bob: {bob}\n");
    let site = Site::new(&format!("{TLS}{users}"));
    let server = site.serve();
    let login = |name, password| {
        let client = Client::tls(&site.authority).login(name, password);
        status(&server, client)
    };
    for _ in 0..2 {
        assert_eq!(login("alice", "alice123"), 200);
        assert_eq!(login("bob", "bob123"), 200);
        assert_eq!(login("alice", "bob123"), 401);
        assert_eq!(login("bob", "alice123"), 401);
    }
}

#[test]
fn with_a_client_certificate_both_are_needed() {
    let verify = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";
    let site = site(&format!("{TLS}{verify}"));
    let server = site.serve();
    let own = site.clients.client(&["me.example"]);
    let client = || Client::with_certificate(&site.authority, own.clone());
    assert_eq!(status(&server, client()), 401);
    assert_eq!(status(&server, client().login("alice", "alice123")), 200);
    let without = Client::tls(&site.authority).login("alice", "alice123");
    assert!(without.get(server.address).is_err());
}

#[test]
fn many_at_the_same_time_each_get_their_own_verdict() {
    let server = site(NO_TLS).serve();
    assert_eq!(
        status(&server, Client::plain().login("alice", "alice123")),
        200
    );
    assert_eq!(
        status(&server, Client::plain().login("alice", "alice1234")),
        401
    );
    std::thread::scope(|scope| {
        for number in 0..100 {
            let server = &server;
            scope.spawn(move || {
                let (password, expected) = if number % 2 == 0 {
                    ("alice123", 200)
                } else {
                    ("alice1234", 401)
                };
                let client = Client::plain().login("alice", password);
                assert_eq!(status(server, client), expected);
            });
        }
    });
}

#[test]
fn the_password_of_unknown_names_lets_nobody_in() {
    let server = site(NO_TLS).serve();
    for _ in 0..2 {
        for password in ["fakepassword", "", "alice123"] {
            let client = Client::plain().login("fakeuser", password);
            assert_eq!(status(&server, client), 401);
        }
    }
}

#[test]
fn a_verdict_cannot_be_planted_for_another() {
    let server = site(NO_TLS).serve();
    let decoy = format!("$2b$04${}", ".".repeat(53));
    let planted = [
        (format!("alice{ALICE}"), "fakepassword".to_owned()),
        ("alice".to_owned(), format!("{decoy}fakepassword")),
        (format!("alice:{ALICE}"), "alice123".to_owned()),
        ("alice".to_owned(), format!("{ALICE}alice123")),
    ];
    for (name, password) in &planted {
        assert_eq!(status(&server, Client::plain().login(name, password)), 401);
    }
}

#[test]
fn headers_are_added_to_refusals_too() {
    let more = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n";
    let server = site(more).serve();
    let answer = Client::plain().get(server.address).unwrap();
    assert_eq!(
        (answer.status, answer.header("X-Frame-Options")),
        (401, Some("deny"))
    );
    let server = Site::new(&format!("{more}rate_limit:\n  interval: 1h\n")).serve();
    let get = || Client::plain().get(server.address).unwrap();
    assert_eq!(get().status, 200);
    let limited = get();
    assert_eq!(
        (limited.status, limited.header("X-Frame-Options")),
        (429, Some("deny"))
    );
}
