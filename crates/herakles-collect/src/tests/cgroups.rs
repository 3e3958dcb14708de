//! Control groups as seen from a namespace of their own.

use herakles_scan::ProcFile;

use super::*;

fn notices(cgroup: &str) -> Vec<String> {
    let proc = MemProc::new();
    drop(
        proc.process(1)
            .name("init")
            .content(ProcFile::Cgroup, cgroup),
    );
    let mut collector = Collector::with_source(proc, host_facts(), options("", &[])).unwrap();
    let mut told = Vec::new();
    for _ in 0..2 {
        let scan = collector.scan().unwrap();
        told.extend(scan.notices.iter().map(ToString::to_string));
    }
    told
}

#[test]
fn a_view_from_within_a_container_is_told_once() {
    let told = notices("0::/../../init.scope\n");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("0::/../../init.scope"), "{told:?}");
    assert!(told[0].contains("--cgroupns=host"), "{told:?}");
    let hybrid = notices("4:memory:/\n1:name=systemd:/../init.scope\n");
    assert_eq!(hybrid.len(), 1, "{hybrid:?}");
    assert!(!hybrid[0].contains('\n'), "{hybrid:?}");
}

#[test]
fn the_host_s_own_view_is_nothing_to_tell() {
    assert_eq!(notices("0::/init.scope\n"), [""; 0]);
    assert_eq!(notices(""), [""; 0]);
}
