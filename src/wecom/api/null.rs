//! Fields that may be null or absent: the API writes either for what there is none of.

use serde::{Deserialize, Deserializer};

/// Null as the default value.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
