//! Every page that is served, in one table.

use herakles_dashboard::{SCRIPT_PATH, STYLE_PATH};

/// What is served at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Overview,
    Subgroup,
    Process,
    Style,
    Script,
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
    /// What its link is called and what people find there; `None` for what has no link.
    pub(crate) link: Option<(&'static str, &'static str)>,
}

/// The pages in the order in which `/` links them.
#[rustfmt::skip] // one row, one page
pub(crate) const ROUTES: &[Route] = &[
    Route { page: Page::Overview, path: "/", link: None },
    Route { page: Page::Subgroup, path: "/subgroup", link: None },
    Route { page: Page::Process, path: "/process", link: None },
    Route { page: Page::Style, path: STYLE_PATH, link: None },
    Route { page: Page::Script, path: SCRIPT_PATH, link: None },
    Route { page: Page::Subgroups, path: "/subgroups", link: Some(("Rules", "the rules that classify processes, with live counts")) },
    Route { page: Page::Config, path: "/config", link: Some(("Config", "the configuration in force")) },
    Route { page: Page::Health, path: "/health", link: Some(("Health", "how the exporter does, in words")) },
    Route { page: Page::Snapshot, path: "/api/v1/snapshot", link: Some(("JSON", "every process as JSON")) },
    Route { page: Page::Metrics, path: "/metrics", link: Some(("Metrics", "the metrics")) },
    Route { page: Page::Healthy, path: "/-/healthy", link: None },
    Route { page: Page::Ready, path: "/-/ready", link: None },
    Route { page: Page::Reload, path: "/-/reload", link: None },
];

impl Route {
    /// The route of a path. Nothing is decoded or normalised.
    pub(crate) fn at(path: &str, telemetry_path: &str) -> Option<&'static Self> {
        let exact = |route: &&Self| route.served_at(telemetry_path) == path;
        let exact = ROUTES.iter().filter(|route| !route.has_names()).find(exact);
        exact.or_else(|| {
            let mut named = ROUTES.iter().filter(|route| route.has_names());
            named.find(|route| {
                path.strip_prefix(route.path)
                    .is_some_and(|rest| rest.starts_with('/'))
            })
        })
    }

    /// Whether names of what is shown follow the path.
    fn has_names(&self) -> bool {
        matches!(self.page, Page::Subgroup | Page::Process)
    }

    /// The `path` label of a request that met this route, or none.
    pub(crate) fn label(route: Option<&Self>) -> &'static str {
        route.map_or("other", |route| route.path)
    }

    /// Where it is served.
    pub(crate) fn served_at<'p>(&self, telemetry_path: &'p str) -> &'p str {
        match self.page {
            Page::Metrics => telemetry_path,
            _ => self.path,
        }
    }
}
