//! A real Prometheus scrapes the exporter and answers queries.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{
    eventually,
    exporter::{Exporter, Options},
    http,
    target::{self, Target},
    tools,
};

/// A Prometheus with one target, ended when dropped.
struct Prometheus {
    child: Child,
    address: SocketAddr,
    directory: TempDir,
}

impl Prometheus {
    fn start(program: &std::path::Path, exporter: &Exporter) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = directory.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: herakles\n  \
             static_configs: [{{targets: ['{}']}}]\n",
            exporter.address
        );
        fs::write(&config, text).expect("the configuration can be written");
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        drop(listener);
        let log = File::create(directory.path().join("log")).expect("the log can be written");
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus starts");
        Self {
            child,
            address,
            directory,
        }
    }

    /// The `data` of an answer of the API, or nothing while it cannot be had.
    fn ask(&self, path: &str) -> Option<Value> {
        let response = http::request(self.address, "GET", path, &[]).ok()?;
        let answer: Value = serde_json::from_slice(&response.body).ok()?;
        (answer["status"] == "success").then(|| answer["data"].clone())
    }

    /// The only value of a query without characters that a URL would have to escape.
    fn query(&self, query: &str) -> Option<f64> {
        let data = self.ask(&format!("/api/v1/query?query={query}"))?;
        let [result] = data["result"].as_array()?.as_slice() else {
            return None;
        };
        result["value"][1].as_str()?.parse().ok()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_scrapes_and_finds_a_process_of_this_test() {
    let Some(program) = tools::prometheus() else {
        return;
    };
    let child = Target::start(b"hk-scraped", &target::hold_megabytes(12));
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(1.0);
    let prometheus = Prometheus::start(&program, &exporter);

    let target = eventually("Prometheus to have scraped", || {
        let data = prometheus.ask("/api/v1/targets?state=active")?;
        let target = data["activeTargets"].get(0)?.clone();
        (target["health"] != "unknown").then_some(target)
    });
    assert_eq!(target["lastError"], "", "{target}\n{}", prometheus.log());
    assert_eq!(target["health"], "up");
    assert_eq!(prometheus.query("up"), Some(1.0));

    let selector = format!(
        "%7Bpid%3D%22{}%22%2Cname%3D%22hk-scraped%22%7D",
        child.pid()
    );
    let uss = eventually("the process to be found", || {
        prometheus.query(&format!("herakles_process_memory_uss_bytes{selector}"))
    });
    assert!((12e6..40e6).contains(&uss), "{uss}");
    let scraped = prometheus
        .query("scrape_samples_scraped")
        .expect("a sample count");
    let kept = prometheus
        .query("scrape_samples_post_metric_relabeling")
        .expect("a sample count");
    assert!(
        scraped > 100.0 && scraped == kept,
        "{scraped} scraped, {kept} kept"
    );

    // Units arrive by OpenMetrics only, so this shows which format was spoken.
    let data = eventually("metadata", || {
        let path = "/api/v1/targets/metadata?metric=herakles_process_memory_uss_bytes";
        prometheus.ask(path).filter(|data| data.get(0).is_some())
    });
    assert_eq!(data[0]["type"], "gauge");
    assert_eq!(data[0]["unit"], "bytes");
    assert_ne!(data[0]["help"], "");
    let data = eventually("metadata", || {
        let path = "/api/v1/targets/metadata?metric=herakles_subgroup_cpu_seconds";
        prometheus.ask(path).filter(|data| data.get(0).is_some())
    });
    assert_eq!(data[0]["type"], "counter");
    assert_eq!(data[0]["unit"], "seconds");
    assert_eq!(prometheus.log(), "", "Prometheus has nothing to warn about");
}
