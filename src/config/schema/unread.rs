//! Members of the standard that would be without effect, and misspelt ones: both are told, as the standard allows members
//! of any name.

use super::error::SchemaError;
use super::json_cursor::Cursor;

/// The members of one kind of object.
pub(super) struct Members {
    /// Those that are read, and those of the standard that are for people or other programs.
    known: &'static [&'static str],
    /// Those of the standard that change how a file is read, and are not read here.
    unread: &'static [&'static str],
}

/// Of a Table Dialect.
pub(super) const DIALECT: Members = Members {
    // Delimiter and header are for other programs: here every file shows its own.
    known: &["commentChar", "delimiter", "header", "$schema", "name", "title", "description"],
    unread: &[
        "headerRows",
        "headerJoin",
        "commentRows",
        "lineTerminator",
        "quoteChar",
        "doubleQuote",
        "escapeChar",
        "nullSequence",
        "skipInitialSpace",
        "property",
        "itemType",
        "itemKeys",
        "sheetNumber",
        "sheetName",
        "table",
        "csvddfVersion",
        "caseSensitiveHeader",
    ],
};

/// Of a Table Schema.
pub(super) const TABLE: Members = Members {
    known: &[
        "fields",
        "primaryKey",
        "foreignKeys",
        "missingValues",
        "$schema",
        "fieldsMatch",
        "uniqueKeys",
        "name",
        "title",
        "description",
    ],
    unread: &[],
};

/// Of a field.
pub(super) const FIELD: Members = Members {
    known: &[
        "name",
        "type",
        "format",
        "title",
        "description",
        "constraints",
        "missingValues",
        "categories",
        "categoriesOrdered",
        "example",
        "rdfType",
    ],
    unread: &["decimalChar", "groupChar", "bareNumber"],
};

/// Of a resource.
pub(super) const RESOURCE: Members = Members {
    known: &[
        "name",
        "path",
        "schema",
        "dialect",
        "title",
        "description",
        "$schema",
        "type",
        "data",
        "format",
        "mediatype",
        "encoding",
        "bytes",
        "hash",
        "sources",
        "licenses",
        "homepage",
        "profile",
        "scheme",
    ],
    unread: &[],
};

/// Says in the log which members of an object are without effect.
pub(super) fn tell(cursor: &Cursor<'_>, members: &Members) -> Result<(), SchemaError> {
    for (name, place) in cursor.members()? {
        match effect(name, members) {
            Effect::Read => {}
            Effect::Unread => tracing::warn!(
                "{}: orgsnap does not read this member of the standard; [format] of the job and orgsnap: members say the same",
                place.place()
            ),
            Effect::Misspelt(meant) => {
                tracing::warn!("{}: not a known member; \"{meant}\" may be meant", place.place());
            }
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Effect {
    Read,
    Unread,
    Misspelt(&'static str),
}

fn effect(name: &str, members: &Members) -> Effect {
    if members.unread.contains(&name) {
        return Effect::Unread;
    }
    if members.known.contains(&name) || name.contains(':') {
        return Effect::Read;
    }
    let near = |known: &&&str| strsim::damerau_levenshtein(name, known) <= 2 && known.len() > 4;
    members
        .known
        .iter()
        .chain(members.unread)
        .find(near)
        .map_or(Effect::Read, |m| Effect::Misspelt(m))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_without_effect_and_misspelt_ones_are_told() {
        for (name, members, expected) in [
            ("headerRows", &DIALECT, Effect::Unread),
            ("commentRows", &DIALECT, Effect::Unread),
            ("quoteChar", &DIALECT, Effect::Unread),
            ("headr", &DIALECT, Effect::Misspelt("header")),
            ("commentChar", &DIALECT, Effect::Read),
            ("orgsnap:quotes", &DIALECT, Effect::Read),
            ("missingValus", &TABLE, Effect::Misspelt("missingValues")),
            ("categoriez", &FIELD, Effect::Misspelt("categories")),
            ("categories", &FIELD, Effect::Read),
            ("x-note", &FIELD, Effect::Read),
        ] {
            assert_eq!(effect(name, members), expected, "{name}");
        }
    }
}
