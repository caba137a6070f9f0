//! How long a list may be: whatever the server answers, the paging ends. Pure.

use std::collections::BTreeSet;

use crate::model::Message;

/// Limits of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PagingLimits {
    /// Most pages.
    pub pages: u64,
    /// Most pages in a row that bring no new member.
    pub idle: u64,
    /// Most members.
    pub members: u64,
}

impl Default for PagingLimits {
    fn default() -> PagingLimits {
        // An entry is a member in a department, and a member may be in a hundred of them, a page apart.
        PagingLimits { pages: 20_000, idle: 200, members: 3_000_000 }
    }
}

/// A list that does not end as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PagingFault {
    /// A cursor came a second time; the pages would go round.
    Repeated {
        /// The page with it, from 1.
        page: u64,
    },
    /// More pages than any enterprise has.
    Endless {
        /// Pages read.
        pages: u64,
    },
    /// Page after page brings nothing new.
    Idle {
        /// Pages read.
        pages: u64,
    },
    /// More members than any enterprise has.
    Members {
        /// Members read.
        members: u64,
    },
}

/// The pages read so far.
#[derive(Debug, Default)]
pub struct Paging {
    limits: PagingLimits,
    cursors: BTreeSet<String>,
    pages: u64,
    idle: u64,
    members: u64,
}

impl Paging {
    /// No page yet.
    pub fn new(limits: PagingLimits) -> Paging {
        Paging { limits, ..Paging::default() }
    }

    /// A page with so many members that no page before had, and the cursor of the next one. Returns whether there is a next
    /// one.
    ///
    /// # Errors
    /// If the list cannot be a good one.
    pub fn page(&mut self, new: u64, next_cursor: &str) -> Result<bool, PagingFault> {
        self.pages += 1;
        self.members += new;
        self.idle = if new == 0 { self.idle + 1 } else { 0 };
        if self.members > self.limits.members {
            return Err(PagingFault::Members { members: self.members });
        }
        if next_cursor.is_empty() {
            return Ok(false);
        }
        if !self.cursors.insert(next_cursor.to_owned()) {
            return Err(PagingFault::Repeated { page: self.pages });
        }
        if self.idle > self.limits.idle {
            return Err(PagingFault::Idle { pages: self.pages });
        }
        if self.pages >= self.limits.pages {
            return Err(PagingFault::Endless { pages: self.pages });
        }
        Ok(true)
    }
}

impl PagingFault {
    /// What happened and what to do, in both languages.
    pub fn message(&self) -> Message {
        let (zh, en) = match self {
            PagingFault::Repeated { page } => (
                format!("第 {page} 页返回了已经用过的游标，分页会循环"),
                format!("page {page} has a cursor that came before, so the pages would go round"),
            ),
            PagingFault::Endless { pages } => (
                format!("已读取 {pages} 页，仍未结束"),
                format!("there is no end after {pages} pages"),
            ),
            PagingFault::Idle { pages } => (
                format!("已读取 {pages} 页，后面的页没有新成员，仍未结束"),
                format!("after {pages} pages the further ones bring no new member and do not end"),
            ),
            PagingFault::Members { members } => (
                format!("已读取 {members} 名成员，超出企业可能的规模"),
                format!("{members} members are more than an enterprise can have"),
            ),
        };
        Message::new(
            format!("企业微信的成员列表异常：{zh}；核对结果未作改动，请稍后重试，仍然如此请联系企业微信"),
            format!(
                "WeCom's list of members is not as it should be: {en}; no difference was changed: try again later, and \
                 ask WeCom if it stays so"
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_goes_round_or_never_ends_is_a_fault() {
        let limits = PagingLimits { pages: 4, idle: 1, members: 10 };
        type Page<'p> = (u64, &'p str);
        let cases: [(&[Page<'_>], Result<bool, PagingFault>); 7] = [
            (&[(3, "")], Ok(false)),
            (&[(3, "a"), (3, "b")], Ok(true)),
            (&[(3, "a"), (3, "a")], Err(PagingFault::Repeated { page: 2 })),
            (&[(1, "a"), (1, "b"), (1, "c"), (1, "d")], Err(PagingFault::Endless { pages: 4 })),
            (&[(1, "a"), (1, "b"), (1, "c"), (1, "")], Ok(false)),
            (&[(1, "a"), (0, "b"), (0, "c")], Err(PagingFault::Idle { pages: 3 })),
            (&[(6, "a"), (5, "")], Err(PagingFault::Members { members: 11 })),
        ];
        for (pages, expected) in cases {
            let mut paging = Paging::new(limits);
            let mut outcome = Ok(true);
            for (new, cursor) in pages {
                outcome = paging.page(*new, cursor);
            }
            assert_eq!(outcome, expected, "{pages:?}");
        }
    }
}
