//! A list of millions of keys in one string, without an allocation for each key.

/// A list of keys.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyList {
    text: String,
    ends: Vec<usize>,
}

impl KeyList {
    /// The texts of all keys, one after the other, and where each ends.
    pub(super) fn parts(&self) -> (&str, &[usize]) {
        (&self.text, &self.ends)
    }

    /// Of [`KeyList::parts`]; `None` if they are none.
    pub(super) fn from_parts(text: String, ends: Vec<usize>) -> Option<KeyList> {
        let within = ends.is_sorted() && ends.last().copied().unwrap_or(0) == text.len();
        let whole = within && ends.iter().all(|end| text.is_char_boundary(*end));
        whole.then_some(KeyList { text, ends })
    }

    /// Adds a key at the end.
    pub(super) fn push(&mut self, key: &str) {
        self.text.push_str(key);
        self.ends.push(self.text.len());
    }

    /// Number of keys.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The key at a position; empty beyond the end.
    pub(super) fn get(&self, at: usize) -> &str {
        let start =
            at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(at).copied().unwrap_or(start);
        self.text.get(start..end).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_their_position() {
        let mut keys = KeyList::default();
        for key in ["b", "", "甲", "ab"] {
            keys.push(key);
        }
        let listed: Vec<&str> = (0..keys.len()).map(|at| keys.get(at)).collect();
        assert_eq!((listed.as_slice(), keys.get(99)), (["b", "", "甲", "ab"].as_slice(), ""));
    }
}
