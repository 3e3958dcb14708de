//! How a procfs is mounted: whom it hides, and from whom.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};

use rustix::fs::{Mode, OFlags, fstat, major, minor, openat};
use rustix::io::retry_on_intr;
use rustix::process::{Gid, getegid, getgroups};

use crate::{Capabilities, ProcFs};

/// How a procfs is mounted, as far as it hides processes (`proc(5)`, mount options).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MountOptions {
    /// What of other users' processes is hidden.
    pub hide_pid: HidePid,
    /// Members of this group see everything all the same.
    pub exempt_gid: Option<u32>,
    /// `subset=pid`, since Linux 5.8: there are processes only, no `/proc/stat` and the like.
    pub processes_only: bool,
}

/// The mount option `hidepid`. `CAP_SYS_PTRACE` overrides it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HidePid {
    /// `off` or 0: nothing is hidden.
    #[default]
    Off,
    /// `noaccess` or 1: other users' processes are listed, but may not be entered.
    NoAccess,
    /// `invisible` or 2: other users' processes are not listed.
    Invisible,
    /// `ptraceable` or 4, since Linux 5.8: only what we may debug is listed.
    Ptraceable,
}

impl fmt::Display for HidePid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::NoAccess => "noaccess",
            Self::Invisible => "invisible",
            Self::Ptraceable => "ptraceable",
        })
    }
}

impl MountOptions {
    /// Whether other users' processes are hidden from this thread (`has_pid_permissions` of
    /// `fs/proc/base.c`). What is not certain hides nothing.
    pub fn hides_from_us(&self) -> bool {
        let may_trace = || Capabilities::effective().is_ok_and(|it| it.sys_ptrace);
        match self.hide_pid {
            HidePid::Off => false,
            HidePid::Ptraceable => !may_trace(),
            HidePid::NoAccess | HidePid::Invisible => !self.exempts_us() && !may_trace(),
        }
    }

    /// Whether this process is in the group that sees everything: `gid`, or root's.
    fn exempts_us(&self) -> bool {
        let gid = Gid::from_raw(self.exempt_gid.unwrap_or(0));
        getegid() == gid || getgroups().is_ok_and(|groups| groups.contains(&gid))
    }
}

impl ProcFs {
    /// How this procfs is mounted; `None` for a recorded tree, and if we cannot see the mount.
    ///
    /// # Errors
    /// Those of reading `<root>/self/mountinfo`.
    pub fn mount_options(&self) -> io::Result<Option<MountOptions>> {
        if !self.is_procfs() {
            return Ok(None);
        }
        let device = fstat(self.root())?.st_dev;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let path = c"self/mountinfo";
        let file = retry_on_intr(|| openat(self.root(), path, flags, Mode::empty()))?;
        let mut mounts = Vec::new();
        File::from(file).read_to_end(&mut mounts)?;
        let device = format!("{}:{}", major(device), minor(device));
        Ok(options_of(&String::from_utf8_lossy(&mounts), &device))
    }
}

/// The options of the procfs on `device`, from the text of `mountinfo`. A superblock has the
/// same options wherever it is mounted.
fn options_of(mountinfo: &str, device: &str) -> Option<MountOptions> {
    mountinfo.lines().find_map(|line| {
        // 21 20 0:20 / /proc rw,nosuid shared:5 - proc proc rw,hidepid=invisible,gid=4
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut filesystem = filesystem.split(' ');
        if mount.split(' ').nth(2)? != device || filesystem.next()? != "proc" {
            return None;
        }
        Some(parse_options(filesystem.nth(1)?))
    })
}

fn parse_options(options: &str) -> MountOptions {
    let mut parsed = MountOptions::default();
    for option in options.split(',') {
        match option.split_once('=') {
            Some(("hidepid", "1" | "noaccess")) => parsed.hide_pid = HidePid::NoAccess,
            Some(("hidepid", "2" | "invisible")) => parsed.hide_pid = HidePid::Invisible,
            Some(("hidepid", "4" | "ptraceable")) => parsed.hide_pid = HidePid::Ptraceable,
            Some(("gid", gid)) => parsed.exempt_gid = gid.parse().ok(),
            Some(("subset", "pid")) => parsed.processes_only = true,
            _ => {}
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::{HidePid, MountOptions, options_of};

    const MOUNTS: &str = "\
20 1 254:0 / / rw,relatime - ext4 /dev/root rw
21 20 0:20 / /proc rw,nosuid,nodev shared:5 - proc proc rw
44 20 0:41 / /srv/a\\040b/proc rw master:1 - proc proc rw,gid=4,hidepid=invisible
45 20 0:42 / /old rw - proc none rw,hidepid=1
46 20 0:43 / /small rw - proc proc rw,subset=pid
47 20 0:44 / /sys rw - sysfs sysfs rw,hidepid=2
";

    #[test]
    fn the_options_of_the_right_mount_are_found() {
        let hide_pid = |device| options_of(MOUNTS, device).map(|options| options.hide_pid);
        assert_eq!(options_of(MOUNTS, "0:20"), Some(MountOptions::default()));
        assert_eq!(
            hide_pid("0:42"),
            Some(HidePid::NoAccess),
            "as old kernels write it"
        );
        let invisible = MountOptions {
            hide_pid: HidePid::Invisible,
            exempt_gid: Some(4),
            processes_only: false,
        };
        assert_eq!(options_of(MOUNTS, "0:41"), Some(invisible));
        assert!(options_of(MOUNTS, "0:43").expect("found").processes_only);
        assert_eq!(hide_pid("0:44"), None, "not a procfs");
        assert_eq!(hide_pid("0:99"), None);
        assert_eq!(options_of("\n - \nx y\n", "0:20"), None);
    }
}
