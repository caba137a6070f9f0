//! What publications are made of, as Parquet rows that engines join: one row for each step from the full copy to the date.

use crate::export::{Column, Kind, ParquetWriter, Table, Writer as _};
use crate::store::CellValue;

use super::error::LakeError;
use super::opened::Lake;
use super::place;
use super::publication::{Form, Publication};
use super::table_file::lake_error;

const COLUMNS: [(&str, Kind, bool); 9] = [
    ("lake_tenant", Kind::Text, true),
    ("business_date", Kind::Date, true),
    ("revision", Kind::Integer, true),
    ("form", Kind::Text, true),
    ("run", Kind::Text, false),
    // None where the date was taken back.
    ("step", Kind::Integer, false),
    ("step_form", Kind::Text, false),
    ("step_date", Kind::Date, false),
    ("step_run", Kind::Text, false),
];

/// Writes the rows of a publication. `chain` are the publications from the full copy on, this one at the end.
pub(super) fn write(lake: &Lake, chain: &[Publication]) -> Result<(), LakeError> {
    let Some(publication) = chain.last() else { return Ok(()) };
    let Publication { tenant, business_date, revision, form, run, .. } = publication;
    let path = place::publication_rows(tenant, *business_date, *revision);
    let column = |(name, kind, is_required): (&str, Kind, bool)| Column {
        name: name.to_owned(),
        title: name.to_owned(),
        kind,
        key_place: is_required.then_some(1),
        references: None,
        is_tenant: false,
    };
    let name = "publication".to_owned();
    let table = Table { title: name.clone(), name, columns: COLUMNS.map(column).to_vec() };
    let text = |text: &str| CellValue::Text(text.to_owned().into());
    let optional = |value: Option<&str>| value.map_or(CellValue::Null, text);
    let is_retracted = *form == Form::Retracted;
    let steps = chain.iter().enumerate().map(|(at, step)| {
        let own = [
            text(tenant),
            text(&business_date.to_string()),
            CellValue::Integer((*revision).into()),
            text(form.name()),
            optional(run.as_deref()),
        ];
        let of_step = match is_retracted {
            true => [const { CellValue::Null }; 4],
            false => [
                CellValue::Integer(at as i64),
                text(step.form.name()),
                text(&step.business_date.to_string()),
                optional(step.folder.as_deref()),
            ],
        };
        own.into_iter().chain(of_step).collect::<Vec<CellValue<'_>>>()
    });
    lake.write(&path, |scratch| {
        let written = || {
            let mut writer = Box::new(ParquetWriter::new(scratch, &[("tenant", tenant.clone())]));
            writer.begin(&table)?;
            for row in steps {
                writer.row(&row)?;
            }
            writer.end()?;
            writer.finish()
        };
        written().map_err(|error| lake_error(lake, &path, error))
    })
}
