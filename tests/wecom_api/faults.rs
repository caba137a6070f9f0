//! Servers in trouble: what is tried again, how often, and what is told.
