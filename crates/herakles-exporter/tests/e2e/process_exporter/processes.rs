//! The made-up processes, and a recorded `/proc` as far as both exporters look into it.

use std::{fs, path::Path};

use crate::harness::recorded_proc;

/// A process by its name, its parent's place in the list, and its arguments.
pub(super) struct Made {
    /// Its pid in a tree, its number on a stage.
    pub(super) pid: u64,
    pub(super) comm: &'static str,
    pub(super) parent: u64,
    pub(super) arguments: &'static [&'static str],
}

const fn made(
    pid: u64,
    comm: &'static str,
    parent: u64,
    arguments: &'static [&'static str],
) -> Made {
    Made {
        pid,
        comm,
        parent,
        arguments,
    }
}

pub(super) const MADE: &[Made] = &[
    made(
        100,
        "nginx",
        1,
        &["nginx: master process /usr/sbin/nginx -g daemon on;"],
    ),
    made(101, "nginx", 100, &["nginx: worker process"]),
    made(
        102,
        "java",
        1,
        &[
            "/usr/bin/java",
            "-Xmx1g",
            "-Dapp=shop",
            "org.apache.catalina.startup.Bootstrap",
            "start",
        ],
    ),
    made(103, "java", 1, &["java", "-jar", "/srv/jenkins.war"]),
    made(
        104,
        "java",
        1,
        &[
            "/opt/jdk/bin/java",
            "-cp",
            "x",
            "com.example.Main",
            "--role",
            "search",
        ],
    ),
    made(105, "gunicorn", 1, &["gunicorn: master [shop]"]),
    made(106, "gunicorn", 105, &["gunicorn: worker [shop]"]),
    made(
        107,
        "python3",
        1,
        &["/usr/bin/python3", "/srv/app/worker.py", "--queue", "mail"],
    ),
    made(
        108,
        "php-fpm8.2",
        1,
        &["php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)"],
    ),
    made(109, "php-fpm8.2", 108, &["php-fpm: pool www"]),
    made(110, "php-fpm8.2", 108, &["php-fpm: pool admin"]),
    made(
        111,
        "postgres",
        1,
        &[
            "/usr/lib/postgresql/16/bin/postgres",
            "-D",
            "/var/lib/postgresql/16/main",
        ],
    ),
    made(112, "postgres", 111, &["postgres: 16/main: walwriter "]),
    made(113, "bash", 1, &["-bash"]),
    made(114, "sleep", 113, &["sleep", "60"]),
    made(115, "cat", 114, &["cat"]),
    made(
        116,
        "kube-controller",
        1,
        &["/usr/bin/kube-controller-manager", "--v=2"],
    ),
    made(
        117,
        "process-exporte",
        1,
        &[
            "/usr/local/bin/process-exporter",
            "-config.path",
            "/etc/pe.yml",
        ],
    ),
    made(118, "a b", 1, &["./a b", "x  y", "", "z"]),
    made(119, "run", 1, &["/opt/x/run"]),
    made(120, "run", 1, &["/opt/y/run", "--port=8080"]),
    made(121, "café", 1, &["/srv/café", "größe=1"]),
    made(
        122,
        "redis-server",
        1,
        &["/usr/bin/redis-server 127.0.0.1:6379"],
    ),
    made(123, "quiet", 1, &[]),
    made(
        124,
        "timeout",
        1,
        &["timeout", "60", "java", "-jar", "/srv/x.jar"],
    ),
    made(125, "[odd*]", 1, &["[odd*]"]),
    made(126, "cron", 1, &["/usr/sbin/cron", "-f"]),
    made(
        127,
        "sh",
        126,
        &["/bin/sh", "-c", "run-parts /etc/cron.hourly"],
    ),
    made(
        128,
        "java",
        1,
        &[
            "java",
            "-server",
            "-Da.b=c",
            "-Dapp=mail",
            "Main",
            "-Dapp=late",
        ],
    ),
];

/// The tree, removed when dropped.
pub(super) struct Tree(tempfile::TempDir);

impl Tree {
    /// A host without processes.
    pub(super) fn new() -> Self {
        let tree = tempfile::tempdir().expect("a temporary directory");
        for file in ["stat", "meminfo", "uptime", "loadavg"] {
            fs::copy(recorded_proc().join(file), tree.path().join(file)).expect("it is recorded");
        }
        Self(tree)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A process of which only name and command line matter.
    pub(super) fn add_one(&self, pid: u64, comm: &str, argument: &str) {
        self.add(pid, comm, &format!("{argument}\0"));
    }

    /// A process whose command line is empty, as that of a kernel's helper.
    pub(super) fn add_silent(&self, pid: u64, comm: &str) {
        self.add(pid, comm, "");
    }

    fn add(&self, pid: u64, comm: &str, cmdline: &str) {
        let folder = self.path().join(pid.to_string());
        fs::create_dir_all(folder.join("fd")).expect("it can be made");
        let file = |name: &str, text: &str| {
            fs::write(folder.join(name), text).expect("it can be written");
        };
        file(
            "stat",
            &format!(
                "{pid} ({comm}) S 1 {pid} {pid} 0 -1 4194304 100 0 2 0 50 20 0 0 20 0 1 0 \
                 {} 4096 100 18446744073709551615 1 2 3 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 \
                 0 0 0 0\n",
                1000 + pid
            ),
        );
        let uid = rustix::process::geteuid().as_raw();
        file(
            "status",
            &format!("Name:\t{comm}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nThreads:\t1\n"),
        );
        file("statm", "1000 100 50 10 0 100 0\n");
        file("comm", &format!("{comm}\n"));
        file("cmdline", cmdline);
        file("cgroup", "0::/\n");
        file("wchan", "0");
        let counts = [
            "rchar",
            "wchar",
            "syscr",
            "syscw",
            "read_bytes",
            "write_bytes",
            "cancelled_write_bytes",
        ];
        file("io", &counts.map(|name| format!("{name}: 0\n")).concat());
        file(
            "limits",
            "Limit                     Soft Limit           Hard Limit           Units     \n\
             Max open files            1024                 1048576              files     \n",
        );
    }
}
