//! Host files of several kernels, the live host, and damage.

use std::collections::BTreeMap;
use std::fs;

use super::*;

fn host(files: &[(&str, &str)]) -> HostRecord {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("pressure")).unwrap();
    for (name, text) in files {
        fs::write(root.path().join(name), text).unwrap();
    }
    Host::new(root.path(), 100, 4096).read()
}

#[test]
fn the_live_host_accounts_for_every_byte() {
    let host = Host::new(Path::new("/proc"), 100, 4096).read();
    let memory = host.memory.unwrap();
    let sum: u64 = memory.categories().iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(sum, memory.total_bytes);
    assert!(host.cpu.unwrap().idle_seconds > 0.0);
    assert!(host.boot_time_seconds.unwrap() > 1.6e9);
}

/// Five kernels that tell the same host, each with the keys it has.
#[test]
fn categories_sum_to_all_memory_on_every_kernel() {
    let kernels = [
        ("3.10", include_str!("meminfo/3.10")),
        ("4.14", include_str!("meminfo/4.14")),
        ("5.4", include_str!("meminfo/5.4")),
        ("6.1", include_str!("meminfo/6.1")),
        ("6.18", include_str!("meminfo/6.18")),
    ];
    for (kernel, text) in kernels {
        let memory = host(&[("meminfo", text)]).memory.unwrap();
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
            memory.available_bytes.is_some(),
            kernel != "3.10",
            "{kernel}"
        );
    }
}

/// The kernel reads its counters one after another, while pages move between them.
#[test]
fn counters_that_pass_the_total_leave_no_category_negative() {
    let torn = include_str!("meminfo/6.18")
        .replace("MemFree:         1203944", "MemFree:         7203944")
        .replace("Cached:          4102776", "Cached:             1776");
    let memory = host(&[("meminfo", &torn)]).memory.unwrap();
    let sum: u64 = memory.categories().iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(sum, memory.total_bytes);
    assert_eq!(memory.free_bytes, 7_203_944 << 10);
}

#[test]
fn missing_and_damaged_files_are_absent() {
    let host = host(&[
        ("stat", "cpu what\n"),
        ("loadavg", ""),
        ("meminfo", "MemTotal"),
    ]);
    assert_eq!(host, HostRecord::default());
}

#[test]
fn values_have_the_units_of_their_names() {
    let host = host(&[
        (
            "stat",
            "cpu  100 20 300 4000 50 6 7 8 0 0\nctxt 1\nbtime 1700000000\nprocesses 5\n",
        ),
        ("loadavg", "0.10 2.25 31.07 1/100 4242\n"),
        (
            "pressure/io",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n\
             full avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n",
        ),
    ]);
    let cpu = host.cpu.unwrap();
    assert_eq!((cpu.user_seconds, cpu.nice_seconds), (1.0, 0.2));
    assert_eq!((cpu.idle_seconds, cpu.steal_seconds), (40.0, 0.08));
    assert_eq!(host.load, Some([0.10, 2.25, 31.07]));
    assert_eq!(
        host.io_pressure,
        Some(Pressure {
            waiting_seconds: 1.5,
            stalled_seconds: Some(0.5)
        })
    );
    assert_eq!(host.boot_time_seconds, Some(1.7e9));
}
