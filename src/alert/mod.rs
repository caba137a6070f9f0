//! Telling people of refused, failed, late and recovered deliveries.
