//! What an ordinary user is refused.

use herakles_scan::{
    Access, Buffers, Capabilities, MemorySource, ProcHandle as _, Skip, read_memory, read_stat,
    read_statm,
};
use herakles_stat::Pid;
use rustix::process::{Uid, geteuid};
use rustix::thread::set_thread_res_uid;

use crate::child::Running;
use crate::{live, opened, this_process};

const NOBODY: u32 = 65534;

/// Runs without any right, on a thread of its own: rights are a matter of threads.
pub(crate) fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if geteuid().is_root() {
                let nobody = Uid::from_raw(NOBODY);
                set_thread_res_uid(nobody, nobody, nobody).expect("root may");
            }
            work()
        });
        thread.join().expect("no panic")
    })
}

#[test]
fn without_rights_foreign_memory_is_denied_and_the_rest_is_not() {
    let init = Pid::new(1).expect("not zero");
    as_nobody(|| {
        let capabilities = Capabilities::effective().expect("asked");
        assert!(
            !capabilities.sys_ptrace && !capabilities.perfmon,
            "{capabilities:?}"
        );
        let process = opened(init);
        if process.owner_uid().expect("known") == geteuid().as_raw() {
            return; // a container of one user
        }
        let mut buffers = Buffers::default();
        assert!(
            !read_stat(&process, &mut buffers.io)
                .expect("public")
                .is_kernel_thread()
        );
        assert!(
            read_statm(&process, &mut buffers.io)
                .expect("public")
                .resident_pages
                > 0
        );
        for source in [MemorySource::SmapsRollup, MemorySource::Smaps] {
            let error = read_memory(&process, source, &mut buffers).expect_err("pid 1 is root's");
            assert!(matches!(error.skip, Skip::Denied(_)), "{error}");
            assert_eq!(error.file, Some(source.file()));
        }
        let memory = MemorySource::SmapsRollup;
        let access = Access::probe(&live(), memory, &[init], &mut buffers);
        assert_eq!((access.readable, access.denied_example), (0, Some(init)));
    });
    let access = Access::probe(
        &live(),
        MemorySource::SmapsRollup,
        &[this_process()],
        &mut Buffers::default(),
    );
    assert_eq!((access.readable, access.denied), (1, 0), "our own is ours");
}

#[test]
fn the_owner_is_the_effective_user_even_of_what_may_not_be_debugged() {
    assert_eq!(
        opened(this_process()).owner_uid().expect("known"),
        geteuid().as_raw()
    );
    if geteuid().is_root() {
        // Changing its user makes a process undumpable: its files now belong to root.
        let child = Running::python(&format!(
            "import os, sys; os.setuid({NOBODY}); print('ready', flush=True); sys.stdin.read()"
        ));
        assert_eq!(opened(child.pid()).owner_uid().expect("known"), NOBODY);
    }
}
