//! An exporter toolkit for hyper: listeners, limits, negotiation, one-member gzip with a live tail.
