//! Steps through the fields of a line.

use crate::{ParseError, ParseErrorKind};

/// A cursor over decimal fields that are separated by single spaces, as the kernel's
/// `seq_put_decimal_ull` writes them.
pub(crate) struct Fields<'a> {
    line: &'a [u8],
    /// Offset of the first byte of the next field.
    at: usize,
    /// Number of the next field, from 1.
    number: u8,
}

impl<'a> Fields<'a> {
    /// A cursor whose next field is `number` and starts at `at`.
    pub(crate) const fn new(line: &'a [u8], at: usize, number: u8) -> Self {
        Self { line, at, number }
    }

    /// The field `number` as an unsigned number; the content of those before it does not matter.
    pub(crate) fn number_at<T: TryFrom<u64>>(&mut self, number: u8) -> Result<T, ParseError> {
        self.skip_to(number)?;
        self.number()
    }

    /// Makes `number` the next field.
    fn skip_to(&mut self, number: u8) -> Result<(), ParseError> {
        while self.number < number {
            let start = self.at;
            while self.peek().is_some_and(|byte| !is_separator(byte)) {
                self.at += 1;
            }
            self.end_field(start)?;
        }
        Ok(())
    }

    /// The next field as an unsigned number.
    pub(crate) fn number<T: TryFrom<u64>>(&mut self) -> Result<T, ParseError> {
        let start = self.at;
        let field = self.number;
        let out_of_range = ParseError {
            kind: ParseErrorKind::OutOfRange(field),
            offset: start,
        };
        let mut value: u64 = 0;
        while let Some(byte) = self.peek() {
            if !byte.is_ascii_digit() {
                break;
            }
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u64::from(byte - b'0')))
                .ok_or(out_of_range)?;
            self.at += 1;
        }
        if self.peek().is_some_and(|byte| !is_separator(byte)) {
            return Err(self.error(ParseErrorKind::NotANumber(field)));
        }
        self.end_field(start)?;
        T::try_from(value).map_err(|_| out_of_range)
    }

    /// The next field as a number that the kernel prints as a signed one: its `%ld` and `%d`, or a
    /// count below 0 that went through an unsigned type. What is below 0 counts as 0.
    pub(crate) fn signed_number<T: TryFrom<u64> + Default>(&mut self) -> Result<T, ParseError> {
        let is_negative = self.peek() == Some(b'-');
        if is_negative {
            self.at += 1;
        }
        let start = self.at;
        let value: u64 = self.number()?;
        if is_negative || i64::try_from(value).is_err() {
            return Ok(T::default());
        }
        T::try_from(value).map_err(|_| ParseError {
            kind: ParseErrorKind::OutOfRange(self.number - 1),
            offset: start,
        })
    }

    /// The next field as clock ticks of CPU time. The kernel keeps it as nanoseconds without a sign:
    /// what steal or a virtual clock has pushed below 0 is printed as nearly 2^64 of them. That
    /// counts as 0, as does what no kernel can mean.
    pub(crate) fn ticks(&mut self) -> Result<u64, ParseError> {
        self.number().map(from_zero)
    }

    /// The same of a field that is printed with a sign.
    pub(crate) fn signed_ticks(&mut self) -> Result<u64, ParseError> {
        self.signed_number().map(from_zero)
    }

    /// The field `number`, as [`signed_number`](Self::signed_number) reads it.
    pub(crate) fn signed_number_at<T: TryFrom<u64> + Default>(
        &mut self,
        number: u8,
    ) -> Result<T, ParseError> {
        self.skip_to(number)?;
        self.signed_number()
    }

    /// The next field as a single letter.
    pub(crate) fn letter(&mut self) -> Result<u8, ParseError> {
        let start = self.at;
        let Some(letter) = self.peek().filter(u8::is_ascii_alphabetic) else {
            return Err(self.error(ParseErrorKind::BadState));
        };
        self.at += 1;
        if self.peek().is_some_and(|byte| !is_separator(byte)) {
            return Err(self.error(ParseErrorKind::BadState));
        }
        self.end_field(start)?;
        Ok(letter)
    }

    /// Steps over the separator behind a field. A field that the input ends in may have been
    /// cut short, so it is refused: `40` may once have been `403`.
    fn end_field(&mut self, start: usize) -> Result<(), ParseError> {
        if self.at == start || self.peek().is_none() {
            return Err(self.error(ParseErrorKind::Missing(self.number)));
        }
        // A newline ends the line: it is not passed, so that the next field is missing.
        if self.peek() == Some(b' ') {
            self.at += 1;
        }
        self.number += 1;
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    const fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError {
            kind,
            offset: self.at,
        }
    }
}

/// A time, or 0 for one that is below 0.
const fn from_zero(ticks: u64) -> u64 {
    /// The first 36 years below 0, in ticks of 10 ms; the most there can be before is 548 years.
    const BELOW_ZERO: u64 = (15 << 60) / 10_000_000;
    if ticks < BELOW_ZERO { ticks } else { 0 }
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n')
}
