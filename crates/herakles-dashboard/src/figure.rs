//! Figures of a row, written into it without a string of their own.

use std::fmt::Write as _;
use std::time::Duration;

use maud::Render;

use crate::human::{push_bytes, push_span};

/// What is shown for what is not known.
const UNKNOWN: &str = "–";

/// A size.
pub(crate) struct Bytes(pub(crate) Option<u64>);

impl Render for Bytes {
    fn render_to(&self, buffer: &mut String) {
        match self.0 {
            Some(value) => push_bytes(buffer, value),
            None => buffer.push_str(UNKNOWN),
        }
    }
}

/// Cores.
pub(crate) struct Cores(pub(crate) Option<f64>);

impl Render for Cores {
    fn render_to(&self, buffer: &mut String) {
        match self.0 {
            // Most processes sleep.
            Some(0.0) => buffer.push_str("0.00"),
            Some(value) => {
                let _ = write!(buffer, "{value:.2}");
            }
            None => buffer.push_str(UNKNOWN),
        }
    }
}

/// A time.
pub(crate) struct Span(pub(crate) Option<Duration>);

impl Render for Span {
    fn render_to(&self, buffer: &mut String) {
        match self.0 {
            Some(value) => push_span(buffer, value),
            None => buffer.push_str(UNKNOWN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::human::{bytes_or_dash, cores_or_dash, span};

    #[test]
    fn a_row_has_the_figures_of_other_tables() {
        for value in [None, Some(0), Some(1023), Some(5 << 30)] {
            assert_eq!(Bytes(value).render().0, bytes_or_dash(value));
        }
        for value in [None, Some(0.0), Some(0.004), Some(0.126), Some(12.0)] {
            assert_eq!(Cores(value).render().0, cores_or_dash(value));
        }
        let minutes = Duration::from_secs(130);
        assert_eq!(Span(Some(minutes)).render().0, span(minutes));
        assert_eq!(Span(None).render().0, "–");
    }
}
