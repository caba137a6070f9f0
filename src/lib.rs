//! orgsnap: an insurer's nightly hierarchy files become trusted, dated, queryable snapshots.
//!
//! # One way through the house
//!
//! ```text
//! jobs/x.toml -> fetch -> decode -> parse -> rules -> gate -> store -> report
//!               (raw     (lines,   (typed   (find-  (ver-   (one     (terminal,
//!                bytes,   bad       frames,  ings)   dict)   SQLite   JSON)
//!                sha256)  spans)    lines)                   transac-
//!                                                            tion)
//! ```
//!
//! [`pipeline`] is the only place that knows this order. Each stage takes a value and returns a value plus
//! facts; it knows nothing of the stages after it.
//!
//! Callbacks have a way of their own, into a file of their own, and wait for nothing of the above:
//!
//! ```text
//! web::callbacks -> wecom::receive -> wecom::event -> wecom::store -> 200
//! (bounded HTTP)    (signature,       (what it says)   (one SQLite
//!                    decryption)                        transaction)
//! ```
//!
//! # The rooms, in the order in which they may use each other
//!
//! A module imports only modules above it in the list below; `tests/layers.rs` fails on a back edge.
//!
//! - [`model`]: plain types that every stage speaks. No I/O, no `Serialize`.
//! - [`disk`]: the data folder: private folders and files, atomic replacement, the lock of a tenant, faults.
//! - [`sqlite`]: what both databases share: opening, formats, faults, the data dictionary.
//! - [`config`]: a job file as written becomes a resolved [`config::job::Job`]; schema files become a
//!   [`config::schema::Schema`]: fields, keys, references, forests, copied names. New references and forests
//!   are lines of JSON there, not Rust.
//! - [`fetch`]: a source becomes raw files, and raw files an archive, before anything is decoded.
//! - [`decode`]: raw bytes become lines; text is made line by line or in runs, never the whole file at once.
//! - [`parse`]: the layout is scored against the schema, lines become polars frames in which every row knows its
//!   physical line; what does not fit is noted as a fact.
//! - [`keys`], [`delivery`]: key to row; the four files together, and which rows are accepted.
//! - [`links`], [`forest`], [`trees`]: references resolved; one generic forest; the rows of the four trees.
//! - [`rules`]: the only maker of findings. One rule a file, registered in one catalogue.
//! - [`gate`]: findings and the last snapshot become a verdict. Pure; the sole maker of [`gate::Approved`].
//! - [`store`]: `org.db`. A publication is one transaction; only an `Approved` commits it.
//! - [`pipeline`]: the order of the stages, and what runs side by side.
//! - [`report`]: what there is to say of a run, drawn for a terminal and as `report.json`. It knows [`model`],
//!   what the rules say of themselves, and how to replace a file.
//! - [`sample`]: a realistic company that never was, with or without defects.
//! - [`wecom`]: callbacks of the insurer's WeCom tenant, kept beside the hierarchy in `wecom.db`: a callback must be
//!   stored within a second, whatever a publication does to `org.db`. It knows
//!   [`config`], [`disk`], [`sqlite`] and [`model`] only.
//! - [`alert`]: telling people how the runs go. Runs know nothing of it: who starts them tells it what happened.
//! - [`metrics`]: telling monitoring systems the same; it reads the database and the ledgers, and changes nothing.
//! - [`daemon`]: every job at its time; decided purely, from a clock that is handed in. It starts threads and hears
//!   signals only through its [`daemon::Outside`], and tells people only through its [`daemon::Observer`].
//! - [`web`]: the HTTP edge. No other room knows axum. It knows the callbacks of [`wecom`] and the board of
//!   [`metrics`], and nothing of runs or of `org.db`.
//!
//! The verbs of the command line live in `cli/`, which `main.rs` declares, so that nothing here can import them.
//!
//! # Invariants
//!
//! - Bad data is a value (a finding), never an `Err`. An `Err` is a fault of the machine, the network, the
//!   configuration, or a bug.
//! - Every delivered line is counted exactly once: published, quarantined, repeated, header or blank.
//! - No path to the database skips the gate: [`store::Publication::commit`] takes an [`gate::Approved`].
//! - Time, environment and locale are arguments. The library never prints and never reads them.
//! - Nothing that iterates a hash map reaches a report or the database.
//! - The same deliveries give the same tables: no column depends on the order of imports, none on the clock.
//! - Nothing recurses over delivered data: chains of a million are normal.
//! - A callback is on disk before it is acknowledged; one that comes again changes nothing.
//! - An alert is on disk before it is sent, and no alert, metric or callback blocks or fails a run.
//! - Whatever outsiders send is bounded: sizes, connections, queues, waits.
//! - Where async meets the synchronous rooms (web, the clients of SFTP and HTTP), blocking work has threads of its own.
//! - Personal data (databases, archive, reports, ledgers) lies in folders that are made for their owner alone.
//! - Secrets never reach a log, a report, an error or the database; logs hold keys and lines, no names.

pub mod model;
pub mod disk;
pub mod sqlite;
pub mod config;
pub mod fetch;
pub mod decode;
pub mod parse;
pub mod keys;
pub mod delivery;
pub mod links;
pub mod forest;
pub mod trees;
pub mod rules;
pub mod gate;
pub mod store;
pub mod pipeline;
pub mod report;
pub mod sample;
pub mod wecom;
pub mod alert;
pub mod metrics;
pub mod daemon;
pub mod web;
