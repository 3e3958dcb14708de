//! The subcommands; `explain` has a module of its own.

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt};

use serde_json::Value;

use crate::harness::{
    alone::runs_alone,
    exporter::{NO_RULE_FILES, run, run_with_env},
    exposition::Exposition,
    recorded_proc,
    target::{self, Target},
};

/// Runs a subcommand with a configuration that depends on nothing of the machine; it must succeed.
pub(crate) fn output(args: &[&str]) -> String {
    let config = tempfile::Builder::new()
        .suffix(".toml")
        .tempfile()
        .expect("a temporary file");
    fs::write(config.path(), NO_RULE_FILES).expect("the configuration can be written");
    let mut all: Vec<OsString> = args.iter().map(Into::into).collect();
    all.extend(["--config.file".into(), config.path().into()]);
    let output = run(&all);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{args:?}: {stderr}");
    String::from_utf8(output.stdout).expect("the output is UTF-8")
}

/// A file with this text, removed when dropped.
pub(crate) fn rule_file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::with_suffix(".toml").expect("a temporary file");
    fs::write(file.path(), text).expect("the file can be written");
    file
}

fn once_on_recorded(format: &str) -> String {
    let root = recorded_proc().display().to_string();
    output(&[
        "once",
        "--format",
        format,
        "--interval=100ms",
        "--path.procfs",
        &root,
    ])
}

#[test]
fn once_prints_both_text_formats_without_what_it_cannot_know() {
    let text = once_on_recorded("text");
    let openmetrics = once_on_recorded("openmetrics");
    assert!(openmetrics.ends_with("# EOF\n") && !text.contains("# EOF"));
    for body in [&text, &openmetrics] {
        let metrics = Exposition::parse(body);
        let java = metrics.value("herakles_process_memory_rss_bytes", &[("pid", "930")]);
        assert_eq!(java, Some(2_310_000.0 * 1024.0));
        let foreign = metrics.samples.iter().find(|sample| {
            let exporters_own = sample.name.starts_with("herakles_exporter_")
                && sample.name != "herakles_exporter_build_info";
            exporters_own
                || sample.name.starts_with("process_")
                || sample.name.starts_with("herakles_subgroup_cpu_seconds")
                || sample.name.starts_with("herakles_subgroup_page_faults")
        });
        assert_eq!(foreign, None);
        assert!(
            metrics
                .all("herakles_exporter_build_info", &[])
                .next()
                .is_some()
        );
    }
}

#[test]
fn once_prints_json_and_a_table() {
    let snapshot: Value = serde_json::from_str(&once_on_recorded("json")).expect("it is JSON");
    assert_eq!(snapshot["schema"], 1);
    assert!(
        snapshot["processes"]
            .as_array()
            .is_some_and(|list| list.len() >= 20)
    );
    let table = once_on_recorded("table");
    assert!(
        table.contains("tomcat") && table.contains("postgres"),
        "{table}"
    );
    assert!(
        !table.contains('\x1b'),
        "colour or a hostile name where no terminal is"
    );
}

#[test]
fn once_writes_a_file_for_the_textfile_collector() {
    if runs_alone() {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("herakles.prom");
    let name = file.display().to_string();
    output(&["once", "--interval=100ms", "--output", &name]);
    let metrics = Exposition::parse(&fs::read_to_string(&file).expect("the file is there"));
    assert!(
        metrics
            .all("herakles_subgroup_processes", &[])
            .next()
            .is_some()
    );
    let mode = fs::metadata(&file)
        .expect("the file is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);
    let left = fs::read_dir(directory.path())
        .expect("it can be listed")
        .count();
    assert_eq!(left, 1, "something is left beside the file");
}

#[test]
fn rules_are_listed_in_order_with_their_origin() {
    let table = output(&["rules"]);
    assert!(
        table.contains("tomcat") && table.contains("nginx"),
        "{table}"
    );
    let only_db = output(&["rules", "list", "--group=db"]);
    assert!(
        only_db.contains("postgres") && !only_db.contains("nginx"),
        "{only_db}"
    );
    let json: Value =
        serde_json::from_str(&output(&["rules", "list", "--format=json"])).expect("it is JSON");
    assert!(json.is_array() || json.is_object());
    // What is printed as TOML loads again.
    let toml = output(&["rules", "list", "--format=toml"]);
    let file = tempfile::Builder::new()
        .suffix(".toml")
        .tempfile()
        .expect("a temporary file");
    fs::write(file.path(), toml).expect("the rules can be written");
    let rules = format!("--classification.rules={}", file.path().display());
    let again = output(&[
        "explain",
        "--comm=postgres",
        "--no-classification.builtin",
        &rules,
    ]);
    assert!(again.contains("db/postgres"), "{again}");
}

#[test]
fn a_rule_is_suggested_for_what_nobody_knows() {
    if runs_alone() {
        return;
    }
    let target = Target::start(b"hk-unheard-of", &target::hold_megabytes(8));
    let suggestion = output(&["rules", "suggest", "--classification.disable-others"]);
    assert!(
        suggestion.contains("# hk-unheard-of: 1 process"),
        "{suggestion}"
    );
    let rules = rule_file(&suggestion);
    let rules = format!("--classification.rules={}", rules.path().display());
    let text = output(&["explain", &target.pid().to_string(), &rules]);
    assert!(text.contains("is in local/"), "{text}");
}

#[test]
fn a_rule_is_suggested_for_what_interpreters_run() {
    let root = tempfile::tempdir().expect("a temporary directory");
    for directory in ["930", "640"] {
        fs::create_dir(root.path().join(directory)).expect("it can be made");
        for file in ["stat", "statm", "cgroup", "smaps_rollup"] {
            let path = format!("{directory}/{file}");
            let text = fs::read_to_string(recorded_proc().join(&path)).expect("it is recorded");
            let text = text
                .replace("(sshd)", "(hk-daemon)")
                .replace("ssh.service", "hk.service");
            fs::write(root.path().join(&path), text).expect("it can be written");
        }
    }
    fs::write(
        root.path().join("930/cmdline"),
        "java\0-jar\0/srv/hk-shop.jar\0",
    )
    .and_then(|()| fs::write(root.path().join("640/cmdline"), "hk-daemon\0"))
    .and_then(|()| fs::copy(recorded_proc().join("stat"), root.path().join("stat")))
    .expect("it can be written");
    let procfs = format!("--path.procfs={}", root.path().display());
    let suggestion = output(&["rules", "suggest", &procfs]);
    assert!(
        suggestion.contains("# A subgroup for each script: 1 process known by"),
        "{suggestion}"
    );
    let rules = rule_file(&suggestion);
    let rules = format!("--classification.rules={}", rules.path().display());
    let text = output(&["explain", "930", &procfs, &rules]);
    assert!(text.contains("is in scripts/hk-shop.jar"), "{text}");
}

#[test]
fn where_all_is_classified_there_is_nothing_to_suggest() {
    if runs_alone() {
        return;
    }
    let all = rule_file("[[subgroups]]\ngroup = \"a\"\nsubgroup = \"b\"\nmatches = [\"*\"]\n");
    let rules = format!("--classification.rules={}", all.path().display());
    let output = run(&["rules", "suggest", &rules]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, b"");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("every process is classified"), "{stderr}");
}

#[test]
fn rules_of_process_exporter_load_here() {
    let yaml = rule_file(
        "process_names:\n- name: '{{.Matches.shop}}'\n  cmdline: ['/srv/(?P<shop>[a-z]+)/']\n",
    );
    let yaml = yaml.path().display().to_string();
    let imported = rule_file(&output(&["rules", "import", "--process-exporter", &yaml]));
    let rules = format!("--classification.rules={}", imported.path().display());
    let text = output(&["explain", "--comm=x", "--cmdline=/srv/north/x", &rules]);
    assert!(text.contains("imported/north"), "{text}");

    for path in ["/no/such/file.yml", "/dev/zero", "/dev/null", "/"] {
        let refused = run(&["rules", "import", "--process-exporter", path]);
        assert_eq!(refused.status.code(), Some(2), "{path}");
        let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            stderr.contains(&format!("cannot read {path}: ")),
            "{stderr}"
        );
        assert_eq!(refused.stdout, b"");
    }
}

#[test]
fn what_an_import_leaves_out_is_an_exit_code_and_the_rest_is_written() {
    for (items, code, line) in [
        ("- comm: [a]\n", 0, None),
        (
            "- comm: [a]\nglobal: {}\n",
            0,
            Some("\"global\" means nothing"),
        ),
        (
            "- name: '{{.PID}}'\n  comm: [a]\n",
            0,
            Some("{{.PID}} is dropped"),
        ),
        (
            "- name: no\n  cmdline: ['(?=x)']\n- comm: [a]\n",
            1,
            Some("\"no\" is left out"),
        ),
    ] {
        let yaml = rule_file(&format!("process_names:\n{items}"));
        let path = yaml.path().display().to_string();
        let output = run(&["rules", "import", "--process-exporter", &path]);
        assert_eq!(output.status.code(), Some(code), "{items}");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        match line {
            Some(line) => assert!(stderr.contains(line) && stderr.contains(&path), "{stderr}"),
            None => assert_eq!(stderr, ""),
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("\nmatches = [\"a\"]\n"), "{text}");
    }
}

#[test]
fn the_compact_form_of_rule_files_loads() {
    // The form that the exporter of the same name, which came before, reads.
    let rules = rule_file(
        "subgroups = [\n\
         \x20 { group = \"db\", subgroup = \"hk-store\", matches = [\"hk-stored\", \"hk-storectl\"] },\n\
         \x20 { group = \"web\", subgroup = \"hk-front\", matches = [\"hk-frontd\"], cmdline_matches = [\"hk-front-worker\"] },\n\
         ]\n",
    );
    let rules = format!("--classification.rules={}", rules.path().display());
    let class = |comm: &str, cmdline: &str| {
        let (comm, cmdline) = (format!("--comm={comm}"), format!("--cmdline={cmdline}"));
        let json = output(&["explain", &comm, &cmdline, "--format=json", &rules]);
        let answer: Value = serde_json::from_str(&json).expect("it is JSON");
        format!(
            "{}/{}",
            answer["group"].as_str().unwrap_or(""),
            answer["subgroup"].as_str().unwrap_or("")
        )
    };
    assert_eq!(class("hk-storectl", "hk-storectl"), "db/hk-store");
    assert_eq!(class("hk-x", "/srv/hk-front-worker 1"), "web/hk-front");
    assert_eq!(class("postgres", "postgres"), "db/postgres");
}

#[test]
fn config_says_where_each_value_comes_from() {
    let text = output(&["config", "--scan.cache-ttl=7s"]);
    let line = |key: &str| {
        let found = text.lines().find(|line| line.starts_with(key));
        found.unwrap_or_else(|| panic!("no {key} in\n{text}"))
    };
    assert!(
        line("cache_ttl").contains("7s") && line("cache_ttl").contains("--scan.cache-ttl"),
        "{text}"
    );
    assert!(line("max_connections").contains("default"), "{text}");
    assert!(line("rules").contains(".toml:2"), "{text}");
    let json: Value = serde_json::from_str(&output(&["config", "--format=json"])).expect("JSON");
    assert!(json.is_object() || json.is_array());
}

#[test]
fn a_misspelt_variable_is_warned_about_where_the_configuration_is_looked_at() {
    let variable = [("HERAKLES_SCAN_CACHE_TLL", "5s")];
    let warning = "HERAKLES_SCAN_CACHE_TLL: unknown environment variable, ignored; did you mean \
                   `HERAKLES_SCAN_CACHE_TTL`?";
    let printed = run_with_env(&["config"], &variable);
    assert_eq!(printed.status.code(), Some(0));
    assert_eq!(
        String::from_utf8_lossy(&printed.stderr),
        format!("herakles-exporter: warning: {warning}\n")
    );
    // What is printed still loads.
    let text = String::from_utf8(printed.stdout).expect("the output is UTF-8");
    assert!(!text.contains("CACHE_TLL"), "{text}");

    let checked = run_with_env(
        &[
            "check",
            "--allow-partial",
            "--web.listen-address=127.0.0.1:0",
        ],
        &variable,
    );
    let lines = String::from_utf8_lossy(&checked.stdout).into_owned();
    let expected = format!("warn  configuration: {warning}\n");
    assert!(lines.contains(&expected), "{lines}");
}

#[test]
fn check_ends_with_a_verdict_and_one_line_each() {
    let text = output(&[
        "check",
        "--allow-partial",
        "--web.listen-address=127.0.0.1:0",
    ]);
    for topic in [
        "smaps_rollup",
        "memory: readable for",
        "rules",
        "127.0.0.1:0",
    ] {
        assert!(text.contains(topic), "{topic} is not in\n{text}");
    }
}

#[test]
fn documents_are_printed() {
    assert!(output(&["completions", "bash"]).contains("--scan.cache-ttl"));
    let manual = output(&["man"]);
    assert!(
        manual.starts_with(".") && manual.contains("explain"),
        "{manual}"
    );
    assert!(output(&["--help"]).contains("--web.listen-address"));
    assert!(output(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
}
