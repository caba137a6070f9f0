//! A site that answers everything alike.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::Value;

use super::absent::{doctor, document};

pub(super) struct Site {
    port: u16,
}

impl Site {
    /// One that gives this answer to everybody, as long as the tests run.
    pub(super) fn answering(answer: &str) -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = answer.to_owned();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(mut connection) = connection else { break };
                // Whoever hangs up is not answered.
                _ = connection.read(&mut [0; 4096]);
                _ = connection.write_all(answer.as_bytes());
            }
        });
        Site { port }
    }

    /// The step 八.2 of a job with this public address.
    pub(super) fn referer_check(&self) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let job = format!(
            "tenant = \"t\"\npublic_url = \"http://127.0.0.1:{}\"\n[site]\ndomains = [\"*.insurer.example.com\"]\n",
            self.port
        );
        std::fs::write(folder.path().join("x.toml"), job).unwrap();
        let document = document(&doctor(folder.path(), &["--json", "x.toml"]));
        let steps = document["checklists"][0]["steps"].as_array().unwrap();
        steps.iter().find(|step| step["id"] == "referer-check").unwrap().clone()
    }
}
