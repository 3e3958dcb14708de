//! The effective configuration as text.

use super::*;

const UNUSUAL: &str = r#"
[web]
listen_addresses = ["127.0.0.1:9000", "[::1]:9000"]
telemetry_path = "/m"
header_timeout = "1500ms"
[scan]
cache_ttl = "1m30s"
[filter]
min_cpu_ratio = 0.25
min_age = "1day"
include_names = ["a'b", 'c"d', "[ab]*"]
[classification]
rules = []
search_mode = "exclude"
search_groups = ["söme group"]
[export]
max_series = 0
host = false
"#;

#[test]
fn the_toml_output_loads_back_to_the_same_values() {
    let first = Layers::new()
        .file(UNUSUAL)
        .arguments(&["--log.level=trace"])
        .load();
    let second = Layers::new().file(&first.to_toml()).load();
    for (first, second) in first.settings.iter().zip(&second.settings) {
        assert_eq!(first.value, second.value, "{}", first.setting.path());
        let from_file = matches!(second.origin, Origin::File { .. });
        assert_eq!(
            from_file,
            second.setting.in_file,
            "{}",
            second.setting.path()
        );
    }
    assert_eq!(first.hash(), second.hash());
}

#[test]
fn each_line_carries_its_origin() {
    let layers = Layers::new()
        .file("[scan]\ncache_ttl = '5s'\n")
        .variable("HERAKLES_SCAN_PARALLELISM", "2")
        .arguments(&["--scan.memory", "exact", "--path.procfs", "/host/proc"]);
    let text = layers.load().to_toml();
    let path = layers.path();
    for line in [
        "# path.procfs = \"/host/proc\"  # --path.procfs",
        &format!("cache_ttl = \"5s\"  # {}:2", path.display()),
        "parallelism = 2  # HERAKLES_SCAN_PARALLELISM",
        "max_processes = 0  # default",
        "memory = \"exact\"  # --scan.memory",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line}\nin\n{text}"
        );
    }
}

#[test]
fn no_path_and_no_value_can_end_its_comment() {
    let layers = Layers::new();
    let path = layers.folder.path().join("a\nmemory = 3 #");
    fs::write(
        &path,
        "[filter]\ninclude_names = [\"a\\nb\\\"#\"]\n[log]\nlevel = 'warn'",
    )
    .unwrap();
    let layers = layers.variable("HERAKLES_CONFIG_FILE", path.to_str().unwrap());
    let first = layers.load();
    let second = Layers::new().file(&first.to_toml()).load();
    assert_eq!(first.hash(), second.hash());
}

#[test]
fn json_tells_value_and_origin() {
    let layers = Layers::new()
        .file("[scan]\ncache_ttl = '5s'\n")
        .variable("HERAKLES_EXPORT_HOST", "false")
        .arguments(&["--web.listen-address", ":1"]);
    let json = layers.load().to_json();
    let path = layers.path();
    assert_eq!(
        json["scan"]["cache_ttl"],
        serde_json::json!({"value": "5s", "origin": {"from": "file", "path": path, "line": 2}})
    );
    assert_eq!(
        json["export"]["host"],
        serde_json::json!({
            "value": false,
            "origin": {"from": "environment", "variable": "HERAKLES_EXPORT_HOST"}
        })
    );
    assert_eq!(
        json["web"]["listen_addresses"],
        serde_json::json!({"value": [":1"], "origin": {"from": "flag", "flag": "web.listen-address"}})
    );
    assert_eq!(
        json["filter"]["min_age"],
        serde_json::json!({"value": "30s", "origin": {"from": "default"}})
    );
}

#[test]
fn the_hash_follows_the_values_not_their_origin() {
    let plain = Layers::new().load().hash();
    assert_eq!(plain.len(), 16);
    assert!(plain.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(
        Layers::new()
            .file("[scan]\ncache_ttl = '30s'")
            .load()
            .hash(),
        plain
    );
    assert_eq!(
        Layers::new()
            .file("[scan]\ncache_ttl = '30000ms'")
            .load()
            .hash(),
        plain
    );
    assert_ne!(
        Layers::new()
            .file("[scan]\ncache_ttl = '31s'")
            .load()
            .hash(),
        plain
    );
}
