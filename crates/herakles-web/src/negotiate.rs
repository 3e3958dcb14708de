//! What a client accepts: exposition format and content coding.

use hyper::HeaderMap;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderName, HeaderValue};

/// A text exposition format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// OpenMetrics 1.0.0 text.
    OpenMetrics1_0_0,
    /// Prometheus text 0.0.4, which every scraper reads.
    Text0_0_4,
}

impl Format {
    /// The exact `Content-Type`. Prometheus 3 fails a scrape whose type it cannot parse.
    #[must_use]
    pub const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::OpenMetrics1_0_0 => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text0_0_4 => "text/plain; version=0.0.4; charset=utf-8",
        })
    }

    /// The best format for these request headers by quality, then by how exactly it was named.
    ///
    /// Parameters other than `version` and `q` (such as `escaping`) play no part. What cannot be
    /// satisfied or read gets [`Format::Text0_0_4`]: a scrape is never answered 406.
    ///
    /// ```
    /// use herakles_web::{Format, hyper::Request};
    ///
    /// let request = Request::get("/metrics")
    ///     .header("accept", "application/openmetrics-text;version=1.0.0,*/*;q=0.1")
    ///     .body(())?;
    /// assert_eq!(Format::accepted(request.headers()), Format::OpenMetrics1_0_0);
    /// # Ok::<(), hyper::http::Error>(())
    /// ```
    #[must_use]
    pub fn accepted(headers: &HeaderMap) -> Self {
        let open_metrics = Self::OpenMetrics1_0_0.preference(headers);
        let text = Self::Text0_0_4.preference(headers);
        if open_metrics.quality > Quality::REFUSED && open_metrics > text {
            Self::OpenMetrics1_0_0
        } else {
            Self::Text0_0_4
        }
    }

    const fn media_type(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::OpenMetrics1_0_0 => ("application", "openmetrics-text", "1.0.0"),
            Self::Text0_0_4 => ("text", "plain", "0.0.4"),
        }
    }

    /// What the most specific range that covers this format says of it (RFC 9110, 12.5.1).
    fn preference(self, headers: &HeaderMap) -> Preference {
        elements(headers, &ACCEPT)
            .filter_map(|range| {
                let specificity = self.specificity(range)?;
                Some(Preference {
                    quality: Quality::of(range)?,
                    specificity,
                })
            })
            .max_by_key(|preference| (preference.specificity, preference.quality))
            .unwrap_or_default()
    }

    /// How exactly a media range names this format; `None` if it does not cover it.
    fn specificity(self, range: &str) -> Option<Specificity> {
        let (main, sub, version) = self.media_type();
        let (range_main, range_sub) = name(range).split_once('/')?;
        if range_main == "*" && range_sub == "*" {
            return Some(Specificity::Anything);
        }
        if !range_main.eq_ignore_ascii_case(main) {
            return None;
        }
        if range_sub == "*" {
            return Some(Specificity::MainType);
        }
        if !range_sub.eq_ignore_ascii_case(sub) {
            return None;
        }
        match parameter(range, "version") {
            None => Some(Specificity::Type),
            Some(wanted) => (wanted == version).then_some(Specificity::Version),
        }
    }
}

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// gzip, RFC 1952.
    Gzip,
    /// The bytes as they are.
    Identity,
}

impl Coding {
    /// The coding for these request headers: gzip where it is accepted and not ranked below
    /// identity, else identity. A client that refuses both gets identity, never 406.
    #[must_use]
    pub fn accepted(headers: &HeaderMap) -> Self {
        // What the first element of each name says; every scrape comes here, so by one pass.
        let (mut gzip, mut x_gzip, mut identity, mut anything) = (None, None, None, None);
        for element in elements(headers, &ACCEPT_ENCODING) {
            let name = name(element);
            let is = |coding: &str| name.eq_ignore_ascii_case(coding);
            let said = if is("gzip") {
                &mut gzip
            } else if is("x-gzip") {
                &mut x_gzip
            } else if is("identity") {
                &mut identity
            } else if is("*") {
                &mut anything
            } else {
                continue;
            };
            said.get_or_insert_with(|| Quality::of(element));
        }
        let anything = anything.flatten();
        let gzip = gzip.flatten().or(x_gzip.flatten()).or(anything);
        // Identity needs no mention to be acceptable, but then it is the last resort.
        let identity = identity.flatten().or(anything).unwrap_or(Quality::REFUSED);
        match gzip {
            Some(gzip) if gzip > Quality::REFUSED && gzip >= identity => Self::Gzip,
            _ => Self::Identity,
        }
    }
}

/// How exactly a media range names a format, least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Specificity {
    #[default]
    Anything,
    MainType,
    Type,
    Version,
}

/// A quality value in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Quality(u16);

impl Quality {
    const REFUSED: Self = Self(0);
    const FULL: Self = Self(1000);

    /// The `q` of a list element, full if it has none, `None` if it cannot be read.
    fn of(element: &str) -> Option<Self> {
        parameter(element, "q").map_or(Some(Self::FULL), Self::parse)
    }

    /// `0`, `1`, or one of them with up to three decimals, at most 1 (RFC 9110, 12.4.2).
    fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = decimals.bytes().chain(std::iter::repeat(b'0')).take(3);
        let thousandths = digits.fold(0, |value, digit| value * 10 + u16::from(digit - b'0'));
        match whole {
            "0" => Some(Self(thousandths)),
            "1" if thousandths == 0 => Some(Self::FULL),
            _ => None,
        }
    }
}

/// Ordered by quality first: a client's wish counts more than the way it is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Preference {
    quality: Quality,
    specificity: Specificity,
}

/// The elements of a list header, over all its lines.
fn elements<'h>(headers: &'h HeaderMap, header: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers
        .get_all(header)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
}

/// What stands before the parameters of an element.
fn name(element: &str) -> &str {
    element.split(';').next().unwrap_or_default().trim()
}

/// The value of the first parameter of this name, without quotes.
fn parameter<'e>(element: &'e str, wanted: &str) -> Option<&'e str> {
    element.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests;
