use herakles_scan::{
    Buffers, MemorySource, ProcFile, ProcSource as _, open_process, read_memory, read_stat,
    read_statm, read_text,
};

use crate::live;

#[test]
fn a_scan_into_used_buffers_allocates_nothing() {
    let proc = live();
    let mut pids = Vec::new();
    let mut buffers = Buffers::default();
    let mut read = 0;
    let mut scan = || {
        proc.pids(&mut pids).expect("listed");
        for &pid in &pids {
            let Ok(process) = open_process(&proc, pid) else {
                continue;
            };
            let Ok(stat) = read_stat(&process, &mut buffers.io) else {
                continue;
            };
            if stat.is_kernel_thread() || stat.state.is_exited() {
                continue;
            }
            for file in [ProcFile::Cmdline, ProcFile::Cgroup, ProcFile::Exe] {
                read += usize::from(read_text(&process, file, &mut buffers.io).is_ok());
            }
            read += usize::from(read_statm(&process, &mut buffers.io).is_ok());
            for source in [MemorySource::SmapsRollup, MemorySource::Smaps] {
                read += usize::from(read_memory(&process, source, &mut buffers).is_ok());
            }
        }
        // Other tests start processes meanwhile: leave room for them.
        pids.reserve(1024);
    };
    scan();
    let cost = allocation_counter::measure(scan);
    assert_eq!(cost.count_total, 0);
    assert!(read > 10, "something was read");
}
