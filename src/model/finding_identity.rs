//! What makes a finding the same one in another delivery.

use xxhash_rust::xxh3::xxh3_64;

use super::feed::Feed;

/// By what findings are told apart, whatever the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingIdentity<'a> {
    /// The rule's code.
    pub code: &'a str,
    /// The feed.
    pub feed: Feed,
    /// The field, where one is at fault.
    pub field: Option<&'a str>,
    /// The record's key, where it has one.
    pub key: Option<&'a str>,
    /// The bytes of the line as delivered, where it has one. They count only without a key, because lines move.
    pub line: Option<&'a [u8]>,
}

impl FindingIdentity<'_> {
    /// All that counts as one number. It is stored, so it must not change from one version of the program to the next.
    pub fn hash(self) -> i64 {
        let (kind, subject) = match (self.key, self.line) {
            (Some(key), _) => (b'k', key.as_bytes()),
            (None, Some(line)) => (b'l', line),
            (None, None) => (b'-', &[][..]),
        };
        let parts = [
            self.code.as_bytes(),
            self.feed.name().as_bytes(),
            self.field.unwrap_or_default().as_bytes(),
            &[kind],
            subject,
        ];
        let mut text = Vec::with_capacity(64 + subject.len());
        for part in parts {
            text.extend_from_slice(&(part.len() as u64).to_le_bytes());
            text.extend_from_slice(part);
        }
        xxh3_64(&text).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: FindingIdentity<'_> = FindingIdentity {
        code: "V201",
        feed: Feed::Agent,
        field: Some("agentName"),
        key: Some("A1"),
        line: Some(b"A1||1"),
    };

    #[test]
    fn findings_differ_by_code_feed_field_and_key() {
        let others = [
            FindingIdentity { code: "V202", ..BASE },
            FindingIdentity { feed: Feed::Node, ..BASE },
            FindingIdentity { field: None, ..BASE },
            FindingIdentity { key: Some("A2"), ..BASE },
            FindingIdentity { key: None, ..BASE },
            FindingIdentity { key: None, line: Some(b"A1"), ..BASE },
            FindingIdentity { key: None, line: None, ..BASE },
            FindingIdentity { key: Some("A1||1"), ..BASE },
        ];
        let mut hashes: Vec<i64> = others.iter().chain([&BASE]).map(|one| one.hash()).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), others.len() + 1);
    }

    #[test]
    fn the_line_of_a_finding_with_a_key_does_not_count() {
        assert_eq!(FindingIdentity { line: None, ..BASE }.hash(), BASE.hash());
    }

    /// Stored in databases.
    #[test]
    fn the_number_stays_what_it_is() {
        assert_eq!(BASE.hash(), -8_434_662_469_302_349_966);
    }
}
