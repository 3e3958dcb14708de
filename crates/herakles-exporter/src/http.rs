//! Request to response, without a socket.

mod dashboard;
mod look;
mod pages;
mod subgroups;

use std::sync::Arc;
use std::time::Instant;

use herakles_dashboard::{SCRIPT, STYLE};
use herakles_metrics::{Scope, SnapshotJson, render_live};
use herakles_web::hyper::{Method, Request, Response, StatusCode};
use herakles_web::{Body, BodyWriter, Coding, EntityTag, Form, negotiated, respond};
use tokio::task::spawn_blocking;

use crate::app::App;
use crate::cache::{FormMaker, text_format};
use crate::routes::{Page, Route};

/// Answers one request and counts it.
pub(crate) async fn answer(app: Arc<App>, request: Request<()>) -> Response<Body> {
    let route = {
        let running_config = app.running_config.load();
        let telemetry_path = &running_config.config().web.telemetry_path;
        Route::at(request.uri().path(), telemetry_path)
    };
    let response = match route {
        None => respond::not_found(),
        Some(route) => dispatch(&app, route.page, &request).await,
    };
    let headers = request.headers();
    let response = app.with_scratch(|it| negotiated(headers, response, &mut it.compressor));
    app.status
        .request(Route::label(route), response.status().as_u16());
    response
}

async fn dispatch(app: &Arc<App>, page: Page, request: &Request<()>) -> Response<Body> {
    // HEAD comes as GET.
    let (expected, allow) = match page {
        Page::Reload => (Method::POST, "POST"),
        _ => (Method::GET, "GET, HEAD"),
    };
    if *request.method() != expected {
        return respond::method_not_allowed(allow);
    }
    match page {
        Page::Overview | Page::Subgroup | Page::Process => dashboard::page(app, request).await,
        Page::Style => dashboard::asset("text/css; charset=utf-8", STYLE),
        Page::Script => dashboard::asset("text/javascript; charset=utf-8", SCRIPT),
        Page::Metrics => metrics(app, Form::accepted(request.headers())).await,
        Page::Health => pages::health(app).await,
        Page::Healthy => respond::text(StatusCode::OK, "herakles-exporter serves\n"),
        Page::Ready => ready(app),
        Page::Reload => reload(app).await,
        Page::Config => kept(app.running_config.load().loaded.to_toml()),
        Page::Subgroups => subgroups::subgroups(app, request),
        Page::Snapshot => snapshot(app, request).await,
    }
}

const NOT_YET: &str = "no refresh has succeeded yet; see /health\n";

async fn metrics(app: &Arc<App>, form: Form) -> Response<Body> {
    let Some(cached) = app.cache.load() else {
        return respond::text(StatusCode::SERVICE_UNAVAILABLE, NOT_YET);
    };
    app.cache.ask(form, Instant::now());
    if cached.forms.get(form).is_none() {
        let making = Arc::clone(&cached);
        let make = move || {
            let maker = &mut FormMaker::default();
            making.forms.make(form, &making.snapshot, maker);
        };
        // Should it panic, the form is not there.
        let _ = spawn_blocking(make).await;
    }
    let status = Arc::new(app.exporter_status(Some(&cached)).await);
    let failed = |what| respond::text(StatusCode::INTERNAL_SERVER_ERROR, what);
    let Some(exposition) = cached.forms.get(form) else {
        return failed("the metrics could not be written\n");
    };
    app.with_scratch(|scratch| {
        scratch.live.clear();
        let format = text_format(form.format);
        render_live(&status, format, Scope::Service, &mut scratch.live);
        exposition.respond(scratch.live.as_bytes(), &mut scratch.compressor)
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
    match spawn_blocking(move || reloading.reload()).await {
        Ok(Ok(())) => respond::text(StatusCode::OK, "reloaded\n"),
        Ok(Err(error)) => respond::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        Err(_) => respond::text(StatusCode::INTERNAL_SERVER_ERROR, "the reload panicked\n"),
    }
}

/// A text that says the same until the snapshot or the configuration changes.
fn kept(text: String) -> Response<Body> {
    EntityTag::of(&text).put_on(respond::text(StatusCode::OK, text))
}

async fn snapshot(app: &Arc<App>, request: &Request<()>) -> Response<Body> {
    let Some(cached) = app.cache.load() else {
        let sentence = serde_json::json!({ "error": NOT_YET.trim_end() }).to_string();
        return respond::json(StatusCode::SERVICE_UNAVAILABLE, sentence);
    };
    let exporter = app.exporter_status(Some(&cached)).await;
    let failed = || respond::text(StatusCode::INTERNAL_SERVER_ERROR, "no JSON could be made\n");
    let Ok(_one_at_a_time) = app.documents.acquire().await else {
        return failed();
    };
    let coding = Coding::accepted(request.headers());
    let encoding = Arc::clone(app);
    let encoded = spawn_blocking(move || {
        let json = SnapshotJson {
            snapshot: &cached.snapshot,
            age: cached.age(),
            exporter: Some(&exporter),
        };
        encoding.with_scratch(|scratch| {
            let mut writer = BodyWriter::new(coding, &mut scratch.compressor);
            serde_json::to_writer(&mut writer, &json).map(|()| writer.finish())
        })
    });
    match encoded.await {
        Ok(Ok(json)) => coding.put_on(respond::json(StatusCode::OK, json)),
        _ => failed(),
    }
}
