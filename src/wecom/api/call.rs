//! The calls, by the names that their documents give them.

use std::fmt;

/// Whose API it is. The same code may mean different things on the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// WeCom.
    Wecom,
    /// Official accounts and mini programs.
    Accounts,
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A token of an application (document 91039).
    GetToken,
    /// An application (document 90227).
    AgentGet,
    /// Members' ids, by pages (document 96067).
    UserListId,
    /// Departments' ids (document 95406).
    DepartmentSimpleList,
    /// The members who may use the functions for customers (document 92571).
    FollowUserList,
    /// Who a code of the login page belongs to (document 91023).
    GetUserInfo,
    /// The ticket of `wx.config` (document 90506).
    GetJsapiTicket,
    /// The ticket of `wx.agentConfig` (document 90506).
    TicketGet,
    /// A token of an official account or mini program, without invalidating the one in use.
    StableToken,
    /// The menu of an official account.
    MenuInfo,
    /// The automatic replies of an official account.
    AutomaticReplyInfo,
}

impl Call {
    /// Its path below `cgi-bin/`, which is its name in the documents.
    pub fn name(self) -> &'static str {
        match self {
            Call::GetToken => "gettoken",
            Call::AgentGet => "agent/get",
            Call::UserListId => "user/list_id",
            Call::DepartmentSimpleList => "department/simplelist",
            Call::FollowUserList => "externalcontact/get_follow_user_list",
            Call::GetUserInfo => "auth/getuserinfo",
            Call::GetJsapiTicket => "get_jsapi_ticket",
            Call::TicketGet => "ticket/get",
            Call::StableToken => "stable_token",
            Call::MenuInfo => "get_current_selfmenu_info",
            Call::AutomaticReplyInfo => "get_current_autoreply_info",
        }
    }

    /// Whose API it belongs to.
    pub fn platform(self) -> Platform {
        match self {
            Call::StableToken | Call::MenuInfo | Call::AutomaticReplyInfo => Platform::Accounts,
            _ => Platform::Wecom,
        }
    }

    /// Whether it may be made again though the server may have done it: a code of the login page can be used once.
    pub(super) fn is_repeatable(self) -> bool {
        self != Call::GetUserInfo
    }

    /// Bytes of an answer that are read: lists are long, all else is short.
    pub(super) fn longest_answer(self) -> usize {
        match self {
            Call::UserListId | Call::DepartmentSimpleList | Call::FollowUserList => 16 << 20,
            Call::AgentGet | Call::MenuInfo | Call::AutomaticReplyInfo => 4 << 20,
            _ => 64 << 10,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
