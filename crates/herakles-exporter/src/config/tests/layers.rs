//! Which layer wins, and what each one understands.

use std::num::NonZeroUsize;
use std::time::Duration;

use tracing::Level;

use super::*;

#[test]
fn without_any_layer_the_defaults_hold() {
    let loaded = Layers::new().load();
    assert_eq!(loaded.config.scan.cache_ttl, Duration::from_secs(30));
    assert_eq!(loaded.config.scan.parallelism, None);
    assert_eq!(loaded.config.buffers.smaps_kb, 64);
    assert_eq!(loaded.config.export.max_series, NonZeroUsize::new(10_000));
    assert_eq!(loaded.config.path.procfs, PathBuf::from("/proc"));
    assert!(
        loaded
            .settings
            .iter()
            .all(|row| row.origin == Origin::Default)
    );
    assert_eq!((loaded.file, loaded.warnings), (None, vec![]));
}

#[test]
fn the_later_layer_wins_in_every_combination() {
    for layers in 0..8 {
        let (file, variable, flag) = (layers & 1 > 0, layers & 2 > 0, layers & 4 > 0);
        let mut all = Layers::new();
        if file {
            all = all.file("[scan]\n\ncache_ttl = '11s'");
        }
        if variable {
            all = all.variable("HERAKLES_SCAN_CACHE_TTL", "12s");
        }
        if flag {
            all = all.arguments(&["--scan.cache-ttl", "13s"]);
        }
        let (seconds, origin) = match (file, variable, flag) {
            (_, _, true) => (
                13,
                Origin::Flag {
                    flag: "scan.cache-ttl".into(),
                },
            ),
            (_, true, _) => (
                12,
                Origin::Environment {
                    variable: "HERAKLES_SCAN_CACHE_TTL".into(),
                },
            ),
            (true, ..) => (
                11,
                Origin::File {
                    path: all.path(),
                    line: 3,
                },
            ),
            (false, ..) => (30, Origin::Default),
        };
        let loaded = all.load();
        assert_eq!(
            loaded.config.scan.cache_ttl,
            Duration::from_secs(seconds),
            "{layers:03b}"
        );
        assert_eq!(
            effective(&loaded, "scan.cache_ttl").origin,
            origin,
            "{layers:03b}"
        );
    }
}

#[test]
fn every_setting_is_taken_from_flag_and_variable() {
    for setting in Config::SETTINGS {
        let value = setting.default.first().copied().unwrap_or("name");
        let flag = format!("--{}={value}", setting.flag());
        let loaded = Layers::new().arguments(&[&flag]).load();
        let origin = Origin::Flag {
            flag: setting.flag().into_owned(),
        };
        assert_eq!(effective(&loaded, &setting.path()).origin, origin);

        let loaded = Layers::new().variable(&setting.variable(), value).load();
        let origin = Origin::Environment {
            variable: setting.variable(),
        };
        assert_eq!(effective(&loaded, &setting.path()).origin, origin);
        let unknown = loaded
            .warnings
            .iter()
            .find(|warning| warning.contains("unknown"));
        assert_eq!(unknown, None);
    }
}

#[test]
fn booleans_are_switched_in_every_layer() {
    let host = |layers: Layers| layers.load().config.export.host;
    let on = || Layers::new().file("[export]\nhost = true");
    let off = || Layers::new().file("[export]\nhost = false");
    assert!(host(on()) && !host(off()));
    assert!(!host(on().variable("HERAKLES_EXPORT_HOST", "false")));
    assert!(host(off().variable("HERAKLES_EXPORT_HOST", "true")));
    for (arguments, expect) in [
        (&["--export.host"][..], true),
        (&["--export.host=true"], true),
        (&["--export.host=false"], false),
        (&["--no-export.host"], false),
        (&["--no-export.host", "--export.host"], true),
        (&["--export.host", "--no-export.host"], false),
        (&["--export.host=false", "--export.host"], true),
        (&["--no-export.host", "check", "--export.host"], true),
        (&["--export.host", "check", "--no-export.host"], false),
    ] {
        for file in [on(), off()] {
            for variable in ["true", "false"] {
                let layers = Layers {
                    folder: tempfile::tempdir().unwrap(),
                    ..Layers::new()
                };
                fs::copy(file.path(), layers.path()).unwrap();
                let layers = layers.variable("HERAKLES_EXPORT_HOST", variable);
                assert_eq!(
                    host(layers.arguments(arguments)),
                    expect,
                    "{arguments:?} {variable}"
                );
            }
        }
    }
}

#[test]
fn lists_repeat_as_flags_and_take_commas_as_variables_and_replace() {
    let groups = |layers: Layers| layers.load().config.classification.search_groups;
    let file = || Layers::new().file("[classification]\nsearch_groups = ['a', 'b']");
    assert_eq!(groups(file()), ["a", "b"]);
    let variable = || file().variable("HERAKLES_CLASSIFICATION_SEARCH_GROUPS", "c, d");
    assert_eq!(groups(variable()), ["c", "d"]);
    let flag = "--classification.search-groups";
    assert_eq!(
        groups(variable().arguments(&[flag, "e", flag, "f,g"])),
        ["e", "f,g"]
    );
    assert_eq!(
        groups(variable().arguments(&[flag, "e", "check", flag, "h"])),
        ["h"]
    );
}

#[test]
fn empty_items_and_values_are_errors_that_name_their_source() {
    let empty_item = "an item of the list is empty: remove it or the comma beside it";
    for value in ["", "a,,b", "a,", " , "] {
        let layers = Layers::new().variable("HERAKLES_FILTER_INCLUDE_NAMES", value);
        assert_eq!(
            layers.errors(),
            [format!("HERAKLES_FILTER_INCLUDE_NAMES: {empty_item}")]
        );
    }
    let layers = Layers::new().arguments(&["--filter.include-names", ""]);
    assert_eq!(
        layers.errors(),
        [format!("--filter.include-names: {empty_item}")]
    );
    let layers = Layers::new().variable("HERAKLES_EXPORT_HOST", "");
    let expect = "HERAKLES_EXPORT_HOST: the value is empty: expected true or false";
    assert_eq!(layers.errors(), [expect]);
    let layers = Layers::new().arguments(&["--export.host="]);
    assert_eq!(
        layers.errors(),
        ["--export.host: the value is empty: expected true or false"]
    );
}

#[test]
fn a_wrong_value_is_an_error_even_where_a_later_layer_replaces_it() {
    let layers = Layers::new()
        .file("[log]\nlevel = 'x'")
        .arguments(&["--log.level", "info"]);
    assert_eq!(
        layers.errors(),
        ["FILE:2:9: `log.level`: `x` is not one of error, warn, info, debug, trace"]
    );
}

#[test]
fn the_last_of_repeated_flags_holds() {
    let layers = Layers::new().arguments(&["--log.level", "warn", "--log.level", "debug"]);
    assert_eq!(layers.load().config.log.level, Level::DEBUG);
}

#[test]
fn every_value_of_a_repeated_flag_must_be_good() {
    let flag = "--scan.cache-ttl";
    let wrong = "--scan.cache-ttl: expected a duration from 1s to 1h, found `nonsense`";
    for arguments in [
        &[flag, "nonsense", flag, "5s"][..],
        &[flag, "5s", flag, "nonsense"],
        &[flag, "nonsense", "check", flag, "5s"],
    ] {
        assert_eq!(Layers::new().arguments(arguments).errors(), [wrong]);
    }
    let wrong = "--export.host: expected true or false, found `nonsense`";
    for last in ["--export.host", "--no-export.host"] {
        let layers = Layers::new().arguments(&["--export.host=nonsense", last]);
        assert_eq!(layers.errors(), [wrong], "{last}");
    }
    let names = "--filter.include-names";
    let layers = Layers::new().arguments(&[names, "", "check", names, "x"]);
    let wrong = "--filter.include-names: an item of the list is empty: remove it or the comma \
                 beside it";
    assert_eq!(layers.errors(), [wrong]);
}

#[test]
fn listen_addresses_have_their_customary_flag() {
    let arguments = ["--web.listen-address", ":1", "--web.listen-address=[::1]:2"];
    let addresses = |layers: Layers| {
        let addresses = layers.load().config.web.listen_addresses;
        addresses
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        addresses(Layers::new().arguments(&arguments)),
        [":1", "[::1]:2"]
    );
    let layers = Layers::new().variable("HERAKLES_WEB_LISTEN_ADDRESSES", ":3,localhost:4");
    assert_eq!(addresses(layers), [":3", "localhost:4"]);
}

#[test]
fn the_flag_names_the_file_before_the_variable_does() {
    let layers = Layers::new().file("[log]\nlevel = 'warn'");
    let named = layers.folder.path().join("named.toml");
    fs::write(&named, "[log]\nlevel = 'error'").unwrap();
    let named = named.to_str().unwrap().to_owned();
    let level = |layers: &Layers| layers.load().config.log.level;
    assert_eq!(level(&layers), Level::WARN);
    let layers = layers.variable("HERAKLES_CONFIG_FILE", "/nonexistent");
    let layers = layers.arguments(&["check", "--config.file", &named]);
    assert_eq!(level(&layers), Level::ERROR);
    assert_eq!(layers.load().file, Some(named.into()));
}

#[test]
fn unknown_variables_that_are_nearly_known_are_warnings() {
    let layers = Layers::new()
        .variable("HERAKLES_SCAN_CACHE_TLL", "5s")
        // What Kubernetes sets for services called herakles and herakles-exporter.
        .variable("HERAKLES_PORT", "tcp://10.0.0.1:9215")
        .variable("HERAKLES_PORT_9215_TCP_PROTO", "tcp")
        .variable("HERAKLES_SERVICE_HOST", "10.0.0.1")
        .variable("HERAKLES_EXPORTER_SERVICE_PORT", "9215")
        .variable("PATH", "/bin")
        .variable("HERAKLES_LOG_LEVEL", "warn");
    assert_eq!(
        layers.load().warnings,
        [
            "HERAKLES_SCAN_CACHE_TLL: unknown environment variable, ignored; did you mean \
             `HERAKLES_SCAN_CACHE_TTL`?",
        ]
    );
}

#[test]
fn a_variable_that_is_no_text_is_an_error() {
    use std::os::unix::ffi::OsStringExt;
    let mut layers = Layers::new();
    layers
        .variables
        .push(("HERAKLES_LOG_LEVEL".into(), OsString::from_vec(vec![0xff])));
    assert_eq!(
        layers.errors(),
        ["HERAKLES_LOG_LEVEL: the value is not valid UTF-8"]
    );
}

#[test]
fn settings_that_contradict_each_other_are_warned_about() {
    let warnings = |text: &str| Layers::new().file(text).load().warnings.len();
    assert_eq!(warnings("[classification]\nsearch_mode = 'include'"), 1);
    assert_eq!(warnings("[classification]\nsearch_groups = ['db']"), 1);
    assert_eq!(
        warnings("[classification]\nsearch_mode = 'exclude'\nsearch_groups = ['db']"),
        0
    );
    assert_eq!(
        warnings("[filter]\nmin_uss_kb = 1\n[scan]\nmemory = 'rss'"),
        1
    );
    assert_eq!(warnings("[filter]\nmin_uss_kb = 1"), 0);
    assert_eq!(warnings("[classification]\nbuiltin = false\nrules = []"), 1);
}

#[test]
fn without_pss_and_uss_no_memory_is_read() {
    let mode = |text: &str| Layers::new().file(text).load().config.memory_reading();
    assert_eq!(
        mode("[export]\nenable_pss = false"),
        MemoryReading::Adaptive
    );
    assert_eq!(
        mode("[export]\nenable_pss = false\nenable_uss = false"),
        MemoryReading::Rss
    );
}

#[test]
fn a_reload_takes_what_can_change_and_names_what_cannot() {
    let layers = Layers::new().file("[scan]\ncache_ttl = '5s'\nparallelism = 1");
    let running = layers.load();
    fs::write(
        layers.path(),
        "[scan]\ncache_ttl = '6s'\nparallelism = 2\n[log]\nlevel = 'warn'",
    )
    .unwrap();
    let loaded = layers.sources().reload(&running).unwrap();
    assert_eq!(loaded.config.scan.cache_ttl, Duration::from_secs(6));
    assert_eq!(loaded.config.scan.parallelism, NonZeroUsize::new(1));
    assert_eq!(
        effective(&loaded, "scan.parallelism"),
        effective(&running, "scan.parallelism")
    );
    assert_eq!(loaded.restart_needed, ["scan.parallelism", "log.level"]);
    assert_eq!(running.set_for_good(), ["scan.parallelism"]);

    fs::write(layers.path(), "[scan]\ncache_ttl = '7s'\nparallelism = 1").unwrap();
    let back = layers.sources().reload(&loaded).unwrap();
    assert_eq!(
        back.restart_needed, [""; 0],
        "changed back: nothing is left to restart for"
    );

    fs::write(layers.path(), "[scan]\ncache_ttl = 7").unwrap();
    assert!(layers.sources().reload(&loaded).is_err());
}
