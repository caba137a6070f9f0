//! The files of a delivery as they came, for reports that show them.

use super::{feed::Feed, finding::Message};

/// The files of a delivery as they came, while they are in memory, and the contract that they should follow.
pub trait DeliveredFiles: Sync {
    /// The titles of the columns of a file in its own order: those of its header as delivered, or those of the
    /// contract where it has none. Empty if the file could not be read.
    fn titles(&self, feed: Feed) -> Vec<String>;

    /// The cells of a physical line, 1-based, as delivered and whatever their number. Empty if there is no such line.
    fn cells(&self, feed: Feed, line: u64) -> Vec<String>;

    /// The position of a field's cell in a line; none if the file lacks the field.
    fn column(&self, feed: Feed, field: &str) -> Option<usize>;

    /// What the contract says of the fields of a file, in its order.
    fn fields(&self, feed: Feed) -> Vec<FieldNote>;
}

/// What the contract says of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldNote {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Message,
    /// Its type, in a word.
    pub kind: Message,
    /// Whether it must be filled.
    pub required: Message,
    /// What it means, and which values it may have.
    pub meaning: Message,
}
