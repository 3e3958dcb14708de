//! Every page that is served, in one table.

/// What is served at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Landing,
    Metrics,
    Health,
    Healthy,
    Ready,
    Reload,
    Config,
    Subgroups,
    Snapshot,
}

/// One row of [`ROUTES`].
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) page: Page,
    /// The path, which is also the `path` label of `herakles_exporter_http_requests_total`. The
    /// metrics move with `web.telemetry_path`, their label does not.
    pub(crate) path: &'static str,
    /// What people find there; `None` for what only programs ask for.
    pub(crate) about: Option<&'static str>,
}

/// The pages in the order in which `/` lists them.
#[rustfmt::skip] // one row, one page
pub(crate) const ROUTES: &[Route] = &[
    Route { page: Page::Landing, path: "/", about: None },
    Route { page: Page::Metrics, path: "/metrics", about: Some("the metrics") },
    Route { page: Page::Health, path: "/health", about: Some("how the exporter does, in words") },
    Route { page: Page::Subgroups, path: "/subgroups", about: Some("the rules that classify processes, with live counts") },
    Route { page: Page::Config, path: "/config", about: Some("the configuration in force") },
    Route { page: Page::Snapshot, path: "/api/v1/snapshot", about: Some("every process as JSON") },
    Route { page: Page::Healthy, path: "/-/healthy", about: None },
    Route { page: Page::Ready, path: "/-/ready", about: None },
    Route { page: Page::Reload, path: "/-/reload", about: None },
];

impl Route {
    /// The route of an exact path. Nothing is decoded or normalised.
    pub(crate) fn at(path: &str, telemetry_path: &str) -> Option<&'static Self> {
        ROUTES
            .iter()
            .find(|route| route.served_at(telemetry_path) == path)
    }

    /// Where it is served.
    pub(crate) fn served_at<'p>(&self, telemetry_path: &'p str) -> &'p str {
        match self.page {
            Page::Metrics => telemetry_path,
            _ => self.path,
        }
    }
}
