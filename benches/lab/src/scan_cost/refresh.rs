//! A whole refresh, phase by phase: the scan, and what is made of it for a scraper.

use std::sync::Arc;

use herakles_collect::{Collector, Options, ScanPhase};
use herakles_metrics::{MemoryReads, Scope, Snapshot, TextFormat, render_pieces};
use herakles_scan::ProcFs;
use herakles_web::gzip::{Compressor, MemberWriter};
use herakles_web::{Exposition, Format};

use crate::{
    clock::{Cost, Stopwatch},
    failure::Failure,
};

/// What Prometheus asks for, and so all that the program makes.
const FORMAT: Format = Format::OpenMetrics1_0_0;

/// A part of a refresh, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Scan(ScanPhase),
    Render,
    Compress,
    /// The new one in the place of the old one, which is freed.
    Publish,
}

impl Phase {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Scan(phase) => phase.as_str(),
            Self::Render => "render",
            Self::Compress => "compress",
            Self::Publish => "publish",
        }
    }
}

/// What each phase of a refresh cost.
pub(super) type Phases = Vec<(Phase, Cost)>;

/// The engine, and what the program makes of its scans for one scraper.
pub(super) struct Refresher {
    collector: Collector<ProcFs>,
    text: String,
    compressor: Compressor,
    /// What is served until the next refresh.
    published: Option<(Arc<Snapshot>, Exposition)>,
}

/// One refresh.
pub(super) struct Refresh {
    pub(super) phases: Phases,
    /// Where the memory samples came from.
    pub(super) reads: MemoryReads,
    pub(super) snapshot: Arc<Snapshot>,
}

impl Refresh {
    /// What the phases of the scan cost together.
    pub(super) fn of_scan(&self) -> Cost {
        sum(&self.phases, |phase| matches!(phase, Phase::Scan(_)))
    }
}

/// What some of the phases cost together.
pub(super) fn sum(phases: &Phases, counts: impl Fn(Phase) -> bool) -> Cost {
    let mut sum = Cost::default();
    for (_, cost) in phases.iter().filter(|(phase, _)| counts(*phase)) {
        sum += *cost;
    }
    sum
}

impl Refresher {
    /// The engine that does as `options` say.
    ///
    /// # Errors
    /// When there is no procfs.
    pub(super) fn open(options: Options) -> Result<Self, Failure> {
        let collector = Collector::open("/proc", options)
            .map_err(|e| Failure::new(format!("cannot open /proc: {e}")))?;
        Ok(Self {
            collector,
            text: String::new(),
            compressor: Compressor::new(),
            published: None,
        })
    }

    /// Refreshes once.
    ///
    /// # Errors
    /// When the engine cannot scan.
    pub(super) fn refresh(&mut self) -> Result<Refresh, Failure> {
        let mut phases = Phases::with_capacity(8);
        let mut watch = Stopwatch::start();
        let scan = self
            .collector
            .scan_observed(&mut |phase| phases.push((Phase::Scan(phase), watch.lap())));
        let scan = scan.map_err(|e| Failure::new(format!("the engine cannot scan: {e}")))?;
        let snapshot = Arc::new(scan.snapshot);
        let (mut rendering, mut compressing) = (Cost::default(), Cost::default());
        let mut writer = MemberWriter::new(&mut self.compressor);
        let format = TextFormat::OpenMetrics;
        render_pieces(&snapshot, format, Scope::Service, &mut self.text, |piece| {
            rendering += watch.lap();
            writer.write(piece.as_bytes());
            compressing += watch.lap();
        });
        rendering += watch.lap();
        let exposition = Exposition::compressed(FORMAT, writer.finish());
        compressing += watch.lap();
        phases.push((Phase::Render, rendering));
        phases.push((Phase::Compress, compressing));
        self.published = Some((Arc::clone(&snapshot), exposition));
        phases.push((Phase::Publish, watch.lap()));
        Ok(Refresh {
            phases,
            reads: scan.stats.reads,
            snapshot,
        })
    }
}
