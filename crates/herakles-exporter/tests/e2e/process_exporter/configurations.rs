//! Configurations of different shape, and whether the import keeps all that they say.

/// What is to be seen.
pub(super) enum Expected {
    /// The same processes are in the same groups.
    Same,
    /// The import says what differs.
    Note(&'static str),
}

use Expected::{Note, Same};

/// What is special about each, the file, and what is expected.
pub(super) const CONFIGURATIONS: &[(&str, &str, Expected)] = &[
    (
        "names",
        "process_names:\n- name: web\n  comm: [nginx, php-fpm8.2]\n- comm: [java]\n",
        Same,
    ),
    (
        "everything by its name",
        "process_names:\n- name: '{{.Comm}}'\n  cmdline: ['.+']\n",
        Same,
    ),
    (
        "everything, without a command line too",
        "process_names:\n- name: '{{.Comm}}'\n  cmdline: ['.*']\n",
        Same,
    ),
    (
        "no expression is every process",
        "process_names:\n- name: all\n  cmdline: []\n",
        Same,
    ),
    (
        "file names of first arguments",
        "process_names:\n- exe: [java, postgres, run, cron]\n",
        Same,
    ),
    (
        "paths of first arguments",
        "process_names:\n- name: x\n  exe: [/opt/x/run, /usr/bin/java, /bin/java]\n",
        Note("only the last counts there"),
    ),
    (
        "one path",
        "process_names:\n- exe: [/opt/jdk/bin/java]\n- name: rest\n  exe: [java]\n",
        Same,
    ),
    (
        "a path for which the file name is not enough",
        "process_names:\n- name: x\n  exe: [/bin/run]\n- name: y\n  exe: [/opt/y/run]\n",
        Same,
    ),
    (
        "an empty name",
        "process_names:\n- name: ''\n  cmdline: ['.+']\n",
        Same,
    ),
    (
        "file names of titles",
        "process_names:\n- name: '{{.ExeBase}}'\n  comm: [nginx, gunicorn, php-fpm8.2, redis-server, a b]\n",
        Same,
    ),
    (
        "whole first arguments",
        "process_names:\n- name: '{{.ExeFull}}'\n  comm: [java, run, bash]\n",
        Same,
    ),
    (
        "users",
        "process_names:\n- name: '{{.Username}}:{{.Comm}}'\n  cmdline: ['^/']\n",
        Same,
    ),
    (
        "captures",
        "process_names:\n- name: '{{.ExeBase}}:{{.Matches.Cfgfile}}'\n  exe: [/usr/local/bin/process-exporter]\n  cmdline: ['-config.path\\s+(?P<Cfgfile>\\S+)']\n",
        Same,
    ),
    (
        "captures by index",
        "process_names:\n- name: '{{index .Matches \"q\"}}-{{ .Comm }}'\n  cmdline: ['--queue (?P<q>\\w+)']\n",
        Same,
    ),
    (
        "all selectors",
        "process_names:\n- name: x\n  comm: [java]\n  exe: [java]\n  cmdline: ['-D', 'shop', 'Xmx']\n- name: y\n  comm: [java]\n",
        Same,
    ),
    (
        "four expressions that overlap",
        "process_names:\n- name: x\n  cmdline: ['app=', 'app=s', '^/usr', 'start$']\n",
        Same,
    ),
    (
        "a name and an expression",
        "process_names:\n- name: x\n  comm: [java, python3]\n  cmdline: ['(mail|search)']\n",
        Same,
    ),
    (
        "a greedy expression before the capture",
        "process_names:\n- name: '{{.Matches.app}}'\n  cmdline: ['java.*-Dapp=(?P<app>\\w+)']\n",
        Same,
    ),
    (
        "a lazy one",
        "process_names:\n- name: '{{.Matches.app}}'\n  cmdline: ['java.*?-Dapp=(?P<app>\\w+)']\n",
        Same,
    ),
    (
        "the special one first",
        "process_names:\n- name: special\n  comm: [java]\n  cmdline: ['jenkins']\n- name: general\n  comm: [java]\n",
        Same,
    ),
    (
        "the general one first",
        "process_names:\n- name: general\n  comm: [java]\n- name: special\n  comm: [java]\n  cmdline: ['jenkins']\n",
        Same,
    ),
    (
        "main classes",
        "process_names:\n- name: 'java-{{.Matches.class}}'\n  comm: [java]\n  cmdline: ['(?P<class>[a-z.]+\\.[A-Z]\\w+)']\n- name: java\n  comm: [java]\n",
        Same,
    ),
    (
        "titles of gunicorn",
        "process_names:\n- name: 'gunicorn-{{.Matches.role}}-{{.Matches.app}}'\n  comm: [gunicorn]\n  cmdline: ['^gunicorn: (?P<role>\\w+) \\[(?P<app>[^]]+)\\]']\n",
        Same,
    ),
    (
        "pools of php-fpm",
        "process_names:\n- name: 'pool-{{.Matches.pool}}'\n  cmdline: ['php-fpm: pool (?P<pool>\\w+)']\n- name: php\n  cmdline: ['php-fpm: master']\n",
        Same,
    ),
    (
        "children of a shell",
        "process_names:\n- name: shell\n  comm: [bash]\n",
        Same,
    ),
    (
        "children with a group of their own",
        "process_names:\n- name: shell\n  comm: [bash]\n- name: cat\n  comm: [cat]\n",
        Same,
    ),
    (
        "jobs of cron",
        "process_names:\n- name: cron\n  exe: [/usr/sbin/cron]\n",
        Same,
    ),
    (
        "workers of a master",
        "process_names:\n- name: web\n  cmdline: ['^nginx: master']\n- name: db\n  exe: [/usr/lib/postgresql/16/bin/postgres]\n",
        Same,
    ),
    (
        "expressions as Go reads them",
        "process_names:\n- name: a\n  cmdline: ['^[[:word:]/]+\\Q/x/\\Erun$']\n- name: b\n  cmdline: ['\\p{Lu}ain\\b']\n- name: c\n  cmdline: ['(?i)CAFÉ\\x20GR.{2,3}E']\n",
        Same,
    ),
    (
        "behind a wrapper",
        "process_names:\n- name: java\n  cmdline: ['^(/\\S*/)?java ']\n- name: wrapped\n  cmdline: ['x\\.jar']\n",
        Same,
    ),
    (
        "special characters in names",
        "process_names:\n- comm: ['[odd*]', a b, café]\n  name: 'x-{{.Comm}}'\n",
        Same,
    ),
    (
        "blanks and comments in the template",
        "process_names:\n- name: 'a {{- .Comm -}} b{{/* no */}}{{\"c\"}}'\n  comm: [java, bash]\n",
        Same,
    ),
    (
        "a group that no expression has",
        "process_names:\n- name: '{{.Matches.x}}!'\n  comm: [java]\n",
        Same,
    ),
    (
        "a group that two expressions have",
        "process_names:\n- name: '{{.Matches.x}}'\n  cmdline: ['-c(?P<x>.)', 'com\\.(?P<x>\\w+)']\n",
        Same,
    ),
    (
        "foreign keys",
        "foo: [1]\nprocess_names:\n- name: x\n  comm: [java]\n  bar: [z]\nbaz: {a: b}\n",
        Same,
    ),
    (
        "anchors of YAML",
        "process_names:\n- &x\n  name: x\n  comm: [java]\n- <<: *x\n  comm: [bash]\n",
        Same,
    ),
    (
        "pids",
        "process_names:\n- name: '{{.Comm}}-{{.PID}}'\n  comm: [java]\n",
        Note("{{.PID}} is dropped"),
    ),
    (
        "start times",
        "process_names:\n- name: '{{.Comm}}-{{.StartTime}}'\n  comm: [java]\n",
        Note("{{.StartTime}} is dropped"),
    ),
    (
        "a capture that may be empty",
        "process_names:\n- name: 'x{{.Matches.p}}'\n  cmdline: ['run(?: --port=(?P<p>\\d+))?']\n",
        Note("empty there, and unknown here"),
    ),
    (
        "a long name",
        "process_names:\n- name: x\n  comm: [kube-controller-manager]\n",
        Note("longer than 15 bytes"),
    ),
    (
        "a template that is a program",
        "process_names:\n- name: '{{if .Comm}}x{{end}}'\n  comm: [java]\n",
        Note("rules have nothing like it"),
    ),
    (
        "what Go's expressions cannot do either",
        "process_names:\n- name: x\n  cmdline: ['a(?=b)']\n",
        Note("is left out"),
    ),
];
