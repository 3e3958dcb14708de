//! Classifying by the built-in rules and by 500 of a user: a known identity, and new ones beside the
//! plain way of trying each rule in turn.
//!
//! `cargo bench -p herakles-benches --bench classify`; with `-- ratios` only the ratios.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed benchmark")]

use std::cell::Cell;
use std::collections::HashMap;
use std::hint::black_box;

use herakles_benches::Bench;
use herakles_classify::{ClassId, ClassTable, Classifier, Facts, Inheritance, Rule, Rules};
use herakles_stat::{Pid, ProcessKey};
use regex::bytes::{Regex, RegexBuilder};

/// What hosts run: a name and a command line of 20 to 400 bytes.
const PROCESSES: [(&str, &str); 8] = [
    ("nginx", "nginx: worker process"),
    (
        "java",
        "/usr/lib/jvm/java-17-openjdk-amd64/bin/java -Xms1g -Xmx1g -XX:+UseG1GC \
         -Djava.io.tmpdir=/var/lib/tomcat/temp -Dcatalina.home=/usr/share/tomcat9 -classpath \
         /usr/share/tomcat9/bin/bootstrap.jar:/usr/share/tomcat9/bin/tomcat-juli.jar \
         org.apache.catalina.startup.Bootstrap start",
    ),
    (
        "java",
        "java -cp /opt/app/lib/a.jar:/opt/app/lib/b.jar:/opt/app/lib/slf4j.jar \
         -Dspring.profiles.active=prod -Xmx512m com.example.orders.Main --server.port=8080",
    ),
    (
        "python3",
        "/usr/bin/python3 /srv/app/manage.py runserver 0.0.0.0:8000 \
         --settings=app.settings.production --noreload --verbosity=2",
    ),
    (
        "postgres",
        "postgres: 16/main: app orders 10.0.0.7(53422) idle",
    ),
    ("node", "node /srv/shop/dist/server.js --port 3000"),
    (
        "kube-controller",
        "/usr/local/bin/kube-controller-manager --leader-elect=true --v=2",
    ),
    (
        "vendor-daemon",
        "/opt/vendor/bin/vendor-daemon --config /etc/vendor/vendor.conf --verbose \
         --log-level=info --listen=127.0.0.1:7000 --state-dir=/var/lib/vendor",
    ),
];

/// The rules as a loop: every pattern is tried until one matches.
struct EachInTurn(Vec<Vec<Pattern>>);

enum Pattern {
    ExactName(Vec<u8>),
    Name(Regex),
    Cmdline(Regex),
}

impl EachInTurn {
    fn new(rules: &Rules) -> Self {
        Self(rules.iter().map(|rule| Self::patterns(rule)).collect())
    }

    fn patterns(rule: &Rule) -> Vec<Pattern> {
        let compile = |text: &str| RegexBuilder::new(text).unicode(false).build().ok();
        let name = |glob: &str| {
            if !glob.contains(['*', '?', '[']) {
                return Some(Pattern::ExactName(glob.into()));
            }
            let literal = regex::escape(glob);
            let text = format!("^{}$", literal.replace(r"\*", ".*").replace(r"\?", "."));
            compile(&text).map(Pattern::Name)
        };
        let cmdline = |text| compile(text).map(Pattern::Cmdline);
        let names = rule.matches().filter_map(name);
        names
            .chain(rule.cmdline_matches().filter_map(cmdline))
            .collect()
    }

    fn classify(&self, comm: &[u8], line: &[u8]) -> Option<usize> {
        let matches = |pattern: &Pattern| match pattern {
            Pattern::ExactName(name) => name == comm,
            Pattern::Name(regex) => regex.is_match(comm),
            Pattern::Cmdline(regex) => regex.is_match(line),
        };
        self.0.iter().position(|rule| rule.iter().any(matches))
    }
}

fn known_identities(classifier: &Classifier) -> HashMap<ProcessKey, ClassId> {
    let mut table = ClassTable::new();
    (1..1000)
        .zip(PROCESSES.iter().cycle())
        .filter_map(|(number, (comm, _))| {
            let facts = Facts {
                comm: comm.as_bytes(),
                ..Facts::default()
            };
            let placement = table.place(&classifier.classify(&facts), &Inheritance::NONE);
            let key = ProcessKey {
                pid: Pid::new(number)?,
                start_time: u64::from(number),
            };
            Some((key, placement.class))
        })
        .collect()
}

/// Rules as a user writes them for a fleet of services: by exact name, by glob, and by command line.
fn rules_of_a_user() -> Rules {
    let rules = (0..500).map(|number| {
        let pattern = match number % 5 {
            0 | 1 => format!("matches = ['service-{number}']"),
            2 => format!("matches = ['svc{number}-*']"),
            3 => format!("cmdline_matches = ['--app=team{number}/[a-z]+']"),
            _ => format!("cmdline_matches = ['/srv/app{number}/bin/']"),
        };
        format!("[[subgroups]]\ngroup = 'team-{number}'\nsubgroup = 'service'\n{pattern}\n")
    });
    Rules::parse(&rules.collect::<String>(), "rules.toml").unwrap()
}

/// Classifies processes new to both, by rules as they are and by trying each in turn.
fn compare(bench: &mut Bench, of: &str, rules: &Rules, processes: &[(&str, &str)]) {
    let rival = EachInTurn::new(rules);
    let classifier = Classifier::new(rules.clone());
    for (comm, line) in processes {
        let cmdline = line.replace(' ', "\0");
        let (comm, line) = (comm.as_bytes(), line.as_bytes());
        let facts = Facts {
            comm,
            cmdline: Some(cmdline.as_bytes()),
            ..Facts::default()
        };
        let ours = || drop(black_box(classifier.classify(black_box(&facts))));
        let each = || {
            black_box(rival.classify(black_box(comm), black_box(line)));
        };
        let comm = String::from_utf8_lossy(comm);
        bench.compare(
            &format!("{of}: {comm}, {} bytes", line.len()),
            &[("herakles-classify", &ours), ("each rule in turn", &each)],
        );
    }
}

fn main() {
    let mut bench = Bench::from_arguments();
    let builtin = Rules::builtin();
    let known = known_identities(&Classifier::new(builtin.clone()));
    let keys: Vec<ProcessKey> = known.keys().copied().collect();
    let next = Cell::new(0);
    let look_up = || {
        next.set((next.get() + 1) % keys.len());
        black_box(keys.get(next.get()).and_then(|key| known.get(key)));
    };
    bench.compare("known identity", &[("hash look-up", &look_up)]);

    let library = "/opt/app/lib/some-library.jar:".repeat(137);
    let mut processes = PROCESSES.to_vec();
    processes.push(("vendor-daemon", library.as_str()));
    compare(&mut bench, "built-in rules", &builtin, &processes);
    compare(
        &mut bench,
        "500 rules",
        &rules_of_a_user(),
        &[
            ("service-0", "/usr/bin/service-0 --port 80"),
            ("svc497-api", "/usr/bin/svc497-api --port 80"),
            ("node", "node server.js --app=team498/shop --port 3000"),
            PROCESSES[7],
        ],
    );
    bench.finish();
}
