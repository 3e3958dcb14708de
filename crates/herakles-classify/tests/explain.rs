//! What is said of a classification, to people and to programs.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use herakles_classify::{Classifier, Facts, Rules};
use serde_json::json;

const RULES: &str = r#"
[[subgroups]]
group = "backup"
subgroup = "dump"
matches = ["python*"]
users = ["backup"]

[[subgroups]]
group = "queue"
subgroup = "{name}"
cmdline_matches = [
    'unrelated',
    'worker\.py .*--queue[= ](?<name>\w+)',
]

[[subgroups]]
group = "runtime"
subgroup = "python"
matches = ["python3"]

[[subgroups]]
group = "kubernetes"
subgroup = "controller"
matches = ["kube-controller-manager"]
exe_matches = ["/opt/k8s/*"]
"#;

fn explain(facts: Facts<'_>) -> herakles_classify::Explanation {
    Classifier::new(Rules::parse(RULES, "my.toml").unwrap()).explain(&facts)
}

const WORKER: Facts<'_> = Facts {
    comm: b"python3",
    cmdline: Some(b"python3\0/srv/worker.py\0--queue\0mail\0"),
    exe: Some(b"/usr/bin/python3.12"),
    user: Some("ann"),
    cgroup: None,
    parent_comm: None,
};

#[test]
fn people_read_the_rule_the_pattern_and_what_comes_next() {
    assert_eq!(
        explain(WORKER).to_string(),
        r#"queue/mail
  by the rule at my.toml:8: command line 'worker\.py .*--queue[= ](?<name>\w+)' (line 13) matches "worker.py --queue mail" in "python3 /srv/worker.py --queue mail"
  with {name} = "mail"
  not by my.toml:2: name "python*" (line 5) matches "python3", whose constraint users does not hold
  next would be runtime/python at my.toml:16: name "python3" (line 19) matches "python3"
"#
    );
}

#[test]
fn no_rule_and_why() {
    let text = explain(Facts {
        comm: b"mystery",
        ..Facts::default()
    })
    .to_string();
    assert_eq!(
        text,
        "other/other
  because none of the 4 rules matches
  unknown: command line, executable, user; rules that look there cannot match
"
    );
}

#[test]
fn every_kind_of_pattern_is_named() {
    let by = |facts: Facts<'_>| {
        let matched = explain(facts).matched.unwrap();
        (
            serde_json::to_value(matched.by).unwrap(),
            matched.text,
            matched.part,
        )
    };
    let cut = Facts {
        comm: b"kube-controller",
        ..Facts::default()
    };
    let full = b"/usr/bin/kube-controller-manager\0--v=2\0";
    assert_eq!(
        by(Facts {
            cmdline: Some(full),
            ..cut
        }),
        (
            json!("full_name"),
            "kube-controller-manager".to_owned(),
            "kube-controller-manager".to_owned()
        )
    );
    assert_eq!(
        by(Facts {
            exe: Some(b"/opt/k8s/controller (deleted)"),
            ..cut
        }),
        (
            json!("exe"),
            "/opt/k8s/controller".to_owned(),
            "/opt/k8s/controller".to_owned()
        )
    );
    assert_eq!(
        by(Facts {
            comm: b"python3",
            ..Facts::default()
        }),
        (json!("name"), "python3".to_owned(), "python3".to_owned())
    );
}

#[test]
fn programs_read_the_same() {
    let json = serde_json::to_value(explain(WORKER)).unwrap();
    assert_eq!(
        json["class"],
        json!({ "group": "queue", "subgroup": "mail" })
    );
    assert_eq!(
        json["matched"],
        json!({
            "origin": { "file": "my.toml", "line": 8 },
            "group": "queue",
            "subgroup": "{name}",
            "by": "cmdline",
            "pattern": r"worker\.py .*--queue[= ](?<name>\w+)",
            "pattern_line": 13,
            "text": "python3 /srv/worker.py --queue mail",
            "part": "worker.py --queue mail",
        })
    );
    assert_eq!(
        json["variables"],
        json!([{ "name": "name", "value": "mail" }])
    );
    assert_eq!(json["refused"][0]["constraint"], "users");
    assert_eq!(json["next"]["subgroup"], "python");
    assert_eq!(json["absent"], json!([]));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "there are no threads")]
fn threads_share_a_classifier() {
    let classifier = Classifier::new(Rules::parse(RULES, "my.toml").unwrap());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let classification = classifier.classify(&WORKER);
                assert_eq!(classification.class().unwrap().to_string(), "queue/mail");
            });
        }
    });
}
