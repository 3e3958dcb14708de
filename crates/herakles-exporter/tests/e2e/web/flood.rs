//! A flood of wrong passwords over TLS beside scrapes with the right one.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::secured::{Site, TLS};
use crate::harness::{
    eventually,
    exporter::{Exporter, Options},
    exposition::Exposition,
    tools,
};

/// `alice123` and `bob123`, each dear enough to take far longer than a scrape.
const USERS: &str = "basic_auth_users:
  alice: $2b$08$w2gzIYLAq2Vge9YeE64FZ.Rt3dyVmIbrSGYvFiBY949uJ9MOGG41.
  bob: $2b$08$RfyQUZI3t0WKVNuLYSMKEu3ZJTAXA/ErkqnLWF6BBNAS0xlORe2A.
";

/// A curl that tries one password after the other on one connection.
struct Guesser(Child);

impl Drop for Guesser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn guesser(site: &Site, curl: &Path, exporter: &Exporter, number: usize) -> Guesser {
    // Also names that nobody has.
    let name = ["alice", "mallory"][number % 2];
    let child = Command::new(curl)
        .args(["-s", "-o", "/dev/null", "--cacert"])
        .arg(site.path("ca.pem"))
        .args([
            "--connect-to",
            &format!("localhost:9215:{}", exporter.address),
        ])
        .arg(format!(
            "https://{name}:{number}x[1-1000000]@localhost:9215/metrics"
        ))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("curl runs");
    Guesser(child)
}

/// So many requests were answered by this code.
fn answered(body: &str, code: &str) -> f64 {
    let exposition = Exposition::parse(body);
    let code = [("code", code)];
    let counts = exposition.all("herakles_exporter_http_requests_total", &code);
    counts.map(|sample| sample.value).sum()
}

#[test]
fn a_flood_of_wrong_passwords_costs_few_hashes_and_no_scrape() {
    let Some(curl) = tools::curl() else { return };
    let site = Site::new(&format!("{TLS}{USERS}"));
    let exporter = Options::recorded().args([site.flag()]).start();
    let scrape = || site.curl(&curl, &exporter, &["-u", "alice:alice123"]);
    eventually("a refresh", || scrape().0.starts_with("200").then_some(()));

    let guessers: Vec<_> = (0..8)
        .map(|number| guesser(&site, &curl, &exporter, number))
        .collect();
    let (mut checked, mut refused, mut scrapes) = (0.0, 0.0, 0);
    while checked + refused < 1000.0 || scrapes < 20 {
        let (status, body) = scrape();
        assert!(status.starts_with("200"), "{status}\n{body}");
        (checked, refused) = (answered(&body, "401"), answered(&body, "429"));
        scrapes += 1;
    }
    // Each 401 is a hash: no password came twice. As one is checked at a time, most were not.
    assert!(checked > 0.0, "none was checked");
    assert!(
        checked < (checked + refused) / 4.0,
        "{checked} of {refused} hashed"
    );

    // Whoever comes from elsewhere has a place of their own in the queue, also the first time.
    let elsewhere = ["-u", "bob:bob123", "--interface", "127.9.9.9"];
    let (status, body) = site.curl(&curl, &exporter, &elsewhere);
    assert!(status.starts_with("200"), "{status}\n{body}");
    let ended = guessers
        .into_iter()
        .filter_map(|mut it| it.0.try_wait().ok()?);
    assert_eq!(ended.count(), 0, "the flood has dried up");
}
