//! Reports of a run for people and programs.
//!
//! [`view`] decides what is said and in which order, [`terminal`] draws that, [`html`] makes a page of it, [`json`] writes the
//! document whose schema is `schemas/report.schema.json`, and [`xlsx`] the workbook that the provider works through, with
//! the lines as delivered; [`mask`] hides names of people. All are made of a [`RunReport`](crate::model::RunReport), [`xlsx`] of its
//! [`DeliveredFiles`](crate::model::DeliveredFiles) too: they read no clock and no environment, so the same run gives the same report.

pub mod csv;
pub mod explanation;
pub mod explanation_json;
pub mod file;
pub mod json;
pub mod html;
mod json_causes;
mod json_history;
mod json_text;
mod language;
mod layout;
pub mod mask;
pub mod mask_recorded;
pub mod mask_run;
mod queries;
pub mod rule_page;
mod snippet;
pub mod terminal;
pub mod view;
pub mod formatting;
pub mod xlsx;

pub use language::Language;
pub use layout::{Column, display_width, pad, table, visible, wrap};
pub use queries::{Query, to_try};
