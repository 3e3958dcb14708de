pub(crate) mod crew;
