//! The upper part of the report: whose delivery it is, how the stages went, what came and what changed.

use crate::report::layout::Column;

use super::Drawing;

impl Drawing<'_> {
    pub(super) fn header(&mut self) {
        self.paragraph(0, &self.view.header(self.language()));
    }

    pub(super) fn stages(&mut self) {
        let language = self.language();
        let stages = self.view.stages.iter();
        let rows: Vec<Vec<String>> =
            stages.map(|stage| self.view.stage_row(stage, language).into()).collect();
        self.table(&[Column::Text, Column::Text, Column::Text, Column::Number], &[], &rows);
    }

    pub(super) fn files(&mut self) {
        if self.view.files.is_empty() {
            return;
        }
        let header = self.view.file_headings(self.language());
        let files = self.view.files.iter();
        let rows: Vec<Vec<String>> = files.map(|row| self.view.file_row(row).into()).collect();
        self.text.push('\n');
        let mut columns = [Column::Number; 7];
        columns[0] = Column::Text;
        self.table(&columns, &header, &rows);
    }

    pub(super) fn changes(&mut self) {
        let rows = self.view.change_rows(self.language());
        if rows.is_empty() {
            return;
        }
        let header = self.view.change_headings(self.language());
        let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
        self.text.push('\n');
        let mut columns = [Column::Number; 6];
        columns[0] = Column::Text;
        self.table(&columns, &header, &rows);
    }

    pub(super) fn vanished(&mut self) {
        let language = self.language();
        let shown = self.options.per_rule;
        for vanished in self.view.vanished() {
            self.text.push('\n');
            self.paragraph(2, &vanished.title(language));
            for place in vanished.places().take(shown) {
                self.paragraph(4, &place);
            }
            if let Some(text) = vanished.not_shown(shown, language)
                && shown > 0
            {
                self.paragraph(4, &text);
            }
        }
    }
}
