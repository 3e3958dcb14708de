//! A Prometheus that scrapes an exporter.

use std::{
    fmt::Write as _,
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    eventually,
    exporter::{Exporter, free_address},
    http,
};

/// A scrape job; all have the same target.
#[derive(Default)]
pub(crate) struct Job {
    pub(crate) name: &'static str,
    /// The items of `metric_relabel_configs`, indented as they are there.
    pub(crate) relabelling: String,
    /// How it is let in: lines of the job, indented as they are there.
    pub(crate) access: String,
}

impl Job {
    /// Everything as the target has it, and nothing to let it in.
    pub(crate) fn plain() -> Self {
        Self {
            name: "herakles",
            ..Self::default()
        }
    }
}

/// A Prometheus with one target, ended when dropped.
pub(crate) struct Prometheus {
    child: Child,
    address: SocketAddr,
    directory: TempDir,
}

impl Prometheus {
    pub(crate) fn start(program: &Path, exporter: &Exporter, jobs: &[Job]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = directory.path().join("prometheus.yml");
        let mut text = String::from("global: {scrape_interval: 1s}\nscrape_configs:\n");
        for job in jobs {
            let Job {
                name,
                relabelling,
                access,
            } = job;
            let _ = write!(
                text,
                "  - job_name: {name}\n    static_configs: [{{targets: ['{}']}}]\n{access}",
                exporter.address
            );
            if !relabelling.is_empty() {
                let _ = write!(text, "    metric_relabel_configs:\n{relabelling}");
            }
        }
        fs::write(&config, text).expect("the configuration can be written");
        let address = free_address();
        let log = File::create(directory.path().join("log")).expect("the log can be written");
        let data = directory.path().join("data");
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
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
    pub(crate) fn ask(&self, path: &str) -> Option<Value> {
        let response = http::request(self.address, "GET", path, &[]).ok()?;
        let answer: Value = serde_json::from_slice(&response.body).ok()?;
        (answer["status"] == "success").then(|| answer["data"].clone())
    }

    /// Its first target, once its `health` is this.
    pub(crate) fn target_that_is(&self, health: &str) -> Value {
        eventually("Prometheus to have scraped", || {
            let data = self.ask("/api/v1/targets?state=active")?;
            let target = data["activeTargets"].get(0)?.clone();
            (target["health"] == health).then_some(target)
        })
    }

    /// How many series an expression has now. Counted there: a long answer would come in chunks,
    /// which the client of these tests does not read.
    pub(crate) fn count(&self, expression: &str) -> Option<f64> {
        self.query(&format!("count({expression}) or vector(0)"))
    }

    fn ask_query(&self, expression: &str) -> Option<Value> {
        let mut path = String::from("/api/v1/query?query=");
        for byte in expression.bytes() {
            let _ = write!(path, "%{byte:02X}");
        }
        self.ask(&path)
    }

    /// The only value of an expression.
    pub(crate) fn query(&self, expression: &str) -> Option<f64> {
        let data = self.ask_query(expression)?;
        let [result] = data["result"].as_array()?.as_slice() else {
            return None;
        };
        result["value"][1].as_str()?.parse().ok()
    }

    pub(crate) fn log(&self) -> String {
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
