//! orgsnap: an insurer's nightly hierarchy files become trusted, dated, queryable snapshots.
//!
//! # The stages of an import
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
//! Callbacks take a path of their own, into a file of their own, and wait for none of these stages:
//!
//! ```text
//! web::callbacks -> wecom::receive -> wecom::event -> wecom::store -> 200
//! (bounded HTTP)    (signature,       (fields of      (one SQLite
//!                    decryption)       the event)      transaction)
//! ```
//!
//! A login leads through WeCom and back to the page that asked for it:
//!
//! ```text
//! web::login -> WeCom's page -> web::login -> wecom::api -> cookie -> /me -> store (the newest snapshot)
//! (state and    (who is it?)    (state, cookie, (whose code
//!  cookie)                       used once)      is it?)
//! ```
//!
//! # The modules, in the order in which they may use each other
//!
//! A module imports only modules above it in the list below, and of these only the ones that `tests/layers.rs` allows
//! it. No two files of the crate import each other, directly or in a longer circle; the same test proves it.
//!
//! - [`model`]: plain types that every stage uses. No I/O, no `Serialize`.
//! - [`disk`]: the data folder: private folders and files, atomic replacement, the lock of a tenant, faults.
//! - [`sqlite`]: what the databases share: opening, formats, faults, the data dictionary.
//! - [`tls`]: the one builder of TLS configurations, and trusted authorities.
//! - [`http`]: the one builder of HTTP clients, bounded reading of answers, errors without secrets.
//! - [`config`]: a job file as written becomes a resolved [`config::job::Job`]; schema files become a
//!   [`config::schema::Schema`]: fields, keys, references, forests, copied names. New references and forests
//!   are lines of JSON there, not Rust. Four places name fields of the contract all the same: [`trees`], which counts
//!   agents into teams and organisations (and tells [`causes`] the two fields), the level-2 branches of [`store`], for which the gate has a limit,
//!   its events and headcount, and the [`rules`] about what the trade allows (T607 to T609, B and S), which find nothing where
//!   a job's own schema lacks the field.
//! - [`fetch`]: a source becomes raw files, and raw files an archive, while they are read; nothing is recorded or published before it is
//!   complete.
//! - [`decode`]: raw bytes become lines; text is made line by line or in runs, never the whole file at once.
//! - [`parse`]: the layout is scored against the schema, lines become polars frames in which every row has its
//!   physical line number; what does not fit is recorded as a fact.
//! - [`keys`], [`delivery`]: key to row; the four files together, and which rows are accepted.
//! - [`links`], [`forest`], [`trees`]: references resolved; one generic forest; the rows of the four trees.
//! - [`timeline`]: what one key was on every date, from what the delivery of each date says of it.
//! - [`events`], [`headcount`]: what happened to one key between its versions, and how many agents each organisation has.
//! - [`rules`]: the only maker of findings. One rule a file, registered in one catalogue.
//! - [`causes`]: findings that one event explains become one cause, with the people and organisations concerned. Pure.
//! - [`gate`]: findings and the last snapshot become a verdict. Pure; the sole maker of [`gate::Approved`].
//! - [`store`]: the snapshots of a tenant. A publication is one transaction; only an `Approved` commits it. What a store does is
//!   a trait in domain types, and what becomes of a row is decided in memory by loops that every store runs over what it has
//!   read, so that stores cannot differ in it. `sqlite/` writes a file, `org.db`, made and kept closed to other users as [`disk`]
//!   does it; each key goes straight into it, as a statement costs nothing there. `postgres/` (a feature) reads what the
//!   decisions need in bulk and applies them in bulk, as every statement to a server costs a way there and back; TLS is made by
//!   [`tls`]. The trait is called once for a feed or a forest, so a pointer call costs nothing; the loops are generic.
//! - [`dated`]: the trees of a date that is not the newest, made on demand by the code that makes those of a publication.
//! - [`analyst`]: tested questions of analysts, and how Datasette is to show the database.
//! - [`propose`]: what a sample delivery shows of its export: the settings of a job, with their evidence, and questions.
//! - [`pipeline`]: the order of the stages, what runs in parallel, and the one classification of failed runs.
//! - [`report`]: the content of a report, rendered for a terminal, as `report.json`, as a page and as a workbook;
//!   names masked.
//! - [`reporting`]: the report files of a job's runs: which, where, for how long, and the copy for the insurer's server.
//! - [`export`]: the tables of a date as CSV, workbook, Parquet or SQLite, row by row, names masked if asked.
//! - [`sample`]: a realistic fictitious company, with or without injected defects.
//! - [`wecom`]: callbacks of the insurer's WeCom tenant, kept beside the hierarchy in `wecom.db`: a callback must be
//!   stored within a second, whatever a publication does to `org.db`. [`wecom::api`] is the client of WeCom's API, which
//!   only reads. Its roster reads the newest snapshot through [`store`], to compare members with agents, and writes nothing
//!   there. Besides, the session archive in `session.db`. WeCom's library of it is C: the package `archive-reader`, a program
//!   of its own, loads it, so that this one forbids `unsafe`.
//! - [`alert`]: alerts about runs. Runs do not know it: whoever starts a run reports its events to the dispatcher.
//! - [`metrics`]: figures for monitoring systems; it reads the database and the ledgers, and changes nothing.
//! - [`doctor`]: the onboarding checklist: each step as data, what was asked and what it shows. It changes nothing.
//! - [`daemon`]: runs every job at its time. Decisions are pure functions of a clock that is passed in. It starts
//!   threads and receives signals only through its [`daemon::SchedulerEnvironment`], and reports only to its
//!   [`daemon::Observer`]. Where several machines share a store, `run_claimed` decides by the same plan, of one tenant at a time,
//!   in a transaction of that store, which claims the date as well.
//! - [`web`]: the HTTP server, and the only user of axum. It serves the callbacks and the login of [`wecom`] and the status of
//!   [`metrics`], and knows nothing of runs. Of `org.db` it asks one thing: which agent of the newest snapshot a member is.
//!
//! The verbs of the command line are in `cli/`, which `main.rs` declares, so that nothing here can import them.
//!
//! # Invariants
//!
//! - Bad data is a value (a finding), never an `Err`. An `Err` is a fault of the machine, the network, the
//!   configuration, or a bug.
//! - Every delivered line is counted exactly once: published, quarantined, repeated, header, blank, declared to be no data, or
//!   a further line of a record with a line end in its quotes.
//! - No path to the database skips the gate: [`store::Publication::commit`] takes an [`gate::Approved`].
//! - Time, environment and locale are arguments. The library never prints and never reads them.
//! - Nothing that iterates a hash map reaches a report or the database.
//! - The same deliveries give the same tables: no column depends on the order of imports, none on the clock.
//! - Nothing recurses over delivered data: chains of a million are normal.
//! - A callback is on disk before it is acknowledged; a repeated one changes nothing.
//! - A login is completed by the browser that began it, once, within five minutes, and leads to no page but of a configured domain.
//! - However many calls find a token of WeCom expired, one of them asks for the next; nothing forces a token anew.
//! - An alert is on disk before it is sent, and no alert, metric or callback blocks or fails a run.
//! - Whatever outsiders send is bounded: sizes, connections, queues, waits.
//! - Where async code meets synchronous modules (web, the clients of SFTP and HTTP), blocking work has its own threads.
//! - Personal data (databases, archive, reports, ledgers) is in folders that only their owner can read.
//! - Secrets never reach a log, a report, an error or the database; logs hold keys and lines, no names.

pub mod model;
pub mod disk;
pub mod sqlite;
pub mod tls;
pub mod http;
pub mod config;
pub mod fetch;
pub mod decode;
pub mod parse;
pub mod keys;
pub mod delivery;
pub mod links;
pub mod forest;
pub mod trees;
pub mod timeline;
pub mod events;
pub mod headcount;
pub mod rules;
pub mod causes;
pub mod gate;
pub mod store;
pub mod dated;
pub mod analyst;
pub mod propose;
pub mod pipeline;
pub mod report;
pub mod reporting;
pub mod export;
pub mod sample;
pub mod wecom;
pub mod alert;
pub mod metrics;
pub mod doctor;
pub mod daemon;
pub mod web;
