//! The single integration-test binary, so that polars is linked once.

mod cli;
mod fetch;
mod job;
mod report;
mod sample;
