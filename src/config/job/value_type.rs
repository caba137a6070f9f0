//! The type of a key's value.

/// What values a key takes, beyond what TOML itself says.
#[derive(Debug, Clone, Copy)]
pub(super) enum ValueType {
    /// Text; the resolver checks its form.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number within both bounds.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A text such as `30s`, see `quantity::duration`.
    Duration,
    /// A text such as `4GiB`, see `quantity::size`.
    Size,
    /// A text such as `5%`, see `quantity::share`.
    Share,
    /// A text such as `08:00`.
    TimeOfDay,
    /// One of these words.
    Enumeration(&'static [&'static str]),
    /// One of these words, which are written here in small letters, in whatever case.
    WordInAnyCase(&'static [&'static str]),
    /// A list of values of one type.
    List(&'static ValueType),
    /// A table, whose keys are in the section of its name.
    Table,
    /// An array of such tables.
    Tables,
    /// A value of any of these types.
    AnyOf(&'static [ValueType]),
}

impl ValueType {
    /// A secret: the text itself, or a table with the variable or the file that holds it.
    pub(super) const SECRET: ValueType = ValueType::AnyOf(&[ValueType::String, ValueType::Table]);

    /// The words that have a meaning, in the order of the documentation.
    pub(super) fn words(self) -> Vec<&'static str> {
        match self {
            ValueType::Enumeration(words) | ValueType::WordInAnyCase(words) => words.to_vec(),
            ValueType::List(item) => item.words(),
            ValueType::AnyOf(types) => types.iter().flat_map(|one| one.words()).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether an integer lies within the bounds; `false` for any other type.
    pub(super) fn contains(self, number: i64) -> bool {
        matches!(self, ValueType::Integer { min, max } if (min..=max).contains(&number))
    }
}
