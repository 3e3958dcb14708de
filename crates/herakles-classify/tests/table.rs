//! Classes in use: inheritance, templates with a bound, expiry.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::time::{Duration, Instant};

use herakles_classify::{ClassId, ClassTable, Classifier, Facts, Inheritance, Placement, Rules};

/// Rules and the table they fill.
struct Bench {
    classifier: Classifier,
    table: ClassTable,
}

impl Bench {
    fn new(rules: &str) -> Self {
        let rules = Rules::parse(rules, "test.toml").unwrap();
        Self {
            classifier: Classifier::new(rules),
            table: ClassTable::new(),
        }
    }

    fn place(&mut self, comm: &str, parent: &Inheritance) -> Placement {
        self.place_facts(
            Facts {
                comm: comm.as_bytes(),
                ..Facts::default()
            },
            parent,
        )
    }

    fn place_facts(&mut self, facts: Facts<'_>, parent: &Inheritance) -> Placement {
        let classification = self.classifier.classify(&facts);
        self.table.place(&classification, parent)
    }

    fn class(&self, placement: &Placement) -> String {
        self.table.class(placement.class).to_string()
    }

    fn classes(&self) -> Vec<String> {
        let mut classes: Vec<_> = self
            .table
            .classes()
            .map(|(_, class)| class.to_string())
            .collect();
        classes.sort();
        classes
    }

    fn expire(&mut self, now: Instant, members: &[ClassId]) -> Vec<ClassId> {
        let mut expired = Vec::new();
        self.table
            .expire(now, |id| members.contains(&id), &mut expired);
        expired
    }
}

const FAMILY: &str = r#"
[[subgroups]]
group = "ci"
subgroup = "runner"
matches = ["runner"]
inherit = true

[[subgroups]]
group = "build"
subgroup = "make"
matches = ["make"]

[[subgroups]]
group = "system"
subgroup = "cron"
matches = ["cron"]
"#;

#[test]
fn unmatched_descendants_join_up_to_a_manager() {
    let mut bench = Bench::new(FAMILY);
    let runner = bench.place("runner", &Inheritance::NONE);
    let shell = bench.place("sh", &runner.inheritance);
    let make = bench.place("make", &shell.inheritance);
    let compiler = bench.place("cc1", &make.inheritance);
    let cron = bench.place("cron", &compiler.inheritance);
    let job = bench.place("job", &cron.inheritance);
    let shim = bench.place("containerd-shim-runc-v2", &compiler.inheritance);
    let contained = bench.place("app", &shim.inheritance);
    for (placement, expected) in [
        (&runner, "ci/runner"),
        (&shell, "ci/runner"),
        (&make, "build/make"),
        (&compiler, "ci/runner"),
        (&cron, "system/cron"),
        (&job, "other/other"),
        (&shim, "other/other"),
        (&contained, "other/other"),
    ] {
        assert_eq!(bench.class(placement), expected);
    }
    assert_eq!(runner.inheritance.class().unwrap().to_string(), "ci/runner");
    assert!(cron.inheritance.class().is_none());
}

#[test]
fn a_manager_passes_on_what_its_own_rule_says() {
    let mut bench = Bench::new(
        "subgroups = [{ group = 'system', subgroup = 'cron', matches = ['cron'], inherit = true }]",
    );
    let cron = bench.place("cron", &Inheritance::NONE);
    let job = bench.place("job", &cron.inheritance);
    assert_eq!(bench.class(&job), "system/cron");
}

#[test]
fn what_the_user_wrote_comes_before_what_is_built_in() {
    let mut bench = Bench::new(
        r#"
        [[subgroups]]
        group = "shop"
        subgroup = "all"
        matches = ["shopd"]
        inherit = true

        [[subgroups]]
        group = "shop"
        subgroup = "search"
        matches = ["searchd"]

        [[subgroups]]
        group = "host"
        subgroup = "{comm}"
        matches = ["*"]
        fallback = true
        "#,
    );
    let mut rules = bench.classifier.rules().clone();
    rules.append(Rules::builtin());
    bench.classifier = Classifier::new(rules);
    let shop = bench.place("shopd", &Inheritance::NONE);
    for (comm, parent, expected, inherited) in [
        // An inheriting rule of the user's own, then the built-in ones, then the fallback.
        ("nginx", &shop.inheritance, "shop/all", true),
        ("nginx", &Inheritance::NONE, "web/nginx", false),
        ("hk-unknown", &shop.inheritance, "shop/all", true),
        ("hk-unknown", &Inheritance::NONE, "host/hk-unknown", false),
        ("searchd", &shop.inheritance, "shop/search", false),
        // A manager is the root of something new.
        ("cron", &shop.inheritance, "system/cron", false),
    ] {
        let placement = bench.place(comm, parent);
        assert_eq!(bench.class(&placement), expected, "{comm}");
        assert_eq!(placement.inherited, inherited, "{comm}");
    }
    let nginx = bench.place("nginx", &shop.inheritance);
    let worker = bench.place("nginx", &nginx.inheritance);
    assert_eq!(bench.class(&worker), "shop/all");
    let cron = bench.place("cron", &shop.inheritance);
    let job = bench.place("nginx", &cron.inheritance);
    assert_eq!(bench.class(&job), "web/nginx");
}

#[test]
fn a_fallback_passes_on_what_no_rule_knows() {
    let mut bench = Bench::new(
        r#"
        [[subgroups]]
        group = "units"
        subgroup = "runner"
        matches = ["runner"]
        fallback = true
        inherit = true
        [[subgroups]]
        group = "build"
        subgroup = "make"
        matches = ["make"]
        "#,
    );
    let runner = bench.place("runner", &Inheritance::NONE);
    let make = bench.place("make", &runner.inheritance);
    let step = bench.place("step", &make.inheritance);
    assert_eq!(bench.class(&make), "build/make");
    assert_eq!(bench.class(&step), "units/runner");
}

#[test]
fn plain_classes_stay_once_seen() {
    let mut bench = Bench::new(
        r#"
        [[subgroups]]
        group = "db"
        subgroup = "redis"
        matches = ["redis"]
        [[subgroups]]
        group = "db"
        subgroup = "postgres"
        matches = ["postgres"]
        always = true
        "#,
    );
    assert_eq!(bench.classes(), ["other/other", "system/kernel"]);
    let rules = bench.classifier.rules().clone();
    bench.table.declare(&rules);
    assert_eq!(
        bench.classes(),
        ["db/postgres", "other/other", "system/kernel"]
    );
    bench.place("redis", &Inheritance::NONE);
    let now = Instant::now();
    assert!(bench.expire(now, &[]).is_empty());
    assert!(
        bench
            .expire(now + Duration::from_secs(3600), &[])
            .is_empty()
    );
    assert_eq!(
        bench.classes(),
        ["db/postgres", "db/redis", "other/other", "system/kernel"]
    );
    assert_eq!(
        bench.table.class(ClassTable::kernel()).to_string(),
        "system/kernel"
    );
    assert_eq!(
        bench.table.class(ClassTable::other()).to_string(),
        "other/other"
    );
}

const BY_NAME: &str = r#"
[[subgroups]]
group = "app"
subgroup = "{comm}"
matches = ["app-*"]
max_values = 2
"#;

#[test]
fn a_template_is_bounded_and_its_places_are_freed() {
    let mut bench = Bench::new(BY_NAME);
    let one = bench.place("app-1", &Inheritance::NONE);
    let two = bench.place("app-2", &Inheritance::NONE);
    let three = bench.place("app-3", &Inheritance::NONE);
    assert_eq!(bench.class(&one), "app/app-1");
    assert_eq!(bench.class(&three), "app/other");
    assert_eq!(
        [&one, &two, &three].map(|placed| placed.overflowed),
        [false, false, true]
    );
    assert_eq!(bench.place("app-1", &Inheritance::NONE).class, one.class);

    let start = Instant::now();
    let living = [two.class, three.class];
    assert!(bench.expire(start, &living).is_empty());
    assert!(
        bench
            .expire(start + ClassTable::EXPIRY - Duration::from_secs(1), &living)
            .is_empty()
    );
    assert_eq!(
        bench.expire(start + ClassTable::EXPIRY, &living),
        [one.class]
    );
    assert!(!bench.classes().contains(&"app/app-1".to_owned()));

    let four = bench.place("app-4", &Inheritance::NONE);
    assert_eq!(bench.class(&four), "app/app-4");
    assert!(bench.place("app-1", &Inheritance::NONE).overflowed);
    assert!(bench.table.id_bound() <= 5, "numbers are used again");
}

#[test]
fn a_member_resets_the_clock() {
    let mut bench = Bench::new(BY_NAME);
    let one = bench.place("app-1", &Inheritance::NONE).class;
    let start = Instant::now();
    bench.expire(start, &[]);
    bench.expire(start + ClassTable::EXPIRY / 2, &[one]);
    assert!(bench.expire(start + ClassTable::EXPIRY, &[]).is_empty());
    assert_eq!(bench.expire(start + ClassTable::EXPIRY * 2, &[]), [one]);
}

#[test]
fn a_template_in_the_group_overflows_to_other() {
    let mut bench = Bench::new(
        "subgroups = [{ group = '{user}', subgroup = 'all', matches = ['*'], max_values = 1 }]",
    );
    let by = |user| Facts {
        comm: b"x",
        user: Some(user),
        ..Facts::default()
    };
    let ann = bench.place_facts(by("ann"), &Inheritance::NONE);
    let bob = bench.place_facts(by("bob"), &Inheritance::NONE);
    assert_eq!(bench.class(&ann), "ann/all");
    assert_eq!(bench.class(&bob), "other/other");
    assert!(bob.overflowed);
}

#[test]
fn descendants_revive_the_class_they_inherit() {
    let mut bench = Bench::new(
        "subgroups = [{ group = 'job', subgroup = '{comm}', matches = ['job-*'], inherit = true }]",
    );
    let job = bench.place("job-7", &Inheritance::NONE);
    let child = bench.place("worker", &job.inheritance);
    assert_eq!(child.class, job.class);
    let start = Instant::now();
    bench.expire(start, &[]);
    assert_eq!(bench.expire(start + ClassTable::EXPIRY, &[]), [job.class]);
    // The number may mean something else by now: the inheritance names the class, not the number.
    bench.place("job-8", &Inheritance::NONE);
    let late = bench.place("worker", &child.inheritance);
    assert_eq!(bench.class(&late), "job/job-7");
}

#[test]
fn a_reload_keeps_classes_and_places() {
    let mut bench = Bench::new(BY_NAME);
    let one = bench.place("app-1", &Inheritance::NONE);
    bench.classifier = Classifier::new(Rules::parse(BY_NAME, "again.toml").unwrap());
    assert_eq!(bench.place("app-1", &Inheritance::NONE).class, one.class);
    bench.place("app-2", &Inheritance::NONE);
    assert!(bench.place("app-3", &Inheritance::NONE).overflowed);
    // A rule that now spells the class out keeps it for good and frees the place.
    let plain = "subgroups = [{ group = 'app', subgroup = 'app-1', matches = ['app-1'] }]";
    let mut rules = Rules::parse(plain, "plain.toml").unwrap();
    rules.append(Rules::parse(BY_NAME, "again.toml").unwrap());
    bench.classifier = Classifier::new(rules);
    assert_eq!(bench.place("app-1", &Inheritance::NONE).class, one.class);
    assert!(!bench.place("app-3", &Inheritance::NONE).overflowed);
}

#[test]
fn variables_are_filled_from_the_facts() {
    let mut bench = Bench::new(
        r#"
        [[subgroups]]
        group = "py-{user}"
        subgroup = "{script}:{queue}"
        cmdline_matches = ['worker\.py .*--queue[= ](?<queue>\S+)', 'worker\.py']
        [[subgroups]]
        group = "{slice}"
        subgroup = "{unit}|{container}|{pod}|{exe}"
        matches = ["*"]
        "#,
    );
    let id = "4f2c9e1b7a6d".to_owned() + &"0".repeat(52);
    let cgroup = format!("0::/system.slice/docker-{id}.scope");
    let facts = Facts {
        comm: b"python3",
        cmdline: Some(b"python3\0/srv/worker.py\0-v\0--queue\0mail\x1b\0"),
        user: Some("ann"),
        ..Facts::default()
    };
    let mut class = |facts: Facts<'_>| {
        let placed = bench.place_facts(facts, &Inheritance::NONE);
        bench.class(&placed)
    };
    assert_eq!(class(facts), "py-ann/worker.py:mail\u{fffd}");
    let unqueued = Facts {
        cmdline: Some(b"python3\0worker.py\0"),
        user: None,
        ..facts
    };
    assert_eq!(class(unqueued), "py-unknown/worker.py:unknown");
    let long = format!("python3\0worker.py\0--queue={}\u{e9}tail\0", "q".repeat(63));
    let long = Facts {
        cmdline: Some(long.as_bytes()),
        ..facts
    };
    assert_eq!(class(long), format!("py-ann/worker.py:{}", "q".repeat(63)));
    let contained = Facts {
        comm: b"x",
        cgroup: Some(cgroup.as_bytes()),
        exe: Some(b"/opt/bin/serve (deleted)"),
        ..Facts::default()
    };
    assert_eq!(
        class(contained),
        format!(
            "system.slice/docker-{}|4f2c9e1b7a6d|unknown|serve",
            &id[..57]
        )
    );
}
