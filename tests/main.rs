//! The one integration-test binary, so that polars is linked once.

mod sample;
