//! Five hundred new processes, placed by the built-in rules.

use std::hint::black_box;

use herakles_classify::{Classifier, Facts, Rules};

const PROCESSES: usize = 500;

/// A name and a command line. Half of them are known by the name, and one by nothing.
const KINDS: [(&str, &str); 10] = [
    ("nginx", "nginx: worker process"),
    (
        "java",
        "java -cp /opt/app/lib/a.jar:/opt/app/lib/b.jar:/opt/app/lib/slf4j.jar \
         -Dspring.profiles.active=prod -Xmx512m com.example.orders.Main --server.port=8080",
    ),
    (
        "python3",
        "/usr/bin/python3 /srv/app/manage.py runserver 0.0.0.0:8000 --noreload",
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
    ("sshd", "sshd: deploy [priv]"),
    ("redis-server", "/usr/bin/redis-server 127.0.0.1:6379"),
    ("bash", "bash /opt/backup/nightly.sh --full"),
    (
        "vendor-daemon",
        "/opt/vendor/bin/vendor-daemon --config /etc/vendor/vendor.conf --verbose",
    ),
];

pub(crate) fn names() -> Box<dyn FnMut()> {
    let classifier = Classifier::new(Rules::builtin());
    let processes: Vec<(&str, String)> = (0..PROCESSES)
        .zip(KINDS.into_iter().cycle())
        .map(|(number, (comm, line))| {
            let line = format!("{line} {number}");
            (comm, line.replace(' ', "\0"))
        })
        .collect();
    Box::new(move || {
        for (comm, cmdline) in &processes {
            let facts = Facts {
                comm: comm.as_bytes(),
                cmdline: Some(cmdline.as_bytes()),
                ..Facts::default()
            };
            black_box(classifier.classify(black_box(&facts)));
        }
    })
}
