//! What is known of a process.

/// What is known of one process, asked for only when a rule needs it.
///
/// The classifier asks for the name first and for anything else only while a rule that would win
/// could still be decided by it, so an implementation may read each file on demand. `None` means
/// that the fact is not there or may not be read; no pattern matches an absent fact.
///
/// ```
/// use std::cell::OnceCell;
/// use herakles_classify::FactSource;
///
/// struct Lazy<'a> { comm: &'a [u8], cmdline: OnceCell<Option<Vec<u8>>> }
///
/// impl FactSource for Lazy<'_> {
///     fn comm(&self) -> &[u8] { self.comm }
///     fn cmdline(&self) -> Option<&[u8]> {
///         self.cmdline.get_or_init(|| Some(b"read when needed".to_vec())).as_deref()
///     }
/// }
/// ```
pub trait FactSource {
    /// The name: `comm` of `/proc/PID/stat`, at most 15 bytes for user processes, any byte but NUL.
    fn comm(&self) -> &[u8];

    /// The raw content of `/proc/PID/cmdline`, NUL between the arguments. Only its first 4 KiB
    /// are looked at. Empty counts as absent.
    fn cmdline(&self) -> Option<&[u8]> {
        None
    }

    /// The target of the link `/proc/PID/exe`.
    fn exe(&self) -> Option<&[u8]> {
        None
    }

    /// The raw content of `/proc/PID/cgroup`.
    fn cgroup(&self) -> Option<&[u8]> {
        None
    }

    /// The name of the effective user, or its number in decimal where it has no name.
    fn user(&self) -> Option<&str> {
        None
    }

    /// The name (`comm`) of the parent process.
    fn parent_comm(&self) -> Option<&[u8]> {
        None
    }
}

/// Facts that are all at hand already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// See [`FactSource::comm`].
    pub comm: &'a [u8],
    /// See [`FactSource::cmdline`].
    pub cmdline: Option<&'a [u8]>,
    /// See [`FactSource::exe`].
    pub exe: Option<&'a [u8]>,
    /// See [`FactSource::cgroup`].
    pub cgroup: Option<&'a [u8]>,
    /// See [`FactSource::user`].
    pub user: Option<&'a str>,
    /// See [`FactSource::parent_comm`].
    pub parent_comm: Option<&'a [u8]>,
}

impl FactSource for Facts<'_> {
    fn comm(&self) -> &[u8] {
        self.comm
    }

    fn cmdline(&self) -> Option<&[u8]> {
        self.cmdline
    }

    fn exe(&self) -> Option<&[u8]> {
        self.exe
    }

    fn cgroup(&self) -> Option<&[u8]> {
        self.cgroup
    }

    fn user(&self) -> Option<&str> {
        self.user
    }

    fn parent_comm(&self) -> Option<&[u8]> {
        self.parent_comm
    }
}

/// Which facts any rule of a [`Classifier`](crate::Classifier) can use at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// [`FactSource::cmdline`] is asked for by some rule.
    pub cmdline: bool,
    /// [`FactSource::exe`] is asked for by some rule.
    pub exe: bool,
    /// [`FactSource::cgroup`] is asked for by some rule.
    pub cgroup: bool,
    /// [`FactSource::user`] is asked for by some rule.
    pub user: bool,
    /// [`FactSource::parent_comm`] is asked for by some rule.
    pub parent_comm: bool,
}
