//! The report as text for a terminal, or for a log if there is no terminal.
//!
//! The verdict comes last, nearest the prompt; before it what was found, before that what was delivered.
//! Colour means severity or the verdict only, and never says what the words do not say too.

mod defects;
mod delivery;
mod verdict;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Effects, Style};

use super::language::Language;
use super::layout::{self, Column, wrap};
use super::view::View;

/// How the report is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Columns of the terminal; nothing but a file name or a path is wider.
    pub width: usize,
    /// Whether to use colour.
    pub colour: bool,
    /// The language.
    pub language: Language,
    /// Number of findings of each rule that are shown, equal ones counted once; the same of causes, and of vanished
    /// records of each file.
    pub per_rule: usize,
    /// The exit code that the program will end with, shown beside the verdict unless it is 0.
    pub exit_code: u8,
}

impl Options {
    /// Findings shown of each rule unless told otherwise.
    pub const PER_RULE: usize = 3;
}

const BAD: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
const DOUBTFUL: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
const GOOD: Style = AnsiColor::Green.on_default().effects(Effects::BOLD);
const PLAIN: Style = Style::new();
const DIM: Style = Style::new().effects(Effects::DIMMED);

/// Draws the report. Ends with a line break.
pub fn render(view: &View<'_>, options: &Options) -> String {
    let mut drawing = Drawing { view, options: *options, text: String::new() };
    drawing.header();
    drawing.stages();
    drawing.files();
    drawing.changes();
    drawing.vanished();
    drawing.causes();
    drawing.rules();
    drawing.not_run();
    drawing.totals();
    drawing.verdict();
    drawing.next_steps();
    drawing.text
}

/// A report while it is rendered.
struct Drawing<'a> {
    view: &'a View<'a>,
    options: Options,
    text: String,
}

impl Drawing<'_> {
    fn language(&self) -> Language {
        self.options.language
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.options.colour && style != PLAIN {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Writes a paragraph, its lines indented, wrapped to the width.
    fn paragraph(&mut self, indent: usize, text: &str) {
        for line in wrap(text, self.options.width.saturating_sub(indent)) {
            let _ = writeln!(self.text, "{}{line}", " ".repeat(indent));
        }
    }

    fn table(&mut self, columns: &[Column], header: &[&str], rows: &[Vec<String>]) {
        let drawn = layout::table(columns, header, rows, 2, self.options.width);
        self.text.push_str(&drawn);
    }
}
