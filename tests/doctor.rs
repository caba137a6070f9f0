//! `orgsnap doctor` as an engineer has it: every step right, wrong and absent, against servers that nobody here wrote where
//! there are any, and nothing changed by it.

mod absent;
mod alone;
mod folder;
mod onboarding;
mod pasting;
mod place;
mod rendering;
mod right;
mod site;
mod slow;
mod wrong;
