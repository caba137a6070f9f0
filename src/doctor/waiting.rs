//! Telling whoever waits which part of a look takes long.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::model::Message;

use super::surroundings::Surroundings;

/// Nobody wonders about a shorter wait.
const UNTOLD: Duration = Duration::from_secs(2);

/// Does a part of a look, and tells which one it is if that takes long.
pub(super) fn telling<T>(around: &Surroundings<'_>, part: &Message, work: impl FnOnce() -> T) -> T {
    let tell = around.tells_wait;
    let (working, done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if done.recv_timeout(UNTOLD) == Err(RecvTimeoutError::Timeout) {
                tell(part);
            }
        });
        let result = work();
        drop(working);
        result
    })
}
