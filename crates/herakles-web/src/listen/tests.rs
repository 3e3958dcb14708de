//! Addresses as people write them, and sockets bound to them.

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use proptest::prelude::*;

use super::{ListenAddress, ListenSocket, ParseListenAddressError as Error, bind};

fn parse(text: &str) -> Result<ListenAddress, Error> {
    text.parse()
}

#[test]
fn addresses_survive_the_round_trip() {
    for text in [
        ":9215",
        "0.0.0.0:9215",
        "[::1]:9215",
        "[::]:0",
        "localhost:9215",
        "a-b.c_d.example:1",
        "unix:/run/herakles.sock",
        "unix:/run/a b?.sock?mode=0600",
    ] {
        assert_eq!(parse(text).unwrap().to_string(), text);
    }
    let socket: SocketAddr = "[fe80::1]:80".parse().unwrap();
    assert_eq!(ListenAddress::from(socket).to_string(), "[fe80::1]:80");
}

#[test]
fn what_is_no_address_says_why() {
    for (text, error) in [
        ("", Error::MissingPort),
        ("9215", Error::MissingPort),
        ("localhost", Error::MissingPort),
        ("[::1]", Error::MissingPort),
        (":", Error::InvalidPort),
        (":http", Error::InvalidPort),
        (":+80", Error::InvalidPort),
        (":65536", Error::InvalidPort),
        ("localhost: 80", Error::InvalidPort),
        ("::1", Error::UnbracketedIpv6),
        ("::1:9215", Error::UnbracketedIpv6),
        ("fe80::1:2:3:4:5:6:9215", Error::UnbracketedIpv6),
        ("[::1:9215", Error::InvalidIpv6),
        ("[127.0.0.1]:9215", Error::InvalidIpv6),
        ("[]:9215", Error::InvalidIpv6),
        ("256.0.0.1:80", Error::InvalidHost),
        ("*:80", Error::InvalidHost),
        ("http://localhost:80", Error::InvalidHost),
        ("a b:80", Error::InvalidHost),
        ("unix:", Error::InvalidPath),
        ("unix:run/x.sock", Error::InvalidPath),
        ("unix:/run/", Error::InvalidPath),
        ("unix:/run/x.sock?mode=", Error::InvalidMode),
        ("unix:/run/x.sock?mode=0888", Error::InvalidMode),
        ("unix:/run/x.sock?mode=+660", Error::InvalidMode),
        ("unix:/run/x.sock?mode=1777", Error::InvalidMode),
        ("unix:/run/x.sock?owner=me", Error::InvalidMode),
    ] {
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn any_takes_connections_of_both_families() {
    let listeners = bind(&[ListenAddress::any(0)]).unwrap();
    let port = listeners[0].tcp_address().unwrap().port();
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        TcpStream::connect(("::1", port)).unwrap();
    }
}

#[test]
fn one_family_leaves_the_other_alone() {
    let Ok(ipv6) = bind(&[parse("[::]:0").unwrap()]) else {
        return;
    };
    let port = ipv6[0].tcp_address().unwrap().port();
    bind(&[parse(&format!("0.0.0.0:{port}")).unwrap()]).expect("[::] takes IPv6 only");
}

#[test]
fn a_name_listens_where_it_resolves_to() {
    let listeners = bind(&[parse("localhost:0").unwrap()]).unwrap();
    for listener in &listeners {
        let address = listener.tcp_address().unwrap();
        assert!(address.ip().is_loopback(), "{address}");
        TcpStream::connect(address).unwrap();
    }
    assert!(!listeners.is_empty());
}

#[test]
fn a_used_port_is_named_with_the_remedy() {
    let holder = bind(&[parse("127.0.0.1:0").unwrap()]).unwrap();
    let address = holder[0].tcp_address().unwrap();
    let error = bind(&[parse("127.0.0.1:0").unwrap(), address.into()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert_eq!(error.address(), &ListenAddress::from(address));
    let sentence = error.to_string();
    assert!(sentence.contains(&address.to_string()), "{sentence}");
    assert!(sentence.contains("choose another port"), "{sentence}");
}

#[test]
fn a_restart_need_not_wait_for_old_connections() {
    let listeners = bind(&[parse("127.0.0.1:0").unwrap()]).unwrap();
    let address = listeners[0].tcp_address().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    // Who closes first keeps the connection in TIME_WAIT.
    let ListenSocket::Tcp(listener) = &listeners[0].socket else {
        panic!("not {listeners:?}")
    };
    drop(listener.accept().unwrap());
    client.read_to_end(&mut Vec::new()).unwrap();
    drop((client, listeners));
    bind(&[address.into()]).unwrap();
}

#[test]
fn a_foreign_address_is_no_missing_family() {
    // TEST-NET-1 is never assigned to a host.
    let error = bind(&[parse("192.0.2.1:0").unwrap()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

fn unix(path: &Path, mode: &str) -> ListenAddress {
    parse(&format!("unix:{}{mode}", path.display())).unwrap()
}

#[test]
fn a_socket_in_the_file_system_has_the_mode_asked_for_and_goes_with_its_listener() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.sock");
    for (text, mode) in [("", 0o660), ("?mode=0600", 0o600), ("?mode=666", 0o666)] {
        let listeners = bind(&[unix(&path, text)]).unwrap();
        let found = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(found & 0o7777, mode);
        assert_eq!(listeners[0].to_string(), format!("unix:{}", path.display()));
        UnixStream::connect(&path).unwrap();
        drop(listeners);
        assert!(!path.exists());
    }
}

#[test]
fn only_a_socket_that_nobody_listens_at_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.sock");
    // As after a crash: the file is left.
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let listeners = bind(&[unix(&path, "")]).unwrap();
    UnixStream::connect(&path).unwrap();

    let error = bind(&[unix(&path, "")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(
        error.to_string().contains("another program listens there"),
        "{error}"
    );
    UnixStream::connect(&path).unwrap();

    // Another has taken the path meanwhile: it stays.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    drop(listeners);
    assert!(bind(&[unix(&path, "")]).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");

    let error = bind(&[unix(&directory.path().join("no/x.sock"), "")]).unwrap_err();
    assert!(
        error.to_string().contains("its directory does not exist"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn what_parses_prints_and_parses_again(text in "[\\[\\]:.a-f0-9-]{0,24}(:[0-9]{1,6})?|[ -~]{0,30}") {
        if let Ok(address) = parse(&text) {
            prop_assert_eq!(parse(&address.to_string()), Ok(address));
        }
    }
}
