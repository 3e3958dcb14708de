//! Help, completions, manual page and reference.

use herakles_settings::{Environment, Kind, Origin, Settings};

use super::reference::configuration_markdown;
use super::*;
use crate::config::{Config, ConfigSources, template};

fn printed(arguments: &str) -> String {
    match command(arguments) {
        Command::Print(text) => text,
        other => panic!("{arguments}: {other:?}"),
    }
}

#[test]
fn help_groups_every_setting_under_the_heading_of_its_table() {
    let help = printed("--help");
    let mut heading = "";
    let mut found = Vec::new();
    for line in help.lines() {
        if line.ends_with(':') && !line.starts_with(' ') {
            heading = line.trim_end_matches(':');
        } else if let Some(flag) = line.strip_prefix("      --") {
            found.push((
                heading,
                flag.split(['=', ' ', '[']).next().unwrap_or_default(),
            ));
        }
    }
    for setting in Config::SETTINGS {
        let table = Config::TABLES
            .iter()
            .find(|table| table.name == setting.table)
            .unwrap();
        assert!(
            found.contains(&(table.heading, &*setting.flag())),
            "{}",
            setting.path()
        );
    }
    assert!(found.contains(&("Paths", "config.file")));
    let negated = found.iter().find(|(_, flag)| flag.starts_with("no-"));
    assert_eq!(negated, None, "the negated forms would double the list");
}

#[test]
fn the_help_of_a_subcommand_lists_its_own_options_only() {
    let help = printed("once --help");
    assert!(
        help.contains("--interval") && !help.contains("--scan.cache-ttl"),
        "{help}"
    );
}

#[test]
fn version_names_version_revision_and_compiler() {
    let expect = format!(
        "herakles-exporter {} (revision {}, rustc {})\n",
        BUILD.version, BUILD.revision, BUILD.rustc
    );
    assert_eq!(printed("--version"), expect);
    assert!(BUILD.rustc.starts_with("1."), "{}", BUILD.rustc);
}

#[test]
fn completions_know_every_flag_and_the_words_of_a_choice() {
    for shell in [
        Shell::Bash,
        Shell::Zsh,
        Shell::Fish,
        Shell::Elvish,
        Shell::PowerShell,
    ] {
        let text = String::from_utf8(completions(shell)).unwrap();
        for setting in Config::SETTINGS {
            let flag = setting.flag();
            assert!(text.contains(&*flag), "{shell}: {flag}");
            if matches!(setting.kind, Kind::Bool) {
                assert!(text.contains(&format!("no-{flag}")), "{shell}: no-{flag}");
            }
        }
    }
    let bash = String::from_utf8(completions(Shell::Bash)).unwrap();
    assert!(bash.contains("adaptive exact rss"));
}

/// What bash offers for the last of these words, by the generated script.
fn bash_offers(words: &[&str]) -> Vec<String> {
    let script = String::from_utf8(completions(Shell::Bash)).unwrap();
    let [.., previous, last] = words else {
        panic!("two words at least")
    };
    let line = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={}\n_herakles__exporter {} '{last}' '{previous}'\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words
            .iter()
            .map(|word| format!("'{word}'"))
            .collect::<Vec<_>>()
            .join(" "),
        words.len() - 1,
        words[0],
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &line])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_completes_settings_their_words_and_the_options_of_subcommands() {
    let program = "herakles-exporter";
    assert_eq!(
        bash_offers(&[program, "--scan.memory", ""]),
        ["adaptive", "exact", "rss"]
    );
    assert_eq!(
        bash_offers(&[program, "--no-export.h"]),
        ["--no-export.host"]
    );
    assert_eq!(bash_offers(&[program, "once", "--int"]), ["--interval"]);
    assert_eq!(
        bash_offers(&[program, "once", "--scan.ca"]),
        ["--scan.cache-ttl"]
    );
    assert_eq!(
        bash_offers(&[program, "rules", "list", "--gr"]),
        ["--group"]
    );
    assert!(bash_offers(&[program, "completions", ""]).contains(&"zsh".to_owned()));
}

#[test]
fn the_manual_describes_every_setting_and_every_option_of_a_subcommand() {
    let manual = String::from_utf8(manual()).unwrap().replace("\\-", "-");
    for setting in Config::SETTINGS {
        for name in [
            setting.flag().into_owned(),
            setting.variable(),
            setting.help.to_owned(),
        ] {
            assert!(manual.contains(&name), "{name}");
        }
    }
    for subcommand in definition::subcommands() {
        let section = format!(".SH \"herakles-exporter {}", subcommand.get_name());
        assert!(manual.contains(&section), "{section}");
        for argument in subcommand.get_arguments() {
            let placeholder = || argument.get_value_names().unwrap()[0].as_str();
            let name = argument.get_long().unwrap_or_else(placeholder);
            assert!(manual.contains(name), "{argument}");
        }
    }
}

#[test]
fn the_reference_in_the_documentation_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let expect = configuration_markdown();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, &expect).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expect,
        "docs/configuration.md is stale: UPDATE_EXPECT=1 rewrites it"
    );
}

#[test]
fn the_file_in_the_reference_holds_every_key_and_changes_nothing() {
    let template = template();
    assert!(configuration_markdown().contains(&template));
    // Without the # before each key; comments have a blank after theirs.
    let uncommented = template.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.starts_with(' ') => key,
        _ => line,
    });
    let file = uncommented.collect::<Vec<_>>().join("\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("exporter.toml");
    std::fs::write(&path, file).unwrap();
    let flags = FlagValues {
        config_file: Some(path),
        ..FlagValues::default()
    };
    let loaded = ConfigSources::new(flags, Environment::default())
        .load()
        .unwrap();
    for row in loaded.settings {
        assert_eq!(row.value, row.setting.default_value().unwrap());
        let from_file = matches!(row.origin, Origin::File { .. });
        assert_eq!(from_file, row.setting.in_file, "{}", row.setting.path());
    }
}
