//! WeCom's page that asks who a member is (`/connect/oauth2/authorize`), beside the server of its API.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use reqwest::Url;

use crate::wecom_api::server::ApiServer;

/// Who opens pages in WeCom: a user id, `corp/user`, or nobody of the enterprise.
pub(super) type Person = Option<String>;

/// The page. Its threads end with the test process.
#[derive(Clone)]
pub(super) struct AuthorizePage {
    port: u16,
    api: ApiServer,
    /// The domain that the application trusts.
    trusted_domain: String,
    state: Arc<Mutex<State>>,
}

struct State {
    person: Person,
    codes: u64,
}

impl AuthorizePage {
    pub(super) fn start(api: &ApiServer, trusted_domain: &str, person: &str) -> AuthorizePage {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let page = AuthorizePage {
            port: listener.local_addr().unwrap().port(),
            api: api.clone(),
            trusted_domain: trusted_domain.to_owned(),
            state: Arc::new(Mutex::new(State { person: Some(person.to_owned()), codes: 0 })),
        };
        let own = page.clone();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let page = own.clone();
                thread::spawn(move || page.serve(&connection));
            }
        });
        page
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on somebody else opens pages.
    pub(super) fn now_is(&self, person: Option<&str>) {
        self.state.lock().unwrap().person = person.map(str::to_owned);
    }

    /// Where the page leads a browser that was sent to `url`. It is as strict as WeCom's.
    pub(super) fn leads_to(&self, url: &str) -> String {
        let url = Url::parse(url).unwrap();
        let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        let documented = ["appid", "redirect_uri", "response_type", "scope", "state", "agentid"];
        assert_eq!(names, documented, "in the order of the document");
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(url.path(), "/connect/oauth2/authorize");
        // A browser sends no fragment; whoever reads the redirect sees it.
        assert!(url.fragment().is_none_or(|fragment| fragment == "wechat_redirect"), "{url}");
        let parameter = |name: &str| query.get(name).map(String::as_str);
        assert_eq!(parameter("appid"), Some(crate::wecom_api::server::CORP_ID));
        assert_eq!(parameter("agentid"), Some("1000008"));
        assert_eq!(parameter("response_type"), Some("code"));
        assert_eq!(parameter("scope"), Some("snsapi_base"));
        let state = parameter("state").unwrap();
        assert!(state.len() <= 128 && state.bytes().all(|b| b.is_ascii_alphanumeric()), "{state}");
        let back = Url::parse(parameter("redirect_uri").unwrap()).unwrap();
        assert_eq!(back.authority(), self.trusted_domain, "50001: another domain");
        let code = {
            let mut own = self.state.lock().unwrap();
            own.codes += 1;
            let code = format!("C0DE-{}", own.codes);
            let person = own.person.clone();
            self.api.change(|enterprise| _ = enterprise.codes.insert(code.clone(), person));
            code
        };
        format!("{back}?code={code}&state={state}")
    }

    fn serve(&self, mut connection: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(connection);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            (reader.read_line(&mut head).ok()? > 0).then_some(())?;
        }
        let target = head.split(' ').nth(1)?;
        let answer = match target.starts_with("/connect/") {
            true => {
                let to = self.leads_to(&format!("{}{target}", self.url()));
                format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\n")
            }
            false => "HTTP/1.1 404 Not Found\r\n".to_owned(),
        };
        let rest = "content-length: 0\r\nconnection: close\r\n\r\n";
        connection.write_all(format!("{answer}{rest}").as_bytes()).ok()
    }
}
