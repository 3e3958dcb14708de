//! What is wrong at the start is said in one sentence, with an exit code a script can act on.

use std::{ffi::OsString, fs, net::TcpListener, process::Output};

use crate::harness::exporter::{run, run_with_env};

/// The exit code and the one line on standard error.
fn code_and_sentence(output: &Output) -> (Option<i32>, String) {
    let stderr = String::from_utf8(output.stderr.clone()).expect("the message is UTF-8");
    assert_eq!(
        stderr.trim_end().lines().count(),
        1,
        "not one sentence:\n{stderr}"
    );
    (output.status.code(), stderr)
}

/// Starts with this configuration file and expects exit code 2 and a sentence with these parts.
fn refused(config: &str, parts: &[&str]) {
    let file = tempfile::Builder::new()
        .suffix(".toml")
        .tempfile()
        .expect("a temporary file");
    fs::write(file.path(), config).expect("the configuration can be written");
    let args = [OsString::from("--config.file"), file.path().into()];
    let (code, sentence) = code_and_sentence(&run(&args));
    assert_eq!(code, Some(2), "{sentence}");
    let place = file.path().display().to_string();
    for part in parts.iter().copied().chain([place.as_str()]) {
        assert!(sentence.contains(part), "{part:?} is not in {sentence:?}");
    }
}

#[test]
fn a_value_out_of_range_names_the_range() {
    refused(
        "[scan]\ncache_ttl = \"0s\"\n",
        &[":2:13", "cache_ttl", "1s", "1h"],
    );
    refused(
        "[export]\nmax_series = 5\n",
        &[":2:14", "max_series", "1000", "1000000"],
    );
}

#[test]
fn a_misspelt_key_names_the_nearest_one() {
    refused(
        "[scan]\ncache_tll = \"5s\"\n",
        &[":2:1", "cache_tll", "cache_ttl"],
    );
    refused("[skan]\ncache_ttl = \"5s\"\n", &[":1:2", "skan", "scan"]);
}

#[test]
fn a_value_of_the_wrong_kind_names_its_place() {
    refused(
        "[scan]\n\nparallelism = \"many\"\n",
        &[":3:15", "parallelism"],
    );
    refused("[scan]\ncache_ttl = 30\n", &[":2:13", "cache_ttl", "30s"]);
    refused("[scan\n", &[":1:"]);
}

#[test]
fn a_missing_configuration_file_is_named() {
    let (code, sentence) = code_and_sentence(&run(&["--config.file=/no/such/exporter.toml"]));
    assert_eq!(code, Some(2));
    assert!(sentence.contains("/no/such/exporter.toml"), "{sentence}");
}

#[test]
fn a_misspelt_flag_names_the_nearest_one() {
    let (code, sentence) = code_and_sentence(&run(&["--scan.cache-tll=5s"]));
    assert_eq!(code, Some(2));
    assert!(sentence.contains("--scan.cache-tll") && sentence.contains("--scan.cache-ttl"));
    let (code, sentence) = code_and_sentence(&run(&["onse"]));
    assert_eq!(code, Some(2));
    assert!(sentence.contains("once"), "{sentence}");
}

#[test]
fn a_bad_flag_is_named_even_if_a_good_one_follows() {
    let output = run(&["config", "--scan.cache-ttl=nonsense", "--scan.cache-ttl=5s"]);
    let (code, sentence) = code_and_sentence(&output);
    assert_eq!(code, Some(2));
    assert!(
        sentence.contains("--scan.cache-ttl") && sentence.contains("nonsense"),
        "{sentence}"
    );
}

#[test]
fn a_bad_environment_variable_is_named_as_such() {
    let output = run_with_env(&["config"], &[("HERAKLES_SCAN_CACHE_TTL", "soon")]);
    let (code, sentence) = code_and_sentence(&output);
    assert_eq!(code, Some(2));
    assert!(sentence.contains("HERAKLES_SCAN_CACHE_TTL"), "{sentence}");
}

#[test]
fn a_busy_port_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let address = listener
        .local_addr()
        .expect("a bound listener has an address")
        .to_string();
    let (code, sentence) = code_and_sentence(&run(&[
        "--web.listen-address",
        &address,
        "--classification.rules=/no/such/directory/*.toml",
    ]));
    assert_eq!(code, Some(1));
    assert!(
        sentence.contains(&address) && sentence.contains("another program uses it"),
        "{sentence}"
    );
}

#[test]
fn a_bad_rule_file_names_its_place() {
    let cases = [
        (
            "[[subgroups]]\ngroup = \"a\"\nsubgroup = \"b\"\nmatches = [\"[\"]\n",
            ":4:12",
        ),
        (
            "[[subgroups]]\ngroup = \"a\"\nsubgroup = \"b\"\ncmdline_matches = [\"(\"]\n",
            ":4:20",
        ),
        ("[[subgroups]]\ngroup = \"a\"\nsubgroup = \"b\"\n", ":1:"),
        (
            "[[subgroups]]\ngroup = \"a\"\nsubgroup = \"b\"\nmatch = [\"x\"]\n",
            ":4:1",
        ),
        ("[[subgroups]\n", ":1:"),
    ];
    for (rules, position) in cases {
        let file = tempfile::Builder::new()
            .suffix(".toml")
            .tempfile()
            .expect("a temporary file");
        fs::write(file.path(), rules).expect("the rules can be written");
        let args = [OsString::from("--classification.rules"), file.path().into()];
        let (code, sentence) = code_and_sentence(&run(&args));
        assert_eq!(code, Some(2), "{sentence}");
        let place = format!("{}{position}", file.path().display());
        assert!(sentence.contains(&place), "{place} is not in {sentence:?}");
    }
}

#[test]
fn a_root_that_is_no_proc_is_named() {
    let empty = tempfile::tempdir().expect("a temporary directory");
    for root in ["/no/such/proc", &empty.path().display().to_string()] {
        let args = ["--path.procfs", root, "--web.listen-address=127.0.0.1:0"];
        let (code, sentence) = code_and_sentence(&run(&args));
        assert_eq!(code, Some(1), "{sentence}");
        assert!(sentence.contains(root), "{sentence}");
    }
}
