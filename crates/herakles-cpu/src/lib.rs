//! Turn successive CPU ticks into seconds, usage and per-class counters.
