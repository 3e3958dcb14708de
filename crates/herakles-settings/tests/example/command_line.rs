//! Settings as flags, and what clap says of them.

use clap::Command;
use herakles_settings::{Listing, usage, with_settings};

use super::*;

fn program() -> Command {
    let ask = with_settings::<Config>(Command::new("ask"), Listing::Hidden);
    with_settings::<Config>(Command::new("example"), Listing::Full)
        .subcommand(ask.disable_help_subcommand(true))
        .disable_help_subcommand(true)
}

fn given(arguments: &str) -> Result<FlagValues, String> {
    let words = std::iter::once("example").chain(arguments.split_whitespace());
    match program().try_get_matches_from(words) {
        Ok(matches) => Ok(FlagValues::of::<Config>(&matches)),
        Err(error) => Err(usage::<Config>(
            &error,
            &program(),
            &[("--tint", "--paint.colour")],
        )),
    }
}

#[test]
fn clap_finds_no_contradiction() {
    program().debug_assert();
}

#[test]
fn flags_are_taken_on_every_level_and_the_deeper_one_holds() {
    let flags = given(
        "--ask.timeout 5s --no-ask.again ask --ask.timeout 6s --paint.colour red \
         --paint.colour blue --config.file FILE",
    );
    let flags = flags.unwrap();
    assert_eq!(flags.config_file, Some("FILE".into()));
    let loaded = Sources::<Config>::new(flags, Environment::default())
        .load_text("FILE".into(), "")
        .unwrap();
    assert_eq!(loaded.config.ask.timeout, Duration::from_secs(6));
    assert!(!loaded.config.ask.again);
    assert_eq!(loaded.config.paint.colours, ["red", "blue"]);
}

#[test]
fn of_a_switch_and_its_opposite_the_last_holds() {
    for (arguments, expect) in [
        ("--ask.again --no-ask.again", "false"),
        ("--no-ask.again --ask.again", "true"),
        ("--no-ask.again --ask.again=false", "false"),
    ] {
        let values = &given(arguments).unwrap().settings["ask.again"];
        assert_eq!(values.last().unwrap(), &[expect], "{arguments}");
    }
}

#[test]
fn help_has_every_setting_once_with_range_and_default() {
    let help = program().render_help().to_string();
    let wide = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Asking: --ask.timeout <DURATION> Time an answer may take [from 1s to 1m] [default: 30s]",
        "--paint.colour <COLOUR> Colours to use [repeatable] [default: red]",
        "Configuration file [default: /nonexistent/example.toml if present] \
         [env: EXAMPLE_CONFIG_FILE]",
    ] {
        assert!(wide.contains(part), "{part}\nin\n{help}");
    }
    assert!(!help.contains("--no-"), "{help}");
    let ask = program().find_subcommand_mut("ask").unwrap().render_help();
    assert!(!ask.to_string().contains("--ask.timeout"), "{ask}");
}

#[test]
fn a_mistake_is_one_sentence_that_names_what_was_meant() {
    for (arguments, expect) in [
        (
            "--ask.timeuot 1s",
            "unknown flag `--ask.timeuot`; did you mean `--ask.timeout`?",
        ),
        (
            "--tint red",
            "unknown flag `--tint`; did you mean `--paint.colour`?",
        ),
        ("--bananas", "unknown flag `--bananas`; see --help"),
        ("aks", "unknown subcommand `aks`; did you mean `ask`?"),
        (
            "--ask.timeout",
            "a value is required for '--ask.timeout <DURATION>' but none was supplied; see --help",
        ),
    ] {
        assert_eq!(given(arguments).unwrap_err(), expect, "{arguments}");
    }
}
