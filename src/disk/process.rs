//! How this program is told from the same one elsewhere, for people who look for it.

/// The machine and the number of the process.
pub fn this_process() -> String {
    let machine = rustix::system::uname();
    format!("{}, pid {}", machine.nodename().to_string_lossy(), std::process::id())
}
