//! Open descriptors and the limit on them.

use herakles_scan::ProcFile;
use herakles_scan::testing::Mishap;

use super::*;

const MODES: [Setting; 2] = [Setting::Exact, Setting::Adaptive];

#[test]
fn the_limit_is_read_once_and_again_after_an_exec() {
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            drop(proc.process(1).name("named-a").open_fds(10));
            drop(proc.process(2).name("named-b").open_fds(512));
        });
        for _ in 0..3 {
            let view = world.scan();
            let subgroup = view.subgroup("app/named");
            assert_eq!(subgroup.open_fds, Some(522), "{mode:?}");
            assert_eq!(subgroup.worst_fd_ratio, Some(0.5), "{mode:?}");
            assert_eq!(view.faults(), [], "{mode:?}");
        }
        let process = world.proc.process(2);
        assert_eq!(process.reads(ProcFile::Limits), 1, "{mode:?}");

        let process = process.max_fds("2048").open_fds(1024);
        drop(process.stat(|line| line.start_stack += 4096));
        let view = world.scan();
        assert_eq!(view.subgroup("app/named").open_fds, Some(1034), "{mode:?}");
        assert_eq!(view.subgroup("app/named").worst_fd_ratio, Some(0.5));
        assert_eq!(world.proc.process(2).reads(ProcFile::Limits), 2, "{mode:?}");
    }
}

#[test]
fn a_kernel_that_counts_none_is_not_asked_again() {
    let mut world = World::new(&[], |proc| {
        for pid in 1..=3 {
            drop(proc.process(pid).name("named-a").open_fds(0));
        }
    });
    for _ in 0..3 {
        let view = world.scan();
        assert_eq!(view.subgroup("app/named").open_fds, None);
        assert_eq!(view.subgroup("app/named").worst_fd_ratio, None);
    }
    assert_eq!(world.proc.process(2).reads(ProcFile::Fd), 1);
}

#[test]
fn what_cannot_be_counted_costs_nothing_else() {
    let mut world = World::new(&[], |proc| {
        drop(proc.process(1).name("named-a").open_fds(4));
        drop(proc.process(2).name("named-b").open_fds(5));
    });
    world.scan();
    drop(world.proc.process(2).fail(ProcFile::Fd, Mishap::Errno(5)));
    let view = world.scan();
    assert_eq!(view.subgroup("app/named").open_fds, Some(4));
    assert_eq!(view.faults(), once("io fd"));
    assert!(view.memory(2).iter().all(Option::is_some));
}

#[test]
fn states_and_virtual_sizes_are_those_of_stat() {
    let mut world = World::new(&[], |proc| {
        drop(
            proc.process(1)
                .name("named-a")
                .stat(|line| line.state = 'R'),
        );
        drop(
            proc.process(2)
                .name("named-b")
                .stat(|line| line.state = 'D'),
        );
        drop(
            proc.process(3)
                .name("named-c")
                .stat(|line| line.state = 't'),
        );
        drop(proc.process(4).name("named-d").zombie());
        drop(proc.process(5).name("named-e").leader_exited(50));
    });
    let view = world.scan();
    let subgroup = view.subgroup("app/named");
    // Running, sleeping, waiting, stopped, zombie, idle, other.
    assert_eq!(subgroup.activities, [1, 0, 1, 1, 1, 0, 1]);
    assert_eq!(subgroup.memory.virtual_bytes, Some(3 * (16 << 20)));
}
