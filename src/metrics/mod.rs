//! What a monitoring system asks for, as Prometheus text.
