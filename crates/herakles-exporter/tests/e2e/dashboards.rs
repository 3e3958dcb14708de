//! Every panel of our Grafana dashboard, and of public ones for process-exporter, shows something.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::harness::{
    alone::runs_alone,
    eventually,
    exporter::Options,
    prometheus::{Job, Prometheus},
    tools,
};
use crate::monitoring::{read, relabelling};

/// `monitoring/relabel/panels.toml`.
#[derive(Deserialize)]
struct Dashboards {
    dashboard: Vec<Dashboard>,
}

#[derive(Deserialize)]
struct Dashboard {
    id: u32,
    panel: Vec<Panel>,
}

#[derive(Deserialize)]
struct Panel {
    title: String,
    expr: String,
    #[serde(default)]
    empty: bool,
}

/// Every expression of our own dashboard with the title of its panel.
fn own_panels() -> Vec<(String, String)> {
    let dashboard: Value =
        serde_json::from_str(&read("monitoring/grafana/herakles.json")).expect("it is JSON");
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().expect("it has panels") {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            found.push((text(&panel["title"]), text(&target["expr"])));
        }
    }
    found
}

/// As Grafana would with All chosen everywhere.
fn interpolated(expr: &str) -> String {
    expr.replace("$__rate_interval", "1m")
        .replace("$interval", "1m")
        .replace("$processes", ".+")
        .replace("$host", ".+")
        .replace("$instance", ".+")
        .replace("$job", ".+")
        .replace("$group", ".*")
        .replace("$subgroup", ".*")
}

#[test]
fn the_panels_of_our_dashboard_and_of_public_ones_show_something() {
    if runs_alone() {
        return;
    }
    let Some(program) = tools::prometheus() else {
        return;
    };
    let exporter = Options::live().args(["--scan.io"]).start();
    exporter.wait_for_refreshes(3.0);
    let jobs = [
        Job::plain(),
        Job {
            name: "process-exporter",
            relabelling: relabelling("monitoring/relabel/process-exporter.yml"),
            ..Job::default()
        },
    ];
    let prometheus = Prometheus::start(&program, &exporter, &jobs);
    let is_empty = |expr: &str| Some(prometheus.count(&interpolated(expr))? == 0.0);
    let own = own_panels();
    assert!(own.len() > 25, "{} expressions", own.len());
    for (title, expr) in own {
        eventually(&format!("{title}: {expr}"), || {
            (is_empty(&expr) == Some(false)).then_some(())
        });
    }

    let public: Dashboards =
        toml::from_str(&read("monitoring/relabel/panels.toml")).expect("the panels are TOML");
    let mut dark = BTreeSet::new();
    for Dashboard { id, panel } in &public.dashboard {
        for Panel { title, expr, empty } in panel {
            if *empty {
                assert_eq!(is_empty(expr), Some(true), "{id} {title}: {expr}");
                dark.insert(format!("| {id} | {title} |"));
                continue;
            }
            eventually(&format!("{id} {title}: {expr}"), || {
                (is_empty(expr) == Some(false)).then_some(())
            });
        }
    }
    let page = read("docs/migrating.md");
    let (_, table) = page
        .split_once("dark panels: begin")
        .expect("the page lists them");
    let (table, _) = table
        .split_once("<!-- dark panels: end")
        .expect("the list ends");
    let listed: BTreeSet<String> = table
        .lines()
        .filter(|line| line.starts_with('|') && line.contains(char::is_numeric))
        .map(|line| {
            line.rsplit_once(" | ")
                .expect("a row has a reason")
                .0
                .to_owned()
                + " |"
        })
        .collect();
    assert_eq!(
        listed, dark,
        "docs/migrating.md lists exactly what stays empty"
    );
    assert_eq!(prometheus.log(), "", "Prometheus has nothing to warn about");
}
