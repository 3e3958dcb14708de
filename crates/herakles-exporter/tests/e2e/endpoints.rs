//! Every path and every method.

use std::fs;

use serde_json::Value;

use crate::harness::{
    alone::runs_alone,
    exporter::{Exporter, Options},
    target::{self, Target},
};

const PATHS: [&str; 12] = [
    "/",
    "/subgroup/web/tomcat",
    "/process/930",
    "/dashboard.css",
    "/dashboard.js",
    "/metrics",
    "/health",
    "/-/healthy",
    "/-/ready",
    "/config",
    "/subgroups",
    "/api/v1/snapshot",
];

fn recorded() -> Exporter {
    let exporter = Options::recorded().start();
    exporter.wait_for_refreshes(1.0);
    exporter
}

#[test]
fn every_path_answers_get_and_head_alike_and_nothing_else() {
    let exporter = recorded();
    for path in PATHS {
        let get = exporter.get(path);
        assert_eq!(get.status, 200, "GET {path}");
        assert!(!get.body.is_empty(), "GET {path}");
        assert_eq!(
            get.header("x-content-type-options"),
            Some("nosniff"),
            "GET {path}"
        );
        let head = exporter.request("HEAD", path, &[]);
        assert_eq!(head.status, 200, "HEAD {path}");
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "HEAD {path}"
        );
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let response = exporter.request(method, path, &[]);
            assert_eq!(response.status, 405, "{method} {path}");
            let allow = response.header("allow").unwrap_or_default();
            assert!(
                allow.contains("GET") && allow.contains("HEAD"),
                "{method} {path}: {allow}"
            );
        }
    }
}

#[test]
fn unknown_paths_are_not_found() {
    let exporter = recorded();
    for path in [
        "/metrics/",
        "//metrics",
        "/%6detrics",
        "/metrics%00",
        "/../etc/passwd",
        "/-/",
    ] {
        assert_eq!(exporter.get(path).status, 404, "{path}");
    }
    let metrics = exporter.metrics();
    let count = |labels: &[(&str, &str)]| {
        metrics
            .value("herakles_exporter_http_requests_total", labels)
            .unwrap_or(0.0)
    };
    // A client cannot make series by inventing paths.
    assert_eq!(count(&[("path", "other"), ("code", "404")]), 6.0);
}

#[test]
fn a_query_does_not_hide_a_path() {
    assert_eq!(recorded().get("/metrics?collect=all").status, 200);
}

#[test]
fn pages_carry_a_strict_policy_and_no_unescaped_name() {
    if runs_alone() {
        return;
    }
    let markup = b"<b id=x>&amp;";
    let _target = Target::start(markup, "");
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(2.0);
    for path in ["/", "/health", "/config", "/subgroups"] {
        let page = exporter.get(path);
        let kind = page.header("content-type").unwrap_or_default();
        assert!(
            !page.text().contains("<b id=x>") || !kind.starts_with("text/html"),
            "{path}"
        );
        if kind.starts_with("text/html") {
            let policy = page.header("content-security-policy").unwrap_or_default();
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(!page.text().contains("<script>"), "{path} holds a script");
        }
    }
}

#[test]
fn the_landing_page_leads_to_the_metrics() {
    let page = recorded().get("/").text();
    assert!(
        page.contains("href=\"/metrics\"") || page.contains("href=/metrics"),
        "{page}"
    );
}

#[test]
fn health_tells_people_what_goes_on() {
    let exporter = recorded();
    let health = exporter.get("/health");
    assert!(
        health
            .header("content-type")
            .unwrap_or_default()
            .starts_with("text/plain")
    );
    assert!(health.text().lines().count() >= 3, "{}", health.text());
}

#[test]
fn the_effective_configuration_and_rules_are_shown() {
    let exporter = recorded();
    let config = exporter.get("/config").text();
    assert!(config.contains("cache_ttl = \"1h\""), "{config}");
    let rules = exporter.get("/subgroups").text();
    assert!(
        rules.contains("postgres") && rules.contains("tomcat"),
        "{rules}"
    );
}

#[test]
fn each_rule_shows_its_processes_and_the_largest_unknown_names_come_last() {
    if runs_alone() {
        return;
    }
    let file = tempfile::NamedTempFile::with_suffix(".toml").expect("a temporary file");
    fs::write(
        file.path(),
        "[[subgroups]]\ngroup = 'own'\nsubgroup = 'first'\nmatches = ['hk-count-a']\n\
         [[subgroups]]\ngroup = 'own'\nsubgroup = 'first'\nmatches = ['hk-count-b']\n\
         [[subgroups]]\ngroup = 'own'\nsubgroup = '{comm}'\nmatches = ['hk-full-*']\n\
         max_values = 1\n",
    )
    .expect("it can be written");
    let work = target::hold_megabytes(6);
    let names: [&[u8]; 6] = [
        b"hk-count-a",
        b"hk-count-b",
        b"hk-count-b",
        b"hk-full-1",
        b"hk-full-2",
        b"hk-page-unknown",
    ];
    let _targets = names.map(|name| Target::start(name, &work));
    let rules = format!("--classification.rules={}", file.path().display());
    let exporter = Options::live().args([rules]).start();
    exporter.wait_for_refreshes(1.0);
    let page = exporter.get("/subgroups").text();
    let rule = |line: u32| {
        let place = format!("{}:{line}  ", file.path().display());
        let found = page.lines().position(|it| it.contains(&place));
        let at = found.unwrap_or_else(|| panic!("no {place} in\n{page}"));
        page.lines().skip(at).take(2).collect::<Vec<_>>()
    };
    assert!(
        rule(1)[0].trim_start().starts_with("1  own/first"),
        "{page}"
    );
    assert!(
        rule(5)[0].trim_start().starts_with("2  own/first"),
        "{page}"
    );
    assert!(
        rule(9)[0].trim_start().starts_with("2  own/{comm}"),
        "{page}"
    );
    assert_eq!(
        rule(9)[1].trim_start(),
        "1 of them are in other, as max_values = 1 is reached"
    );
    let unknown = page.lines().find(|it| it.ends_with("  hk-page-unknown"));
    let unknown = unknown.unwrap_or_else(|| panic!("it is missing\n{page}"));
    assert!(unknown.trim_start().starts_with("1  "), "{unknown}");
    assert!(unknown.contains(" MiB USS"), "{unknown}");
}

#[test]
fn the_snapshot_is_json_of_all_processes_with_null_for_what_is_unknown() {
    // All of them, even where no per-process series are exported.
    let exporter = Options::recorded()
        .args(["--export.processes=none"])
        .start();
    exporter.wait_for_refreshes(2.0);
    assert!(
        !exporter
            .get("/metrics")
            .text()
            .contains("\nherakles_process_")
    );
    let response = exporter.get("/api/v1/snapshot");
    assert_eq!(response.header("content-type"), Some("application/json"));
    let snapshot: Value = serde_json::from_slice(&response.body).expect("the body is JSON");
    assert_eq!(snapshot["schema"], 1);
    assert!(snapshot["age_seconds"].as_f64() >= Some(0.0));
    assert!(snapshot["taken_at"].is_string() || snapshot["taken_at"].is_number());
    assert!(snapshot["host"].is_object() && snapshot["exporter"].is_object());

    let processes = snapshot["processes"]
        .as_array()
        .expect("processes is a list");
    let process = |pid: u64| {
        let found = processes.iter().find(|process| process["pid"] == pid);
        found.unwrap_or_else(|| panic!("pid {pid} is missing"))
    };
    let java = process(930);
    assert_eq!(java["name"], "java");
    assert_eq!(
        (&java["group"], &java["subgroup"]),
        (&"web".into(), &"tomcat".into())
    );
    assert_eq!(java["rss_bytes"], 2_310_000_u64 * 1024);
    assert_eq!(java["pss_bytes"], 2_296_000_u64 * 1024);
    assert_eq!(java["uss_bytes"], 2_283_000_u64 * 1024);
    assert_eq!(java["swap_bytes"], 8192 * 1024);
    assert_eq!(java["start_time_seconds"].as_f64(), Some(1_700_000_016.0));
    assert_eq!(java["cpu_seconds_total"].as_f64(), Some(19_123.21));
    assert!(java["memory_sample_age_seconds"].is_number());
    let unreadable = process(1201);
    assert_eq!(unreadable["rss_bytes"], 8_192_000);
    assert_eq!(unreadable["pss_bytes"], Value::Null);
    assert_eq!(unreadable["memory_sample_age_seconds"], Value::Null);

    let subgroups = snapshot["subgroups"]
        .as_array()
        .expect("subgroups is a list");
    let nginx = subgroups
        .iter()
        .find(|subgroup| subgroup["subgroup"] == "nginx");
    assert_eq!(nginx.expect("nginx runs")["processes"], 3);
}
