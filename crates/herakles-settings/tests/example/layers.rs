//! Which source wins, and what a reload takes.

use super::*;

const FILE: &str = "[ask]\ntimeout = '10s'\nagain = false\n[paint]\ncolours = ['Red', 'blue']\n";

#[test]
fn the_later_source_wins_and_each_value_knows_where_it_is_from() {
    let sources = sources(
        &[
            ("EXAMPLE_ASK_AGAIN", "true"),
            ("EXAMPLE_PAINT_SIDE", "tails"),
        ],
        &[("paint.side", &["heads"])],
    );
    let loaded = sources.load_text("FILE".into(), FILE).unwrap();
    let Ask {
        timeout,
        again,
        workers,
    } = loaded.config.ask;
    assert_eq!(timeout, Duration::from_secs(10));
    assert_eq!((again, workers), (true, NonZeroUsize::new(2)));
    assert_eq!(loaded.config.paint.colours, ["red", "blue"]);
    assert_eq!(loaded.config.paint.side, Side::Heads);
    assert_eq!(loaded.config.root.folder, "/srv");
    let origins = loaded.settings.iter().map(|row| row.origin.to_string());
    assert_eq!(
        Vec::from_iter(origins),
        [
            "default",
            "FILE:2",
            "EXAMPLE_ASK_AGAIN",
            "default",
            "FILE:5",
            "--paint.side",
        ]
    );
}

#[test]
fn lists_are_split_in_variables_and_replaced_as_a_whole() {
    let sources = sources(&[("EXAMPLE_PAINT_COLOURS", "blue, red")], &[]);
    let loaded = sources.load_text("FILE".into(), FILE).unwrap();
    assert_eq!(loaded.config.paint.colours, ["blue", "red"]);
}

#[test]
fn variables_of_others_are_not_kept() {
    let sources = sources(
        &[("EXAMPLE_ASK_AGAIN", "false"), ("PASSWORD", "secret")],
        &[],
    );
    let kept = format!("{sources:?}");
    assert!(
        kept.contains("EXAMPLE_ASK_AGAIN") && !kept.contains("secret"),
        "{kept}"
    );
}

#[test]
fn a_missing_file_is_an_error_only_if_somebody_names_it() {
    assert_eq!(sources(&[], &[]).load().unwrap().file, None);
    let named = sources(&[("EXAMPLE_CONFIG_FILE", "/nonexistent/other.toml")], &[]);
    let error = named.load().unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }));
    assert_eq!(
        error.to_string(),
        "cannot read the configuration file `/nonexistent/other.toml`: No such file or directory \
         (os error 2); create it, or name another one with --config.file"
    );
}

#[test]
fn a_reload_keeps_what_only_a_restart_changes_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("example.toml");
    fs::write(&path, "[ask]\ntimeout = '10s'\nworkers = 3\n").unwrap();
    let sources = sources(&[], &[]).with_default_file(path.clone());
    let running = sources.load().unwrap();
    assert_eq!(running.set_for_good(), ["ask.workers"]);

    fs::write(&path, "[ask]\ntimeout = '20s'\nworkers = 4\n").unwrap();
    let loaded = sources.reload(&running).unwrap();
    assert_eq!(loaded.config.ask.timeout, Duration::from_secs(20));
    assert_eq!(loaded.config.ask.workers, NonZeroUsize::new(3));
    assert_eq!(loaded.restart_needed, ["ask.workers"]);
    let changed = loaded.changed_since(&running).map(|it| it.path());
    assert_eq!(Vec::from_iter(changed), ["ask.timeout"]);

    fs::write(&path, "[ask]\ntimeout = 20\n").unwrap();
    assert!(sources.reload(&running).is_err());
}

#[test]
fn what_is_printed_loads_back_and_the_template_changes_nothing() {
    let plain = sources(&[], &[]).load().unwrap();
    let set = sources(&[], &[]).load_text("FILE".into(), FILE).unwrap();
    let again = sources(&[], &[])
        .load_text("AGAIN".into(), &set.to_toml())
        .unwrap();
    assert_eq!(set.hash(), again.hash());
    assert_ne!(set.hash(), plain.hash());

    let template = herakles_settings::template::<Config>("# An example\n");
    let loaded = sources(&[], &[]).load_text("FILE".into(), &template);
    assert_eq!(loaded.unwrap().hash(), plain.hash());
    let uncommented = template.replace("\n#", "\n").replace("\n ", "\n# ");
    let loaded = sources(&[], &[])
        .load_text("FILE".into(), &uncommented)
        .unwrap();
    assert_eq!(loaded.hash(), plain.hash());
    let from_file = loaded.settings.iter().filter(|row| row.setting.in_file);
    assert!(
        from_file
            .clone()
            .all(|row| row.origin.to_string().starts_with("FILE:"))
    );
    assert_eq!(from_file.count(), Config::SETTINGS.len() - 1);
}

#[test]
fn the_reference_has_a_row_for_each_setting_below_its_table() {
    let reference = herakles_settings::markdown::<Config>();
    for line in [
        "## Root (flags and environment only)",
        "## `[ask]`",
        "| `workers` | `2` | a whole number from 1 to 9, or 0 (nobody) | Who asks at once *(restart)* \
         | `--ask.workers`<br>`EXAMPLE_ASK_WORKERS` |",
        "| `colours` | `[\"red\"]` | a list of colours such as red | Colours to use \
         | `--paint.colour`<br>`EXAMPLE_PAINT_COLOURS` |",
    ] {
        assert!(
            reference.lines().any(|it| it == line),
            "{line}\nin\n{reference}"
        );
    }
}
