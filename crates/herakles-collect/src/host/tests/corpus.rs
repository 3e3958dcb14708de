//! Host files of kernels and containers of many kinds, and damaged ones, each beside what it means.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use super::*;

/// What is told of a host that has only this file, in the lines of the file beside it.
fn meaning(case: &str, file: &[u8]) -> String {
    let (_, kind) = case.rsplit_once('.').unwrap_or_default();
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("pressure")).unwrap();
    let (name, fault_file) = match kind {
        "meminfo" => ("meminfo", FaultFile::Meminfo),
        "stat" => ("stat", FaultFile::HostStat),
        "loadavg" => ("loadavg", FaultFile::Loadavg),
        "pressure" => ("pressure/cpu", FaultFile::Pressure),
        _ => panic!("nothing reads {case}"),
    };
    fs::write(root.path().join(name), file).unwrap();
    let mut faults = Faults::default();
    let host = Host::new(root.path(), ticks()).read(None, &mut faults);
    let told = match kind {
        "meminfo" => Some(memory_lines(host.totals, host.memory.as_ref())),
        "stat" => host.cpu.map(cpu_lines),
        "loadavg" => host.load.map(load_line),
        _ => host.cpu_pressure.map(pressure_lines),
    };
    let what = match kind {
        "meminfo" => "memory",
        "stat" => "cpu",
        "loadavg" => "load",
        other => other,
    };
    let malformed = Fault {
        kind: FaultKind::Malformed,
        file: fault_file,
    };
    let count = faults.iter().find(|(fault, _)| *fault == malformed);
    let malformed = line("malformed", count.map_or(0, |(_, count)| count));
    told.unwrap_or_else(|| line(what, "absent")) + &malformed
}

fn line(name: &str, value: impl Display) -> String {
    format!("{name}: {value}\n")
}

fn or_absent(value: Option<impl Display>) -> String {
    value.map_or_else(|| "absent".to_owned(), |value| value.to_string())
}

fn memory_lines(totals: MemoryTotals, memory: Option<&HostMemory>) -> String {
    let mut lines = [
        line("total", or_absent(totals.memory_bytes)),
        line("available", or_absent(totals.available_bytes)),
        line("swap_total", or_absent(totals.swap_bytes)),
        line("swap_free", or_absent(totals.swap_free_bytes)),
    ]
    .concat();
    let Some(memory) = memory else {
        return lines + &line("memory", "absent");
    };
    // The rest is what is left of the total, of which another test tells.
    for (name, bytes) in memory
        .categories()
        .iter()
        .filter(|(name, _)| *name != "other")
    {
        lines += &line(name, bytes);
    }
    lines
}

fn cpu_lines(cpu: HostCpu) -> String {
    [
        line("user", or_absent(cpu.user_seconds)),
        line("nice", or_absent(cpu.nice_seconds)),
        line("system", or_absent(cpu.system_seconds)),
        line("idle", or_absent(cpu.idle_seconds)),
        line("iowait", or_absent(cpu.iowait_seconds)),
        line("irq", or_absent(cpu.irq_seconds)),
        line("softirq", or_absent(cpu.softirq_seconds)),
        line("steal", or_absent(cpu.steal_seconds)),
    ]
    .concat()
}

fn load_line([one, five, fifteen]: [f64; 3]) -> String {
    line("load", format_args!("{one} {five} {fifteen}"))
}

fn pressure_lines(pressure: Pressure) -> String {
    let stalled = or_absent(pressure.stalled_seconds);
    line("waiting", pressure.waiting_seconds) + &line("stalled", stalled)
}

fn corpus() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"))
}

/// All files of the corpus below its directories, as `DIRECTORY/FILE`.
fn files() -> BTreeSet<String> {
    let listed = |path: &Path| fs::read_dir(path).unwrap().flatten();
    let directories = listed(corpus()).filter(|entry| entry.path().is_dir());
    directories
        .flat_map(|directory| {
            let files = listed(&directory.path());
            files.map(move |file| {
                let path = Path::new(&directory.file_name()).join(file.file_name());
                path.to_str().unwrap().to_owned()
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
        let meaning = meaning(case, &fs::read(corpus().join(case)).unwrap());
        if update {
            fs::write(corpus().join(&beside), meaning).unwrap();
        } else if !files.contains(&beside) {
            wrong.push(format!("{case} has nothing beside it; it means\n{meaning}"));
        } else {
            let expected = fs::read_to_string(corpus().join(&beside)).unwrap();
            if expected != meaning {
                wrong.push(format!("{case} means\n{meaning}and not\n{expected}"));
            }
        }
    }
    let of_nothing = meanings.iter().filter(|name| {
        let case = name.strip_suffix(EXPECTED).unwrap();
        !files.contains(case)
    });
    wrong.extend(of_nothing.map(|name| format!("{name} stands beside nothing")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The README says where each case comes from.
#[test]
fn every_case_is_in_the_readme_and_nothing_else() {
    let readme = fs::read_to_string(corpus().join("README.md")).unwrap();
    let files = files();
    let cases = files.iter().filter(|name| !name.ends_with(".expected"));
    let cases = cases.filter_map(|name| name.rsplit_once('.'));
    let cases: BTreeSet<String> = cases.map(|(case, _)| case.to_owned()).collect();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `"));
    let named = rows.filter_map(|row| row.split('`').next().map(str::to_owned));
    assert_eq!(cases, named.collect::<BTreeSet<_>>());
}
