//! The single integration-test binary, so that polars is linked once.

mod cli;
mod fetch;
mod import;
mod job;
mod layers;
mod report;
mod sample;
