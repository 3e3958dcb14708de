//! The table of cases, titles with blanks, cut lines, and what holds for any command line.

use super::programs::{self, Effect, PROGRAMS};
use super::{program_line, script};
use crate::name::CMDLINE_LEN;
use proptest::prelude::*;

fn found(cmdline: &[u8]) -> Option<String> {
    script(cmdline).map(|name| String::from_utf8_lossy(name).into_owned())
}

/// From a line with blanks for NULs and `~` for a blank within an argument.
fn cmdline(line: &str) -> String {
    line.replace(' ', "\0").replace('~', " ")
}

#[test]
fn the_table_can_be_read() {
    programs::read(include_str!("programs.toml")).unwrap();
}

#[test]
fn cases() {
    let mut wrong = Vec::new();
    for case in include_str!("cases.txt").lines() {
        let Some((expected, line)) = case.split_once(" | ") else {
            assert!(case.is_empty() || case.starts_with('#'), "{case}");
            continue;
        };
        let found = found(cmdline(line).as_bytes());
        let found = found.unwrap_or("?".to_owned());
        if found != expected {
            wrong.push(format!("{case}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A process that writes its own title leaves blanks, so values with blanks cannot be told from
/// what follows them.
#[test]
fn titles() {
    for (title, expected) in [
        ("node /srv/server.js --password x", Some("server.js")),
        ("python3 -u /srv/app.py", Some("app.py")),
        ("python3 -m celery worker", Some("celery")),
        ("/usr/bin/env python3 app.py", Some("app.py")),
        ("java -jar app.jar", Some("app.jar")),
        ("java -Dtoken=a b Main", None),
        ("node --title my secret app.js", None),
        ("node --title=my secret app.js", None),
        ("python3 -W ignore secret app.py", None),
        ("env A=my secret python3 app.py", None),
        ("php-fpm: pool www", None),
        ("node", None),
    ] {
        assert_eq!(found(title.as_bytes()).as_deref(), expected, "{title}");
    }
}

/// What rules see beside the line itself.
#[test]
fn program_lines() {
    for (line, expected) in [
        ("/usr/bin/python3.12 -m celery worker", None),
        ("java -jar jenkins.war", None),
        ("/usr/sbin/nginx -g daemon", None),
        ("bash run", None),
        ("-bash", None),
        (
            "python3.13t -m celery worker",
            Some("python -m celery worker"),
        ),
        ("/usr/bin/python3-dbg", Some("/usr/bin/python")),
        (
            "pypy3.10 /srv/bin/gunicorn x",
            Some("python /srv/bin/gunicorn x"),
        ),
        ("/usr/bin/nodejs app.js", Some("/usr/bin/node app.js")),
        (
            "/usr/bin/qemu-aarch64-static /usr/bin/python3 python3 -m rq",
            Some("/usr/bin/python -m rq"),
        ),
        (
            "/run/rosetta/rosetta /usr/sbin/nginx nginx -g x",
            Some("/usr/sbin/nginx -g x"),
        ),
        (
            "tini -- /usr/local/bin/gunicorn app:main",
            Some("/usr/local/bin/gunicorn app:main"),
        ),
        ("env A=b timeout 5 bash run", Some("bash run")),
        (
            r"C:\jre\java.exe -jar C:\srv\jenkins.war",
            Some("C:/jre/java -jar C:/srv/jenkins.war"),
        ),
        ("qemu-x86_64 -future x /usr/bin/python3 app.py", None),
        ("tini", None),
    ] {
        let mut buffer = [0; CMDLINE_LEN];
        let found = program_line(cmdline(line).as_bytes(), &mut buffer);
        let found = found.map(|line| String::from_utf8_lossy(line).into_owned());
        assert_eq!(found.as_deref(), expected, "{line}");
    }
}

/// Only the first 4 KiB are seen, and the last argument in them may go on.
#[test]
fn a_cut_name_is_none() {
    let long = |length: usize| {
        let path = "x".repeat(length - "java\0-cp\0\0org.example.Main".len());
        format!("java\0-cp\0{path}\0org.example.Main")
    };
    assert_eq!(
        found(long(4095).as_bytes()).as_deref(),
        Some("org.example.Main")
    );
    assert_eq!(found(long(4096).as_bytes()), None);
    let whole = long(4090) + "\0argum";
    assert_eq!(found(whole.as_bytes()).as_deref(), Some("org.example.Main"));
}

/// What may stand on a line: programs, options of all programs, values, names.
fn word() -> impl Strategy<Value = String> {
    const PROGRAMS: [&str; 10] = [
        "python3", "java", "node", "sh", "perl", "ruby", "php", "deno", "bun", "env",
    ];
    prop_oneof![
        prop::sample::select(&PROGRAMS[..]).prop_map(str::to_owned),
        "-[a-zA-Z0-9]{1,3}",
        "--[a-z]{1,4}(-[a-z]{1,4})?(=[a-z]{0,3})?",
        prop::sample::select(options()),
        "[a-z@:/.=]{0,6}",
        Just("exec".to_owned()),
    ]
}

fn options() -> Vec<String> {
    let table: toml::Table = toml::from_str(include_str!("programs.toml")).unwrap();
    let programs = table["programs"].as_array().unwrap();
    let lists = programs
        .iter()
        .flat_map(|program| program.as_table().unwrap());
    let lists = lists.filter(|(key, _)| !matches!(&***key, "name" | "kind" | "aliases"));
    let options = lists.filter_map(|(_, list)| list.as_str());
    options
        .flat_map(str::split_whitespace)
        .map(|option| match option.len() {
            1 => format!("-{option}"),
            _ => option.replace('*', "x"),
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_option_is_a_script(words in prop::collection::vec(word(), 1..9), blanks in any::<bool>()) {
        let line = words.join(if blanks { " " } else { "\0" });
        if let Some(name) = script(line.as_bytes()) {
            prop_assert!(!name.starts_with(b"-"));
            prop_assert!(!name.is_empty());
        }
    }

    #[test]
    fn any_bytes_will_do(bytes in prop::collection::vec(any::<u8>(), 0..64), program in "(python|java|sh|perl)3?") {
        script(&bytes);
        let line = [program.as_bytes(), b"\0", &bytes].concat();
        if let Some(name) = script(&line) {
            prop_assert!(!name.starts_with(b"-"));
        }
    }

    /// Wherever an option stands that the table does not know, nothing behind it is a script.
    #[test]
    fn the_value_of_an_unknown_option_is_no_script(
        program in prop::sample::select(interpreters()),
        known in prop::collection::vec(prop::sample::select(options()), 0..4),
        unknown in "(--zz[a-z]{0,4}|-[\u{c0}-\u{ff}])(=x)?",
        behind in prop::collection::vec(word(), 0..4),
    ) {
        let is_flag = |option: &String| effect(&program, option) == Some(Effect::Flag);
        let flags: Vec<String> = known.into_iter().filter(is_flag).collect();
        let mut line = vec![program];
        line.extend(flags);
        line.extend([unknown, "secret".to_owned()]);
        line.extend(behind.into_iter().map(|word| format!("secret-{word}")));
        if let Some(name) = found(line.join("\0").as_bytes()) {
            prop_assert!(!name.contains("secret"), "{:?} of {:?}", name, line);
        }
    }

    /// The value of a known option is none either, wherever it stands.
    #[test]
    fn the_value_of_a_known_option_is_no_script((program, option) in prop::sample::select(valued())) {
        for line in [
            format!("{program}\0{option}\0secret\0name.dll"),
            format!("{program}\0{option}\0secret"),
        ] {
            let found = found(line.as_bytes());
            prop_assert!(found.is_none_or(|name| name == "name.dll"), "{}", line);
        }
    }
}

fn interpreters() -> Vec<String> {
    let names = [
        "python", "java", "node", "deno", "bun", "dotnet", "ruby", "perl", "php", "sh", "ksh",
    ];
    names.map(str::to_owned).to_vec()
}

/// What the table says of an option of a program.
fn effect(program: &str, option: &str) -> Option<Effect> {
    let program = PROGRAMS.find(program.as_bytes())?.program;
    match option.as_bytes() {
        [b'-', letter] if !program.words => program.letter(*letter),
        option => program.word(option),
    }
}

fn valued() -> Vec<(String, String)> {
    let of = |program: String| {
        let takes_next = |option: &String| {
            let effect = effect(&program, option);
            !option.contains('=') && matches!(effect, Some(Effect::Value | Effect::Deferred))
        };
        let options = options().into_iter().filter(takes_next);
        options
            .map(|option| (program.clone(), option))
            .collect::<Vec<_>>()
    };
    interpreters().into_iter().flat_map(of).collect()
}
