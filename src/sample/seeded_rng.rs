//! Random choices that depend on nothing but the seed, what is chosen and for whom.
//!
//! Every choice is a hash of its own coordinates, not the next number of a stream. So a row stays as it
//! was when another row is added before it: what makes the next day of the same company differ from the
//! day before in the changed rows only.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What is chosen. One entry a decision, so that no two decisions share their luck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum RngStream {
    ProvinceOrder = 1,
    OrganPlace,
    OrganWeight,
    FoundedBefore,
    StaffCount,
    StaffChannel,
    StaffStatus,
    StaffName,
    DepartmentSize,
    DistrictSize,
    TeamWord,
    DistrictChannel,
    TeamClosed,
    TeamVacant,
    TeamAge,
    TeamMentor,
    AgentTeam,
    AgentRecruiter,
    AgentName,
    AgentLeft,
    AgentTenure,
    AgentGrade,
    ChurnHit,
    ChurnKind,
    Defect,
    ChurnChoice,
    TeamChurn,
    DepartmentChurn,
    OfficeChurn,
    StaffChurn,
}

/// The source of all choices of one company.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeededRng {
    seed: u64,
}

impl SeededRng {
    /// The generator of a seed.
    pub(super) fn new(seed: u64) -> SeededRng {
        SeededRng { seed }
    }

    /// 64 random bits for the `index`-th decision of a kind.
    pub(super) fn bits(&self, of: RngStream, index: u64) -> u64 {
        let mut coordinates = [0; 16];
        coordinates[..8].copy_from_slice(&(of as u64).to_le_bytes());
        coordinates[8..].copy_from_slice(&index.to_le_bytes());
        xxh3_64_with_seed(&coordinates, self.seed)
    }

    /// A whole number from 0 up to `n` (exclusive); 0 for `n` = 0.
    pub(super) fn below(&self, of: RngStream, index: u64, n: usize) -> usize {
        scale(self.bits(of, index), n)
    }

    /// A number from 0 up to 1 (exclusive).
    pub(super) fn share(&self, of: RngStream, index: u64) -> f64 {
        fraction(self.bits(of, index))
    }

    /// Whether something happens that happens with probability `p`.
    pub(super) fn chance(&self, of: RngStream, index: u64, p: f64) -> bool {
        self.share(of, index) < p
    }
}

/// Maps 64 random bits to `0..n`.
pub(super) fn scale(bits: u64, n: usize) -> usize {
    // The product is below n * 2^64, so its upper half fits usize.
    ((u128::from(bits) * n as u128) >> 64) as usize
}

/// Maps 64 random bits to `0.0..1.0`: the upper 53, as many as a double holds.
pub(super) fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
