//! What a file may say, and the sentence about what it may not.

use std::num::NonZeroUsize;
use std::time::Duration;

use herakles_collect::NameFilter;
use herakles_metrics::ProcessSeries;
use tracing::Level;

use super::*;
use herakles_log::LineFormat;

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    assert_eq!(Layers::new().file(text).errors(), expect, "{text}");
}

#[test]
fn a_full_file_is_understood() {
    let text = r#"
        [web]
        listen_addresses = ["127.0.0.1:9000", "[::1]:9000", "localhost:9001"]
        telemetry_path = "/prometheus/metrics"
        max_connections = 2_000
        header_timeout = "1m 30s"
        enable_reload = true
        [scan]
        cache_ttl = "5m"
        parallelism = 0x10
        max_processes = 500
        memory = "exact"
        [buffers]
        io_kb = 8
        [filter]
        min_uss_kb = 10240
        min_cpu_ratio = 1
        min_age = "0s"
        include_names = ["postgres", "java*"]
        exclude_names = ["java-tmp"]
        [classification]
        search_mode = "include"
        search_groups = ["db"]
        [export]
        processes = "top"
        max_series = 0
        host = false
        [log]
        level = "debug"
        format = "json"
    "#;
    let config = Layers::new().file(text).load().config;
    let addresses: Vec<String> = config
        .web
        .listen_addresses
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        addresses,
        ["127.0.0.1:9000", "[::1]:9000", "localhost:9001"]
    );
    assert_eq!(config.web.telemetry_path, "/prometheus/metrics");
    assert_eq!(config.web.max_connections.get(), 2000);
    assert_eq!(config.web.header_timeout, Duration::from_secs(90));
    assert_eq!(
        config.web.write_timeout,
        Duration::from_secs(30),
        "not in the file: the default"
    );
    assert!(config.web.enable_reload);
    assert_eq!(config.scan.cache_ttl, Duration::from_secs(300));
    assert_eq!(config.scan.parallelism, NonZeroUsize::new(16));
    assert_eq!(config.scan.max_processes, NonZeroUsize::new(500));
    assert_eq!(config.memory_reading(), MemoryReading::Exact);
    assert_eq!(config.buffers.io_kb, 8);
    assert_eq!(config.filter.min_uss_kb, 10 << 10);
    assert_eq!(config.filter.min_cpu_ratio, 1.0);
    assert_eq!(config.filter.min_age, Duration::ZERO);
    assert_eq!(config.classification.search_mode, SearchMode::Include);
    assert_eq!(config.export.processes, ProcessSeries::Top);
    assert_eq!(config.export.max_series, None);
    assert!(!config.export.host);
    assert_eq!(config.log.level, Level::DEBUG);
    assert_eq!(config.log.format, LineFormat::Json);
}

#[test]
fn exclude_wins_over_include_and_no_include_means_all() {
    let names = |text: &str| {
        let filter = Layers::new().file(text).load().config.filter;
        NameFilter::new(filter.include_names, filter.exclude_names)
    };
    let both = names("[filter]\ninclude_names = ['java*', '?']\nexclude_names = ['java-tmp']");
    assert!(both.admits("java") && both.admits("java/x") && both.admits("a"));
    assert!(!both.admits("java-tmp") && !both.admits("bash"));
    let excluded = names("[filter]\nexclude_names = ['kworker/*']");
    assert!(excluded.admits("bash") && !excluded.admits("kworker/0:1"));
}

#[test]
fn unknown_names_are_errors_with_the_nearest_one() {
    check(
        "[scan]\ncache_tll = '5s'",
        &["FILE:2:1: unknown key `cache_tll` in [scan]; did you mean `cache_ttl`?"],
    );
    check(
        "[scan]\nbananas = 1",
        &["FILE:2:1: unknown key `bananas` in [scan]"],
    );
    check(
        "[scan]\nmin_age = '1s'",
        &["FILE:2:1: unknown key `min_age` in [scan]; did you mean `[filter] min_age`?"],
    );
    check(
        "[exprt]\n",
        &["FILE:1:2: unknown table [exprt]; did you mean `export`?"],
    );
    check(
        "[bananas]\nripe = true",
        &["FILE:1:2: unknown table [bananas]"],
    );
    check(
        "cache_ttl = '5s'",
        &["FILE:1:1: unknown key `cache_ttl` outside a table; did you mean `[scan] cache_ttl`?"],
    );
    check("web = 1", &["FILE:1:1: `web` must be a table: write [web]"]);
    check(
        "[[web]]\nmax_connections = 1",
        &["FILE:1:3: `web` must be a table: write [web]"],
    );
    check(
        "[scan.cache_ttl]\n",
        &["FILE:1:1: `scan.cache_ttl`: expected a duration from 1s to 1h, found a table"],
    );
}

#[test]
fn rules_in_the_configuration_are_shown_the_way_to_their_file() {
    let remedy = "rules cannot stand here: write [[subgroups]] into a file that \
                  classification.rules names";
    check(
        "[log]\n[[subgroups]]\ngroup = 'a'\nsubgroup = 'b'\nmatches = ['c']",
        &[&format!("FILE:2:3: {remedy}")],
    );
}

#[test]
fn the_root_of_proc_is_no_matter_of_the_file() {
    let remedy = "`path.procfs` cannot stand in a file: use --path.procfs or HERAKLES_PATH_PROCFS";
    check(
        "[path]\nprocfs = '/host/proc'",
        &[&format!("FILE:2:1: {remedy}")],
    );
    check(
        "[scan]\nprocfs = '/host/proc'",
        &[&format!("FILE:2:1: {remedy}")],
    );
}

#[test]
fn values_out_of_range_name_the_range() {
    check(
        "[scan]\ncache_ttl = \"0s\"",
        &["FILE:2:13: `scan.cache_ttl`: `0s` is out of range: expected a duration from 1s to 1h"],
    );
    check(
        "[scan]\n  cache_ttl = '2h'",
        &["FILE:2:15: `scan.cache_ttl`: `2h` is out of range: expected a duration from 1s to 1h"],
    );
    check(
        "[export]\nmax_series = 999",
        &[
            "FILE:2:14: `export.max_series`: `999` is out of range: expected a whole number from \
           1000 to 1000000, or 0 (no limit)",
        ],
    );
    check(
        "[web]\nmax_connections = 0",
        &[
            "FILE:2:19: `web.max_connections`: `0` is out of range: expected a whole number from 1 \
           to 65536",
        ],
    );
    check(
        "[buffers]\nio_kb = 99999999999999999999",
        &[
            "FILE:2:9: `buffers.io_kb`: `99999999999999999999` is out of range: expected a whole \
           number from 1 to 1024",
        ],
    );
    check(
        "[filter]\nmin_cpu_ratio = nan",
        &[
            "FILE:2:17: `filter.min_cpu_ratio`: `NaN` is out of range: expected a number from 0 to \
           10000",
        ],
    );
}

#[test]
fn values_of_another_type_say_what_is_expected() {
    check(
        "[scan]\ncache_ttl = 30",
        &["FILE:2:13: `scan.cache_ttl`: `30` has no unit: write it as \"30s\""],
    );
    check(
        "[scan]\ncache_ttl = '30'",
        &["FILE:2:13: `scan.cache_ttl`: `30` has no unit: write it as \"30s\""],
    );
    check(
        "[scan]\ncache_ttl = 'a while'",
        &["FILE:2:13: `scan.cache_ttl`: expected a duration from 1s to 1h, found `a while`"],
    );
    check(
        "[export]\nhost = 'yes'",
        &["FILE:2:8: `export.host`: expected true or false, found the string `yes`"],
    );
    check(
        "[export]\ntop_n_others = 1.5",
        &[
            "FILE:2:16: `export.top_n_others`: expected a whole number from 1 to 1000, or 0 (no top \
           series), found the number `1.5`",
        ],
    );
    check(
        "[scan]\nmemory = 'adaptve'",
        &[
            "FILE:2:10: `scan.memory`: `adaptve` is not one of adaptive, exact, rss; did you mean \
           `adaptive`?",
        ],
    );
    check(
        "[web]\nlisten_addresses = ':9215'",
        &[
            "FILE:2:20: `web.listen_addresses`: expected a list of addresses such as :9215 or \
           [::1]:9215, found the string `:9215`",
        ],
    );
    check(
        "[filter]\ninclude_names = ['a', 1]",
        &[
            "FILE:2:17: `filter.include_names`: expected a list of globs (* ? [ ]), found an item \
           that is no string",
        ],
    );
}

/// What the documentation writes as `0 = off` may be written so.
#[test]
fn zero_needs_no_unit() {
    for zero in ["0", "\"0\"", "\"0s\""] {
        let text = format!("[scan]\nmax_hold = {zero}\n[dashboard]\nhistory = {zero}\n");
        let config = Layers::new().file(&text).load().config;
        assert_eq!(config.scan.max_hold, Duration::ZERO, "{zero}");
        assert_eq!(config.dashboard.history, Duration::ZERO, "{zero}");
    }
}

#[test]
fn items_of_lists_are_checked() {
    check(
        "[web]\nlisten_addresses = []",
        &[
            "FILE:2:20: `web.listen_addresses`: the list is empty: give at least one address, such \
           as \":9215\"",
        ],
    );
    check(
        "[web]\nlisten_addresses = ['9215']",
        &[
            "FILE:2:20: `web.listen_addresses`: `9215` is no address to listen on: no port: write \
           HOST:PORT or :PORT",
        ],
    );
    check(
        "[filter]\nexclude_names = ['a', '']",
        &[
            "FILE:2:17: `filter.exclude_names`: an item of the list is empty: remove it or the \
           comma beside it",
        ],
    );
    check(
        "[filter]\nexclude_names = ['a{b,c}']",
        &[
            "FILE:2:17: `filter.exclude_names`: `a{b,c}` is no usable glob: only *, ? and [ ] are \
           special, and {, } and \\ are not allowed",
        ],
    );
}

#[test]
fn broken_toml_is_one_sentence_with_its_place() {
    check(
        "[scan\ncache_ttl = '5s'",
        &["FILE:1:6: unclosed table, expected `]`"],
    );
    check(
        "[scan]\ncache_ttl = ",
        &["FILE:2:13: string values must be quoted, expected literal string"],
    );
    check(
        "[scan]\nmemory = 'rss'\nmemory = 'rss'",
        &["FILE:3:1: duplicate key"],
    );
}

#[test]
fn columns_count_characters() {
    check(
        "scan = { memory = 'ü', cache_ttl = 3 }",
        &[
            "FILE:1:19: `scan.memory`: `ü` is not one of adaptive, exact, rss",
            "FILE:1:36: `scan.cache_ttl`: `3` has no unit: write it as \"3s\"",
        ],
    );
}

#[test]
fn all_problems_are_found_at_once_in_the_order_of_the_text() {
    let layers = Layers::new()
        .file("[web]\nmax_connections = 0\n[scan]\nx = 1\n[log]\nlevel = 'loud'\n")
        .variable("HERAKLES_SCAN_CACHE_TTL", "0s");
    assert_eq!(
        layers.errors(),
        [
            "FILE:2:19: `web.max_connections`: `0` is out of range: expected a whole number from \
             1 to 65536",
            "FILE:4:1: unknown key `x` in [scan]",
            "FILE:6:9: `log.level`: `loud` is not one of error, warn, info, debug, trace",
            "HERAKLES_SCAN_CACHE_TTL: `0s` is out of range: expected a duration from 1s to 1h",
        ]
    );
    let first = layers.sources().load().unwrap_err().to_string();
    assert!(
        first.ends_with("from 1 to 65536 (and 3 more problems)"),
        "{first}"
    );
}

#[test]
fn a_named_file_must_exist_and_a_default_one_need_not() {
    assert!(Layers::new().sources().load().is_ok());
    let missing = Layers::new().arguments(&["--config.file", "/nonexistent/x.toml"]);
    assert_eq!(
        missing.errors(),
        [
            "cannot read the configuration file `/nonexistent/x.toml`: No such file or directory (os \
          error 2); create it, or name another one with --config.file"
        ]
    );
    let missing = Layers::new().variable("HERAKLES_CONFIG_FILE", "/nonexistent/y.toml");
    assert!(missing.errors().concat().contains("`/nonexistent/y.toml`"));
}

#[test]
fn a_default_file_that_cannot_be_read_is_an_error() {
    let layers = Layers::new();
    fs::create_dir(layers.path()).unwrap();
    assert!(layers.errors().concat().contains("Is a directory"));
    let binary = Layers::new();
    fs::write(binary.path(), b"\xff").unwrap();
    assert!(
        binary
            .errors()
            .concat()
            .ends_with("a TOML file is UTF-8 text")
    );
}
