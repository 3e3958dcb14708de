//! The kernel's numbers: commands, attributes, and where a field stands in `struct taskstats`.

/// `include/uapi/linux/taskstats.h`
pub(crate) const TASKSTATS_CMD_GET: u8 = 1;
pub(crate) const TASKSTATS_CMD_ATTR_TGID: u16 = 2;
pub(crate) const TASKSTATS_CMD_ATTR_REGISTER_CPUMASK: u16 = 3;
pub(crate) const TASKSTATS_TYPE_STATS: u16 = 3;
pub(crate) const TASKSTATS_TYPE_AGGR_PID: u16 = 4;
pub(crate) const TASKSTATS_TYPE_AGGR_TGID: u16 = 5;

/// Where `struct taskstats` has what we need, in bytes.
pub(crate) const VERSION: usize = 0;
pub(crate) const AC_FLAG: usize = 8;
pub(crate) const CPU_RUN_VIRTUAL_TOTAL: usize = 72;
pub(crate) const AC_COMM: usize = 80;
pub(crate) const AC_UID: usize = 120;
pub(crate) const AC_PID: usize = 128;
pub(crate) const AC_PPID: usize = 132;
pub(crate) const AC_ETIME: usize = 144;
pub(crate) const AC_UTIME: usize = 152;
pub(crate) const AC_STIME: usize = 160;
pub(crate) const AC_MINFLT: usize = 168;
pub(crate) const AC_MAJFLT: usize = 176;
pub(crate) const READ_BYTES: usize = 248;
pub(crate) const WRITE_BYTES: usize = 256;
pub(crate) const NVCSW: usize = 272;
pub(crate) const NIVCSW: usize = 280;
pub(crate) const AC_TGID: usize = 368;
pub(crate) const AC_TGETIME: usize = 376;
/// The first version (Linux 5.19) that says which process a thread belongs to.
pub(crate) const WITH_TGID: u16 = 12;
/// This version (Linux 6.14) moved fields by mistake; the next moved them back.
pub(crate) const MISPLACED: u16 = 15;
