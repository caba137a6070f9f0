//! The types of the key table: key, section, table.

use crate::model::Message;

use super::value_type::ValueType;

/// A key of a job file.
#[derive(Debug)]
pub(super) struct Key {
    /// The table that it is in; empty at the top level.
    pub(super) section: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// The type of its value.
    pub(super) value: ValueType,
    /// What it expects, to follow "应为" and "expected".
    pub(super) expects: Message,
    /// What the values of the table that is its value expect.
    within: Option<&'static Message>,
    /// The kinds (`kind = "..."` of the same table) with which it has a meaning; empty means all.
    kinds: &'static [&'static str],
    /// Whether its value may be a secret, and must not be shown.
    secret: bool,
    /// The value that holds when it is not written, as TOML; `None` if there is none, or if it depends on other keys.
    pub(super) default: Option<&'static str>,
    /// The kinds with which it must be written; empty means all. `None` if it never has to be.
    required: Option<&'static [&'static str]>,
}

/// A key that has a meaning with every kind and holds no secret.
pub(super) const fn key(
    section: &'static str,
    name: &'static str,
    value: ValueType,
    zh: &'static str,
    en: &'static str,
) -> Key {
    Key {
        section,
        name,
        value,
        expects: Message::fixed(zh, en),
        within: None,
        kinds: &[],
        secret: false,
        default: None,
        required: None,
    }
}

impl Key {
    /// The same key, with a meaning for these kinds only.
    pub(super) const fn for_kinds(mut self, kinds: &'static [&'static str]) -> Key {
        self.kinds = kinds;
        self
    }

    /// The same key, whose value is a table with such values.
    pub(super) const fn of_values(mut self, expects: &'static Message) -> Key {
        self.within = Some(expects);
        self
    }

    /// The same key, with this default, written as TOML.
    pub(super) const fn default(mut self, toml: &'static str) -> Key {
        self.default = Some(toml);
        self
    }

    /// The same key, which must be written.
    pub(super) const fn required(self) -> Key {
        self.required_with(&[])
    }

    /// The same key, which must be written with these kinds.
    pub(super) const fn required_with(mut self, kinds: &'static [&'static str]) -> Key {
        self.required = Some(kinds);
        self
    }

    /// The same key, whose value may be a secret.
    pub(super) const fn secret(mut self) -> Key {
        self.secret = true;
        self
    }

    /// Whether it has a meaning with a kind.
    pub(super) fn applies_to(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether it must be written with a kind; with any, if there is none.
    pub(super) fn is_required_with(&self, kind: Option<&str>) -> bool {
        match (self.required, kind) {
            (None, _) => false,
            (Some(kinds), None) => kinds.is_empty(),
            (Some(kinds), Some(kind)) => kinds.is_empty() || kinds.contains(&kind),
        }
    }
}

/// A section of a job file: its keys and the part of the example that shows them.
#[derive(Debug)]
pub(super) struct Section {
    /// Its keys and those of the tables inside it, in the order of the documentation.
    pub(super) keys: &'static [&'static [Key]],
    /// What holds for every key of a table whose keys are names of rules.
    pub(super) any_key: Option<&'static Key>,
    /// Its part of `jobs/example.toml.sample`.
    pub(super) sample: &'static str,
}

/// All sections in the order of the documentation.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyTable(pub(super) &'static [Section]);

impl KeyTable {
    /// All keys, in the order of the documentation.
    pub(super) fn keys(self) -> impl Iterator<Item = &'static Key> {
        self.0.iter().flat_map(|section| section.keys).flat_map(|keys| keys.iter())
    }

    fn find(self, section: &str, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.section == section && key.name == name)
    }

    /// What a key expects; `None` if there is no such key.
    pub(super) fn expects(self, section: &str, name: &str) -> Option<&'static Message> {
        let any = |wanted: &str| {
            let mut any = self.0.iter().filter_map(|section| section.any_key);
            any.find(|any| any.section == wanted)
        };
        let key = any(section).or_else(|| self.find(section, name));
        let outer = || section.rsplit_once('.').and_then(|(table, _)| any(table)?.within);
        key.map(|key| &key.expects).or_else(outer)
    }

    /// Whether a word is one of those of its key.
    pub(super) fn has_word(self, section: &str, name: &str, word: &str) -> bool {
        self.find(section, name).is_some_and(|key| key.value.words().contains(&word))
    }

    /// Whether an integer is within the bounds of its key.
    pub(super) fn allows(self, section: &str, name: &str, number: i64) -> bool {
        self.find(section, name).is_some_and(|key| key.value.contains(number))
    }

    /// Whether the value of a key may be a secret.
    pub(super) fn is_secret(self, section: &str, name: &str) -> bool {
        self.find(section, name).is_some_and(|key| key.secret)
    }

    /// The keys of a table.
    pub(super) fn known(self, section: &str) -> Vec<&'static str> {
        self.keys().filter(|key| key.section == section).map(|key| key.name).collect()
    }

    /// The known key of the table that `name` was probably meant to be.
    pub(super) fn suggestion(self, section: &str, name: &str) -> Option<String> {
        let best = self
            .known(section)
            .into_iter()
            .map(|known| (strsim::jaro_winkler(known, &name.to_lowercase()), known))
            .max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 > 0.8).then(|| best.1.to_owned())
    }
}
