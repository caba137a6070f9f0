//! Where things are in the lake: paths below its root, with `/` on every storage.

use chrono::NaiveDate;

/// The first part of every path: the layout.
const LAYOUT: &str = "v1";

/// The name of a tenant in paths. It begins with a letter, because `tenant=00123` becomes the number 123 in Spark and others.
pub(super) fn slug(tenant: &str) -> String {
    format!("t_{tenant}")
}

/// The folder of the publications of a tenant.
pub(super) fn publications(tenant: &str) -> String {
    format!("{LAYOUT}/publication/tenant={}", slug(tenant))
}

/// A publication.
pub(super) fn publication(tenant: &str, date: NaiveDate, revision: u32) -> String {
    format!("{}/date={date}/revision={revision:06}.json", publications(tenant))
}

/// Date and revision of a publication; none if the path is not that of one.
pub(super) fn of_publication(tenant: &str, path: &str) -> Option<(NaiveDate, u32)> {
    let rest = path.strip_prefix(&publications(tenant))?.strip_prefix("/date=")?;
    let (date, name) = rest.split_once('/')?;
    let revision = name.strip_prefix("revision=")?.strip_suffix(".json")?;
    Some((date.parse().ok()?, revision.parse().ok()?))
}

/// The folder of the rows that say in Parquet what publications are made of.
pub(super) fn publication_table(tenant: &str) -> String {
    format!("{LAYOUT}/publication_table/tenant={}", slug(tenant))
}

/// The rows of a publication.
pub(super) fn publication_rows(tenant: &str, date: NaiveDate, revision: u32) -> String {
    format!("{}/date={date}/revision={revision:06}.parquet", publication_table(tenant))
}

/// The folder of a table's files that one export of a date writes.
pub(super) fn data(table: &str, form: &str, tenant: &str, date: NaiveDate, run: &str) -> String {
    let month = date.format("%Y-%m");
    format!("{LAYOUT}/{table}/{form}/tenant={}/month={month}/run={run}", slug(tenant))
}

/// The folder of the notes of exports that are under way.
pub(super) fn unfinished(tenant: &str) -> String {
    format!("{LAYOUT}/unfinished/tenant={}", slug(tenant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_publication_tells_its_date_and_revision() {
        let date = "2024-11-30".parse().unwrap();
        let path = publication("00123", date, 12);
        assert_eq!(path, "v1/publication/tenant=t_00123/date=2024-11-30/revision=000012.json");
        assert_eq!(of_publication("00123", &path), Some((date, 12)));
        let part = "v1/publication/tenant=t_00123/date=2024-11-30/.revision=000012.json.7.part";
        assert_eq!(of_publication("00123", part), None, "one that is being written");
        assert_eq!(of_publication("0012", &path), None, "a tenant whose name begins alike");
    }
}
