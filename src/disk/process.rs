//! How this process is told from others, for people who look for it.

use std::fs;
use std::process;

/// The machine, where the system tells its name in a file, and the number of the process.
pub fn this_process() -> String {
    let machine = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match machine.trim() {
        "" => format!("pid {}", process::id()),
        machine => format!("{machine}, pid {}", process::id()),
    }
}
