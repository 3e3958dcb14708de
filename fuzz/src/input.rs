//! Values taken from the bytes of an input; zeros once they are used up.

/// What is left of an input.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else {
            return 0;
        };
        self.rest = rest;
        *first
    }

    /// A number of any size, small ones as often as big ones.
    pub(crate) fn number(&mut self) -> u64 {
        let digits = self.byte() % 9;
        (0..digits).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// A number that is a sum of bytes in practice: petabytes at most.
    pub(crate) fn size(&mut self) -> u64 {
        self.number() >> 14
    }

    /// Up to `most` bytes, with their number before them.
    pub(crate) fn bytes(&mut self, most: u8) -> &'a [u8] {
        let length = usize::from(self.byte().min(most)).min(self.rest.len());
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// A text of up to `most` bytes.
    pub(crate) fn text(&mut self, most: u8) -> String {
        String::from_utf8_lossy(self.bytes(most)).into_owned()
    }
}
