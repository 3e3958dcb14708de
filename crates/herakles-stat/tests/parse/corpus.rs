//! Lines as kernels of several ages write them, and damaged ones, each beside what it means.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use herakles_stat::{IoBytes, Stat, Statm};

#[cfg(target_os = "linux")]
use crate::live::{compare_io, compare_stat, compare_statm};

/// What a file means, in the lines of the file beside it.
fn meaning(case: &str, file: &[u8]) -> String {
    let (_, kind) = case.rsplit_once('.').unwrap_or_default();
    let fields = match kind {
        "stat" => Stat::parse(file).map(|stat| stat_fields(&stat)),
        "statm" => Statm::parse(file).map(statm_fields),
        "io" => IoBytes::parse(file).map(io_fields),
        _ => panic!("nothing reads {case}"),
    };
    match fields {
        Ok(fields) => fields,
        Err(error) => format!("error: {error}\n"),
    }
}

fn line(name: &str, value: impl Display) -> String {
    format!("{name}: {value}\n")
}

fn stat_fields(stat: &Stat) -> String {
    let kind = match stat {
        _ if stat.is_kernel_thread() => "kernel thread",
        _ if stat.leader_exited() => "leader exited",
        _ if stat.is_zombie() => "zombie",
        _ => "process",
    };
    let parent = stat.parent.map(|parent| parent.to_string());
    [
        line("pid", stat.pid),
        line("comm", format_args!("\"{}\"", stat.comm.escape_ascii())),
        line("state", format_args!("{:?}", stat.state)),
        line("kind", kind),
        line("parent", parent.as_deref().unwrap_or("absent")),
        line("flags", stat.flags),
        line("minor_faults", stat.minor_faults),
        line("reaped_minor_faults", stat.reaped_minor_faults),
        line("major_faults", stat.major_faults),
        line("reaped_major_faults", stat.reaped_major_faults),
        line("user_ticks", stat.cpu.user),
        line("system_ticks", stat.cpu.system),
        line("reaped_user_ticks", stat.reaped_cpu.user),
        line("reaped_system_ticks", stat.reaped_cpu.system),
        line("threads", stat.threads),
        line("start_time", stat.start_time),
        line("virtual_bytes", stat.virtual_bytes),
        line("rss_pages", stat.rss_pages),
        line("start_stack", stat.start_stack),
    ]
    .concat()
}

fn statm_fields(statm: Statm) -> String {
    [
        line("size_pages", statm.size_pages),
        line("resident_pages", statm.resident_pages),
        line("shared_pages", statm.shared_pages),
    ]
    .concat()
}

fn io_fields(io: IoBytes) -> String {
    [line("read", io.read), line("write", io.write)].concat()
}

fn corpus() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"))
}

/// All files of the corpus below its directories, as `DIRECTORY/FILE`.
fn files() -> BTreeSet<String> {
    let listed = |path: &Path| fs::read_dir(path).expect("a directory").flatten();
    let directories = listed(corpus()).filter(|entry| entry.path().is_dir());
    directories
        .flat_map(|directory| {
            let files = listed(&directory.path());
            files.map(move |file| {
                let path = Path::new(&directory.file_name()).join(file.file_name());
                path.to_str().expect("a plain name").to_owned()
            })
        })
        .collect()
}

/// `UPDATE_EXPECT=1` writes the meanings anew.
#[test]
fn every_file_of_the_corpus_means_what_stands_beside_it() {
    const EXPECTED: &str = ".expected";
    let files = files();
    let (meanings, cases): (Vec<_>, Vec<_>) =
        files.iter().partition(|name| name.ends_with(EXPECTED));
    assert!(!cases.is_empty(), "there are cases");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for case in &cases {
        let beside = format!("{case}{EXPECTED}");
        let meaning = meaning(case, &fs::read(corpus().join(case)).expect("readable"));
        if update {
            fs::write(corpus().join(&beside), meaning).expect("writable");
        } else if !files.contains(&beside) {
            wrong.push(format!("{case} has nothing beside it; it means\n{meaning}"));
        } else {
            let expected = fs::read_to_string(corpus().join(&beside)).expect("readable");
            if expected != meaning {
                wrong.push(format!("{case} means\n{meaning}and not\n{expected}"));
            }
        }
    }
    let of_nothing = meanings.iter().filter(|name| {
        let case = name.strip_suffix(EXPECTED).expect("as partitioned");
        !files.contains(case)
    });
    wrong.extend(of_nothing.map(|name| format!("{name} stands beside nothing")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The README says where each case comes from.
#[test]
fn every_case_is_in_the_readme_and_nothing_else() {
    let readme = fs::read_to_string(corpus().join("README.md")).expect("readable");
    let files = files();
    let cases = files.iter().filter(|name| !name.ends_with(".expected"));
    let cases = cases.filter_map(|name| name.rsplit_once('.'));
    let cases: BTreeSet<String> = cases.map(|(case, _)| case.to_owned()).collect();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `"));
    let named = rows.filter_map(|row| row.split('`').next().map(str::to_owned));
    assert_eq!(cases, named.collect::<BTreeSet<_>>());
}

/// It tells the two letters of the dead apart, reads no number below 0 where none should be, and
/// knows no time as below 0.
#[cfg(target_os = "linux")]
const NOT_FOR_PROCFS: [&str; 7] = [
    "3.10/dead-lower-case.stat",
    "6.1/lagging.statm",
    "6.1/lagging-unsigned.statm",
    "6.1/negative-child-time.stat",
    "6.1/negative-rss.stat",
    "6.1/time-below-zero.stat",
    "gvisor/service.io",
];

#[cfg(target_os = "linux")]
#[test]
fn what_is_whole_reads_as_procfs_reads_it() {
    let files = files();
    let whole = files.iter().filter(|name| {
        let beside = corpus().join(format!("{name}.expected"));
        fs::read_to_string(beside).is_ok_and(|meaning| !meaning.starts_with("error"))
            && !name.starts_with("damaged/")
            && !NOT_FOR_PROCFS.contains(&name.as_str())
    });
    let mut compared = 0;
    for name in whole {
        println!("{name}"); // Of a failed test, the last one is at fault.
        let file = fs::read(corpus().join(name)).expect("readable");
        match name.rsplit_once('.') {
            Some((_, "stat")) => compare_stat(&file),
            Some((_, "statm")) => compare_statm(&file),
            _ => compare_io(&file),
        }
        compared += 1;
    }
    assert!(compared > 60, "only {compared} files");
}
