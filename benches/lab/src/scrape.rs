//! The text format of Prometheus, version 0.0.4, as far as exporters of processes write it.

use std::collections::HashSet;

/// The samples of one scrape, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Scrape {
    samples: Vec<SampleLine>,
    counters: HashSet<String>,
}

/// One sample.
#[derive(Debug)]
pub(crate) struct SampleLine {
    /// Name and labels, as written.
    pub(crate) series: String,
    pub(crate) value: f64,
}

impl SampleLine {
    fn name(&self) -> &str {
        self.series.split('{').next().unwrap_or(&self.series)
    }

    /// Whether a label has this value. Values with quotes or backslashes are never asked for.
    fn has(&self, label: &str, value: &str) -> bool {
        [
            format!("{{{label}=\"{value}\""),
            format!(",{label}=\"{value}\""),
        ]
        .iter()
        .any(|text| self.series.contains(text))
    }
}

impl Scrape {
    /// Reads a body. Lines that are no samples are skipped.
    pub(crate) fn parse(text: &str) -> Self {
        let mut read = Self::default();
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                if let Some(name) = kind.strip_suffix(" counter") {
                    read.counters.insert(name.to_owned());
                }
            } else if !line.starts_with('#')
                && let Some((series, value)) = line.rsplit_once(' ')
                && let Ok(value) = value.parse()
            {
                read.samples.push(SampleLine {
                    series: series.to_owned(),
                    value,
                });
            }
        }
        read
    }

    /// The sum of a family over the series that have all these labels; 0 without any.
    pub(crate) fn sum(&self, family: &str, labels: &[(&str, &str)]) -> f64 {
        self.samples
            .iter()
            .filter(|it| it.name() == family)
            .filter(|it| labels.iter().all(|(label, value)| it.has(label, value)))
            .map(|it| it.value)
            // The sum of nothing would be -0.
            .fold(0.0, |sum, value| sum + value)
    }

    /// How many samples there are.
    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }

    /// The samples of counters.
    pub(crate) fn counters(&self) -> impl Iterator<Item = &SampleLine> {
        self.samples
            .iter()
            .filter(|it| self.counters.contains(it.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_go_by_whole_names_and_labels() {
        let read = Scrape::parse(
            "# TYPE a_total counter\n\
             a_total{group=\"x\",subgroup=\"y\"} 1.5\n\
             a_total{group=\"z\",subgroup=\"x\"} 2\n\
             a_total_more{group=\"x\"} 4\n\
             # TYPE b gauge\n\
             b 3\n",
        );
        assert_eq!(read.sum("a_total", &[("group", "x")]), 1.5);
        assert_eq!(read.sum("a_total", &[]), 3.5);
        assert!(read.sum("none", &[]).is_sign_positive());
        assert_eq!(read.counters().count(), 2);
    }
}
