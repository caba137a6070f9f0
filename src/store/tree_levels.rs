//! Paths and levels of a forest with levels: what stands above each record, as texts and as columns.

use crate::model::TreeRows;
use crate::store::tree_layout::LEVELS;

/// Deeper records have no path. Real hierarchies of offices and teams are far shallower; without a limit the paths
/// of a long delivered chain would grow with the square of its length.
pub(super) const MAX_PATH_DEPTH: u32 = 64;

/// What stands above the records of a forest with levels, by their positions.
#[derive(Debug, Default)]
pub(super) struct TreeLevels {
    paths: Vec<Option<String>>,
    path_names: Vec<Option<String>>,
    /// Position of the record on each level from the top down to the record itself.
    line: Vec<[Option<u32>; LEVELS]>,
}

impl TreeLevels {
    /// Makes them from parents, depths and names. Parents come before children when the rows are taken by depth.
    pub(super) fn new(rows: &TreeRows<'_>, names: &[Option<&str>]) -> TreeLevels {
        let n = rows.ids.len();
        let mut levels = TreeLevels {
            paths: vec![None; n],
            path_names: vec![None; n],
            line: vec![[None; LEVELS]; n],
        };
        let mut order: Vec<(u32, usize)> =
            rows.depth.iter().enumerate().map(|(at, depth)| (*depth, at)).collect();
        order.sort_unstable();
        for (depth, at) in order {
            levels.add(rows, names, depth, at);
        }
        levels
    }

    fn add(&mut self, rows: &TreeRows<'_>, names: &[Option<&str>], depth: u32, at: usize) {
        let Some(id) = rows.ids.get(at) else { return };
        let name = names.get(at).copied().flatten().unwrap_or(id);
        let parent = rows.parent.get(at).copied().flatten().map(|parent| parent as usize);
        let (path, path_name, mut line) = match parent {
            None => (Some(format!("/{id}/")), Some(name.to_owned()), [None; LEVELS]),
            Some(parent) => (
                self.path(parent).map(|above| format!("{above}{id}/")),
                self.path_name(parent).map(|above| format!("{above}/{name}")),
                self.line.get(parent).copied().unwrap_or_default(),
            ),
        };
        if let Some(place) = line.get_mut(depth as usize) {
            *place = Some(at as u32);
        }
        let short = depth <= MAX_PATH_DEPTH;
        let slots = (self.paths.get_mut(at), self.path_names.get_mut(at), self.line.get_mut(at));
        if let (Some(path_slot), Some(name_slot), Some(line_slot)) = slots {
            *path_slot = path.filter(|_| short);
            *name_slot = path_name.filter(|_| short);
            *line_slot = line;
        }
    }

    /// The keys from the top to the record, such as `/86/8601/`.
    pub(super) fn path(&self, at: usize) -> Option<&str> {
        self.paths.get(at)?.as_deref()
    }

    /// The names from the top to the record, a slash between them; the key stands for a name that is missing.
    pub(super) fn path_name(&self, at: usize) -> Option<&str> {
        self.path_names.get(at)?.as_deref()
    }

    /// Positions of the records from the top down to the record itself.
    pub(super) fn line(&self, at: usize) -> [Option<u32>; LEVELS] {
        self.line.get(at).copied().unwrap_or_default()
    }
}
