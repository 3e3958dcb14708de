//! The search for the first matching rule against the plain walk over all rules, on rules and
//! facts made up at random; and that it allocates nothing.

use std::fmt::Write;

use herakles_classify::{Classifier, Facts, Rules};
use proptest::prelude::*;
use proptest::sample::select;

/// A rule of few letters, so that patterns overlap each other and the facts.
fn rule() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        "[ab]{1,3}",
        "[ab]{0,2}[*?][ab]{0,2}",
        "\\[!?[ab]\\][ab*]{0,2}",
        select(vec![
            "abcdefghijklmno",
            "abcdefghijklmnop",
            "abcdefgh*mnopq",
            "*pq"
        ])
        .prop_map(str::to_owned),
    ];
    let exe = "(/|\\*)[ab]{0,2}[*/][ab]{1,2}";
    let regex = prop_oneof![
        "[ab]{3,5}",
        "\\^?[ab]{1,3}\\.\\*[ab]{3}",
        "\\([ab]{3}\\|[ab]{4}\\)",
        "[ab]\\+ [ab]{1,3}\\$?",
        "\\(\\^\\|/\\)[ab]{3}\\( \\|\\$\\)",
    ];
    let constraint = prop_oneof![
        6 => Just(String::new()),
        1 => Just("users = ['ann']".to_owned()),
        1 => Just("parents = ['a*']".to_owned()),
        1 => Just("cgroups = ['/a*']".to_owned()),
    ];
    let list = |strategy: BoxedStrategy<String>| prop::collection::vec(strategy, 0..3);
    (list(name.boxed()), list(exe.boxed()), list(regex.boxed()), constraint).prop_filter_map(
        "a rule needs a pattern",
        |(names, exes, regexes, constraint)| {
            (names.len() + exes.len() + regexes.len() > 0).then(|| {
                format!(
                    "matches = {names:?}\nexe_matches = {exes:?}\ncmdline_matches = {regexes:?}\n{constraint}"
                )
            })
        },
    )
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[ab]{0,3}",
        1 => Just("abcdefghijklmno".to_owned()),
        1 => "[abcdefghijklmnopq*]{1,15}",
    ]
}

fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab/]{0,6}",
        select(vec!["/x/abcdefghijklmnop", "abcdefghijklmnopq"]).prop_map(str::to_owned)
    ]
}

type Known = (
    String,
    Option<Vec<String>>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

fn known() -> impl Strategy<Value = Known> {
    (
        name(),
        prop::option::weighted(0.9, prop::collection::vec(argument(), 0..4)),
        prop::option::weighted(0.8, "/[ab]{0,2}/[ab]{1,2}( \\(deleted\\))?"),
        prop::option::weighted(0.7, "0::/[ab]{1,3}\n"),
        prop::option::weighted(0.7, "ann|bob"),
        prop::option::weighted(0.7, "[ab]{1,2}"),
    )
}

proptest! {
    #[test]
    fn the_search_finds_what_a_walk_finds(
        rules in prop::collection::vec(rule(), 0..12),
        known in prop::collection::vec(known(), 1..8),
    ) {
        let mut text = String::new();
        for (number, rule) in rules.iter().enumerate() {
            write!(text, "[[subgroups]]\ngroup = 'g'\nsubgroup = '{number}'\n{rule}\n").unwrap();
        }
        let classifier = Classifier::new(Rules::parse(&text, "random.toml").unwrap());
        for (comm, cmdline, exe, cgroup, user, parent_comm) in &known {
            let cmdline = cmdline.as_ref().map(|arguments| arguments.join("\0") + "\0");
            let facts = Facts {
                comm: comm.as_bytes(),
                cmdline: cmdline.as_deref().map(str::as_bytes),
                exe: exe.as_deref().map(str::as_bytes),
                cgroup: cgroup.as_deref().map(str::as_bytes),
                user: user.as_deref(),
                parent_comm: parent_comm.as_deref().map(str::as_bytes),
            };
            let found = classifier.classify(&facts).class().map(ToString::to_string);
            let explained = classifier.explain(&facts);
            let walked = explained.matched.is_some().then(|| explained.class.to_string());
            prop_assert_eq!(found, walked, "{:?}\n{}", facts, text);
            let searched = classifier.explain_by_search(&facts);
            prop_assert_eq!(searched.to_string(), explained.to_string(), "{:?}\n{}", facts, text);
        }
    }

    /// Whatever bytes a process shows, it is classified, explained, and named in printable text.
    #[test]
    fn any_bytes_are_survived(
        comm in prop::collection::vec(any::<u8>(), 0..64),
        cmdline in prop::collection::vec(any::<u8>(), 0..200),
        cgroup in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let rules = Rules::parse(
            "subgroups = [{ group = '{script}{unit}{pod}{container}', subgroup = '{comm}{slice}{exe}', \
             matches = ['*'] }]",
            "all.toml",
        ).unwrap();
        let facts = Facts {
            comm: &comm,
            cmdline: Some(&cmdline),
            cgroup: Some(&cgroup),
            ..Facts::default()
        };
        let explanation = Classifier::new(rules).explain(&facts);
        prop_assert!(!explanation.class.subgroup.contains(|c: char| c.is_control()));
        let text = explanation.to_string();
        prop_assert!(!text.replace('\n', "").contains(|c: char| c.is_control()));
        prop_assert!(serde_json::to_string(&explanation).is_ok());
    }
}

#[test]
fn an_explanation_by_search_keeps_little_memory() {
    let classifier = Classifier::new(Rules::builtin());
    let facts = Facts {
        comm: b"java",
        cmdline: Some(b"/usr/bin/java\0-Xmx1g\0org.apache.catalina.startup.Bootstrap\0start\0"),
        ..Facts::default()
    };
    let kept = |explain: &dyn Fn()| allocation_counter::measure(explain).bytes_current;
    let by_search = kept(&|| drop(classifier.explain_by_search(&facts)));
    let in_full = kept(&|| drop(classifier.explain(&facts)));
    assert!(by_search < 256 << 10, "{by_search} bytes");
    assert!(in_full > 1 << 20, "{in_full} bytes: then one way would do");
}

#[test]
fn a_decision_allocates_nothing() {
    let classifier = Classifier::new(Rules::builtin());
    let facts = [
        Facts {
            comm: b"nginx",
            cmdline: Some(b"nginx: worker process\0"),
            ..Facts::default()
        },
        Facts {
            comm: b"java",
            cmdline: Some(b"/usr/bin/java\0-Xmx1g\0org.apache.catalina.startup.Bootstrap\0start\0"),
            exe: Some(b"/usr/lib/jvm/java-21/bin/java"),
            ..Facts::default()
        },
        Facts {
            comm: b"no such name at all",
            cmdline: Some(b"./x\0--y\0"),
            ..Facts::default()
        },
        Facts {
            comm: b"kube-controller",
            cmdline: Some(b"/usr/bin/kube-controller-manager\0"),
            ..Facts::default()
        },
    ];
    // The expressions take their working memory at the first use.
    for known in &facts {
        classifier.classify(known);
    }
    for known in &facts {
        let counted = allocation_counter::measure(|| {
            std::hint::black_box(classifier.classify(known));
        });
        assert_eq!(counted.count_total, 0, "{known:?}");
    }
}
