//! What a scan met that a person should hear of.

use std::fmt;
use std::sync::Arc;

use herakles_scan::{HidePid, MountOptions};
use herakles_stat::Pid;
use herakles_taskstats::Error as TaskstatsError;

use crate::exits::ExitsError;

/// Something worth a line in a log, told once. Its text is one sentence.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A process has no PSS and USS, as reading them would hold it up for longer than
    /// [`max_hold`](herakles_plan::PlanLimits::max_hold).
    TooBig {
        /// The process.
        pid: Pid,
        /// Its name.
        name: Arc<str>,
        /// Its RSS, in bytes.
        rss_bytes: u64,
    },
    /// Control groups are seen from a namespace that holds only some of them: the upper part of the
    /// others' paths is missing.
    ForeignCgroups {
        /// The paths of the first process, as a line.
        first: String,
    },
    /// The procfs is mounted such that other users' processes are not to be seen: they are missing
    /// from snapshots.
    Hidden(MountOptions),
    /// Exit records were asked for and are not to be had: the CPU of exited processes is taken
    /// from their parents.
    NoExitRecords(ExitsError),
    /// The same, after they have been there.
    ExitRecordsEnded(TaskstatsError),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooBig { pid, name, .. } => write!(
                f,
                "process {pid} ({name}) has no PSS and USS: reading them would hold it up for \
                 longer than is allowed"
            ),
            Self::ForeignCgroups { first } => write!(
                f,
                "control groups are seen from within a container (the first process is in {first}), \
                 so `cgroups` in rules does not see whole paths; start the container in the host's \
                 namespace, with --cgroupns=host or `cgroup: host` in Compose"
            ),
            Self::Hidden(mount) => {
                write!(
                    f,
                    "procfs is mounted with hidepid={}: without CAP_SYS_PTRACE",
                    mount.hide_pid
                )?;
                // That one lets nobody else in.
                if let Some(gid) = mount.exempt_gid
                    && mount.hide_pid != HidePid::Ptraceable
                {
                    write!(f, " or the group {gid}")?;
                }
                f.write_str(" other users' processes are missing")
            }
            Self::NoExitRecords(error) => write!(
                f,
                "taskstats does not tell of exits: their CPU is taken from their parents ({error})"
            ),
            Self::ExitRecordsEnded(error) => write!(
                f,
                "taskstats no longer tells of exits: their CPU is taken from their parents \
                 ({error})"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_process_is_told_of_with_what_would_show_it() {
        let told = |hide_pid| {
            let mut mount = MountOptions::default();
            (mount.hide_pid, mount.exempt_gid) = (hide_pid, Some(4));
            Notice::Hidden(mount).to_string()
        };
        assert_eq!(
            told(HidePid::Invisible),
            "procfs is mounted with hidepid=invisible: without CAP_SYS_PTRACE or the group 4 other \
             users' processes are missing"
        );
        assert_eq!(
            told(HidePid::Ptraceable),
            "procfs is mounted with hidepid=ptraceable: without CAP_SYS_PTRACE other users' \
             processes are missing"
        );
    }
}
