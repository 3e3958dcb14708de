//! TLS, client certificates and passwords, by the clients that people use.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::exporter::{Exporter, Options, run};
use crate::harness::prometheus::{Job, Prometheus};
use crate::harness::{eventually, tools};

/// `alice123`.
const USERS: &str = "basic_auth_users:
  alice: $2b$04$NLQ1Sl9zykpOS00izD8XcuwYpe10DhCNP6bTuye7UMjvBf02gIoAG
";
pub(super) const TLS: &str = "tls_server_config:
  # Certificate and key files for server to use to authenticate to client.
  cert_file: server.pem
  key_file: server.key
";
const MUTUAL: &str = "  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
";

/// An authority with a server's and a client's certificate, and `web.yml`.
pub(super) struct Site(TempDir);

impl Site {
    pub(super) fn new(web: &str) -> Self {
        let site = Self(tempfile::tempdir().expect("a temporary directory"));
        let own = |name: &str| {
            rcgen::KeyPair::generate().inspect(|key| {
                site.write(&format!("{name}.key"), &key.serialize_pem());
            })
        };
        let ca_key = own("ca").expect("a key");
        let mut ca = rcgen::CertificateParams::default();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        // Of another name than those it signs, which would look as if they had signed themselves.
        ca.distinguished_name
            .push(rcgen::DnType::CommonName, "authority");
        site.write(
            "ca.pem",
            &ca.self_signed(&ca_key).expect("a certificate").pem(),
        );
        let issuer = rcgen::Issuer::new(ca, ca_key);
        for name in ["server", "client"] {
            let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
            let params = rcgen::CertificateParams::new(names).expect("good names");
            let signed = params.signed_by(&own(name).expect("a key"), &issuer);
            site.write(
                &format!("{name}.pem"),
                &signed.expect("a certificate").pem(),
            );
        }
        site.write("web.yml", web);
        site
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path("aside"), text).expect("it can be written");
        let closed = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.path("aside"), closed).expect("it is ours");
        fs::rename(self.path("aside"), self.path(name)).expect("it can be renamed");
    }

    pub(super) fn flag(&self) -> String {
        format!("--web.config.file={}", self.text("web.yml"))
    }

    fn start(&self) -> Exporter {
        Options::recorded().args([self.flag()]).start()
    }

    /// Status and body by curl, which trusts the authority and its name for this host.
    pub(super) fn curl(
        &self,
        curl: &Path,
        exporter: &Exporter,
        arguments: &[&str],
    ) -> (String, String) {
        let output = Command::new(curl)
            .args(["-sS", "-w", "\n%{http_code} %{http_version}", "--cacert"])
            .arg(self.path("ca.pem"))
            .args([
                "--connect-to",
                &format!("localhost:9215:{}", exporter.address),
            ])
            .args(arguments)
            .arg("https://localhost:9215/metrics")
            .output()
            .expect("curl runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').expect("a status");
        (status.to_owned(), body.to_owned())
    }
}

#[test]
fn curl_scrapes_over_tls_with_a_password() {
    let Some(curl) = tools::curl() else { return };
    let site = Site::new(&format!("{TLS}{USERS}"));
    let exporter = site.start();
    let ask = |arguments: &[&str]| site.curl(&curl, &exporter, arguments);
    let good = ["-u", "alice:alice123", "--compressed"];
    eventually("a refresh", || {
        ask(&good).0.starts_with("200").then_some(())
    });
    let (status, body) = ask(&good);
    let web = "herakles_exporter_config_last_reload_successful{file=\"web\"} 1";
    assert!(
        status.starts_with("200") && body.contains(web),
        "{status}\n{body}"
    );
    assert_eq!(ask(&["-u", "alice:alice123", "--http1.1"]).0, "200 1.1");
    assert!(ask(&["-u", "alice:wrong"]).0.starts_with("401"));
    let (status, body) = ask(&[]);
    assert!(
        status.starts_with("401") && !body.contains("herakles_"),
        "{status}\n{body}"
    );
    // Refusals are counted too.
    let (_, body) = ask(&good);
    let refused = "herakles_exporter_http_requests_total{path=\"/metrics\",code=\"401\"} 2";
    assert!(body.contains(refused), "{body}");
    // Plain HTTP is told where to go.
    assert_eq!(exporter.get("/metrics").status, 400);
}

#[test]
fn a_broken_file_keeps_the_last_one_and_shows_in_the_metrics() {
    let Some(curl) = tools::curl() else { return };
    let site = Site::new(&format!("{TLS}{USERS}"));
    let exporter = site.start();
    let body = || site.curl(&curl, &exporter, &["-u", "alice:alice123"]).1;
    let shows = |value: &str| {
        let web = format!("config_last_reload_successful{{file=\"web\"}} {value}");
        eventually(&web, || body().contains(&web).then_some(()));
    };
    shows("1");
    site.write(
        "web.yml",
        "tls_server_config: {cert_file: nowhere.pem, key_file: server.key}\n",
    );
    shows("0");
    let place = format!("{}:1:32: cert_file: cannot read", site.text("web.yml"));
    exporter.log_with(&place);
    exporter.signal(Signal::HUP);
    shows("0");
    site.write("web.yml", &format!("{TLS}{USERS}"));
    shows("1");
}

#[test]
fn at_the_start_a_broken_file_is_an_error_of_configuration() {
    let site = Site::new("tls_server_config:\n  cert_file: server.pem\n  key_flie: server.key\n");
    let output = run(&[site.flag()]);
    assert_eq!(output.status.code(), Some(2));
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        sentence.contains(&format!("{}:3:3: ", site.text("web.yml"))),
        "{sentence}"
    );
    assert!(sentence.contains("key_flie"), "{sentence}");
    let output = run(&[
        "check".to_owned(),
        "--allow-partial".to_owned(),
        site.flag(),
    ]);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(report.contains("FAIL  web configuration: "), "{report}");

    let site = Site::new(&format!("{TLS}{USERS}"));
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(site.path("server.key"), open).expect("it is ours");
    let output = run(&[
        "check".to_owned(),
        "--allow-partial".to_owned(),
        site.flag(),
    ]);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(report.contains(": TLS, passwords"), "{report}");
    assert!(report.contains("may be read by others"), "{report}");
}

#[test]
fn a_real_prometheus_scrapes_with_a_certificate_and_a_password() {
    let Some(program) = tools::prometheus() else {
        return;
    };
    let site = Site::new(&format!("{TLS}{MUTUAL}{USERS}"));
    let exporter = site.start();
    let access = format!(
        "    scheme: https\n    basic_auth: {{username: alice, password: alice123}}\n    \
         tls_config:\n      ca_file: {}\n      cert_file: {}\n      key_file: {}\n      \
         server_name: localhost\n",
        site.text("ca.pem"),
        site.text("client.pem"),
        site.text("client.key")
    );
    let job = |access: &str| Job {
        access: access.to_owned(),
        ..Job::plain()
    };
    let prometheus = Prometheus::start(&program, &exporter, &[job(&access)]);
    let target = prometheus.target_that_is("up");
    assert_eq!(target["lastError"], "", "{target}\n{}", prometheus.log());
    assert_eq!(eventually("a sample", || prometheus.query("up")), 1.0);
    assert_eq!(prometheus.log(), "", "Prometheus has nothing to warn about");

    // Without the certificate it gets nothing.
    let without = access
        .replace("cert_file", "# cert_file")
        .replace("key_file", "# key_file");
    let prometheus = Prometheus::start(&program, &exporter, &[job(&without)]);
    let target = prometheus.target_that_is("down");
    let error = target["lastError"].as_str().unwrap_or_default();
    assert!(error.contains("certificate"), "{error}");
}
