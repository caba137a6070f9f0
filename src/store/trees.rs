//! Writes the derived forests: all rows on the first load, later only the rows that changed.

use std::{convert::Infallible, num::NonZero, thread};

use xxhash_rust::xxh3::xxh3_64;

use crate::config::schema::ForestSchema;
use crate::model::{RowCounter, TreeRows, TreeSums};
use crate::store::error::StoreError;
use crate::store::keys::KeyList;
use crate::store::tree_levels::TreeLevels;

/// A position that no row has.
const NOWHERE: u32 = u32::MAX;

/// Fewest rows for which a thread of its own is worth starting.
const MIN_ROWS_PER_THREAD: usize = 1 << 16;

/// The stored rows of one forest, in key order.
pub(super) enum StoredTree<'a> {
    /// These rows, which are known to be the stored ones.
    Known(NewTree<'a>),
    /// As they were read.
    Read(TreeHashes),
}

impl StoredTree<'_> {
    /// Whether the table holds no row.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        match self {
            StoredTree::Known(known) => known.rows.ids.len(),
            StoredTree::Read(read) => read.ids.len(),
        }
    }

    /// The id of a row; empty beyond the end.
    fn id(&self, at: usize) -> &str {
        match self {
            StoredTree::Known(known) => known.rows.ids.get(at).copied().unwrap_or_default(),
            StoredTree::Read(read) => read.ids.get(at),
        }
    }
}

/// Stored rows as hashes, by id.
#[derive(Debug, Default)]
pub(super) struct TreeHashes {
    ids: KeyList,
    hashes: Vec<u64>,
}

impl TreeHashes {
    /// Adds a stored row, by its id, whose cells come in the order of the table's columns.
    pub(super) fn push<'c, E>(
        &mut self,
        id: &str,
        content: &mut CellBytes,
        mut cells: impl Iterator<Item = Result<Cell<'c>, E>>,
    ) -> Result<(), E> {
        self.ids.push(id);
        content.clear();
        cells.try_for_each(|cell| cell.map(|cell| content.cell(cell)))?;
        self.hashes.push(content.hash());
        Ok(())
    }
}

/// The cells of a tree row without its id, as bytes to be hashed.
#[derive(Debug, Default)]
pub(super) struct CellBytes(Vec<u8>);

impl CellBytes {
    fn clear(&mut self) {
        self.0.clear();
    }

    fn text(&mut self, text: Option<&[u8]>) {
        // The length separates neighbouring texts; null is encoded as a length that no text has.
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(text.unwrap_or_default());
    }

    fn cell(&mut self, cell: Cell<'_>) {
        match cell {
            Cell::Text(text) => self.text(text.map(str::as_bytes)),
            Cell::Number(number) => self.number(number.into()),
        }
    }

    fn number(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn hash(&self) -> u64 {
        xxh3_64(&self.0)
    }
}

/// A cell of a tree row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'a> {
    /// A text.
    Text(Option<&'a str>),
    /// A number.
    Number(u32),
}

/// The new rows of one forest, in the order of the table's columns.
pub(super) struct NewTree<'a> {
    rows: &'a TreeRows<'a>,
    levels: TreeLevels,
}

impl<'a> NewTree<'a> {
    /// Checks the shape of the rows and makes paths and levels.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if lists differ in length, positions are out of range, or ids are not ascending.
    pub(super) fn new(
        forest: &ForestSchema,
        rows: &'a TreeRows<'a>,
    ) -> Result<NewTree<'a>, StoreError> {
        let misuse = |what: &str| StoreError::Misuse(format!("forest {}: {what}", forest.name));
        let n = rows.ids.len();
        let positions = |list: &[u32]| list.iter().all(|at| (*at as usize) < n);
        let fits = |list: &[u32]| list.len() == n;
        let shape = fits(&rows.depth)
            && fits(&rows.child_count)
            && fits(&rows.descendant_count)
            && rows.parent.len() == n
            && rows.parent.iter().flatten().all(|at| (*at as usize) < n);
        let sums = match &rows.sums {
            TreeSums::Levels { names, agent_count, active_agent_count } => {
                forest.has_levels()
                    && names.len() == n
                    && fits(agent_count)
                    && fits(active_agent_count)
            }
            TreeSums::Lineage { root, active_descendant_count } => {
                !forest.has_levels()
                    && fits(root)
                    && positions(root)
                    && fits(active_descendant_count)
            }
        };
        if !shape || !sums {
            return Err(misuse("its rows have another shape than its table"));
        }
        if !rows.ids.is_sorted_by(|a, b| a < b) {
            return Err(misuse("its rows are not in key order"));
        }
        let levels = match &rows.sums {
            TreeSums::Levels { names, .. } => TreeLevels::new(rows, names),
            TreeSums::Lineage { .. } => TreeLevels::default(),
        };
        Ok(NewTree { rows, levels })
    }

    /// The id of a row.
    pub(super) fn id(&self, at: u32) -> Option<&'a str> {
        self.rows.ids.get(at as usize).copied()
    }

    /// The id of the parent of a row.
    fn parent(&self, at: usize) -> Option<&'a str> {
        self.rows.parent.get(at).copied().flatten().and_then(|parent| self.id(parent))
    }

    /// The id of the top above a row.
    fn top(&self, roots: &[u32], at: usize) -> Option<&'a str> {
        roots.get(at).and_then(|root| self.id(*root))
    }

    /// Hands out the cells of a row without its id.
    pub(super) fn each_cell<E>(
        &self,
        at: usize,
        mut cell: impl FnMut(Cell<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let number = |list: &[u32]| Cell::Number(list.get(at).copied().unwrap_or_default());
        cell(Cell::Text(self.parent(at)))?;
        if let TreeSums::Lineage { root, .. } = &self.rows.sums {
            cell(Cell::Text(self.top(root, at)))?;
        }
        cell(number(&self.rows.depth))?;
        if let TreeSums::Levels { .. } = &self.rows.sums {
            cell(Cell::Text(self.levels.path(at)))?;
            cell(Cell::Text(self.levels.path_name(at)))?;
            for (id, name) in self.line(at) {
                cell(Cell::Text(id))?;
                cell(Cell::Text(name))?;
            }
        }
        cell(number(&self.rows.child_count))?;
        cell(number(&self.rows.descendant_count))?;
        match &self.rows.sums {
            TreeSums::Levels { agent_count, active_agent_count, .. } => {
                cell(number(agent_count))?;
                cell(number(active_agent_count))
            }
            TreeSums::Lineage { active_descendant_count, .. } => {
                cell(number(active_descendant_count))
            }
        }
    }

    /// Whether a row has the cells of a row of the same id of `other`, earlier rows of the forest. `places` has the position
    /// of each of these here: millions of references are compared by it, not by their texts.
    fn has_cells_of(
        &self,
        at: usize,
        other: &NewTree<'_>,
        other_at: usize,
        places: &[u32],
    ) -> bool {
        let number = |list: &[u32], at: usize| list.get(at).copied();
        let numbers = |of: &NewTree<'_>, at: usize| {
            let TreeRows { depth, child_count, descendant_count, .. } = of.rows;
            [depth, child_count, descendant_count].map(|list| number(list, at))
        };
        let parent = |of: &NewTree<'_>, at: usize| of.rows.parent.get(at).copied().flatten();
        let here = |place: Option<u32>| place.map(|place| number(places, place as usize));
        if numbers(self, at) != numbers(other, other_at)
            || parent(self, at).map(Some) != here(parent(other, other_at))
        {
            return false;
        }
        match (&self.rows.sums, &other.rows.sums) {
            (
                TreeSums::Lineage { root, active_descendant_count: active },
                TreeSums::Lineage { root: other_root, active_descendant_count: other_active },
            ) => {
                number(active, at) == number(other_active, other_at)
                    && number(root, at).map(Some) == here(number(other_root, other_at))
            }
            (
                TreeSums::Levels { agent_count: agents, active_agent_count: active, .. },
                TreeSums::Levels {
                    agent_count: other_agents,
                    active_agent_count: other_active,
                    ..
                },
            ) => {
                [agents, active].map(|list| number(list, at))
                    == [other_agents, other_active].map(|list| number(list, other_at))
                    && self.levels.path(at) == other.levels.path(other_at)
                    && self.levels.path_name(at) == other.levels.path_name(other_at)
                    && self.line(at).eq(other.line(other_at))
            }
            _ => false,
        }
    }

    /// The position of each row of `other`, earlier rows of the forest; [`NOWHERE`] if its id is gone.
    fn places_of(&self, other: &NewTree<'_>) -> Vec<u32> {
        let (ids, mut next) = (&self.rows.ids, 0);
        let place = |id: &&str| {
            // Most ids are the same piece of the same file.
            let is_before = |mine: &&str| !std::ptr::eq(*mine, *id) && *mine < *id;
            while ids.get(next).is_some_and(is_before) {
                next += 1;
            }
            let is_here = ids.get(next).is_some_and(|mine| std::ptr::eq(*mine, *id) || mine == id);
            if is_here { next as u32 } else { NOWHERE }
        };
        other.rows.ids.iter().map(place).collect()
    }

    /// Id and name of the record on each level, from the top down to the record itself.
    fn line(&self, at: usize) -> impl Iterator<Item = (Option<&'a str>, Option<&'a str>)> {
        let names: &'a [Option<&'a str>] = match &self.rows.sums {
            TreeSums::Levels { names, .. } => names,
            TreeSums::Lineage { .. } => &[],
        };
        self.levels.line(at).into_iter().map(move |place| {
            let name = place.and_then(|place| names.get(place as usize).copied()?);
            (place.and_then(|place| self.id(place)), name)
        })
    }

    /// The hashes of all rows, computed on all cores.
    fn hashes(&self) -> Vec<u64> {
        let mut hashes = vec![0; self.rows.ids.len()];
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let share = hashes.len().div_ceil(cores).max(MIN_ROWS_PER_THREAD);
        thread::scope(|scope| {
            for (nth, hashes) in hashes.chunks_mut(share).enumerate() {
                scope.spawn(move || {
                    let mut content = CellBytes::default();
                    for (at, hash) in (nth * share..).zip(hashes) {
                        *hash = self.hash(at, &mut content);
                    }
                });
            }
        });
        hashes
    }

    fn hash(&self, at: usize, content: &mut CellBytes) -> u64 {
        content.clear();
        let Ok(()) = self.each_cell(at, |cell| {
            content.cell(cell);
            Ok::<(), Infallible>(())
        });
        content.hash()
    }
}

/// What a store does with the rows of one forest.
pub(super) trait TreeWriter {
    /// What fails.
    type Error;

    /// Inserts a row of a new id.
    fn insert(&mut self, new: &NewTree<'_>, at: usize) -> Result<(), Self::Error>;

    /// Writes a row over that of its id.
    fn overwrite(&mut self, new: &NewTree<'_>, at: usize) -> Result<(), Self::Error>;

    /// Deletes the row of an id.
    fn delete(&mut self, id: &str) -> Result<(), Self::Error>;
}

/// Writes the rows that differ from the stored ones. Returns how many rows were written or deleted.
pub(super) fn write<W: TreeWriter>(
    writer: &mut W,
    stored: &StoredTree<'_>,
    new: &NewTree<'_>,
    counter: RowCounter<'_>,
) -> Result<u64, W::Error> {
    // The first load has no stored rows to compare with.
    let hashes = match stored {
        StoredTree::Read(read) if !read.hashes.is_empty() => new.hashes(),
        StoredTree::Read(_) | StoredTree::Known(_) => Vec::new(),
    };
    let places = match stored {
        StoredTree::Known(known) => new.places_of(known),
        StoredTree::Read(_) => Vec::new(),
    };
    let is_stored = |old: usize, at: usize| match stored {
        StoredTree::Known(known) => new.has_cells_of(at, known, old, &places),
        StoredTree::Read(read) => read.hashes.get(old) == hashes.get(at),
    };
    let (mut written, mut old) = (0, 0);
    let mut uncounted = 0;
    for (at, id) in new.rows.ids.iter().enumerate() {
        uncounted += 1;
        if uncounted == RowCounter::BATCH {
            counter.add(std::mem::take(&mut uncounted), 0);
        }
        while old < stored.len() && stored.id(old) < *id {
            writer.delete(stored.id(old))?;
            written += 1;
            old += 1;
        }
        if old < stored.len() && stored.id(old) == *id {
            let same = is_stored(old, at);
            old += 1;
            if !same {
                writer.overwrite(new, at)?;
                written += 1;
            }
        } else {
            writer.insert(new, at)?;
            written += 1;
        }
    }
    counter.add(uncounted, 0);
    for gone in old..stored.len() {
        writer.delete(stored.id(gone))?;
        written += 1;
    }
    Ok(written)
}
