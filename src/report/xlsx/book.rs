//! A workbook of long tables: a frozen head, a filter, widths that fit, and a further sheet where one is full.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{Datelike as _, NaiveDate};
use rust_xlsxwriter::{
    Color, ExcelDateTime, Format, FormatAlign, IgnoreError, Workbook, Worksheet, XlsxError,
};

use crate::report::layout::display_width;

/// Most rows of a sheet, the head included.
const MAX_ROWS: u32 = 1_048_576;
/// Most characters of the name of a sheet, in UTF-16.
const MAX_NAME: usize = 31;
/// Most characters of a cell.
const MAX_CHARACTERS: usize = 32_767;
/// Widths of columns, in digits. A Chinese character takes two.
const WIDTHS: std::ops::RangeInclusive<usize> = 6..=60;
/// What the button of the filter takes of a heading.
const BUTTON: usize = 3;
/// What a date takes.
const DATE_WIDTH: usize = 11;
/// Rows of which the widths of columns are made; those of a million rows would take longer than the rows.
const MEASURED_ROWS: u32 = 2_000;

/// A workbook that is being written, sheet by sheet.
#[derive(Clone)]
pub struct Book(Arc<Contents>);

struct Contents {
    /// Locked for as long as it takes to make an empty sheet, so that sheets are filled side by side.
    workbook: Mutex<Workbook>,
    formats: Formats,
    row_limit: u32,
}

/// How cells look.
struct Formats {
    heading: Format,
    /// The cell at fault.
    marked: Format,
    title: Format,
    wrapped: Format,
    date: Format,
}

/// A cell.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// Text, whatever it looks like: no formula, no number.
    Text(&'a str),
    /// The text of the cell at fault.
    Marked(&'a str),
    /// A sentence that takes as many lines as it needs.
    Wrapped(&'a str),
    /// A count or a line.
    Number(u64),
    /// Another number.
    Decimal(f64),
    /// A date.
    Date(NaiveDate),
    /// A text that stands above others.
    Title(&'a str),
    /// Nothing.
    Empty,
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Cell<'a> {
        text.map_or(Cell::Empty, Cell::Text)
    }
}

impl From<Option<u64>> for Cell<'_> {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Cell::Empty, Cell::Number)
    }
}

impl Book {
    /// An empty workbook, whose rows wait in files without a name in a folder.
    /// # Errors
    /// If the folder cannot be written to.
    pub fn new(folder: &Path) -> Result<Book, XlsxError> {
        let mut workbook = Workbook::new();
        // Delivered lines belong into the folder that their owner alone can read.
        workbook.set_tempdir(folder)?;
        // The default takes twice as long, for a tenth of the size.
        workbook.set_zip_compression_level(1);
        let filled = |colour| Format::new().set_background_color(Color::RGB(colour));
        let formats = Formats {
            heading: filled(0xDD_E6_F0).set_bold().set_align(FormatAlign::VerticalCenter),
            marked: filled(0xFF_E3_DC),
            title: Format::new().set_bold(),
            wrapped: Format::new().set_text_wrap().set_align(FormatAlign::Top),
            date: Format::new().set_num_format("yyyy-mm-dd"),
        };
        Ok(Book(Arc::new(Contents {
            workbook: Mutex::new(workbook),
            formats,
            row_limit: MAX_ROWS,
        })))
    }

    /// The same workbook with fewer rows a sheet.
    #[cfg(test)]
    pub(super) fn with_row_limit(mut self, row_limit: u32) -> Book {
        Arc::get_mut(&mut self.0).unwrap().row_limit = row_limit;
        self
    }

    /// Begins a table with these headings on a new sheet; the first `fixed` columns stay in sight.
    ///
    /// # Errors
    /// If the name is none that a sheet can have; if a file cannot be written.
    pub fn table(
        &self,
        name: &str,
        headings: &[String],
        fixed: u16,
    ) -> Result<SheetRows, XlsxError> {
        let sheet = self.sheet(&cut(name, ""))?;
        let rows = SheetRows {
            sheet,
            row: 0,
            widths: vec![0; headings.len()],
            name: name.to_owned(),
            part: 1,
            headings: headings.to_vec(),
            fixed,
            full: Vec::new(),
            book: self.clone(),
        };
        rows.begin()
    }

    /// Begins a sheet of text without a head.
    pub(super) fn text(&self, name: &str) -> Result<SheetRows, XlsxError> {
        self.table(name, &[], 0)
    }

    fn sheet(&self, name: &str) -> Result<Worksheet, XlsxError> {
        let mut workbook = self.0.workbook.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sheet = workbook.new_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        Ok(sheet)
    }

    /// Writes the workbook with these sheets.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(
        self,
        sheets: impl IntoIterator<Item = Worksheet>,
        file: &mut File,
    ) -> Result<(), XlsxError> {
        let mut workbook = self.0.workbook.lock().unwrap_or_else(PoisonError::into_inner);
        sheets.into_iter().for_each(|sheet| workbook.push_worksheet(sheet));
        workbook.save_to_writer(BufWriter::new(file))
    }
}

/// A name with what stands behind it, as long as a sheet can have it.
fn cut(name: &str, behind: &str) -> String {
    let room = MAX_NAME - behind.len();
    let mut length = 0;
    let fits = |c: &char| {
        length += c.len_utf16();
        length <= room
    };
    let name: String = name.chars().take_while(fits).collect();
    format!("{}{behind}", name.trim())
}

/// Rows on their way to a sheet, and to further ones where it is full. Nothing is kept of them but widths.
pub struct SheetRows {
    book: Book,
    full: Vec<Worksheet>,
    sheet: Worksheet,
    name: String,
    part: u32,
    headings: Vec<String>,
    fixed: u16,
    row: u32,
    widths: Vec<usize>,
}

impl SheetRows {
    fn begin(mut self) -> Result<Self, XlsxError> {
        self.head()?;
        Ok(self)
    }

    fn head(&mut self) -> Result<(), XlsxError> {
        for (column, heading) in self.headings.iter().enumerate() {
            let at = u16::try_from(column).unwrap_or(u16::MAX);
            self.sheet.write_string_with_format(0, at, heading, &self.book.0.formats.heading)?;
            self.widths[column] = self.widths[column].max(display_width(heading) + BUTTON);
        }
        self.row = u32::from(!self.headings.is_empty());
        Ok(())
    }

    /// Adds a row; cells beyond the headings have none above them.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) -> Result<(), XlsxError> {
        if self.row >= self.book.0.row_limit {
            self.next_sheet()?;
        }
        let book = self.book.clone();
        let formats = &book.0.formats;
        for (column, cell) in cells.into_iter().enumerate() {
            let Ok(at) = u16::try_from(column) else { break };
            let (text, format) = match cell {
                Cell::Empty | Cell::Text("") | Cell::Wrapped("") => continue,
                Cell::Number(number) => {
                    self.sheet.write_number(self.row, at, number as f64)?;
                    continue;
                }
                Cell::Decimal(number) => {
                    self.sheet.write_number(self.row, at, number)?;
                    continue;
                }
                Cell::Date(date) => {
                    self.date(at, date)?;
                    continue;
                }
                Cell::Text(text) => (text, None),
                Cell::Marked(text) => (text, Some(&formats.marked)),
                Cell::Title(text) => (text, Some(&formats.title)),
                Cell::Wrapped(text) => (text, Some(&formats.wrapped)),
            };
            let text = fitting(text);
            match format {
                None => self.sheet.write_string(self.row, at, text)?,
                Some(format) => self.sheet.write_string_with_format(self.row, at, text, format)?,
            };
            if self.row <= MEASURED_ROWS {
                if self.widths.len() <= column {
                    self.widths.resize(column + 1, 0);
                }
                // A text far longer than the widest column need not be measured to its end.
                let start =
                    text.char_indices().nth(*WIDTHS.end()).map_or(text, |(end, _)| &text[..end]);
                self.widths[column] = self.widths[column].max(display_width(start) + 1);
            }
        }
        self.row += 1;
        Ok(())
    }

    /// A date, or its text where a sheet cannot have it: before 1900.
    fn date(&mut self, at: u16, date: NaiveDate) -> Result<(), XlsxError> {
        let year = u16::try_from(date.year()).unwrap_or_default();
        let (month, day) = (date.month() as u8, date.day() as u8);
        match ExcelDateTime::from_ymd(year, month, day) {
            Ok(when) if year >= 1900 => {
                let format = &self.book.0.formats.date;
                self.sheet.write_datetime_with_format(self.row, at, &when, format)?;
            }
            _ => _ = self.sheet.write_string(self.row, at, date.to_string())?,
        }
        if let Some(width) = self.widths.get_mut(usize::from(at)) {
            *width = (*width).max(DATE_WIDTH);
        }
        Ok(())
    }

    fn next_sheet(&mut self) -> Result<(), XlsxError> {
        self.part += 1;
        let next = self.book.sheet(&cut(&self.name, &format!(" {}", self.part)))?;
        let full = std::mem::replace(&mut self.sheet, next);
        self.close(full)?;
        self.head()
    }

    fn close(&mut self, mut sheet: Worksheet) -> Result<(), XlsxError> {
        for (column, width) in self.widths.iter().enumerate() {
            let Ok(at) = u16::try_from(column) else { break };
            let width = (*width).clamp(*WIDTHS.start(), *WIDTHS.end());
            sheet.set_column_width(at, width as f64)?;
        }
        let last = u16::try_from(self.headings.len()).unwrap_or(u16::MAX);
        if last > 0 {
            sheet.set_freeze_panes(1, self.fixed)?;
            let last_row = self.row.saturating_sub(1).max(1);
            sheet.autofilter(0, 0, last_row, last - 1)?;
            // Ids are text on purpose.
            sheet.ignore_error_range(1, 0, last_row, last - 1, IgnoreError::NumberStoredAsText)?;
            sheet.set_repeat_rows(0, 0)?;
        }
        sheet.set_landscape().set_print_fit_to_pages(1, 0);
        self.full.push(sheet);
        Ok(())
    }

    /// The sheets, in order.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn finish(mut self) -> Result<Vec<Worksheet>, XlsxError> {
        let last = std::mem::take(&mut self.sheet);
        self.close(last)?;
        Ok(self.full)
    }
}

/// As much of a text as a cell takes.
fn fitting(text: &str) -> &str {
    // Excel counts in units of UTF-16, of which a character takes two at most.
    if text.len() <= MAX_CHARACTERS {
        return text;
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > MAX_CHARACTERS
    });
    end.map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn part(archive: &mut zip::ZipArchive<File>, name: &str) -> String {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn names_of_sheets_are_as_long_as_a_sheet_can_have_them() {
        let long = "九".repeat(40);
        assert_eq!(cut(&long, ""), "九".repeat(31));
        assert_eq!(cut(&long, " 12"), format!("{} 12", "九".repeat(28)));
        assert_eq!(cut("agents", " 2"), "agents 2");
        assert_eq!(cut(&"😀".repeat(20), "").chars().count(), 15, "two of UTF-16 each");
    }

    #[test]
    fn a_full_sheet_continues_on_a_further_one_and_ids_and_formulas_stay_text() {
        let dir = tempfile::tempdir().unwrap();
        let book = Book::new(dir.path()).unwrap().with_row_limit(3);
        let mut rows = book.table("问题", &["id".to_owned(), "line".to_owned()], 0).unwrap();
        let ids = ["110101199001011234", "=1+1", "a\u{1}b\u{fffe}_x0041_", "0012", "-5"];
        for (at, id) in ids.iter().enumerate() {
            rows.row([Cell::Text(id), Cell::Number(at as u64)]).unwrap();
        }
        let sheets = rows.finish().unwrap();
        let path = dir.path().join("book.xlsx");
        let mut file = File::create_new(&path).unwrap();
        book.save(sheets, &mut file).unwrap();

        let mut archive = zip::ZipArchive::new(File::open(&path).unwrap()).unwrap();
        let names = part(&mut archive, "xl/workbook.xml");
        for name in ["name=\"问题\"", "name=\"问题 2\"", "name=\"问题 3\""] {
            assert!(names.contains(name), "{names}");
        }
        let sheets: Vec<String> =
            (1..=3).map(|n| part(&mut archive, &format!("xl/worksheets/sheet{n}.xml"))).collect();
        for sheet in &sheets {
            assert!(!sheet.contains("<f>"), "no formula: {sheet}");
            assert!(sheet.contains("<t>id</t>"), "every sheet has the head: {sheet}");
            assert!(sheet.contains("<autoFilter ref=\"A1:B"), "{sheet}");
            assert!(sheet.contains("state=\"frozen\""), "{sheet}");
        }
        assert!(sheets[0].contains("<is><t>110101199001011234</t></is>"), "{}", sheets[0]);
        assert!(sheets[0].contains("<is><t>=1+1</t></is>"), "{}", sheets[0]);
        assert!(sheets[1].contains("a_x0001_b_xFFFE__x005F_x0041_"), "{}", sheets[1]);
        assert!(sheets[2].contains("<is><t>-5</t></is>"), "{}", sheets[2]);
        // Nothing is left of the files in which the rows waited.
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_text_too_long_for_a_cell_is_cut_at_a_character() {
        let emoji = "\u{1f600}".repeat(20_000);
        assert_eq!(fitting(&emoji).chars().count(), MAX_CHARACTERS / 2);
        assert_eq!(fitting("短"), "短");
        assert_eq!(fitting(&"字".repeat(40_000)).chars().count(), MAX_CHARACTERS);
    }
}
