//! Scrapes among clients that behave badly. `cargo lab door` does it with many more.

use std::{fs, io::Write, net::TcpStream};

use super::secured::{Site, TLS};
use crate::harness::{
    eventually,
    exporter::{Exporter, Options},
    tools,
};

const GET: &str = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
const HALF: &str = "GET /metrics HTTP/1.1\r\nHo";

/// The exporter with few places and little patience.
fn options() -> Options {
    Options::recorded().args([
        "--web.max-connections=48",
        "--web.header-timeout=5s",
        "--web.write-timeout=5s",
    ])
}

fn sockets(exporter: &Exporter) -> usize {
    let descriptors = fs::read_dir(format!("/proc/{}/fd", exporter.pid())).expect("it runs");
    let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

fn crowd(exporter: &Exporter, clients: usize, greeting: &[u8]) -> Vec<TcpStream> {
    let come = || {
        let mut client = TcpStream::connect(exporter.address).expect("it listens");
        client.write_all(greeting).expect("it is open");
        client
    };
    (0..clients).map(|_| come()).collect()
}

#[test]
fn slow_silent_and_greedy_clients_keep_no_scrape_waiting_and_are_closed() {
    let exporter = options().start();
    exporter.wait_for_refreshes(1.0);
    exporter.metrics();
    let rss = |exporter: &Exporter| {
        let bytes = exporter
            .metrics()
            .value("process_resident_memory_bytes", &[]);
        bytes.expect("it knows its own memory")
    };
    let (sockets_before, rss_before) = (sockets(&exporter), rss(&exporter));
    // More than all buffers on the way hold.
    let asked = GET.repeat(100_000_000 / exporter.get("/metrics").body.len());
    let greedy = crowd(&exporter, 20, b"");
    for mut client in &greedy {
        client.set_nonblocking(true).expect("an option");
        // As much as there is room for.
        let _ = client.write(asked.as_bytes());
    }
    let silent = crowd(&exporter, 40, b"");
    let half = crowd(&exporter, 40, HALF.as_bytes());
    let mut dripping = crowd(&exporter, 40, HALF.as_bytes());
    let mut drip = || dripping.retain_mut(|client| client.write_all(b"x").is_ok());
    for _ in 0..40 {
        drip();
        assert_eq!(exporter.get("/metrics").status, 200);
    }
    let growth = rss(&exporter) - rss_before;
    assert!(growth < 10e6, "{growth} bytes more");
    eventually("all of them to be closed", || {
        drip();
        (sockets(&exporter) <= sockets_before).then_some(())
    });
    drop((greedy, silent, half));
}

#[test]
fn handshakes_that_stall_keep_no_scrape_waiting_and_are_closed() {
    let Some(curl) = tools::curl() else { return };
    let site = Site::new(TLS);
    let exporter = options().args([site.flag()]).start();
    let scrape = || site.curl(&curl, &exporter, &[]).0;
    eventually("a refresh", || scrape().starts_with("200").then_some(()));
    let sockets_before = sockets(&exporter);
    // The head of a record of 512 bytes.
    let stalled = crowd(&exporter, 100, &[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
    for _ in 0..10 {
        assert!(scrape().starts_with("200"));
    }
    eventually("all of them to be closed", || {
        (sockets(&exporter) <= sockets_before).then_some(())
    });
    drop(stalled);
}
