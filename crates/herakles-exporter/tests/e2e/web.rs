//! TLS and passwords, pages from elsewhere, and sockets of every kind.

mod foreign;
mod secured;
mod sockets;
