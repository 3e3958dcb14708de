//! Reading allocates nothing once the buffers have grown.

use herakles_scan::{
    Buffers, MemorySource, ProcFile, ProcSource as _, open_process, read_memory, read_stat,
    read_statm, read_text,
};

use crate::child::Running;
use crate::live;

#[test]
fn a_scan_into_used_buffers_allocates_nothing() {
    let children: Vec<Running> = (0..5).map(|_| Running::shell("")).collect();
    let proc = live();
    // Room for what others start meanwhile.
    let mut pids = Vec::with_capacity(1 << 16);
    let mut buffers = Buffers::default();
    let mut scan = || {
        let mut read = 0;
        proc.pids(&mut pids).expect("listed");
        for &pid in pids
            .iter()
            .filter(|&&pid| children.iter().any(|child| child.pid() == pid))
        {
            let process = open_process(&proc, pid).expect("our child");
            read += usize::from(read_stat(&process, &mut buffers.io).is_ok());
            read += usize::from(read_statm(&process, &mut buffers.io).is_ok());
            for file in [ProcFile::Cmdline, ProcFile::Cgroup, ProcFile::Exe] {
                read += usize::from(read_text(&process, file, &mut buffers.io).is_ok());
            }
            for source in [MemorySource::SmapsRollup, MemorySource::Smaps] {
                read += usize::from(read_memory(&process, source, &mut buffers).is_ok());
            }
        }
        assert_eq!(read, 5 * 7, "all was read");
    };
    scan();
    let cost = allocation_counter::measure(scan);
    assert_eq!(cost.count_total, 0);
}
