//! What a class and a name are made from.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A name by which processes are told apart: its first 15 bytes, all that the kernel keeps of a
/// user process's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Comm {
    length: u8,
    bytes: [u8; 15],
}

impl Comm {
    pub(crate) fn new(comm: &[u8]) -> Self {
        let mut bytes = [0; 15];
        let mut length = 0;
        for (to, from) in bytes.iter_mut().zip(comm) {
            *to = *from;
            length += 1;
        }
        Self { length, bytes }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

/// What a class and a name were made from: while it stays the same, so do they.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) comm: Comm,
    /// `startstack`, another address after each exec; 0 if it has never been known.
    pub(crate) start_stack: u64,
}

impl Image {
    /// A number for the memory that exec made, which forks share with each other and with nobody
    /// else; 0 if it is not known, or may be that of others as well.
    pub(crate) fn number(&self) -> u64 {
        if self.is_at_a_fixed_place() {
            0
        } else {
            self.start_stack
        }
    }

    /// Whether the stack begins where it may begin again after an exec: right below the end of
    /// the address space, a power of two, as it does without address randomisation. With it, that
    /// is a rare chance.
    pub(crate) fn is_at_a_fixed_place(&self) -> bool {
        let end = self.start_stack.checked_next_power_of_two();
        end.is_some_and(|end| self.start_stack > 0 && end - self.start_stack <= MOST_ARGUMENTS)
    }
}

/// Arguments and environment are above the beginning of the stack, and rarely take more bytes.
const MOST_ARGUMENTS: u64 = 256 << 10;

/// What shows an exec where addresses do not: into the same name and as many bytes of arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Page faults so far: without any more there was no exec.
    pub(crate) faults: u64,
    /// Digests of the link `exe`, 0 if it could not be read, and of the command line.
    pub(crate) exe: u64,
    pub(crate) cmdline: u64,
}

impl Program {
    pub(crate) fn digest(bytes: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stack_below_the_end_of_the_address_space_is_at_a_fixed_place() {
        let is_fixed = |start_stack| {
            let comm = Comm::new(b"x");
            Image { comm, start_stack }.is_at_a_fixed_place()
        };
        // x86-64, its 32-bit programs, arm64.
        for fixed in [0x7fff_ffff_e2d0, 0xffff_d2b0, 0xffff_ffff_f3e0] {
            assert!(is_fixed(fixed), "{fixed:x}");
        }
        for random in [0, 0x7ffd_8f21_6bd0, 0xffa3_c1b0, 0xffff_d44e_9b70] {
            assert!(!is_fixed(random), "{random:x}");
        }
    }

    #[test]
    fn names_are_compared_by_what_the_kernel_keeps() {
        assert_eq!(Comm::new(b"").as_bytes(), b"");
        assert_eq!(Comm::new(b"a) (\n\xff").as_bytes(), b"a) (\n\xff");
        let long = Comm::new(b"kworker/u8:2-events");
        assert_eq!(long.as_bytes(), b"kworker/u8:2-ev");
    }
}
