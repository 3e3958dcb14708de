//! The rule language: what a rule matches, and which rule wins.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::cell::Cell;

use herakles_classify::{Classifier, FactSource, Facts, Needs, Rules};

fn classifier(rules: &str) -> Classifier {
    Classifier::new(Rules::parse(rules, "test.toml").unwrap())
}

fn class(classifier: &Classifier, facts: Facts<'_>) -> String {
    classifier
        .classify(&facts)
        .class()
        .map_or("none".to_owned(), ToString::to_string)
}

/// The class by name and space-separated command line alone.
fn of(classifier: &Classifier, comm: &str, cmdline: &str) -> String {
    let cmdline = cmdline.replace(' ', "\0") + "\0";
    let facts = Facts {
        comm: comm.as_bytes(),
        cmdline: Some(cmdline.as_bytes()),
        ..Facts::default()
    };
    class(classifier, facts)
}

const SERVICES: &str = r#"
[[subgroups]]
group = "web"
subgroup = "tomcat"
cmdline_matches = ['org\.apache\.catalina\.startup\.Bootstrap']

[[subgroups]]
group = "python"
subgroup = "gunicorn"
cmdline_matches = ['(^|/)gunicorn( |$)', '^gunicorn: ']

[[subgroups]]
group = "db"
subgroup = "postgres"
matches = ["postgres", "pg_*"]
exe_matches = ["/usr/lib/postgresql/*/bin/*"]

[[subgroups]]
group = "kubernetes"
subgroup = "controller"
matches = ["kube-controller-manager"]

[[subgroups]]
group = "monitoring"
subgroup = "exporter"
matches = ["*_exporter"]

[[subgroups]]
group = "runtime"
subgroup = "java"
matches = ["java"]
"#;

#[test]
fn any_pattern_of_a_rule_matches() {
    let rules = classifier(SERVICES);
    for (comm, cmdline, expected) in [
        ("postgres", "", "db/postgres"),
        ("pg_dumpall", "pg_dumpall -U x", "db/postgres"),
        ("postgres2", "", "none"),
        ("java", "java -jar app.jar", "runtime/java"),
        (
            "java",
            "java -Xmx1g org.apache.catalina.startup.Bootstrap start",
            "web/tomcat",
        ),
        (
            "python3",
            "python3 /usr/bin/gunicorn app:app",
            "python/gunicorn",
        ),
        ("gunicorn", "gunicorn: worker [app]", "python/gunicorn"),
        ("python3", "python3 /srv/gunicorny app", "none"),
    ] {
        assert_eq!(of(&rules, comm, cmdline), expected, "{comm} {cmdline}");
    }
}

#[test]
fn the_executable_is_matched_by_its_path() {
    let rules = classifier(SERVICES);
    let by_exe = |exe: &str| {
        class(
            &rules,
            Facts {
                comm: b"x",
                exe: Some(exe.as_bytes()),
                ..Facts::default()
            },
        )
    };
    assert_eq!(by_exe("/usr/lib/postgresql/16/bin/pg_ctl"), "db/postgres");
    assert_eq!(
        by_exe("/usr/lib/postgresql/16/bin/pg_ctl (deleted)"),
        "db/postgres"
    );
    assert_eq!(by_exe("/opt/usr/lib/postgresql/16/bin/pg_ctl"), "none");
}

#[test]
fn names_the_kernel_cut_are_found_in_full() {
    let rules = classifier(SERVICES);
    for (comm, cmdline, expected) in [
        (
            "kube-controller",
            "/usr/bin/kube-controller-manager --v=2",
            "kubernetes/controller",
        ),
        ("kube-controller", "kube-controller --v=2", "none"),
        ("kube-controller", "/usr/bin/kube-controller-other", "none"),
        ("kube-scheduler", "/usr/bin/kube-controller-manager", "none"),
        (
            "elasticsearch_e",
            "/opt/elasticsearch_exporter --es.uri=x",
            "monitoring/exporter",
        ),
        (
            "elasticsearch_e",
            "/bin/sh /opt/elasticsearch_exporter",
            "monitoring/exporter",
        ),
        ("cat", "cat /opt/elasticsearch_exporter", "none"),
    ] {
        assert_eq!(of(&rules, comm, cmdline), expected, "{comm} {cmdline}");
    }
    let by_exe = Facts {
        comm: b"kube-controller",
        exe: Some(b"/usr/bin/kube-controller-manager"),
        ..Facts::default()
    };
    assert_eq!(class(&rules, by_exe), "kubernetes/controller");
}

#[test]
fn the_first_rule_wins_whatever_kind_of_pattern_it_has() {
    let rule = |subgroup: &str, patterns: &str| {
        format!("[[subgroups]]\ngroup = 'g'\nsubgroup = '{subgroup}'\n{patterns}\n")
    };
    let kinds = [
        ("exact", "matches = ['java']"),
        ("glob", "matches = ['j*']"),
        ("exe", "exe_matches = ['*/java']"),
        ("cmdline", "cmdline_matches = ['jenkins']"),
        ("unanchored", "cmdline_matches = ['.']"),
    ];
    let facts = Facts {
        comm: b"java",
        exe: Some(b"/usr/bin/java"),
        cmdline: Some(b"java\0-jar\0jenkins.war\0"),
        ..Facts::default()
    };
    for first in kinds {
        for second in kinds {
            let rules = classifier(&(rule(first.0, first.1) + &rule(second.0, second.1)));
            assert_eq!(
                class(&rules, facts),
                format!("g/{}", first.0),
                "before {}",
                second.0
            );
        }
    }
}

#[test]
fn constraints_all_hold_or_the_next_rule_is_tried() {
    let rules = classifier(
        r#"
        [[subgroups]]
        group = "backup"
        subgroup = "dump"
        matches = ["bash"]
        users = ["backup", "root"]
        cgroups = ["/system.slice/backup-*.service"]
        parents = ["cron*"]

        [[subgroups]]
        group = "runtime"
        subgroup = "shell"
        matches = ["bash"]
        "#,
    );
    let facts = Facts {
        comm: b"bash",
        user: Some("backup"),
        cgroup: Some(b"12:cpu,cpuacct:/x\n0::/system.slice/backup-db.service\n"),
        parent_comm: Some(b"crond"),
        ..Facts::default()
    };
    assert_eq!(class(&rules, facts), "backup/dump");
    for other in [
        Facts {
            user: Some("alice"),
            ..facts
        },
        Facts {
            user: None,
            ..facts
        },
        Facts {
            cgroup: Some(b"0::/system.slice/backup-db.scope\n"),
            ..facts
        },
        Facts {
            cgroup: None,
            ..facts
        },
        Facts {
            parent_comm: Some(b"sshd"),
            ..facts
        },
    ] {
        assert_eq!(class(&rules, other), "runtime/shell", "{other:?}");
    }
}

#[test]
fn command_lines_are_bytes_cut_at_4_kib() {
    let rules = classifier(
        r#"
        [[subgroups]]
        group = "g"
        subgroup = "bytes"
        cmdline_matches = ['caf\xe9$']
        [[subgroups]]
        group = "g"
        subgroup = "empty-argument"
        cmdline_matches = ['^a  b$']
        [[subgroups]]
        group = "g"
        subgroup = "late"
        cmdline_matches = ['needle']
        "#,
    );
    let by_cmdline = |cmdline: &[u8]| {
        class(
            &rules,
            Facts {
                comm: b"x",
                cmdline: Some(cmdline),
                ..Facts::default()
            },
        )
    };
    assert_eq!(by_cmdline(b"drink\0caf\xe9\0"), "g/bytes");
    assert_eq!(by_cmdline(b"a\0\0b\0\0\0"), "g/empty-argument");
    let mut long = vec![b'x'; 4090];
    long.extend(b"needle");
    assert_eq!(by_cmdline(&long), "g/late");
    long.insert(0, b'x');
    assert_eq!(by_cmdline(&long), "none");
}

/// Facts that note what was asked for.
#[derive(Default)]
struct Watched<'a> {
    facts: Facts<'a>,
    asked: Cell<Needs>,
}

impl Watched<'_> {
    fn note(&self, note: impl FnOnce(&mut Needs)) {
        let mut asked = self.asked.get();
        note(&mut asked);
        self.asked.set(asked);
    }
}

impl FactSource for Watched<'_> {
    fn comm(&self) -> &[u8] {
        self.facts.comm
    }

    fn cmdline(&self) -> Option<&[u8]> {
        self.note(|asked| asked.cmdline = true);
        self.facts.cmdline
    }

    fn exe(&self) -> Option<&[u8]> {
        self.note(|asked| asked.exe = true);
        self.facts.exe
    }

    fn cgroup(&self) -> Option<&[u8]> {
        self.note(|asked| asked.cgroup = true);
        self.facts.cgroup
    }

    fn user(&self) -> Option<&str> {
        self.note(|asked| asked.user = true);
        self.facts.user
    }

    fn parent_comm(&self) -> Option<&[u8]> {
        self.note(|asked| asked.parent_comm = true);
        self.facts.parent_comm
    }
}

#[test]
fn only_facts_that_can_change_the_answer_are_asked_for() {
    let rules = classifier(
        r#"
        [[subgroups]]
        group = "db"
        subgroup = "redis"
        matches = ["redis-server"]
        [[subgroups]]
        group = "db"
        subgroup = "mine"
        matches = ["mydb"]
        users = ["dba"]
        [[subgroups]]
        group = "web"
        subgroup = "tomcat"
        cmdline_matches = ["catalina"]
        [[subgroups]]
        group = "runtime"
        subgroup = "java"
        matches = ["java"]
        "#,
    );
    let asked = |comm: &str| {
        let facts = Facts {
            comm: comm.as_bytes(),
            ..Facts::default()
        };
        let watched = Watched {
            facts,
            asked: Cell::default(),
        };
        rules.classify(&watched);
        watched.asked.get()
    };
    assert_eq!(asked("redis-server"), Needs::default());
    assert_eq!(
        asked("mydb"),
        Needs {
            user: true,
            cmdline: true,
            ..Needs::default()
        }
    );
    assert_eq!(
        asked("java"),
        Needs {
            cmdline: true,
            ..Needs::default()
        }
    );
    assert_eq!(
        rules.needs(),
        Needs {
            user: true,
            cmdline: true,
            ..Needs::default()
        }
    );
    assert_eq!(classifier("").needs(), Needs::default());
}
