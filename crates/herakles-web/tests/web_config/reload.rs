//! Changes while the server runs: exporter-toolkit's `TestConfigReloading`, and more.
//!
//! Its `TestWebConfigReloading` changes a value in the program; here a configuration is a file, which
//! the program may have read again.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use herakles_web::web_config::WebConfigFile;

use crate::clients::Client;
use crate::harness::{ALICE, Site, TLS};

const BLOCKING: &str = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";

#[test]
fn another_policy_holds_from_the_next_connection_on() {
    let site = Site::new(&format!("{TLS}{BLOCKING}"));
    let server = site.serve();
    let client = Client::tls(&site.authority);
    assert!(client.get(server.address).is_err());
    site.write("web.yml", TLS);
    assert_eq!(client.get(server.address).unwrap().status, 200);
    site.write("web.yml", &format!("{TLS}{BLOCKING}"));
    assert!(client.get(server.address).is_err());
    assert_eq!(server.count("WebConfigRead"), 2);
}

#[test]
fn a_renewed_certificate_is_shown_to_the_next_client() {
    let site = Site::new(TLS);
    let server = site.serve();
    let others = Site::new(TLS);
    assert!(Client::tls(&site.authority).get(server.address).is_ok());
    let renewed = others.authority.server();
    site.write("server.pem", &renewed.certificate);
    // The key is not there yet: the old pair is served on.
    assert!(Client::tls(&site.authority).get(server.address).is_ok());
    server.wait_for_event("WebConfigBroken");
    site.write("server.key", &renewed.key);
    assert!(Client::tls(&others.authority).get(server.address).is_ok());
    assert!(Client::tls(&site.authority).get(server.address).is_err());
}

#[test]
fn a_changed_password_holds_at_once() {
    let users = |hash: &str| format!("basic_auth_users:\n  alice: {hash}\n");
    let site = Site::new(&users(ALICE));
    let server = site.serve();
    let login = |password| {
        let client = Client::plain().login("alice", password);
        client.get(server.address).unwrap().status
    };
    assert_eq!((login("alice123"), login("another")), (200, 401));
    site.write("web.yml", &users(&bcrypt::hash("another", 4).unwrap()));
    assert_eq!((login("alice123"), login("another")), (401, 200));
    site.write("web.yml", "basic_auth_users:\n");
    assert_eq!(login("alice123"), 200);
}

#[test]
fn another_rate_limit_holds_at_once() {
    let limit = |interval| format!("rate_limit:\n  interval: {interval}\n");
    let site = Site::new(&limit("1h"));
    let server = site.serve();
    let get = || Client::plain().get(server.address).unwrap().status;
    assert_eq!((get(), get()), (200, 429));
    site.write("web.yml", "http_server_config:\n");
    assert_eq!((get(), get()), (200, 200));
    // The one that was spent is still spent, another one begins full.
    site.write("web.yml", &limit("1h"));
    assert_eq!(get(), 429);
    site.write("web.yml", &limit("2h"));
    assert_eq!((get(), get()), (200, 429));
}

#[test]
fn a_file_of_the_same_length_and_time_is_another_one() {
    let text = |policy| format!("http_server_config:\n  headers:\n    X-Frame-Options: {policy}\n");
    let site = Site::new(&text("\"deny\"    "));
    let server = site.serve();
    let policy = || {
        let answer = Client::plain().get(server.address).unwrap();
        answer.header("X-Frame-Options").map(str::to_owned)
    };
    assert_eq!(policy().as_deref(), Some("deny"));
    let file = site.path("web.yml");
    let before = fs::metadata(&file).unwrap();
    // Kernels before 6.13 know the time of a change to some milliseconds only.
    let changed = |it: &fs::Metadata| (it.ctime(), it.ctime_nsec());
    while changed(&fs::metadata(&file).unwrap()) == changed(&before) {
        fs::write(&file, text("sameorigin")).unwrap();
        let written = fs::File::options().write(true).open(&file).unwrap();
        written.set_modified(before.modified().unwrap()).unwrap();
    }
    let after = fs::metadata(&file).unwrap();
    assert_eq!(
        (after.len(), after.modified().unwrap()),
        (before.len(), before.modified().unwrap())
    );
    assert_eq!(policy().as_deref(), Some("sameorigin"));
}

#[test]
fn tls_can_begin_and_end() {
    let site = Site::new("");
    let server = site.serve();
    assert_eq!(Client::plain().get(server.address).unwrap().status, 200);
    site.write("web.yml", TLS);
    assert_eq!(Client::plain().get(server.address).unwrap().status, 400);
    assert_eq!(
        Client::tls(&site.authority)
            .get(server.address)
            .unwrap()
            .status,
        200
    );
    site.write("web.yml", "http_server_config:\n");
    assert_eq!(Client::plain().get(server.address).unwrap().status, 200);
}

#[test]
fn what_is_broken_gone_or_emptied_leaves_the_last_good_one() {
    let site = Site::new(&format!("basic_auth_users:\n  alice: {ALICE}\n"));
    let server = site.serve();
    let stranger = || Client::plain().get(server.address).unwrap().status;
    for broken in ["basic_auth_users: [", "unknown: 1\n", "", "\n"] {
        site.write("web.yml", broken);
        assert_eq!((stranger(), stranger()), (401, 401), "{broken:?}");
    }
    fs::remove_file(site.path("web.yml")).unwrap();
    assert_eq!((stranger(), stranger()), (401, 401));
    // Told once for each change, not for each request.
    assert_eq!(server.count("WebConfigBroken"), 5);
    site.write("web.yml", "basic_auth_users:\n");
    assert_eq!(stranger(), 200);
    assert_eq!(server.count("WebConfigRead"), 1);
}

#[test]
fn a_missing_certificate_that_comes_is_found() {
    let site = Site::new(TLS);
    let server = site.serve();
    let later = "tls_server_config:\n  cert_file: later.pem\n  key_file: later.key\n";
    site.write("web.yml", later);
    assert!(Client::tls(&site.authority).get(server.address).is_ok());
    server.wait_for_event("WebConfigBroken");
    let others = Site::new(TLS);
    let own = others.authority.server();
    site.write("later.key", &own.key);
    site.write("later.pem", &own.certificate);
    assert!(Client::tls(&others.authority).get(server.address).is_ok());
}

#[test]
fn reloading_by_hand_says_what_is_wrong_and_keeps_the_rest() {
    let site = Site::new(TLS);
    let file = WebConfigFile::open(&site.path("web.yml")).unwrap();
    site.write("web.yml", "junk");
    assert!(file.reload().is_err());
    assert!(file.current().has_tls());
    site.write("web.yml", "http_server_config:\n");
    assert!(!file.reload().unwrap().has_tls());
    assert!(!file.current().has_tls());
}

#[test]
fn under_load_a_broken_file_is_noticed_by_nobody() {
    let site = Site::new(TLS);
    let server = site.serve();
    let done = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let client = Client::tls(&site.authority);
                let (done, address) = (Arc::clone(&done), server.address);
                scope.spawn(move || {
                    let mut greeted = 0;
                    while !done.load(Ordering::Relaxed) {
                        assert_eq!(client.get(address).unwrap().status, 200);
                        greeted += 1;
                    }
                    greeted
                })
            })
            .collect();
        for number in 0..10 {
            site.write("web.yml", &format!("junk {number}\n"));
            assert_eq!(
                Client::tls(&site.authority)
                    .get(server.address)
                    .unwrap()
                    .status,
                200
            );
            site.write("web.yml", TLS);
            assert_eq!(
                Client::tls(&site.authority)
                    .get(server.address)
                    .unwrap()
                    .status,
                200
            );
        }
        done.store(true, Ordering::Relaxed);
        for client in clients {
            assert!(client.join().unwrap() > 0);
        }
    });
    assert!(server.count("WebConfigBroken") >= 10);
}
