//! A list of millions of keys in one string, without an allocation for each key.

/// A list of keys.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyList {
    text: String,
    ends: Vec<usize>,
}

impl KeyList {
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

    /// The positions in the order of the keys' bytes.
    pub(super) fn sorted(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0u32..).take(self.len()).collect();
        // A table that was loaded in key order is one long run with a short tail of later rows, which the
        // standard stable sort merges in linear time.
        order.sort_by(|a, b| self.get(*a as usize).cmp(self.get(*b as usize)));
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_in_byte_order() {
        let mut keys = KeyList::default();
        for key in ["b", "", "甲", "ab", "a"] {
            keys.push(key);
        }
        let sorted: Vec<&str> = keys.sorted().into_iter().map(|at| keys.get(at as usize)).collect();
        assert_eq!(sorted, ["", "a", "ab", "b", "甲"]);
        assert_eq!((keys.len(), keys.get(0), keys.get(1), keys.get(99)), (5, "b", "", ""));
    }
}
