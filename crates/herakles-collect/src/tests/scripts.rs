//! What interpreters run, of processes of which the rules say little.

use herakles_scan::testing::MemProcess;
use herakles_scan::{ProcFile, testing::Mishap};

use super::*;

fn worker(it: MemProcess, script: &str) -> MemProcess {
    it.name("python3")
        .cmdline(&["python3", "-u", script, "--password=hunter2"])
}

fn script(view: &View, pid: u32) -> Option<&str> {
    view.snapshot.script(view.process(pid).key)
}

#[test]
fn a_script_is_known_where_the_class_says_little_and_as_long_as_it_runs() {
    for mode in [Setting::Exact, Setting::Adaptive] {
        let mut world = World::new(&[mode], |proc| {
            drop(worker(proc.process(5), "/srv/report.py"));
            drop(worker(proc.process(6), "/srv/other.py").name("named-6"));
            drop(
                proc.process(7)
                    .name("unknown")
                    .cmdline(&["/opt/unknown", "x.py"]),
            );
        });
        for _ in 0..3 {
            let view = world.scan();
            let scripts = [5, 6, 7].map(|pid| script(&view, pid));
            assert_eq!(scripts, [Some("report.py"), None, None], "{mode:?}");
            assert!(!view.text().contains("report.py"));
        }
        // It calls exec: its stack begins elsewhere.
        let next = worker(world.proc.process(5), "/srv/mail.py");
        drop(next.stat(|it| it.start_stack += 4096));
        assert_eq!(script(&world.scan(), 5), Some("mail.py"));
        // Another has the pid.
        world.proc.remove(5);
        let other = world.proc.process(5).name("unknown");
        drop(other.stat(|it| it.start_time = COUNTS_FROM + 50));
        assert_eq!(script(&world.scan(), 5), None);
    }
}

#[test]
fn a_command_line_is_read_once() {
    let mut world = World::new(&[], |proc| {
        drop(worker(proc.process(5), "/srv/report.py"));
        let closed = worker(proc.process(6), "/srv/report.py");
        drop(closed.fail(ProcFile::Cmdline, Mishap::Errno(13)));
    });
    for _ in 0..3 {
        let view = world.scan();
        assert_eq!(
            [5, 6].map(|pid| script(&view, pid)),
            [Some("report.py"), None]
        );
    }
    assert_eq!(world.proc.process(5).reads(ProcFile::Cmdline), 1);
}
