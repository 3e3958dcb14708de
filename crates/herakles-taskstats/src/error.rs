//! Why taskstats cannot be asked.

use std::io;

use rustix::io::Errno;

/// Why taskstats cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel is built without `CONFIG_TASKSTATS`, or has a version of it with misplaced
    /// fields.
    #[error("this kernel has no usable taskstats")]
    Unsupported,
    /// The right is missing.
    #[error("not permitted; taskstats needs CAP_NET_ADMIN in the initial user namespace")]
    Denied,
    /// Exits are told in the initial pid namespace only.
    #[error("not permitted; exit records are for the initial pid and user namespaces")]
    Namespace,
    /// The kernel did not answer within a second.
    #[error("the kernel does not answer")]
    NoAnswer,
    /// The kernel's answer is not what its headers say.
    #[error("the kernel's answer is not understood")]
    Malformed,
    /// Any other failure of a system call, by its number (`errno(3)`).
    #[error("netlink: {}", io::Error::from_raw_os_error(*errno))]
    Io {
        /// The number.
        errno: i32,
    },
}

impl Error {
    pub(crate) fn io(error: &io::Error) -> Self {
        Self::Io {
            errno: error.raw_os_error().unwrap_or(Errno::IO.raw_os_error()),
        }
    }
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        Self::Io {
            errno: errno.raw_os_error(),
        }
    }
}
