//! A table to be exported: its columns with their kinds and headings.

use chrono::NaiveDate;

use super::error::ExportError;
use super::request::{Request, Source};
use crate::config::schema::Kind as FieldKind;
use crate::model::{Feed, Language};
use crate::store::{StoreError, TableColumn};

/// Columns with dates that no schema names.
const DATES: [&str; 4] = ["valid_from", "valid_to", "carried_since", "business_date"];
/// The column by which a masked name could be told from the content of its row.
pub(super) const HASH: &str = "content_hash";

/// The kind of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// A day, an ISO text in the database.
    Date,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its heading in the language of the export.
    pub title: String,
    /// Its kind.
    pub kind: Kind,
    /// Its place in the primary key; none if it is no part of it.
    pub key_place: Option<u32>,
    /// Table and column that it refers to.
    pub references: Option<(String, String)>,
    /// Whether it is that of the tenant, which no database has.
    pub is_tenant: bool,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its title in the language of the export.
    pub title: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

impl Table {
    /// A table of one source, with all its columns; it has none if it is not there.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn of(name: &str, source: &Source, language: Language) -> Result<Table, StoreError> {
        let stored = source.reader.table_columns(name)?;
        let columns = stored.into_iter().map(|column| of(name, column, source, language));
        let title = source.reader.table_titles(name)?;
        let title = title.map(|(zh, en)| language.choose(zh, en));
        Ok(Table {
            name: name.to_owned(),
            title: title.unwrap_or_else(|| name.to_owned()),
            columns: columns.collect(),
        })
    }

    /// The table of the sources, which all have the same columns.
    pub(super) fn read(
        name: &str,
        sources: &[Source],
        request: &Request<'_>,
    ) -> Result<Table, ExportError> {
        let mut columns: Vec<Column> = Vec::new();
        let mut title = name.to_owned();
        for (at, source) in sources.iter().enumerate() {
            let Table { title: own_title, columns: mut own, .. } =
                Table::of(name, source, request.language)?;
            own.retain(|column| !(request.mask && column.name == HASH));
            if at == 0 {
                (columns, title) = (own, own_title);
            } else if !columns.iter().map(shape).eq(own.iter().map(shape)) {
                let (tenant, table) = (source.tenant.clone(), name.to_owned());
                return Err(ExportError::Columns { tenant, table });
            }
        }
        if request.has_tenant {
            let title = request.language.choose("租户", "tenant").to_owned();
            columns.insert(
                0,
                Column {
                    name: "tenant".to_owned(),
                    title,
                    kind: Kind::Text,
                    key_place: columns.iter().any(|column| column.key_place.is_some()).then_some(0),
                    references: None,
                    is_tenant: true,
                },
            );
        }
        Ok(Table { name: name.to_owned(), title, columns })
    }

    /// The statement that reads it as of a date.
    pub(super) fn select(&self, date: NaiveDate) -> String {
        let own = self.columns.iter().filter(|column| !column.is_tenant);
        let names: Vec<String> = own.map(|column| quoted(&column.name)).collect();
        let mut sql = format!("select {} from {}", names.join(", "), quoted(&self.name));
        // What is kept of every date is known up to this one.
        if self.columns.iter().any(|column| column.name == "business_date") {
            sql.push_str(&format!(" where business_date <= '{date}'"));
        }
        // Current rows come in this order from their table; of a past date only its former rows are sorted.
        let mut keys: Vec<&Column> =
            self.columns.iter().filter(|c| c.key_place.is_some() && !c.is_tenant).collect();
        keys.sort_by_key(|column| column.key_place);
        if !keys.is_empty() {
            let keys: Vec<String> = keys.iter().map(|column| quoted(&column.name)).collect();
            sql.push_str(&format!(" order by {}", keys.join(", ")));
        }
        sql
    }
}

fn shape(column: &Column) -> (&str, Kind) {
    (&column.name, column.kind)
}

fn of(table: &str, column: TableColumn, source: &Source, language: Language) -> Column {
    // A view has its columns from any feed.
    let feeds = Feed::from_name(table).map_or(Feed::ALL.to_vec(), |feed| vec![feed]);
    let mut fields = feeds.into_iter().flat_map(|feed| &source.schema.feed(feed).fields);
    let field = fields.find(|field| field.column == column.name);
    let is_date = field.is_some_and(|field| matches!(field.kind, FieldKind::Date(_)))
        || DATES.contains(&column.name.as_str());
    let kind = match column.declared.as_str() {
        _ if is_date => Kind::Date,
        declared if declared.contains("int") => Kind::Integer,
        "real" => Kind::Real,
        _ => Kind::Text,
    };
    let (zh, en) = column.titles;
    let title = Some(language.choose(zh, en)).filter(|title| !title.is_empty());
    Column {
        title: title.unwrap_or_else(|| column.name.clone()),
        name: column.name,
        kind,
        key_place: Some(column.key_place).filter(|place| *place > 0),
        references: column.references,
        is_tenant: false,
    }
}

/// A quoted SQL identifier.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
