//! Which files of rules are read.

use std::sync::Arc;

use super::*;
use crate::config::rule_files::rule_files;

/// The files found for these patterns below a folder with some files in it, without the folder.
fn found(patterns: &[&str]) -> Result<Vec<String>, ConfigError> {
    let layers = Layers::new();
    let root = layers.folder.path().to_owned();
    fs::create_dir(root.join("rules.d")).unwrap();
    for name in [
        "own.toml",
        "rules.d/b.toml",
        "rules.d/a.toml",
        "rules.d/B.toml",
    ] {
        fs::write(root.join(name), "").unwrap();
    }
    for name in [
        "rules.d/.a.toml.swp.toml",
        "rules.d/a.toml~",
        "rules.d/README",
    ] {
        fs::write(root.join(name), "").unwrap();
    }
    let patterns: Vec<String> = patterns
        .iter()
        .map(|pattern| root.join(pattern).display().to_string())
        .collect();
    let rules = toml::Value::Array(patterns.into_iter().map(toml::Value::String).collect());
    let layers = layers.file(&format!("[classification]\nrules = {rules}"));
    let files = rule_files(&layers.load())?;
    let below = |path: &PathBuf| path.strip_prefix(&root).unwrap().display().to_string();
    Ok(files.iter().map(below).collect())
}

#[test]
fn relative_paths_start_from_the_folder_of_the_file_that_names_them() {
    let layers = Layers::new();
    let root = layers.folder.path().to_owned();
    fs::write(root.join("own.toml"), "").unwrap();
    let layers = layers.file("[classification]\nrules = [\"own.toml\"]");
    let loaded = layers.load();
    assert_eq!(rule_files(&loaded).unwrap(), [root.join("own.toml")]);
}

#[test]
fn a_relative_path_in_a_variable_is_an_error_that_says_so() {
    let loaded = Layers::new()
        .variable("HERAKLES_CLASSIFICATION_RULES", "own.toml")
        .load();
    assert_eq!(
        rule_files(&loaded).unwrap_err().to_string(),
        "cannot read the rules `own.toml`: the path is relative; a variable needs the whole path, \
         as nothing is read from the working directory"
    );
}

#[test]
fn files_come_in_the_configured_order_and_globs_in_byte_order() {
    assert_eq!(
        found(&["rules.d/*.toml", "own.toml"]).unwrap(),
        [
            "rules.d/B.toml",
            "rules.d/a.toml",
            "rules.d/b.toml",
            "own.toml"
        ]
    );
    assert_eq!(
        found(&["rules.d/[ab].toml"]).unwrap(),
        ["rules.d/a.toml", "rules.d/b.toml"]
    );
}

#[test]
fn a_named_file_must_exist_a_glob_may_match_nothing() {
    assert_eq!(
        found(&["rules.d/*.yaml", "missing.d/*.toml"]).unwrap(),
        [""; 0]
    );
    let error = found(&["missing.toml"]).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the rules `"), "{error}");
    assert!(error.contains("missing.toml`: No such file"), "{error}");
}

#[test]
fn the_default_files_need_not_exist() {
    // Whether or not this machine has them, a missing one is no error.
    assert!(rule_files(&Layers::new().load()).is_ok());
}

/// New ones take megabytes beside the old ones, and have every process classified again.
#[test]
fn rules_that_a_reload_finds_unchanged_stay() {
    let layers = Layers::new();
    let path = layers.folder.path().join("own.toml");
    let rule = |name| format!("[[subgroups]]\ngroup = 'g'\nsubgroup = 's'\nmatches = ['{name}']\n");
    fs::write(&path, rule("one")).unwrap();
    let layers = layers.file("[classification]\nrules = [\"own.toml\"]");
    let sources = layers.sources();
    let first = RunningConfig::load(&sources).unwrap();
    let is_kept = |running: &RunningConfig| {
        let reloaded = RunningConfig::reload(&sources, running).unwrap();
        Arc::ptr_eq(&reloaded.options.classifier, &running.options.classifier)
    };
    assert!(is_kept(&first));
    fs::write(&path, rule("two")).unwrap();
    assert!(!is_kept(&first));
    fs::write(&path, rule("one")).unwrap();
    fs::write(
        layers.path(),
        "[classification]\nrules = [\"own.toml\"]\nbuiltin = false",
    )
    .unwrap();
    assert!(!is_kept(&first));
}
