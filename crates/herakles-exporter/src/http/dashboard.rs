//! The pages of the dashboard as responses: who they are about, whether they changed, compressed.

use std::io::Write as _;
use std::sync::Arc;

use herakles_classify::{Rule, display_name};
use herakles_dashboard::{
    CONTENT_SECURITY_POLICY, Link, PagePath, ProcessDetails, Query, Rights, RuleLine, View,
};
use herakles_metrics::exporter::ExporterStatus;
use herakles_scan::Capabilities;
use herakles_web::gzip::Compressor;
use herakles_web::hyper::{Request, Response, StatusCode};
use herakles_web::{Body, BodyWriter, Coding, Document, EntityTag, respond};
use tokio::task::spawn_blocking;

use super::{NOT_YET, look, pages};
use crate::app::App;
use crate::cache::CachedRefresh;
use crate::cli::BUILD;
use crate::config::RunningConfig;
use crate::routes::ROUTES;

/// `/`, `/subgroup/GROUP/SUBGROUP` or `/process/PID`.
pub(super) async fn page(app: &Arc<App>, request: &Request<()>) -> Response<Body> {
    let uri = request.uri();
    let Some(path) = PagePath::at(uri.path()) else {
        return respond::not_found();
    };
    let Some(cached) = app.cache.load() else {
        return respond::text(StatusCode::SERVICE_UNAVAILABLE, NOT_YET);
    };
    let exporter = app.exporter_status(Some(&cached)).await;
    let (is_healthy, state) = pages::health_of(app, Some(&cached));
    let times = [exporter.started_seconds, cached.snapshot.taken_at_seconds()];
    let unhealthy_for = (!is_healthy).then(|| cached.age().as_secs());
    // A page changes with the snapshot, with what is asked, and with what is wrong. What it says
    // of the exporter may be a little older than that: the validator is a weak one.
    let tag = EntityTag::of(&(
        times.map(f64::to_bits),
        (uri.path(), uri.query()),
        (unhealthy_for, exporter.cache_update_success),
        exporter.config_reload.map(|reload| reload.successful),
    ));
    if tag.is_known(request.headers()) {
        return tag.not_modified();
    }
    let details = match &path {
        PagePath::Process { pid } => look::at(app, *pid).await,
        _ => ProcessDetails::default(),
    };
    let Ok(_one_at_a_time) = app.documents.acquire().await else {
        return respond::not_found();
    };
    let query = Query::parse(uri.query().unwrap_or_default());
    let unhealthy = (!is_healthy).then_some(state);
    let drawing = Arc::clone(app);
    let coding = Coding::accepted(request.headers());
    let drawn = spawn_blocking(move || {
        let page = Drawing {
            app: &drawing,
            cached: &cached,
            exporter: &exporter,
            unhealthy,
        };
        let html = page.draw(&path, &query, &details, coding)?;
        let document = Document {
            content_type: "text/html; charset=utf-8",
            policy: CONTENT_SECURITY_POLICY,
            tag,
        };
        Some(coding.put_on(document.respond(html)))
    });
    match drawn.await {
        Ok(Some(response)) => response,
        Ok(None) => respond::text(
            StatusCode::NOT_FOUND,
            "the last scan saw nothing of this name; it may have ended\n",
        ),
        Err(_) => respond::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the page could not be drawn\n",
        ),
    }
}

/// What one page is drawn from.
struct Drawing<'a> {
    app: &'a App,
    cached: &'a CachedRefresh,
    exporter: &'a ExporterStatus,
    /// Why the exporter is not well.
    unhealthy: Option<String>,
}

impl Drawing<'_> {
    /// The page in a coding; `None` if the snapshot knows nothing of that name.
    fn draw(
        &self,
        path: &PagePath,
        query: &Query,
        details: &ProcessDetails,
        coding: Coding,
    ) -> Option<Body> {
        let running_config = self.app.running_config.load();
        let config = running_config.config();
        let links: Vec<Link<'_>> = ROUTES
            .iter()
            .filter_map(|route| {
                let (label, about) = route.link?;
                Some(Link {
                    path: route.served_at(&config.web.telemetry_path),
                    label,
                    about,
                })
            })
            .collect();
        let names = rustix::system::uname();
        let host_name = display_name(names.nodename().to_bytes());
        let may_read = Capabilities::effective().is_ok_and(|capabilities| capabilities.sys_ptrace);
        self.app.with_history(|history| {
            let view = View {
                snapshot: &self.cached.snapshot,
                history,
                exporter: self.exporter,
                host_name: &host_name,
                links: &links,
                refresh_every: config.scan.cache_ttl,
                unhealthy: self.unhealthy.as_deref(),
                rights: if may_read {
                    Rights::Full
                } else {
                    Rights::Lacking
                },
            };
            let page = match path {
                PagePath::Subgroup { group, subgroup } => {
                    let rules = self.rules_for(&running_config, group, subgroup);
                    view.subgroup(group, subgroup, &rules, query)?
                }
                PagePath::Process { pid } => view.process(*pid, details)?,
                _ => view.overview(query),
            };
            let mut compressor = Compressor::thorough();
            let mut writer = BodyWriter::new(coding, &mut compressor);
            write!(writer, "{page}").ok()?;
            Some(writer.finish())
        })
    }

    /// The rules that may lead to a subgroup of the snapshot.
    fn rules_for(&self, running: &RunningConfig, group: &str, subgroup: &str) -> Vec<RuleLine> {
        let mut rules: Vec<_> = running.options.classifier.rules().iter().collect();
        rules.retain(|rule| rule.may_lead_to(group, subgroup));
        let line = |rule: &Arc<Rule>| RuleLine {
            origin: rule.origin().to_string(),
            patterns: rule.conditions(),
            processes: Some(self.cached.rule_counts.of(rule).processes),
        };
        rules.into_iter().map(line).collect()
    }
}

/// The style sheet or the script of the pages.
pub(super) fn asset(content_type: &'static str, text: &'static str) -> Response<Body> {
    let asset = Document {
        content_type,
        policy: CONTENT_SECURITY_POLICY,
        tag: EntityTag::of(&(BUILD.version, text)),
    };
    asset.respond(text)
}
