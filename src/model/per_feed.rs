//! One value for each of the four feeds.

use std::ops::{Deref, DerefMut, Index, IndexMut};

use super::Feed;

/// One value for each feed, in the order of [`Feed::ALL`], found by its feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerFeed<T>([T; Feed::ALL.len()]);

impl<T> PerFeed<T> {
    /// The values in the order of [`Feed::ALL`].
    pub const fn new(values: [T; Feed::ALL.len()]) -> PerFeed<T> {
        PerFeed(values)
    }

    /// The value that `value` gives for each feed.
    pub fn from_fn(value: impl FnMut(Feed) -> T) -> PerFeed<T> {
        PerFeed(Feed::ALL.map(value))
    }

    /// The values that `value` gives, or its first error; after it no further value is asked for.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn try_from_fn<E>(mut value: impl FnMut(Feed) -> Result<T, E>) -> Result<PerFeed<T>, E> {
        let [agent, node, organ, principal] = Feed::ALL;
        Ok(PerFeed([value(agent)?, value(node)?, value(organ)?, value(principal)?]))
    }

    /// The values in the order of [`Feed::ALL`].
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// The values of another type that `change` makes of these.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> PerFeed<U> {
        PerFeed(self.0.map(change))
    }
}

impl<T> Index<Feed> for PerFeed<T> {
    type Output = T;

    fn index(&self, feed: Feed) -> &T {
        &self.0[feed as usize]
    }
}

impl<T> IndexMut<Feed> for PerFeed<T> {
    fn index_mut(&mut self, feed: Feed) -> &mut T {
        &mut self.0[feed as usize]
    }
}

impl<T> Deref for PerFeed<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for PerFeed<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> IntoIterator for PerFeed<T> {
    type Item = T;
    type IntoIter = std::array::IntoIter<T, { Feed::ALL.len() }>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a mut PerFeed<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

impl<T> TryFrom<Vec<T>> for PerFeed<T> {
    type Error = Vec<T>;

    /// Of as many values as there are feeds; gives others back.
    fn try_from(values: Vec<T>) -> Result<PerFeed<T>, Vec<T>> {
        values.try_into().map(PerFeed)
    }
}

impl<'a, T> IntoIterator for &'a PerFeed<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_feed() {
        let mut names = PerFeed::from_fn(Feed::name);
        for feed in Feed::ALL {
            assert_eq!(names[feed], feed.name());
        }
        names[Feed::Organ] = "x";
        assert_eq!(names.to_vec(), ["agent", "node", "x", "principal"]);
        let failed = PerFeed::try_from_fn(|feed| match feed {
            Feed::Node => Err(feed),
            feed => Ok(feed),
        });
        assert_eq!(failed, Err(Feed::Node));
    }
}
