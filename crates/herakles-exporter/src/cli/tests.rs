//! Command lines as people type them, and what they mean.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use herakles_stat::Pid;

use super::*;

mod documents;
mod reference;

fn parsed(arguments: &str) -> Result<Invocation, UsageError> {
    let words = std::iter::once("herakles-exporter").chain(arguments.split_whitespace());
    parse(words.map(OsString::from))
}

/// The command of a good command line.
fn command(arguments: &str) -> Command {
    parsed(arguments)
        .unwrap_or_else(|error| panic!("{arguments}: {error}"))
        .command
}

/// The sentence about a bad one.
fn sentence(arguments: &str) -> String {
    match parsed(arguments) {
        Ok(invocation) => panic!("{arguments}: {invocation:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn clap_finds_no_contradiction() {
    definition::program().debug_assert();
}

#[test]
fn subcommands_are_read() {
    assert_eq!(command(""), Command::Serve);
    let second = Duration::from_secs(1);
    let once = Once {
        format: None,
        output: None,
        interval: second,
        watch: None,
        table: TableOptions::default(),
    };
    assert_eq!(command("once"), Command::Once(once));
    assert_eq!(
        command("once --format openmetrics --interval 500ms --watch 2s"),
        Command::Once(Once {
            format: Some(OnceFormat::OpenMetrics),
            output: None,
            interval: Duration::from_millis(500),
            watch: Some(Duration::from_secs(2)),
            table: TableOptions::default(),
        })
    );
    assert_eq!(
        command("once --output /x/herakles.prom"),
        Command::Once(Once {
            format: None,
            output: Some(PathBuf::from("/x/herakles.prom")),
            interval: second,
            watch: None,
            table: TableOptions::default(),
        })
    );
    assert_eq!(
        command("check"),
        Command::Check(Check {
            allow_partial: false
        })
    );
    assert_eq!(
        command("check --allow-partial"),
        Command::Check(Check {
            allow_partial: true
        })
    );
    assert_eq!(command("config"), Command::Config(ConfigFormat::Toml));
    assert_eq!(
        command("config --format json"),
        Command::Config(ConfigFormat::Json)
    );
    assert_eq!(command("completions zsh"), Command::Completions(Shell::Zsh));
    assert_eq!(command("man"), Command::Man);
}

#[test]
fn rules_take_their_options_before_and_after_list() {
    let expect = || {
        Command::Rules(RulesCommand::List {
            group: Some("db".into()),
            format: RulesFormat::Toml,
        })
    };
    assert_eq!(command("rules --group db --format toml"), expect());
    assert_eq!(command("rules list --group db --format toml"), expect());
    assert_eq!(command("rules --group db list --format toml"), expect());
    assert_eq!(
        command("rules suggest"),
        Command::Rules(RulesCommand::Suggest)
    );
    assert_eq!(
        command("rules import --process-exporter pe.yml"),
        Command::Rules(RulesCommand::Import {
            process_exporter: "pe.yml".into()
        })
    );
    let plain = Command::Rules(RulesCommand::List {
        group: None,
        format: RulesFormat::Table,
    });
    assert_eq!(command("rules"), plain);
}

#[test]
fn explain_takes_a_pid_or_a_description() {
    let pid = Pid::new(17).unwrap();
    assert_eq!(
        command("explain 17"),
        Command::Explain(Explain {
            subject: Subject::Process(pid),
            format: ReportFormat::Text
        })
    );
    let described = Description {
        comm: "-java".into(),
        exe: None,
        cmdline: Some("-jar".into()),
        cgroup: None,
        user: Some("tomcat".into()),
        parent: Some("systemd".into()),
    };
    assert_eq!(
        command("explain --comm -java --cmdline -jar --user tomcat --parent systemd --format json"),
        Command::Explain(Explain {
            subject: Subject::Described(described),
            format: ReportFormat::Json
        })
    );
}

#[test]
fn a_wrong_command_line_is_one_sentence_with_what_to_do() {
    for (arguments, expect) in [
        (
            "--scan.cache-tll 3s",
            "unknown flag `--scan.cache-tll`; did you mean `--scan.cache-ttl`?",
        ),
        (
            "--scan-cache-ttl 3s",
            "unknown flag `--scan-cache-ttl`; did you mean `--scan.cache-ttl`?",
        ),
        (
            "check --web.listen-adress :1",
            "unknown flag `--web.listen-adress`; did you mean `--web.listen-address`?",
        ),
        (
            "once --intervall 1s",
            "unknown flag `--intervall`; did you mean `--interval`?",
        ),
        (
            "--port 9100",
            "unknown flag `--port`; did you mean `--web.listen-address`?",
        ),
        (
            "once --format jsn",
            "--format: `jsn` is not one of table, json, text, openmetrics; did you mean `json`?",
        ),
        ("--bananas", "unknown flag `--bananas`; see --help"),
        ("-x", "unknown flag `-x`; see --help"),
        ("once extra", "unknown argument `extra`; see --help"),
        ("onec", "unknown subcommand `onec`; did you mean `once`?"),
        ("dance", "unknown subcommand `dance`; see --help"),
        (
            "rules lst",
            "unknown subcommand `lst`; did you mean `list`?",
        ),
        (
            "--export.host true",
            "`true` stands alone: write a switch as --export.host=false or --no-export.host",
        ),
        (
            "--scan.cache-ttl",
            "a value is required for '--scan.cache-ttl <DURATION>' but none was supplied; see --help",
        ),
        (
            "once --interval 5",
            "invalid value '5' for '--interval <DURATION>': `5` has no unit: write it as \"5s\"; \
             see --help",
        ),
        (
            "once --watch 2h",
            "invalid value '2h' for '--watch <DURATION>': `2h` is out of range: expected a \
             duration from 10ms to 1h; see --help",
        ),
        (
            "once --format xml",
            "--format: `xml` is not one of table, json, text, openmetrics",
        ),
        (
            "once --output x --format json",
            "--output writes the text form only: leave --format out or give text",
        ),
        (
            "explain",
            "explain what? Give a PID, or --comm NAME to describe a process",
        ),
        (
            "explain 0",
            "invalid value '0' for '[PID]': a process id is a number from 1 to 2147483647; see \
             --help",
        ),
        (
            "explain 1 --comm x",
            "the argument '[PID]' cannot be used with '--comm <NAME>'; see --help",
        ),
        (
            "explain 1 --exe x",
            "the argument '[PID]' cannot be used with '--exe <TEXT>'; see --help",
        ),
        (
            "explain --exe x",
            "the following required arguments were not provided: --comm <NAME>; see --help",
        ),
        (
            "completions ksh",
            "<SHELL>: `ksh` is not one of bash, elvish, fish, powershell, zsh; did you mean `zsh`?",
        ),
    ] {
        assert_eq!(sentence(arguments), expect, "{arguments}");
    }
}

#[test]
fn hostile_arguments_stay_on_one_line() {
    for argument in [
        "--a\nb\u{1b}[31m",
        "a\nb\u{1b}[31m",
        "--config.file=\u{1b}[31m\n",
    ] {
        let arguments = ["herakles-exporter", argument].map(OsString::from);
        if let Err(error) = parse(arguments) {
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
        }
    }
}

#[test]
fn settings_are_taken_before_and_after_every_subcommand() {
    for subcommand in [
        "",
        "once",
        "check",
        "explain 1",
        "rules",
        "rules list",
        "rules suggest",
        "rules import --process-exporter pe.yml",
        "config",
        "completions zsh",
        "man",
    ] {
        for arguments in [
            format!("--log.level warn {subcommand}"),
            format!("{subcommand} --log.level warn"),
            format!("--log.level info {subcommand} --log.level warn"),
        ] {
            if subcommand.is_empty() && arguments.contains("info") {
                continue;
            }
            let flags = parsed(&arguments).unwrap().flags;
            let level = flags
                .settings
                .get("log.level")
                .and_then(|values| values.last()?.last());
            assert_eq!(level.map(String::as_str), Some("warn"), "{arguments}");
        }
    }
}
