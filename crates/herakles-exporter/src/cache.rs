//! What scrapes are served from: the last good snapshot, in the forms that are asked for.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use herakles_collect::RuleCounts;
use herakles_metrics::exporter::ExpositionBytes;
use herakles_metrics::{Attribution, Scope, Snapshot, TextFormat, render, render_pieces};
use herakles_web::gzip::{Compressor, MemberWriter};
use herakles_web::{Coding, Exposition, Form, Format};

/// A form that nobody has asked for within this time is no longer made at each refresh.
const WANTED: Duration = Duration::from_secs(600);

/// One refresh's result.
pub(crate) struct CachedRefresh {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) rule_counts: RuleCounts,
    /// Whether the memory of some processes may not be read.
    pub(crate) is_refused_memory: bool,
    pub(crate) forms: Forms,
    /// What became of the CPU time since the refresh before.
    pub(crate) attribution: Option<Attribution>,
    /// When the scan ended, on the clock that never jumps.
    pub(crate) taken: Instant,
}

impl CachedRefresh {
    pub(crate) fn age(&self) -> Duration {
        self.taken.elapsed()
    }
}

/// The forms of one snapshot, each made once: by the refresh or by the first scrape that wants it.
#[derive(Default)]
pub(crate) struct Forms([OnceLock<Exposition>; Form::ALL.len()]);

/// Buffers for making forms, to be kept where many are made.
#[derive(Default)]
pub(crate) struct FormMaker {
    text: String,
    compressor: Compressor,
}

impl FormMaker {
    fn make(&mut self, form: Form, snapshot: &Snapshot) -> Exposition {
        let Self { text, compressor } = self;
        let format = text_format(form.format);
        match form.coding {
            Coding::Identity => {
                text.clear();
                render(snapshot, format, Scope::Service, text);
                Exposition::new(form, text.as_bytes(), compressor)
            }
            Coding::Gzip => {
                let mut writer = MemberWriter::new(compressor);
                render_pieces(snapshot, format, Scope::Service, text, |piece| {
                    writer.write(piece.as_bytes());
                });
                Exposition::compressed(form.format, writer.finish())
            }
        }
    }
}

impl Forms {
    pub(crate) fn get(&self, form: Form) -> Option<&Exposition> {
        self.slot(form)?.get()
    }

    /// Makes a form of the snapshot these belong to, unless it is there or being made: then waits
    /// for that. Not for an async thread.
    pub(crate) fn make(&self, form: Form, snapshot: &Arc<Snapshot>, maker: &mut FormMaker) {
        let make = || maker.make(form, snapshot);
        if let Some(slot) = self.slot(form) {
            slot.get_or_init(make);
        }
    }

    /// The sizes of those that are there.
    pub(crate) fn sizes(&self) -> ExpositionBytes {
        let len = |format, coding| {
            let made = self.get(Form::new(format, coding))?;
            Some(made.shared_len())
        };
        ExpositionBytes {
            openmetrics: len(Format::OpenMetrics1_0_0, Coding::Identity),
            openmetrics_gzip: len(Format::OpenMetrics1_0_0, Coding::Gzip),
            text: len(Format::Text0_0_4, Coding::Identity),
            text_gzip: len(Format::Text0_0_4, Coding::Gzip),
        }
    }

    fn slot(&self, form: Form) -> Option<&OnceLock<Exposition>> {
        self.0.get(index(form)?)
    }
}

/// What a client calls a format, as the writer of expositions calls it.
pub(crate) fn text_format(format: Format) -> TextFormat {
    match format {
        Format::OpenMetrics1_0_0 => TextFormat::OpenMetrics,
        Format::Text0_0_4 => TextFormat::Text,
    }
}

fn index(form: Form) -> Option<usize> {
    Form::ALL.iter().position(|known| *known == form)
}

/// The current [`CachedRefresh`]. A reader takes a reference and never waits; the refresh replaces
/// it whole, so nobody sees half of one.
pub(crate) struct Cache {
    current: ArcSwapOption<CachedRefresh>,
    started: Instant,
    /// For each form when it was last asked for, in seconds after the start and from 1.
    asked: [AtomicU64; Form::ALL.len()],
}

impl Cache {
    pub(crate) fn new() -> Self {
        Self {
            current: ArcSwapOption::empty(),
            started: Instant::now(),
            asked: Default::default(),
        }
    }

    pub(crate) fn load(&self) -> Option<Arc<CachedRefresh>> {
        self.current.load_full()
    }

    /// Replaces the current one, which is freed here unless a scrape still sends it.
    pub(crate) fn publish(&self, cached: CachedRefresh) {
        self.current.store(Some(Arc::new(cached)));
    }

    /// Records that a form is asked for.
    pub(crate) fn ask(&self, form: Form, now: Instant) {
        if let Some(asked) = index(form).and_then(|index| self.asked.get(index)) {
            asked.store(self.second(now), Relaxed);
        }
    }

    /// The forms that somebody has asked for of late.
    pub(crate) fn wanted(&self, now: Instant) -> impl Iterator<Item = Form> {
        let since = self.second(now).saturating_sub(WANTED.as_secs()).max(1);
        let forms = Form::ALL.into_iter().zip(&self.asked);
        forms
            .filter(move |(_, asked)| asked.load(Relaxed) >= since)
            .map(|(form, _)| form)
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.started).as_secs() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_wanted_for_ten_minutes_after_it_was_asked_for() {
        let cache = Cache::new();
        let at = |minutes: u64| cache.started + Duration::from_secs(60 * minutes);
        let wanted = |minutes| cache.wanted(at(minutes)).collect::<Vec<_>>();
        assert_eq!(wanted(0), []);
        let [first, second, ..] = Form::ALL;
        cache.ask(first, at(0));
        assert_eq!(wanted(9), [first]);
        cache.ask(second, at(9));
        assert_eq!(wanted(10), [first, second]);
        assert_eq!(wanted(11), [second]);
        assert_eq!(wanted(20), []);
    }
}
