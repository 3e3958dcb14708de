//! Facts for the rules that cannot be read, or not as far as they go.

use super::*;

#[test]
fn a_command_line_of_megabytes_is_looked_at_as_far_as_it_matters() {
    let mut world = World::new(&[], |proc| {
        populate(proc);
        let filler = "x".repeat(2 << 20);
        let early = ["x", "--role=web", &filler];
        let late = ["x", &filler, "--role=web"];
        drop(proc.process(40).name("x").cmdline(&early));
        drop(proc.process(41).name("x").cmdline(&late));
    });
    let view = world.scan();
    assert_eq!(view.faults(), []);
    assert_eq!(view.class(40), "app/web");
    assert_eq!(view.class(41), "other/other");
}

#[test]
fn a_fact_that_cannot_be_read_leaves_the_name_to_decide() {
    for (file, files) in [
        (ProcFile::Cmdline, "cmdline"),
        (ProcFile::Exe, "exe"),
        (ProcFile::Cgroup, "cgroup"),
    ] {
        for (number, kind) in ERRNOS.into_iter().filter(|(number, _)| *number != ESRCH) {
            let mut world = World::new(&[], |proc| {
                populate(proc);
                let it = proc.process(VICTIM).name("boxed-victim");
                drop(it.fail(file, Mishap::Errno(number)));
            });
            let view = world.scan();
            assert_eq!(view.class(VICTIM), "other/other");
            assert_eq!(view.class(10), "app/named");
            assert_eq!(view.memory(VICTIM), kib(2000, 1600, 1200));
            assert_eq!(view.faults(), once(&format!("{kind} {files}")));
        }
    }
}

/// Descriptors or memory run out for a moment; a class must not be wrong for ever because of it.
#[test]
fn a_fact_that_could_not_be_read_for_a_moment_is_asked_for_again() {
    for number in [EINTR, EMFILE, ENOMEM] {
        let mut world = World::new(&[], |proc| {
            populate(proc);
            let it = proc.process(VICTIM).name("x").cmdline(&["x", "--role=web"]);
            drop(it.fail(ProcFile::Cmdline, Mishap::Errno(number)));
        });
        for _ in 0..2 {
            let view = world.scan();
            assert_eq!(view.class(VICTIM), "other/other");
            assert_eq!(view.faults(), once("io cmdline"));
        }
        drop(world.proc.process(VICTIM).healthy());
        assert_eq!(world.scan().class(VICTIM), "app/web");
        let reads = world.proc.process(VICTIM).reads(ProcFile::Cmdline);
        world.scan();
        assert_eq!(world.proc.process(VICTIM).reads(ProcFile::Cmdline), reads);
    }
}

#[test]
fn a_fact_that_is_denied_or_missing_is_not_asked_for_in_every_scan() {
    for number in [EACCES, EPERM, ENOENT, EIO] {
        let mut world = World::new(&[], |proc| {
            populate(proc);
            let it = proc.process(VICTIM).name("x");
            drop(it.fail(ProcFile::Cmdline, Mishap::Errno(number)));
        });
        for _ in 0..3 {
            assert_eq!(world.scan().class(VICTIM), "other/other");
        }
        assert_eq!(world.proc.process(VICTIM).reads(ProcFile::Cmdline), 1);
    }
}
