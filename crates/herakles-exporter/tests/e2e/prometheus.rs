//! A real Prometheus scrapes the exporter and answers queries.

use crate::harness::{
    alone::runs_alone,
    eventually,
    exporter::Options,
    prometheus::{Job, Prometheus},
    target::{self, Target},
    tools,
};

#[test]
fn it_scrapes_and_finds_a_process_of_this_test() {
    let Some(program) = tools::prometheus() else {
        return;
    };
    if runs_alone() {
        return;
    }
    let child = Target::start(b"hk-scraped", &target::hold_megabytes(12));
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(1.0);
    let job = Job::plain();
    let prometheus = Prometheus::start(&program, &exporter, &[job]);

    // On a busy machine a scrape may take longer than the interval and be given up.
    let target = prometheus.target_that_is("up");
    assert_eq!(target["lastError"], "", "{target}\n{}", prometheus.log());
    eventually("the scrape to be stored", || {
        (prometheus.query("up") == Some(1.0)).then_some(())
    });

    let selector = format!("{{pid=\"{}\",name=\"hk-scraped\"}}", child.pid());
    let uss = eventually("the process to be found", || {
        prometheus.query(&format!("herakles_process_memory_uss_bytes{selector}"))
    });
    assert!((12e6..40e6).contains(&uss), "{uss}");
    // Both belong to one scrape, and the next may come between the two questions.
    eventually("all samples of a scrape to be kept", || {
        let scraped = prometheus.query("scrape_samples_scraped")?;
        let kept = prometheus.query("scrape_samples_post_metric_relabeling")?;
        (scraped > 100.0 && scraped == kept).then_some(())
    });

    // Units arrive by OpenMetrics only, so this shows which format was spoken.
    let data = eventually("metadata", || {
        let path = "/api/v1/targets/metadata?metric=herakles_process_memory_uss_bytes";
        prometheus.ask(path).filter(|data| data.get(0).is_some())
    });
    assert_eq!(data[0]["type"], "gauge");
    assert_eq!(data[0]["unit"], "bytes");
    assert_ne!(data[0]["help"], "");
    let data = eventually("metadata", || {
        let path = "/api/v1/targets/metadata?metric=herakles_subgroup_cpu_seconds";
        prometheus.ask(path).filter(|data| data.get(0).is_some())
    });
    assert_eq!(data[0]["type"], "counter");
    assert_eq!(data[0]["unit"], "seconds");
    assert_eq!(prometheus.log(), "", "Prometheus has nothing to warn about");
}
