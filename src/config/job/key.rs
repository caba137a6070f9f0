//! What a key of a job file is, and the table of all keys.

use crate::model::Message;

/// A key of a job file.
#[derive(Debug)]
pub(super) struct Key {
    /// The table that it is in; empty at the top level.
    pub(super) section: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// What it expects, to follow 「应为」 and "expected".
    pub(super) expects: Message,
    /// The kinds (`kind = "..."` of the same table) with which it has a meaning; empty means all.
    kinds: &'static [&'static str],
    /// Whether its value may be a secret, and must not be shown.
    secret: bool,
}

/// A key that has a meaning with every kind and holds no secret.
pub(super) const fn key(
    section: &'static str,
    name: &'static str,
    zh: &'static str,
    en: &'static str,
) -> Key {
    Key { section, name, expects: Message::fixed(zh, en), kinds: &[], secret: false }
}

impl Key {
    /// The same key, with a meaning for these kinds only.
    pub(super) const fn only(mut self, kinds: &'static [&'static str]) -> Key {
        self.kinds = kinds;
        self
    }

    /// The same key, whose value may be a secret.
    pub(super) const fn secret(mut self) -> Key {
        self.secret = true;
        self
    }

    /// Whether it has a meaning with a kind.
    pub(super) fn is_for(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// A section of a job file: its keys and the part of the example that shows them.
#[derive(Debug)]
pub(super) struct Section {
    /// Its keys and those of the tables inside it, in the order of the documentation.
    pub(super) keys: &'static [&'static [Key]],
    /// The table whose keys are names of rules, and what each of them expects.
    pub(super) any_key: Option<(&'static str, &'static Message)>,
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
        let any = self.0.iter().filter_map(|section| section.any_key);
        match any.into_iter().find(|(free, _)| *free == section) {
            Some((_, expects)) => Some(expects),
            None => self.find(section, name).map(|key| &key.expects),
        }
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
