//! One sample of a family: its label values and its number.

use std::borrow::Cow;

/// The value of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    Integer(u64),
    Real(f64),
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(u64::from(value))
    }
}

/// A sample with the values of its family's labels; the places beyond those are empty.
#[derive(Clone, Debug)]
pub(crate) struct Sample<'a> {
    pub(crate) labels: [Cow<'a, str>; 4],
    pub(crate) value: Value,
}

impl<'a> Sample<'a> {
    pub(crate) fn plain(value: impl Into<Value>) -> Self {
        Self::labelled([], value)
    }

    pub(crate) fn labelled<const N: usize>(labels: [&'a str; N], value: impl Into<Value>) -> Self {
        let mut labels = labels.into_iter().map(Cow::Borrowed);
        Self {
            labels: std::array::from_fn(|_| labels.next().unwrap_or_default()),
            value: value.into(),
        }
    }

    /// Label names with their values.
    pub(crate) fn labelled_by(
        &self,
        names: &'static [&'static str],
    ) -> impl Iterator<Item = (&'static str, &str)> {
        names
            .iter()
            .copied()
            .zip(self.labels.iter().map(AsRef::as_ref))
    }

    pub(crate) fn optional(value: Option<impl Into<Value>>) -> Vec<Self> {
        value.into_iter().map(Self::plain).collect()
    }

    pub(crate) fn each<V: Into<Value>>(
        samples: impl IntoIterator<Item = (&'a str, V)>,
    ) -> Vec<Self> {
        samples
            .into_iter()
            .map(|(label, value)| Self::labelled([label], value))
            .collect()
    }

    pub(crate) fn request(path: &'a str, code: u16, count: u64) -> Self {
        let mut sample = Self::labelled([path], count);
        sample.labels[1] = Cow::Owned(code.to_string());
        sample
    }
}
