//! The HTTP edge: the only room that knows axum.
