//! What a class and a name are made from.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_what_the_kernel_keeps() {
        assert_eq!(Comm::new(b"").as_bytes(), b"");
        assert_eq!(Comm::new(b"a) (\n\xff").as_bytes(), b"a) (\n\xff");
        let long = Comm::new(b"kworker/u8:2-events");
        assert_eq!(long.as_bytes(), b"kworker/u8:2-ev");
    }
}
