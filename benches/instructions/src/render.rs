//! The page of 1,000 processes in 50 subgroups.

use std::hint::black_box;

use herakles_metrics::{Scope, Selection, TextFormat, render};

use crate::snapshot::{self, PROCESSES};

fn page(format: TextFormat) -> Box<dyn FnMut()> {
    let names: Vec<_> = (1..=PROCESSES)
        .map(|pid| format!("worker-{}", pid % 97).into())
        .collect();
    let snapshot = snapshot::of(&names, &mut Selection::default());
    let mut page = String::new();
    Box::new(move || {
        page.clear();
        render(&snapshot, format, Scope::Service, &mut page);
        black_box(&page);
    })
}

pub(crate) fn text() -> Box<dyn FnMut()> {
    page(TextFormat::Text)
}

pub(crate) fn openmetrics() -> Box<dyn FnMut()> {
    page(TextFormat::OpenMetrics)
}
