//! Request to response, without a socket.

mod pages;
mod subgroups;

use std::sync::Arc;

use herakles_metrics::{Scope, SnapshotJson, render_live};
use herakles_web::hyper::{Method, Request, Response, StatusCode};
use herakles_web::{Body, Format, respond};

use crate::app::App;

/// What is served at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
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

impl Route {
    /// The route of an exact path. Nothing is decoded or normalised.
    fn at(path: &str, telemetry_path: &str) -> Option<Self> {
        Some(match path {
            _ if path == telemetry_path => Self::Metrics,
            "/" => Self::Landing,
            "/health" => Self::Health,
            "/-/healthy" => Self::Healthy,
            "/-/ready" => Self::Ready,
            "/-/reload" => Self::Reload,
            "/config" => Self::Config,
            "/subgroups" => Self::Subgroups,
            "/api/v1/snapshot" => Self::Snapshot,
            _ => return None,
        })
    }

    /// The `path` label of `herakles_exporter_http_requests_total`.
    fn label(self) -> &'static str {
        match self {
            Self::Landing => "/",
            Self::Metrics => "/metrics",
            Self::Health => "/health",
            Self::Healthy => "/-/healthy",
            Self::Ready => "/-/ready",
            Self::Reload => "/-/reload",
            Self::Config => "/config",
            Self::Subgroups => "/subgroups",
            Self::Snapshot => "/api/v1/snapshot",
        }
    }
}

/// Answers one request and counts it.
pub(crate) async fn answer(app: Arc<App>, request: Request<()>) -> Response<Body> {
    let route = {
        let running_config = app.running_config.load();
        Route::at(
            request.uri().path(),
            &running_config.config().web.telemetry_path,
        )
    };
    let response = match route {
        None => respond::not_found(),
        Some(route) => dispatch(&app, route, &request).await,
    };
    app.status.request(
        route.map_or("other", Route::label),
        response.status().as_u16(),
    );
    response
}

async fn dispatch(app: &Arc<App>, route: Route, request: &Request<()>) -> Response<Body> {
    // HEAD comes as GET.
    let (expected, allow) = match route {
        Route::Reload => (Method::POST, "POST"),
        _ => (Method::GET, "GET, HEAD"),
    };
    if *request.method() != expected {
        return respond::method_not_allowed(allow);
    }
    match route {
        Route::Landing => pages::landing(app),
        Route::Metrics => metrics(app, request),
        Route::Health => pages::health(app),
        Route::Healthy => respond::text(StatusCode::OK, "herakles-exporter serves\n"),
        Route::Ready => ready(app),
        Route::Reload => reload(app).await,
        Route::Config => respond::text(StatusCode::OK, app.running_config.load().loaded.to_toml()),
        Route::Subgroups => subgroups::subgroups(app),
        Route::Snapshot => snapshot(app).await,
    }
}

const NOT_YET: &str = "no refresh has succeeded yet; see /health\n";

fn metrics(app: &App, request: &Request<()>) -> Response<Body> {
    let Some(cached) = app.cache.load() else {
        return respond::text(StatusCode::SERVICE_UNAVAILABLE, NOT_YET);
    };
    let format = Format::accepted(request.headers());
    app.with_scratch(|scratch| {
        let status = Arc::new(app.exporter_status(Some(&cached)));
        if render_live(&status, Scope::Service, &mut scratch.live).is_err() {
            return respond::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the exporter's own metrics could not be written\n",
            );
        }
        let tail = match format {
            Format::OpenMetrics1_0_0 => scratch.live.openmetrics(),
            Format::Text0_0_4 => scratch.live.text(),
        };
        let exposition = cached.exposition(format);
        exposition.respond(request.headers(), tail.as_bytes(), &mut scratch.compressor)
    })
}

fn ready(app: &App) -> Response<Body> {
    if app.cache.load().is_some() {
        respond::text(StatusCode::OK, "ready\n")
    } else {
        respond::text(StatusCode::SERVICE_UNAVAILABLE, NOT_YET)
    }
}

async fn reload(app: &Arc<App>) -> Response<Body> {
    if !app.running_config.load().config().web.enable_reload {
        return respond::text(
            StatusCode::FORBIDDEN,
            "reloading by HTTP is off; set web.enable_reload = true, or send SIGHUP\n",
        );
    }
    let reloading = Arc::clone(app);
    match tokio::task::spawn_blocking(move || reloading.reload()).await {
        Ok(Ok(())) => respond::text(StatusCode::OK, "reloaded\n"),
        Ok(Err(error)) => respond::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        Err(_) => respond::text(StatusCode::INTERNAL_SERVER_ERROR, "the reload panicked\n"),
    }
}

async fn snapshot(app: &Arc<App>) -> Response<Body> {
    let Some(cached) = app.cache.load() else {
        let sentence = serde_json::json!({ "error": NOT_YET.trim_end() }).to_string();
        return respond::json(StatusCode::SERVICE_UNAVAILABLE, sentence);
    };
    let failed = || respond::text(StatusCode::INTERNAL_SERVER_ERROR, "no JSON could be made\n");
    let Ok(_one_at_a_time) = app.documents.acquire().await else {
        return failed();
    };
    let app = Arc::clone(app);
    let encoded = tokio::task::spawn_blocking(move || {
        let exporter = app.exporter_status(Some(&cached));
        let (snapshot, age) = (&*cached.snapshot, cached.age());
        serde_json::to_vec(&SnapshotJson {
            snapshot,
            age,
            exporter: &exporter,
        })
    });
    match encoded.await {
        Ok(Ok(json)) => respond::json(StatusCode::OK, json),
        _ => failed(),
    }
}
