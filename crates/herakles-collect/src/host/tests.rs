//! Host files of several kernels and containers, the live host, and damage.

mod corpus;

use std::collections::BTreeMap;
use std::fs;

use herakles_metrics::{HostMemory, MemoryTotals};
use procfs::prelude::*;
use procfs::{ExplicitSystemInfo, KernelStats};

use super::*;

fn ticks() -> TicksPerSecond {
    TicksPerSecond::new(100).unwrap()
}

/// The record of these files, and the faults as `kind file` with their counts.
fn read(files: &[(&str, &str)]) -> (HostRecord, Vec<(String, u64)>) {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("pressure")).unwrap();
    for (name, text) in files {
        fs::write(root.path().join(name), text).unwrap();
    }
    let mut faults = Faults::default();
    let host = Host::new(root.path(), ticks()).read(None, &mut faults);
    let named = faults.iter().map(|(Fault { kind, file }, count)| {
        let name = format!("{} {}", kind.as_str(), file.as_str());
        (name, count)
    });
    (host, named.collect())
}

fn meminfo(text: &str) -> (MemoryTotals, Option<HostMemory>, u64) {
    let (host, faults) = read(&[("meminfo", text)]);
    let odd = faults.iter().find(|(name, _)| name == "malformed meminfo");
    let odd = odd.map_or(0, |(_, count)| *count);
    (host.totals, host.memory, odd)
}

/// A file of the corpus.
macro_rules! kept {
    ($name:literal) => {
        include_str!(concat!("../../tests/corpus/", $name))
    };
}

const LINUX_6_18: &str = kept!("6.18/host.meminfo");

#[test]
fn the_live_host_accounts_for_every_byte_and_agrees_with_another_reader() {
    let mut faults = Faults::default();
    let host = Host::new(Path::new("/proc"), ticks()).read(Some(1.0), &mut faults);
    let memory = host.memory.unwrap();
    let sum: u64 = memory.categories().iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(sum, memory.total_bytes);
    let theirs = procfs::Meminfo::current().unwrap();
    assert_eq!(memory.total_bytes, theirs.mem_total);
    assert_eq!(host.totals.memory_bytes, Some(theirs.mem_total));
    assert_eq!(host.totals.swap_bytes, Some(theirs.swap_total));
    let cpu = host.cpu.unwrap();
    let system = ExplicitSystemInfo {
        boot_time_secs: 0,
        ticks_per_second: 100,
        page_size: 4096,
        is_little_endian: true,
    };
    let text = fs::read("/proc/stat").unwrap();
    let later = KernelStats::from_read(&text[..], &system).unwrap().total;
    let (user, system) = (cpu.user_seconds.unwrap(), cpu.system_seconds.unwrap());
    assert!(user > 0.0 && user <= later.user as f64 / 100.0);
    assert!(system > 0.0 && system <= later.system as f64 / 100.0);
    assert_eq!(host.boot_time_seconds, Some(1.0));
    assert_eq!(faults, Faults::default());
}

/// Five kernels that tell the same host, each with the keys it has.
#[test]
fn categories_sum_to_all_memory_on_every_kernel() {
    let kernels = [
        ("3.10", kept!("3.10/host.meminfo")),
        ("4.14", kept!("4.14/host.meminfo")),
        ("5.4", kept!("5.4/host.meminfo")),
        ("6.1", kept!("6.1/host.meminfo")),
        ("6.18", LINUX_6_18),
    ];
    for (kernel, text) in kernels {
        let (totals, memory, odd) = meminfo(text);
        let memory = memory.unwrap();
        assert_eq!(odd, 0, "{kernel}");
        assert_eq!(memory.total_bytes, 8_009_352 << 10, "{kernel}");
        let categories = BTreeMap::from(memory.categories());
        assert_eq!(
            categories.values().sum::<u64>(),
            memory.total_bytes,
            "{kernel}"
        );
        // Nothing that the kernel tells, or told by another name, ends up in the rest.
        let known = [
            ("free", 1_203_944),
            ("page_cache", 153_268 + 4_102_776 - 131_852),
            ("shmem", 131_852),
            ("anonymous", 1_765_940),
            ("slab_reclaimable", 312_440),
            ("slab_unreclaimable", 88_788),
            ("kernel_stack", 9_040),
            ("hugetlb", 131_072),
        ];
        for (category, kib) in known {
            assert_eq!(categories[category], kib << 10, "{kernel}: {category}");
        }
        let tables = 21_532 + if kernel >= "6" { 4_128 } else { 0 };
        assert_eq!(categories["page_tables"], tables << 10, "{kernel}");
        assert_eq!(
            totals.available_bytes.is_some(),
            kernel != "3.10",
            "{kernel}"
        );
    }
}

/// The kernel reads its counters one after another, while pages move between them.
#[test]
fn counters_that_pass_the_total_by_little_leave_no_category_negative() {
    let free = 8_009_352 - 1_765_940 - 312_440 - 88_788 - 9_040 - 131_072 - 4_124_192 - 131_852;
    let torn = LINUX_6_18.replace(
        "MemFree:         1203944",
        &format!("MemFree:         {}", free + 20_000),
    );
    let memory = meminfo(&torn).1.unwrap();
    let sum: u64 = memory.categories().iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(sum, memory.total_bytes);
    assert_eq!(memory.free_bytes, (free + 20_000) << 10);
}

#[test]
fn a_line_costs_its_own_value_only() {
    // Lines that nobody asked for may be missing, new, or in any unit.
    for (line, instead) in [
        ("VmallocTotal:", "VmallocUnknown: 5 MB\nGone:"),
        ("CommitLimit:", "CommitLimit: -5 kB\nAgain:"),
        ("Mapped:", "Mapped what\nMapped:"),
    ] {
        let (_, memory, odd) = meminfo(&LINUX_6_18.replace(line, instead));
        assert!(memory.is_some() && odd == 0, "{line}");
    }
    // The blank before the unit is missing in some containers.
    let without = LINUX_6_18.replace(" kB", "kB");
    assert_eq!(meminfo(&without), meminfo(LINUX_6_18));
    // What is no count is absent, and counted.
    for absurd in [
        "-5 kB",
        "18446744073709551612 kB",
        "12 pages",
        "kB",
        "1e3 kB",
    ] {
        let text = LINUX_6_18.replace("MemAvailable:", &format!("MemAvailable: {absurd}\nWas:"));
        let (totals, memory, odd) = meminfo(&text);
        assert!(memory.is_some(), "{absurd}");
        assert_eq!(totals.available_bytes, None, "{absurd}");
        assert_eq!(odd, 1, "{absurd}");
    }
}

/// What stands for itself stays when a line beside it is odd, missing, or of another machine.
#[test]
fn totals_stand_on_their_own() {
    let kb = |kb: u64| Some(kb << 10);
    let (whole, ..) = meminfo(LINUX_6_18);
    assert_eq!(whole.memory_bytes, kb(8_009_352));
    for (what, line, instead) in [
        // gVisor and Windows' layer for Linux tell fewer lines.
        ("no stacks told", "KernelStack:", "Was:"),
        ("no anonymous pages told", "AnonPages:", "Was:"),
        ("an odd part", "Shmem:", "Shmem: -4 kB\nWas:"),
        ("no Buffers", "Buffers:", "Was:"),
        // Under lxcfs the parts are those of the host.
        (
            "parts above the total",
            "Cached:",
            "Cached: 900000000 kB\nWas:",
        ),
    ] {
        let text = LINUX_6_18.replace(&format!("\n{line}"), &format!("\n{instead}"));
        let (totals, categories, _) = meminfo(&text);
        assert_eq!(categories, None, "{what}");
        assert_eq!(totals, whole, "{what}");
    }
    for absurd in ["18446744073709551612 kB", "9000000000 kB", "-4 kB"] {
        let text = LINUX_6_18.replace("\nSwapFree:", &format!("\nSwapFree: {absurd}\nWas:"));
        let (totals, categories, odd) = meminfo(&text);
        assert!(categories.is_some(), "{absurd}");
        assert_eq!((totals.swap_free_bytes, odd), (None, 1), "{absurd}");
        assert_eq!(totals.swap_bytes, whole.swap_bytes, "{absurd}");
    }
    // gVisor's, in full.
    let short = "MemTotal: 2097152 kB\nMemFree: 1997152 kB\nMemAvailable: 2000000 kB\n\
        Buffers: 0 kB\nCached: 90000 kB\nSwapCache: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n";
    let (totals, categories, odd) = meminfo(short);
    assert_eq!((categories, odd), (None, 0));
    assert_eq!(totals.used_of(), Some((97_152 << 10, 2_097_152 << 10)));
    assert_eq!(totals.swap_bytes.zip(totals.swap_free_bytes), Some((0, 0)));
}

/// Steal that passed below 0 (Xen), iowait near 2^64.
#[test]
fn an_odd_mode_of_the_cpu_costs_itself_only() {
    for (line, absent) in [
        (
            "cpu  100 20 300 4000 18446744073709551615 6 7 8 0 0",
            "iowait",
        ),
        (
            "cpu  100 20 300 4000 50 6 7 18446744073709551000 0 0",
            "steal",
        ),
        ("cpu  100 20 300 -4 50 6 7 8 0 0", "idle"),
        ("cpu  100 x 300 4000", "nice"),
    ] {
        let (host, faults) = read(&[("stat", line), ("loadavg", "0 0 0"), ("meminfo", "")]);
        let modes = host.cpu.unwrap().modes();
        let missing = modes.into_iter().filter(|(_, seconds)| seconds.is_none());
        let missing: Vec<_> = missing.map(|(mode, _)| mode).collect();
        assert_eq!(missing, [absent], "{line}");
        assert_eq!(host.cpu.unwrap().user_seconds, Some(1.0), "{line}");
        assert_eq!(faults, [("malformed host_stat".to_owned(), 1)], "{line}");
    }
}

#[test]
fn damaged_files_are_absent_and_counted() {
    let (host, faults) = read(&[
        ("stat", "cpu what\n"),
        ("loadavg", ""),
        ("meminfo", "MemTotal: none"),
        ("pressure/io", "some total=1e9\nfull total=7\n"),
    ]);
    assert_eq!(host, HostRecord::default());
    let expected = ["host_stat", "meminfo", "pressure", "loadavg"];
    let expected = expected.map(|file| (format!("malformed {file}"), 1));
    assert_eq!(faults, expected);
}

#[test]
fn missing_files_are_absent_and_told_where_every_kernel_has_them() {
    let (host, faults) = read(&[]);
    assert_eq!(host, HostRecord::default());
    let expected = ["host_stat", "meminfo", "loadavg"];
    assert_eq!(faults, expected.map(|file| (format!("io {file}"), 1)));
}

/// In a recorded tree anything may stand where a file would: none of it keeps a scan waiting.
#[test]
fn what_is_no_file_does_not_hold_up_a_scan() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    for name in ["stat", "meminfo", "loadavg", "vmstat", "pressure/memory"] {
        for what in ["a pipe", "/proc/kmsg", "/dev/zero"] {
            let root = tempfile::tempdir().unwrap();
            fs::create_dir(root.path().join("pressure")).unwrap();
            let path = root.path().join(name);
            if what == "a pipe" {
                mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0).unwrap();
            } else {
                std::os::unix::fs::symlink(what, &path).unwrap();
            }
            let mut faults = Faults::default();
            let host = Host::new(root.path(), ticks()).read(None, &mut faults);
            assert_eq!(host, HostRecord::default(), "{name}: {what}");
            let boot = crate::BootClock::recorded(root.path()).boot_seconds();
            assert_eq!(boot, None, "{name}: {what}");
        }
    }
}

#[test]
fn an_odd_line_of_stat_does_not_cost_the_cpu_times() {
    let cpu = "cpu  100 20 300 4000 50 6 7 8 0 0\n";
    for rest in [
        "processes -1948031333\n",
        "procs_blocked 18446744073709551615\n",
        "ctxt -5\nbtime\n",
        "\u{fffd}\n",
        "",
    ] {
        let (host, faults) = read(&[("stat", &format!("{cpu}{rest}")), ("loadavg", "0 0 0")]);
        assert_eq!(host.cpu.unwrap().user_seconds, Some(1.0), "{rest}");
        assert_eq!(faults, [("io meminfo".to_owned(), 1)], "{rest}");
    }
}

#[test]
fn values_have_the_units_of_their_names() {
    let (host, _) = read(&[
        ("stat", "cpu  100 20 300 4000 50 6 7 8 0 0\nctxt 1\n"),
        ("loadavg", "0.10 2.25 31.07 1/100 4242\n"),
        (
            "pressure/io",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n\
             full avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n",
        ),
        (
            "pressure/cpu",
            "some avg10=0.10 avg60=0.21 avg300=0.25 total=73759571709\n",
        ),
    ]);
    let cpu = host.cpu.unwrap();
    assert_eq!((cpu.user_seconds, cpu.nice_seconds), (Some(1.0), Some(0.2)));
    assert_eq!(
        (cpu.idle_seconds, cpu.steal_seconds),
        (Some(40.0), Some(0.08))
    );
    assert_eq!(host.load, Some([0.10, 2.25, 31.07]));
    assert_eq!(
        host.io_pressure,
        Some(Pressure {
            waiting_seconds: 1.5,
            stalled_seconds: Some(0.5)
        })
    );
    // Linux 4.20 to 5.12 has no `full` for the CPU.
    assert_eq!(
        host.cpu_pressure,
        Some(Pressure {
            waiting_seconds: 73_759.571_709,
            stalled_seconds: None
        })
    );
    assert_eq!(host.memory_pressure, None);
}
