//! The gate: what may be published. Only this module can make an [`Approved`].

/// The proof that the gate let a delivery pass. Committing a publication takes one.
#[derive(Debug)]
pub struct Approved {
    _private: (),
}

#[cfg(test)]
impl Approved {
    /// A proof for tests of what comes after the gate.
    pub(crate) fn for_tests() -> Approved {
        Approved { _private: () }
    }
}
