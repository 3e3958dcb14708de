use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use herakles_stat::Pid;

use super::*;

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
    };
    assert_eq!(command("once"), Command::Once(once));
    assert_eq!(
        command("once --format openmetrics --interval 500ms --watch 2s"),
        Command::Once(Once {
            format: Some(OnceFormat::OpenMetrics),
            output: None,
            interval: Duration::from_millis(500),
            watch: Some(Duration::from_secs(2)),
        })
    );
    assert_eq!(
        command("once --output /x/herakles.prom"),
        Command::Once(Once {
            format: None,
            output: Some(PathBuf::from("/x/herakles.prom")),
            interval: second,
            watch: None,
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
        Command::Rules(Rules::List {
            group: Some("db".into()),
            format: RulesFormat::Toml,
        })
    };
    assert_eq!(command("rules --group db --format toml"), expect());
    assert_eq!(command("rules list --group db --format toml"), expect());
    assert_eq!(command("rules --group db list --format toml"), expect());
    let plain = Command::Rules(Rules::List {
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
        comm: "java".into(),
        exe: None,
        cmdline: Some("-jar".into()),
        cgroup: None,
        user: Some("tomcat".into()),
        parent: Some("systemd".into()),
    };
    assert_eq!(
        command("explain --comm java --cmdline=-jar --user tomcat --parent systemd --format json"),
        Command::Explain(Explain {
            subject: Subject::Described(described),
            format: ReportFormat::Json
        })
    );
}
