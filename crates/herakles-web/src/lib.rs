//! An exporter toolkit for hyper: [`Server`] serves a handler to scrapers and keeps slow, silent
//! and flooding clients from harming anyone else.
//!
//! What an exporter needs around its metrics, and nothing about what it measures:
//!
//! - [`ListenAddress`] and [`bind`]: addresses as people write them, sockets bound before anything
//!   else starts.
//! - [`Server`] and [`Limits`]: a connection limit that closes waiting connections in favour of new
//!   ones, header and write timeouts, HEAD, orderly shutdown. It reports by [`Event`]s.
//! - [`runtime()`]: threads that are all there before the first request.
//! - [`Form`], a [`Format`] in a [`Coding`]: what the client accepts.
//! - [`Exposition`]: one form of a cached exposition with a tail that is live at each scrape, compressed
//!   ([`gzip`]) into one gzip member.
//! - [`Document`] and [`EntityTag`]: pages that browsers keep and validate.
//! - [`negotiated`] and [`BodyWriter`]: each body compressed for those who accept it.
//! - [`respond`]: text, JSON and HTML with the headers that keep browsers from trusting them.
//!
//! ```
//! use std::sync::Mutex;
//!
//! use herakles_web::gzip::Compressor;
//! use herakles_web::hyper::{Method, Request, Response};
//! use herakles_web::{Body, Exposition, Form, Limits, Server, bind, respond, runtime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut compressor = Compressor::new();
//! let cached = Form::ALL.map(|form| Exposition::new(form, b"up 1\n", &mut compressor));
//! let compressor = Mutex::new(compressor);
//!
//! let handler = move |request: Request<()>| {
//!     let response: Response<Body> = match (request.method(), request.uri().path()) {
//!         (&Method::GET, "/metrics") => {
//!             let form = Form::accepted(request.headers());
//!             match (cached.iter().find(|it| it.form() == form), compressor.lock()) {
//!                 (Some(it), Ok(mut compressor)) => it.respond(b"scrapes 1\n", &mut compressor),
//!                 _ => respond::not_found(),
//!             }
//!         }
//!         (_, "/metrics") => respond::method_not_allowed("GET, HEAD"),
//!         _ => respond::not_found(),
//!     };
//!     std::future::ready(response)
//! };
//!
//! let listeners = bind(&["localhost:0".parse()?])?;
//! let server = Server::new(listeners, Limits::default(), handler)
//!     .on_event(|event| eprintln!("{event:?}"));
//!
//! let runtime = runtime(0)?;
//! # let sigterm = async {};
//! let drained = runtime.block_on(server.serve(sigterm))?;
//! assert_eq!(drained.cut_off, 0);
//! # Ok(())
//! # }
//! ```

mod body;
mod document;
mod encode;
mod exposition;
pub mod gzip;
mod listen;
mod negotiate;
pub mod respond;
mod runtime;
mod server;
pub mod service_manager;
pub mod web_config;

pub use self::body::Body;
pub use self::document::{Document, EntityTag};
pub use self::encode::{BodyWriter, negotiated};
pub use self::exposition::{Exposition, Form};
pub use self::listen::{BindError, ListenAddress, Listener, ParseListenAddressError, bind};

pub use self::negotiate::{Coding, Format};
pub use self::runtime::runtime;
pub use self::server::{Drained, Event, Limits, Server, Waiting};
pub use hyper;
