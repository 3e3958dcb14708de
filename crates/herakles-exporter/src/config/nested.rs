//! How the values of the settings table become the types of [`super::Config`].

use std::num::NonZeroUsize;
use std::time::Duration;

use herakles_classify::{Glob, SearchMode};
use herakles_metrics::ProcessSeries;
use herakles_plan::Ratio;
use herakles_web::ListenAddress;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::settings::name_glob;

pub(super) fn ratio<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ratio, D::Error> {
    let number = f64::deserialize(deserializer)?;
    Ratio::new(number).ok_or_else(|| Error::custom("not a ratio above 0"))
}

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    humantime::parse_duration(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

pub(super) fn zero_is_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<NonZeroUsize>, D::Error> {
    usize::deserialize(deserializer).map(NonZeroUsize::new)
}

/// KiB into bytes.
pub(super) fn kib<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: TryFrom<u64>,
{
    u64::deserialize(deserializer)?
        .checked_mul(1024)
        .and_then(|bytes| N::try_from(bytes).ok())
        .ok_or_else(|| D::Error::custom("too many KiB"))
}

pub(super) fn globs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Glob>, D::Error> {
    let patterns = Vec::<String>::deserialize(deserializer)?;
    patterns
        .iter()
        .map(|pattern| name_glob(pattern).map_err(D::Error::custom))
        .collect()
}

pub(super) fn addresses<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ListenAddress>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts
        .iter()
        .map(|text| text.parse().map_err(D::Error::custom))
        .collect()
}

#[derive(Deserialize)]
#[serde(remote = "SearchMode", rename_all = "lowercase")]
pub(super) enum SearchModeWord {
    All,
    Include,
    Exclude,
}

#[derive(Deserialize)]
#[serde(remote = "ProcessSeries", rename_all = "lowercase")]
pub(super) enum ProcessSeriesWord {
    All,
    Top,
    None,
}
