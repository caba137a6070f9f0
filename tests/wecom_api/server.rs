//! A server on loopback that answers as WeCom's API is documented, and misbehaves as a test scripts it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use orgsnap::config::job::ApiAddresses;
use serde_json::{Value, json};

/// An enterprise: all that the API tells of it.
#[derive(Debug, Clone)]
pub(crate) struct Enterprise {
    pub(crate) corp_id: String,
    pub(crate) apps: Vec<App>,
    /// User ids, each with the departments of the member.
    pub(crate) members: Vec<(String, Vec<u64>)>,
    /// The secrets for customers.
    pub(crate) customer_secrets: Vec<String>,
    /// The members who may use the functions for customers.
    pub(crate) customer_members: Vec<String>,
    /// Id and parent of each department.
    pub(crate) departments: Vec<(u64, u64)>,
    /// Codes of the login page that were given out, each with whom it belongs to: a user id, `corp/user`, or nobody.
    pub(crate) codes: BTreeMap<String, Option<String>>,
    /// AppIDs and AppSecrets of official accounts and mini programs.
    pub(crate) accounts: Vec<(String, String)>,
    /// Whether their menus and automatic replies are open.
    pub(crate) account_in_use: bool,
    /// Seconds since somebody fetched their tokens.
    pub(crate) account_token_age: u64,
}

/// An application, or the synchronisation of contacts.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) secret: String,
    /// None for the synchronisation of contacts.
    pub(crate) agent_id: Option<u64>,
    /// Whether it may list members as the synchronisation of contacts may; those of its visible scope.
    pub(crate) lists_members: bool,
    pub(crate) name: String,
    pub(crate) stopped: bool,
    pub(crate) trusted_domain: String,
    pub(crate) departments: Vec<u64>,
    pub(crate) scope_members: Vec<String>,
    pub(crate) tags: Vec<u64>,
}

/// The secret of the application of [`Enterprise::example`].
pub(crate) const APP_SECRET: &str = "app-S3CRET-of-the-application";
/// The secret of its synchronisation of contacts.
pub(crate) const CONTACTS_SECRET: &str = "contacts-S3CRET-of-the-contacts";
/// The number of its application.
pub(crate) const AGENT_ID: u64 = 1_000_008;
/// Its corp id.
pub(crate) const CORP_ID: &str = "ww08a41f56c8db31fb";
/// AppID and AppSecret of its official account.
pub(crate) const ACCOUNT: (&str, &str) = ("wx0123456789abcdef", "account-S3CRET-of-the-account");

/// Seconds that tokens and tickets are said to be valid.
const LIFETIME: u64 = 7_200;

impl Enterprise {
    /// An enterprise with one application, which everybody sees, three members and three departments.
    pub(crate) fn example() -> Enterprise {
        let app = App {
            secret: APP_SECRET.to_owned(),
            agent_id: Some(AGENT_ID),
            lists_members: false,
            name: "集牛".to_owned(),
            stopped: false,
            trusted_domain: "wecom.example.com".to_owned(),
            departments: vec![1],
            scope_members: Vec::new(),
            tags: Vec::new(),
        };
        let contacts = App {
            secret: CONTACTS_SECRET.to_owned(),
            agent_id: None,
            lists_members: true,
            ..app.clone()
        };
        Enterprise {
            corp_id: CORP_ID.to_owned(),
            apps: vec![app, contacts],
            members: [("A1", vec![2]), ("A2", vec![2, 3]), ("A3", vec![3])]
                .map(|(id, departments)| (id.to_owned(), departments))
                .to_vec(),
            customer_secrets: Vec::new(),
            customer_members: ["a1", "A2", "A3"].map(str::to_owned).to_vec(),
            departments: vec![(1, 0), (2, 1), (3, 1)],
            codes: BTreeMap::new(),
            accounts: vec![(ACCOUNT.0.to_owned(), ACCOUNT.1.to_owned())],
            account_in_use: false,
            account_token_age: 0,
        }
    }
}

/// How an answer goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Misbehaviour {
    /// An error code, with the text that WeCom gives with it.
    Code(i64, String),
    /// An error code, with a text that repeats all that was asked.
    Echo(i64),
    /// Another status of HTTP, with a page.
    Status(u16),
    /// This body with status 200.
    Body(String),
    /// The right answer, late.
    Slow(Duration),
    /// The right answer, one byte at a time with this pause between two.
    Dribble(Duration),
    /// Half of the right answer, then the connection ends.
    CutOff,
    /// The connection ends without an answer.
    Close,
    /// No answer at all.
    Stall,
    /// This many bytes of JSON.
    Huge(usize),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `GET` or `POST`.
    pub(crate) method: String,
    /// What follows `/cgi-bin/`.
    pub(crate) call: String,
    /// The parameters, decoded.
    pub(crate) query: BTreeMap<String, String>,
    /// The posted JSON; null if there is none.
    pub(crate) body: Value,
}

#[derive(Debug)]
struct State {
    enterprise: Enterprise,
    asked: Vec<Asked>,
    /// What the next answers to a call do, in this order; then what all do.
    scripted: BTreeMap<String, Vec<Misbehaviour>>,
    always: BTreeMap<String, Misbehaviour>,
    /// How late every answer is.
    latency: Duration,
    /// Tokens that were given out: the secret that each belongs to, and whether it expired.
    tokens: BTreeMap<String, (String, bool)>,
    account_tokens: BTreeSet<String>,
    used_codes: BTreeSet<String>,
    /// The address that is not among the trusted ones.
    refused_ip: Option<String>,
    given: u64,
    /// What the clock of the server shows instead of the true time.
    date: Option<String>,
    most_at_once: usize,
    at_once: usize,
}

/// The server. Its threads end with the test process.
#[derive(Debug, Clone)]
pub(crate) struct ApiServer {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl ApiServer {
    pub(crate) fn start(enterprise: Enterprise) -> ApiServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State {
            enterprise,
            asked: Vec::new(),
            scripted: BTreeMap::new(),
            always: BTreeMap::new(),
            latency: Duration::ZERO,
            tokens: BTreeMap::new(),
            account_tokens: BTreeSet::new(),
            used_codes: BTreeSet::new(),
            refused_ip: None,
            given: 0,
            date: None,
            most_at_once: 0,
            at_once: 0,
        }));
        let server = ApiServer { port, state };
        let own = server.clone();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let server = own.clone();
                thread::spawn(move || server.serve(&connection));
            }
        });
        server
    }

    /// Its address, for `api_url` and `mp_api_url`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The addresses of a job file that is to use it for all.
    pub(crate) fn addresses(&self) -> ApiAddresses {
        ApiAddresses {
            api_url: self.url(),
            mp_api_url: self.url(),
            authorize_url: self.url(),
            ca: None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the enterprise.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Enterprise)) {
        change(&mut self.state().enterprise);
    }

    /// The next answers to a call go wrong like this, one after the other.
    pub(crate) fn script(&self, call: &str, misbehaviours: impl IntoIterator<Item = Misbehaviour>) {
        self.state().scripted.entry(call.to_owned()).or_default().extend(misbehaviours);
    }

    /// What was scripted and has not come yet does not come any more.
    pub(crate) fn forget_script(&self) {
        self.state().scripted.clear();
    }

    /// All answers to a call go wrong like this, or none any more.
    pub(crate) fn always(&self, call: &str, misbehaviour: Option<Misbehaviour>) {
        let mut state = self.state();
        match misbehaviour {
            Some(misbehaviour) => _ = state.always.insert(call.to_owned(), misbehaviour),
            None => _ = state.always.remove(call),
        }
    }

    /// Every answer takes this long.
    pub(crate) fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// All tokens that were given out expire (42001), or are forgotten (40014).
    pub(crate) fn expire_tokens(&self, code: i64) {
        let mut state = self.state();
        match code {
            42001 => state.tokens.values_mut().for_each(|(_, expired)| *expired = true),
            _ => state.tokens.clear(),
        }
    }

    /// Calls with a token come from an address that is not trusted, or no longer do.
    pub(crate) fn refuse_ip(&self, ip: Option<&str>) {
        self.state().refused_ip = ip.map(str::to_owned);
    }

    /// The `Date` of every answer; the true one if there is none.
    pub(crate) fn set_date(&self, date: Option<&str>) {
        self.state().date = date.map(str::to_owned);
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// How many requests of a call came.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.state().asked.iter().filter(|asked| asked.call == call).count()
    }

    /// How many requests were open at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.state().most_at_once
    }

    fn serve(&self, connection: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(connection);
        loop {
            let asked = read(&mut reader)?;
            let (answer, misbehaviour, latency) = {
                let mut state = self.state();
                state.asked.push(asked.clone());
                state.at_once += 1;
                state.most_at_once = state.most_at_once.max(state.at_once);
                let next = state.scripted.get_mut(&asked.call).filter(|next| !next.is_empty());
                let misbehaviour = match next {
                    Some(next) => Some(next.remove(0)),
                    None => state.always.get(&asked.call).cloned(),
                };
                // A request that comes to nothing gives nothing out.
                let answer = match &misbehaviour {
                    Some(Misbehaviour::Code(code, text)) => {
                        json!({ "errcode": code, "errmsg": text })
                    }
                    Some(Misbehaviour::Echo(code)) => {
                        let asked = &asked;
                        let text = format!("no to {:?} {}", asked.query, asked.body);
                        json!({ "errcode": code, "errmsg": text.replace(['"', '{', '}'], " ") })
                    }
                    _ => state.answer(&asked),
                };
                (answer, misbehaviour, state.latency)
            };
            thread::sleep(latency);
            let written = self.write(connection, &answer, misbehaviour.as_ref());
            self.state().at_once -= 1;
            written?;
        }
    }

    /// Writes the answer; none if the connection is to end.
    fn write(
        &self,
        mut connection: &TcpStream,
        answer: &Value,
        misbehaviour: Option<&Misbehaviour>,
    ) -> Option<()> {
        let date = self.state().date.clone().unwrap_or_else(now);
        let text = |status: &str, body: &str| {
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=UTF-8\r\ndate: {date}\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let right = text("200 OK", &answer.to_string());
        let mut write = |text: &[u8]| connection.write_all(text).ok();
        match misbehaviour {
            None | Some(Misbehaviour::Code(..) | Misbehaviour::Echo(_)) => write(right.as_bytes()),
            Some(Misbehaviour::Slow(pause)) => {
                thread::sleep(*pause);
                write(right.as_bytes())
            }
            Some(Misbehaviour::Status(status)) => {
                write(text(&format!("{status} X"), "<html>gateway</html>").as_bytes())
            }
            Some(Misbehaviour::Body(body)) => write(text("200 OK", body).as_bytes()),
            Some(Misbehaviour::Dribble(pause)) => right.bytes().try_for_each(|byte| {
                thread::sleep(*pause);
                write(&[byte])
            }),
            Some(Misbehaviour::CutOff) => {
                write(&right.as_bytes()[..right.len() - answer.to_string().len() / 2])?;
                None
            }
            Some(Misbehaviour::Close) => None,
            Some(Misbehaviour::Stall) => {
                thread::sleep(Duration::from_secs(120));
                None
            }
            Some(Misbehaviour::Huge(bytes)) => {
                let body = format!("{{\"errcode\":0,\"errmsg\":\"{}\"}}", "x".repeat(*bytes));
                write(text("200 OK", &body).as_bytes())
            }
        }
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Value {
        let parameter = |name: &str| asked.query.get(name).map_or("", String::as_str);
        match asked.call.as_str() {
            "gettoken" => self.get_token(parameter("corpid"), parameter("corpsecret")),
            "stable_token" => self.stable_token(&asked.body),
            "get_current_selfmenu_info" | "get_current_autoreply_info" => {
                match self.account_tokens.contains(parameter("access_token")) {
                    true => json!({
                        "is_menu_open": u8::from(self.enterprise.account_in_use), "selfmenu_info": {},
                        "is_add_friend_reply_open": 0,
                        "is_autoreply_open": u8::from(self.enterprise.account_in_use),
                    }),
                    false => {
                        error(40001, "invalid credential, access_token is invalid or not latest")
                    }
                }
            }
            _ => {
                let token = parameter("access_token");
                let secret = match self.tokens.get(token) {
                    None if token.is_empty() => return error(41001, "access_token missing"),
                    None => return error(40014, &format!("invalid access_token {token}")),
                    Some((_, true)) => {
                        return error(42001, &format!("access_token expired {token}"));
                    }
                    Some((secret, false)) => secret.clone(),
                };
                if let Some(ip) = &self.refused_ip {
                    let text =
                        "not allow to access from your ip, hint: [1700000000_12_ab], from ip: ";
                    return error(
                        60020,
                        &format!("{text}{ip}, more info at https://open.work.weixin.qq.com"),
                    );
                }
                let app = self.enterprise.apps.iter().find(|app| app.secret == secret);
                let Some(app) = app.cloned() else { return error(40001, "invalid secret") };
                self.answer_to(&app, asked)
            }
        }
    }

    fn answer_to(&mut self, app: &App, asked: &Asked) -> Value {
        let parameter = |name: &str| asked.query.get(name).map_or("", String::as_str);
        let enterprise = &self.enterprise;
        match (asked.call.as_str(), asked.method.as_str()) {
            ("agent/get", "GET") => match app.agent_id {
                Some(id) if id.to_string() == parameter("agentid") => json!({
                    "errcode": 0, "errmsg": "ok", "agentid": id, "name": app.name,
                    "square_logo_url": "https://example.com/logo", "description": "",
                    "allow_userinfos": {
                        "user": app.scope_members.iter().map(|id| json!({ "userid": id })).collect::<Vec<_>>(),
                    },
                    "allow_partys": { "partyid": app.departments },
                    "allow_tags": { "tagid": app.tags },
                    "close": u8::from(app.stopped), "redirect_domain": app.trusted_domain,
                    "report_location_flag": 0, "isreportenter": 0, "home_url": "",
                }),
                _ => error(301002, "not allow operate another agent"),
            },
            ("externalcontact/get_follow_user_list", "GET")
                if enterprise.customer_secrets.contains(&app.secret) =>
            {
                json!({ "errcode": 0, "errmsg": "ok", "follow_user": enterprise.customer_members })
            }
            ("user/list_id", "POST")
                if app.lists_members && !enterprise.customer_secrets.contains(&app.secret) =>
            {
                let rows: Vec<(&String, u64)> = enterprise
                    .members
                    .iter()
                    .flat_map(|(id, departments)| departments.iter().map(move |one| (id, *one)))
                    .filter(|(_, department)| self.sees(app, *department))
                    .collect();
                let cursor = asked.body["cursor"].as_str().unwrap_or_default();
                let begin: usize = cursor.trim_start_matches("cursor-").parse().unwrap_or(0);
                let limit = asked.body["limit"].as_u64().unwrap_or(10_000).min(10_000) as usize;
                let end = (begin + limit).min(rows.len());
                let next = if end < rows.len() { format!("cursor-{end}") } else { String::new() };
                let page = rows.get(begin..end).unwrap_or_default().iter();
                json!({
                    "errcode": 0, "errmsg": "ok", "next_cursor": next,
                    "dept_user": page
                        .map(|(id, department)| json!({ "userid": id, "department": department }))
                        .collect::<Vec<_>>(),
                })
            }
            ("department/simplelist", "GET") => {
                let wanted: Option<u64> = parameter("id").parse().ok();
                let row = |(order, (id, parent)): (usize, &(u64, u64))| json!({ "id": id, "parentid": parent, "order": order });
                let below = |id: u64| {
                    wanted.is_none_or(|wanted| self.is_below(id, wanted)) && self.sees(app, id)
                };
                let listed = enterprise.departments.iter().enumerate();
                let listed = listed.filter(|(_, (id, _))| below(*id)).map(row);
                json!({ "errcode": 0, "errmsg": "ok", "department_id": listed.collect::<Vec<_>>() })
            }
            ("auth/getuserinfo", "GET") => {
                let code = parameter("code").to_owned();
                match (enterprise.codes.get(&code).cloned(), self.used_codes.insert(code.clone())) {
                    (Some(Some(user)), true) => {
                        json!({ "errcode": 0, "errmsg": "ok", "userid": user, "user_ticket": "T1CKET" })
                    }
                    (Some(None), true) => json!({ "errcode": 0, "errmsg": "ok", "openid": "O1" }),
                    _ => {
                        error(40029, &format!("invalid code {code}, hint: [1], from ip: 127.0.0.1"))
                    }
                }
            }
            ("get_jsapi_ticket", "GET") | ("ticket/get", "GET") => {
                let ticket = self.give();
                json!({ "errcode": 0, "errmsg": "ok", "ticket": ticket, "expires_in": LIFETIME })
            }
            _ => error(48002, "api forbidden, no privilege to access/operate"),
        }
    }

    /// Whether a department is in the visible scope of an application; the synchronisation of contacts sees all.
    fn sees(&self, app: &App, department: u64) -> bool {
        app.agent_id.is_none() || app.departments.iter().any(|top| self.is_below(department, *top))
    }

    fn is_below(&self, id: u64, wanted: u64) -> bool {
        let mut at = id;
        for _ in 0..=self.enterprise.departments.len() {
            if at == wanted {
                return true;
            }
            match self.enterprise.departments.iter().find(|(id, _)| *id == at) {
                Some((_, parent)) => at = *parent,
                None => return false,
            }
        }
        false
    }

    fn give(&mut self) -> String {
        self.given += 1;
        format!("T0KEN-{}-{}", self.given, "x".repeat(200))
    }

    fn get_token(&mut self, corp_id: &str, secret: &str) -> Value {
        if corp_id.is_empty() {
            return error(41002, "corpid missing");
        }
        if corp_id != self.enterprise.corp_id {
            return error(40013, "invalid corpid");
        }
        if !self.enterprise.apps.iter().any(|app| app.secret == secret) {
            return error(40001, &format!("invalid credential {secret}"));
        }
        // While a token is valid, it is the one that is given again.
        let valid = self.tokens.iter().find(|(_, (of, expired))| of == secret && !expired);
        let valid = valid.map(|(token, _)| token.clone());
        let token = valid.unwrap_or_else(|| self.give());
        self.tokens.insert(token.clone(), (secret.to_owned(), false));
        json!({ "errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": LIFETIME })
    }

    fn stable_token(&mut self, body: &Value) -> Value {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let found = self.enterprise.accounts.iter().find(|(id, _)| *id == text("appid"));
        match (found, &self.refused_ip) {
            (None, _) => error(40013, "invalid appid"),
            (Some((_, secret)), _) if *secret != text("secret") => {
                error(40125, &format!("invalid appsecret {}", text("secret")))
            }
            (Some(_), Some(ip)) => {
                error(40164, &format!("invalid ip {ip} ipv6 ::ffff:{ip}, not in whitelist"))
            }
            (Some(_), None) => {
                let token = self.give();
                self.account_tokens.insert(token.clone());
                let expires_in = LIFETIME - self.enterprise.account_token_age;
                json!({ "access_token": token, "expires_in": expires_in })
            }
        }
    }
}

fn error(code: i64, text: &str) -> Value {
    json!({ "errcode": code, "errmsg": text })
}

/// The time as HTTP writes it.
fn now() -> String {
    chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The next request of a connection; none at its end.
fn read(reader: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (reader.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = head.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Some(Asked {
        method,
        call: path.trim_start_matches("/cgi-bin/").to_owned(),
        query: pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
