//! Where a verb may write a file that the user names: nowhere in the data folder.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use orgsnap::model::Message;

use super::environment::Environment;
use super::failure::Failure;
use super::output;

/// Refuses a file or folder in the data folder, whatever links lead there, also where it is to be replaced: what lies there
/// is orgsnap's own, and a file of another verb in its place would be the loss of it.
///
/// # Errors
/// If it lies there, or if its place cannot be told.
pub(super) fn check_outside_data(out: &Path, environment: &Environment) -> Result<(), Failure> {
    let places = places(out).map_err(|error| Failure::usage(output::cannot_write(out, &error)))?;
    let kept = kept(&environment.data);
    if !kept.iter().any(|kept| places.iter().any(|place| place.starts_with(kept))) {
        return Ok(());
    }
    let (out, data) = (out.display(), environment.data.display());
    Err(Failure::usage(Message::new(
        format!(
            "{out} 位于数据目录 {data} 内，未写入；该目录只由 orgsnap 管理，请指定目录以外的位置"
        ),
        format!(
            "{out} is in the data folder {data} and was not written: what is there is kept by orgsnap alone; name a place \
             outside it"
        ),
    )))
}

/// Where a path is, and where it leads to if it is a link. Folders on the way may not be there yet.
fn places(path: &Path) -> io::Result<[PathBuf; 2]> {
    let (mut place, mut real) = (PathBuf::new(), PathBuf::new());
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::ParentDir => {
                real.pop();
            }
            Component::CurDir => {}
            other => real.push(other),
        }
        place.clone_from(&real);
        if let Ok(found) = real.canonicalize() {
            real = found;
        }
    }
    Ok([place, real])
}

/// The data folder, and where its folders and their files are if those are links.
fn kept(data: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<PathBuf>>()
    };
    let folders = entries(data);
    let files: Vec<PathBuf> = folders.iter().flat_map(|folder| entries(folder)).collect();
    let all = [data.to_path_buf()].into_iter().chain(folders).chain(files);
    all.filter_map(|path| path.canonicalize().ok()).collect()
}
