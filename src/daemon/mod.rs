//! Running every job by its schedule.
