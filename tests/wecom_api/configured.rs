//! `[wecom]`, `[[official_account]]` and `[[mini_program]]` in job files.

use std::path::Path;

use orgsnap::config::job::{
    self, AccountKind, ApiAddresses, AppIdOwners, ConfigError, Job, SecretState, Surroundings,
    settings_in_force,
};
use orgsnap::model::{Feed, PerFeed};

use crate::alerts::receiver::Receiver;
use crate::fetch::certificate;

use super::server::{AGENT_ID, ApiServer, CORP_ID, Enterprise};
use super::{run, secret};

fn parse_at(path: &str, text: &str) -> Result<Job, ConfigError> {
    let env = |name: &str| (name == "SET").then(|| "c0nfidential".to_owned());
    job::parse(Path::new(path), text, &env)
}

fn parse(text: &str) -> Result<Job, ConfigError> {
    parse_at("jobs/x.toml", &format!("tenant = 't'\n{text}"))
}

fn account(table: &str, app_id: &str) -> String {
    format!("[[{table}]]\nappid = '{app_id}'\nsecret = {{ env = 'SET' }}\n")
}

#[test]
fn the_servers_of_the_api_have_defaults_and_can_be_set() {
    let api = parse("").unwrap().wecom.api;
    assert_eq!(api, ApiAddresses::default());
    assert_eq!(api.api_url, "https://qyapi.weixin.qq.com");
    let written = "[wecom]\napi_url = 'https://gateway.example.com/wecom/'\nca = 'ca.pem'";
    let job = parse(written).unwrap();
    assert_eq!(job.wecom.api.api_url, "https://gateway.example.com/wecom");
    assert_eq!(job.wecom.api.mp_api_url, "https://api.weixin.qq.com");
    assert_eq!(job.wecom.api.ca.as_deref(), Some(Path::new("jobs/ca.pem")));
    assert!(job.warnings.is_empty());
    for (url, warned) in [
        ("http://gateway.example.com", true),
        ("http://10.0.0.1:8080", true),
        ("http://127.0.0.1:8080", false),
        ("http://[::1]:8080", false),
        ("http://localhost/", false),
        ("http://localhost.example.com", true),
    ] {
        let warnings = parse(&format!("[wecom]\nmp_api_url = '{url}'")).unwrap().warnings;
        assert_eq!(!warnings.is_empty(), warned, "{url}: {warnings:?}");
        if let [warning] = &warnings[..] {
            assert!(warning.en.starts_with("jobs/x.toml:3: mp_api_url"), "{warning:?}");
        }
    }
    for url in ["ftp://x", "qyapi.weixin.qq.com", "https://x?y", "https://", ""] {
        let error = parse(&format!("[wecom]\nauthorize_url = '{url}'")).unwrap_err().to_string();
        assert!(error.contains("wecom.authorize_url"), "{url}: {error}");
    }
}

#[test]
fn accounts_have_an_appid_of_their_own_and_a_secret() {
    let text = format!(
        "{}name = '示例'\n{}",
        account("official_account", "wx0123456789abcdef"),
        account("mini_program", "wxfedcba9876543210")
    );
    let job = parse(&text).unwrap();
    let [official, mini] = &job.wecom.accounts[..] else { panic!("{:?}", job.wecom.accounts) };
    assert_eq!((official.kind, official.line), (AccountKind::OfficialAccount, 2));
    assert_eq!((official.name.as_deref(), mini.name.as_deref()), (Some("示例"), None));
    assert_eq!((mini.kind, mini.app_id.as_str()), (AccountKind::MiniProgram, "wxfedcba9876543210"));
    assert_eq!(mini.secret.reveal().unwrap(), secret("c0nfidential"));
    assert!(!format!("{job:?}").contains("c0nfidential"));

    let twice = |a, b| account(a, "wx0123456789abcdef") + &account(b, "wx0123456789abcdef");
    for (text, said) in [
        (twice("mini_program", "mini_program"), "of line 2 is wx0123456789abcdef already"),
        (twice("mini_program", "official_account"), "of line 5 is wx0123456789abcdef already"),
        (account("mini_program", "wx0123"), "bad value 'wx0123' for mini_program.appid"),
        (account("mini_program", "gh0123456789abcdef"), "mini_program.appid; expected the AppID"),
        (account("official_account", "wx0123456789ABCDEF"), "official_account.appid"),
        ("[[mini_program]]\nappid = 'wx0123456789abcdef'".to_owned(), "missing key \"secret\""),
        ("[[mini_program]]\nsecret = { env = 'SET' }".to_owned(), "missing key \"appid\""),
        ("[[mini_program]]\napp_id = 'wx'".to_owned(), "did you mean \"appid\""),
    ] {
        let error = parse(&text).expect_err(&text).to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
    let literal = text.replace("{ env = 'SET' }", "'c0nfidential'");
    let warnings = parse(&literal).unwrap().warnings;
    assert_eq!(warnings.len(), 2);
    assert!(!format!("{warnings:?}").contains("c0nfidential"));
}

#[test]
fn the_secrets_of_accounts_are_not_among_the_settings_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    let text = account("official_account", "wx0123456789abcdef")
        + &account("mini_program", "wxfedcba9876543210")
            .replace("{ env = 'SET' }", "'c0nfidential'");
    std::fs::write(&path, format!("tenant = 't'\n{text}")).unwrap();
    let job = job::load(&path, &|_| Some("c0nfidential".to_owned())).unwrap();
    let files = PerFeed::from_fn(|_: Feed| "f");
    let settings =
        settings_in_force(&job, &Surroundings { file_names: files, rules: Vec::new() }).unwrap();
    assert!(!format!("{settings:?}").contains("c0nfidential"));
    let state = |table: &str, key: &str| {
        let found = settings.iter().find(|one| one.table == table && one.key == key);
        found.unwrap_or_else(|| panic!("{table}.{key}")).secret
    };
    assert_eq!(state("official_account", "secret.env"), Some(SecretState::VariableSet));
    assert_eq!(state("mini_program", "secret"), Some(SecretState::Literal));
}

#[test]
fn an_appid_belongs_to_one_tenant() {
    let job = |path: &str, tenant: &str, accounts: &[(&str, &str)]| {
        let accounts: String = accounts.iter().map(|(table, id)| account(table, id)).collect();
        parse_at(path, &format!("tenant = '{tenant}'\n{accounts}")).unwrap()
    };
    let (first, second) = ("wx0123456789abcdef", "wxfedcba9876543210");
    let mut owners = AppIdOwners::default();
    let own = job("jobs/a.toml", "a", &[("official_account", first)]);
    owners.claim(&own).unwrap();
    owners.claim(&own).unwrap();
    let other = job("jobs/b.toml", "b", &[("mini_program", second), ("mini_program", first)]);
    let said = owners.claim(&other).unwrap_err();
    for text in [&said.zh, &said.en] {
        for part in
            ["jobs/b.toml:5", "jobs/a.toml:2", "[[mini_program]]", "[[official_account]]", first]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    // Of a job that is refused nothing is taken.
    owners.claim(&job("jobs/c.toml", "c", &[("mini_program", second)])).unwrap();
}

#[test]
fn import_refuses_a_job_whose_appid_another_job_of_the_call_has() {
    let folder = tempfile::tempdir().unwrap();
    for tenant in ["a", "b"] {
        let text = format!(
            "tenant = '{tenant}'\n[source]\nkind = 'dir'\npath = 'none'\nready = 'now'\n{}",
            account("official_account", "wx0123456789abcdef")
        );
        std::fs::write(folder.path().join(format!("{tenant}.toml")), text).unwrap();
    }
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_orgsnap"))
        .args(["--lang", "en", "--data", "data", "import", "a.toml", "b.toml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let of_b = "b.toml:6: the AppID wx0123456789abcdef of [[official_account]] belongs to the tenant a already";
    assert!(said.contains(of_b), "{said}");
    assert!(!said.contains("a.toml:6: the AppID"), "{said}");
}

#[test]
fn the_client_of_a_job_uses_its_servers_and_its_authorities() {
    let server = ApiServer::start(Enterprise::example());
    let text = format!("corp_id = '{CORP_ID}'\n[wecom]\napi_url = '{}'\n", server.url());
    let client = orgsnap::wecom::api::Client::of(&parse(&text).unwrap().wecom).unwrap();
    let agent = run(client.agent_get(&secret(super::server::APP_SECRET), AGENT_ID)).unwrap();
    assert_eq!(agent.agent_id, AGENT_ID);
    let with_ca = format!("{text}ca = 'no-such-file.pem'\n");
    let error = orgsnap::wecom::api::Client::of(&parse(&with_ca).unwrap().wecom).unwrap_err();
    let told = error.message();
    assert!(told.zh.contains("无法读取") && told.zh.contains("no-such-file.pem"), "{told:?}");
}

#[test]
fn a_gateway_with_a_certificate_of_its_own_is_trusted_where_ca_names_it() {
    if !certificate::available("a gateway to WeCom over TLS") {
        return;
    }
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let own = certificate::make(folder.path()).ca;
    let foreign = certificate::make(other.path()).ca;
    let gateway = Receiver::behind_tls(folder.path());
    let clock = |ca: &str| {
        let url = format!("https://127.0.0.1:{}", gateway.port);
        let job = parse(&format!("[wecom]\napi_url = '{url}'\n{ca}")).unwrap();
        run(orgsnap::wecom::api::Client::of(&job.wecom).unwrap().server_clock())
    };
    let ca = |path: &Path| format!("ca = '{}'", path.display());
    assert_eq!(clock(&ca(&own)).unwrap().time, None);
    for ca in [String::new(), ca(&foreign)] {
        let error = clock(&ca).unwrap_err();
        assert_eq!(error.fault.name(), "not-trusted", "{error:?}");
        let told = error.message();
        assert!(told.zh.contains("证书不受信任") && told.zh.contains("[wecom] 的 ca"), "{told:?}");
    }
}
