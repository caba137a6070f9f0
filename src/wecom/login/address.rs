//! The addresses of the login, and WeCom's where it begins.

use url::form_urlencoded;

/// What the paths of the login begin with.
const PREFIX: &str = "/wecom/";

/// A page of the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Where it begins.
    Login,
    /// Where WeCom leads back to.
    Callback,
    /// Who has logged in.
    Me,
    /// The signatures of the JS-SDK.
    JsSdk,
}

impl Page {
    /// All of them.
    pub const ALL: [Page; 4] = [Page::Login, Page::Callback, Page::Me, Page::JsSdk];

    fn name(self) -> &'static str {
        match self {
            Page::Login => "login",
            Page::Callback => "callback",
            Page::Me => "me",
            Page::JsSdk => "js-sdk",
        }
    }

    /// Its path.
    pub fn path(self, tenant: &str) -> String {
        format!("{PREFIX}{tenant}/{}", self.name())
    }
}

/// Tenant and page of a path. Nothing is decoded and nothing forgiven: tenants have no characters that need escaping.
pub fn parts(path: &str) -> Option<(&str, Page)> {
    let (tenant, name) = path.strip_prefix(PREFIX)?.split_once('/')?;
    Some((tenant, Page::ALL.into_iter().find(|page| page.name() == name)?))
}

/// Where WeCom asks who the member is, without asking the member (`snsapi_base`, document 91022).
pub fn authorize(
    base: &str,
    corp_id: &str,
    agent_id: u64,
    redirect_uri: &str,
    state: &str,
) -> String {
    // In the order of the document.
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("appid", corp_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("response_type", "code")
        .append_pair("scope", "snsapi_base")
        .append_pair("state", state)
        .append_pair("agentid", &agent_id.to_string())
        .finish();
    format!("{}/connect/oauth2/authorize?{query}#wechat_redirect", base.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_a_tenant_and_a_page_exactly() {
        for page in Page::ALL {
            assert_eq!(parts(&page.path("00010001")), Some(("00010001", page)));
        }
        for path in [
            "/",
            "/wecom/t",
            "/wecom/t/",
            "/wecom/t/logins",
            "/wecom/t/login/",
            "/wecom/t/x/login",
            "/wecom/t/LOGIN",
            "//wecom/t/login",
            "/wecom/t/%6cogin",
        ] {
            assert_eq!(parts(path), None, "{path}");
        }
    }

    #[test]
    fn the_address_of_the_authorization_is_as_documented() {
        let redirect_uri = "https://wecom.example.com/wecom/00010001/callback";
        let base = "https://open.weixin.qq.com/";
        assert_eq!(
            authorize(base, "ww08a41f56c8db31fb", 1_000_008, redirect_uri, "0123abc"),
            "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww08a41f56c8db31fb\
             &redirect_uri=https%3A%2F%2Fwecom.example.com%2Fwecom%2F00010001%2Fcallback&response_type=code\
             &scope=snsapi_base&state=0123abc&agentid=1000008#wechat_redirect"
        );
    }
}
