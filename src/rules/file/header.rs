//! Headers of the delivery, of files that could be parsed and of files that failed on them.

use crate::config::schema::FeedSchema;
use crate::delivery::{FileInput, FileState};
use crate::parse::{Header, Unparsable};
use crate::rules::LineContext;

/// Every header of the delivery with its file and schema, in report order.
pub(super) fn headers<'d>(
    context: &LineContext<'d, '_>,
) -> impl Iterator<Item = (&'d FileInput<'d>, &'d FeedSchema, &'d Header)> {
    let delivery = context.delivery;
    delivery.files.iter().filter_map(move |file| {
        let layout = match &file.state {
            FileState::Parsed(parsed, _) => &parsed.layout,
            FileState::Unparsable(Unparsable::Header(layout, _)) => layout,
            FileState::Unparsable(_) | FileState::Missing { .. } | FileState::Oversized { .. } => {
                return None;
            }
        };
        Some((file, delivery.schema.feed(file.feed), layout.header.as_ref()?))
    })
}
