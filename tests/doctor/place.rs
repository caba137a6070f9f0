//! An insurer that is completely set up: WeCom, vsftpd, nginx in front of a receiver, and the job file.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::callbacks::proxied::{self, Nginx};
use crate::callbacks::receiver::{KEY, Receiver, TOKEN};
use crate::fetch::vsftpd::{self, Vsftpd};
use crate::schemas::assert_valid;
use crate::wecom_api::server::{
    ACCOUNT, AGENT_ID, APP_SECRET, ApiServer, App, CONTACTS_SECRET, CORP_ID, Enterprise,
};

/// The secret of the customers.
pub(super) const CUSTOMERS_SECRET: &str = "customers-S3CRET-of-the-customers";
/// The password of the account at the file server.
pub(super) const PASSWORD: &str = "right";

/// All that is set up. The servers end with this value.
pub(super) struct Place {
    folder: tempfile::TempDir,
    pub(super) api: ApiServer,
    pub(super) ftp: Vsftpd,
    pub(super) nginx: Nginx,
    _receiver: Receiver,
}

/// Whether the servers are installed; tells why not on standard error.
pub(super) fn available(test: &str) -> bool {
    vsftpd::available(test) && proxied::available(test)
}

impl Place {
    pub(super) fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let receiver = Receiver::start();
        let nginx = Nginx::start(receiver.port());
        let ftp = Vsftpd::with_tls();
        for name in ["agent", "base_node", "organization", "principal"] {
            let name = format!("temp_{name}.txt");
            let file =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds/demo").join(&name);
            ftp.put(&format!("export/{name}"), fs::read(file).unwrap());
        }
        let api = ApiServer::start(Enterprise::example());
        let domain = format!("localhost:{}", nginx.port);
        api.change(|enterprise| {
            enterprise.apps[0].trusted_domain = domain;
            let customers =
                App { secret: CUSTOMERS_SECRET.to_owned(), ..enterprise.apps[1].clone() };
            enterprise.apps.push(customers);
            enterprise.customer_secrets.push(CUSTOMERS_SECRET.to_owned());
        });
        let place = Place { folder, api, ftp, nginx, _receiver: receiver };
        for (name, text) in [
            ("application", APP_SECRET),
            ("contacts", CONTACTS_SECRET),
            ("customers", CUSTOMERS_SECRET),
            ("token", TOKEN),
            ("aes_key", KEY),
            ("ftp", PASSWORD),
            ("account", ACCOUNT.1),
        ] {
            place.secret(name, text);
        }
        fs::create_dir(place.data()).unwrap();
        fs::set_permissions(place.data(), Permissions::from_mode(0o700)).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes the file of a secret, which its owner alone can read.
    pub(super) fn secret(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    /// The job file of an insurer for whom everything is right.
    pub(super) fn job(&self) -> String {
        let callback = "token = { file = \"token\" }\naes_key = { file = \"aes_key\" }";
        let fingerprint = &self.ftp.certificate.as_ref().unwrap().fingerprint;
        format!(
            r#"tenant = "00010001"
name = "示例人寿"
corp_id = "{CORP_ID}"
public_url = "https://localhost:{nginx}"
[source]
kind = "ftps"
host = "127.0.0.1"
port = {ftp}
path = "export"
username = "anonymous"
password = {{ file = "ftp" }}
tls = {{ pin_sha256 = "{fingerprint}" }}
[schedule]
cron = "0 30 2 * * *"
[wecom]
api_url = "{api}"
mp_api_url = "{api}"
[site]
domains = ["*.insurer.example.com"]
[[alert]]
kind = "command"
command = ["/bin/sh", "-c", "cat > \"$0\"", "{alert}"]
[[wecom_app]]
agent_id = {AGENT_ID}
secret = {{ file = "application" }}
[[wecom_app]]
agent_id = "chengyuan"
secret = {{ file = "contacts" }}
{callback}
[[wecom_app]]
agent_id = "kehu"
secret = {{ file = "customers" }}
{callback}
[[domain_verification]]
file = "WW_verify_OTLPha66qJcN7Wpf.txt"
[[official_account]]
appid = "{account}"
name = "示例人寿服务号"
secret = {{ file = "account" }}
"#,
            nginx = self.nginx.port,
            ftp = self.ftp.port,
            api = self.api.url(),
            alert = self.alert().display(),
            account = ACCOUNT.0,
        )
    }

    /// Where the channel puts what it gets.
    pub(super) fn alert(&self) -> PathBuf {
        self.path("alert.json")
    }

    /// Runs the doctor on a job file of this text.
    pub(super) fn run(&self, job: &str, more: &[&str]) -> Output {
        let file = self.path("job.toml");
        fs::write(&file, job).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
        command
            .env_remove("ORGSNAP_DATA")
            .args(["doctor", "--data"])
            .arg(self.data())
            .arg("--ca")
            .arg(self.nginx.authority())
            .args(more)
            .arg(file);
        command.output().unwrap()
    }

    /// The steps of a job file of this text by their ids, and the exit code.
    pub(super) fn steps(&self, job: &str, more: &[&str]) -> (BTreeMap<String, Value>, Option<i32>) {
        let output = self.run(job, &[&["--json"], more].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{error}: {text}{:?}", String::from_utf8_lossy(&output.stderr))
        });
        assert_valid("doctor", &document);
        let steps = document["checklists"][0]["steps"].as_array().unwrap();
        let by_id =
            steps.iter().map(|step| (step["id"].as_str().unwrap().to_owned(), step.clone()));
        (by_id.collect(), output.status.code())
    }

    /// Everything in the data folder and at the file server: names, contents, permissions and times.
    pub(super) fn state(&self) -> BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)> {
        let mut state = BTreeMap::new();
        let mut open = vec![self.data(), self.ftp.root.clone()];
        while let Some(path) = open.pop() {
            let metadata = fs::metadata(&path).unwrap();
            let content = if metadata.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
            if metadata.is_dir() {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
            let changed = (metadata.mtime(), metadata.mtime_nsec());
            state.insert(path, (metadata.mode(), changed.0, changed.1, content));
        }
        state
    }
}

/// The state of a step.
pub(super) fn state<'s>(steps: &'s BTreeMap<String, Value>, id: &str) -> &'s str {
    steps.get(id).unwrap_or_else(|| panic!("no step {id}"))["state"].as_str().unwrap()
}
