//! What the kernel says of the host, and by netlink.

use herakles_collect::fuzzing::host_files as read_host_files;
use herakles_taskstats::fuzzing::read_datagrams;

use crate::input::Input;

/// The shortest answer: a header and an error.
const SHORTEST_ANSWER: usize = 20;

/// Answers and exit records of taskstats.
pub fn datagrams(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let length = 1 + (usize::from(input.byte()) << 3);
    let (activities, exits) = read_datagrams(input.rest().chunks(length));
    let most = bytes.len() / SHORTEST_ANSWER + 1;
    assert!(activities.len() <= most && exits.len() <= most);
    for exit in exits {
        assert!(!exit.comm().contains(&0));
    }
}

/// `meminfo`, `stat`, `loadavg` and `pressure/*`, twice.
pub fn host_files(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let later = u16::from(input.byte());
    let at = usize::from(input.byte()) << 4;
    let (earlier, text) = input.rest().split_at(at.min(input.rest().len()));
    let read = read_host_files(earlier, text, later);
    for host in &read {
        if let Some(memory) = &host.memory {
            let parts: u64 = memory.categories().iter().map(|(_, bytes)| bytes).sum();
            assert_eq!(parts, memory.total_bytes);
        }
        let totals = &host.totals;
        for (part, whole) in [
            (totals.swap_free_bytes, totals.swap_bytes),
            (totals.available_bytes, totals.memory_bytes),
            (totals.free_bytes, totals.memory_bytes),
        ] {
            assert!(
                part.zip(whole).is_none_or(|(part, whole)| part <= whole),
                "{totals:?}"
            );
        }
        let pressure = host.cpu_pressure.iter();
        let pressure = pressure.flat_map(|of| [Some(of.waiting_seconds), of.stalled_seconds]);
        let numbers = host.load.into_iter().flatten().chain(pressure.flatten());
        let modes = host.cpu.iter().flat_map(|cpu| cpu.modes());
        for number in numbers.chain(modes.filter_map(|(_, seconds)| seconds)) {
            assert!(number.is_finite() && number >= 0.0, "{number}");
        }
    }
    if let [Some(before), Some(after)] = read.map(|host| host.cpu) {
        for ((mode, before), (_, after)) in before.modes().into_iter().zip(after.modes()) {
            if let (Some(before), Some(after)) = (before, after) {
                assert!(after >= before, "{mode} fell from {before} to {after}");
            }
        }
    }
}
