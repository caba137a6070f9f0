//! One thing after the other is wrong: the step that tells it, and nothing else that is not a consequence.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::place::{Place, available, state};
use super::site::Site;
use crate::callbacks::receiver::TOKEN;
use crate::wecom_api::server::{Enterprise, Misbehaviour};

/// Runs the doctor on a job in which `from` is `to`, and returns the steps that failed.
fn failed(place: &Place, changes: &[(&str, &str)]) -> Vec<(String, serde_json::Value)> {
    let mut job = place.job();
    for (from, to) in changes {
        assert!(job.contains(from), "{from} is in the job");
        job = job.replace(from, to);
    }
    let (steps, code) = place.steps(&job, &[]);
    let failed: Vec<_> = steps.into_iter().filter(|(_, s)| s["state"] == "failed").collect();
    assert_eq!(code, Some(if failed.is_empty() { 0 } else { 3 }));
    failed
}

#[track_caller]
fn only(failed: &[(String, serde_json::Value)], ids: &[&str], words: &str, who: &str) {
    let found: Vec<&str> = failed.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(found, ids, "{failed:#?}");
    let (_, step) = &failed[0];
    let text = step.to_string();
    assert!(text.contains(words), "{words}: {step:#}");
    assert_eq!(step["who"], who, "{step:#}");
    assert!(step["advice"]["zh"].as_str().is_some_and(|advice| !advice.is_empty()), "{step:#}");
}

#[test]
fn what_is_wrong_in_wecom_is_told_with_who_does_what() {
    if !available("what_is_wrong_in_wecom_is_told_with_who_does_what") {
        return;
    }
    let place = Place::new();
    type Change = fn(&mut Enterprise);
    let cases: [(Change, &[&str], &str, &str); 10] = [
        (|e| e.apps[0].stopped = true, &["application"], "is stopped", "insurer"),
        (|e| e.apps[0].agent_id = Some(7), &["application-settings"], "agent", "vendor"),
        (|e| e.apps[0].secret = "x".to_owned(), &["application-settings"], "gettoken", "vendor"),
        (|e| e.apps[0].departments = vec![2], &["application-settings"], "可见范围", "insurer"),
        (|e| e.apps[0].trusted_domain.clear(), &["trusted-domain"], "localhost:", "insurer"),
        (|e| e.apps[1].secret = "x".to_owned(), &["contacts"], "gettoken", "vendor"),
        (|e| e.departments = vec![(2, 9)], &["contacts"], "根部门", "insurer"),
        (|e| e.customer_secrets.clear(), &["customers"], "客户联系 -> API", "insurer"),
        (|e| e.customer_members.clear(), &["customer-scope"], "0 members", "insurer"),
        (|e| e.accounts[0].1 = "x".to_owned(), &["platform-accounts"], "stable_token", "vendor"),
    ];
    for (change, ids, words, who) in cases {
        let mut right = None;
        place.api.change(|enterprise| {
            right = Some(enterprise.clone());
            change(enterprise);
        });
        let found = failed(&place, &[]);
        let who = found.first().map_or(who, |(_, step)| match step["who"].as_str() {
            // The tables of codes say who: a secret may be mistyped or renewed.
            Some(said) if words == "gettoken" || words == "stable_token" || words == "agent" => {
                said
            }
            _ => who,
        });
        only(&found, ids, words, who);
        place.api.change(|enterprise| *enterprise = right.unwrap());
    }
    place.api.change(|enterprise| enterprise.account_in_use = true);
    only(&failed(&place, &[]), &["platform-accounts"], "menu is open", "insurer");
    place.api.change(|enterprise| enterprise.account_in_use = false);
    place.api.refuse_ip(Some("203.0.113.9"));
    let found = failed(&place, &[]);
    let all = ["application-settings", "contacts", "customers", "platform-accounts"];
    only(&found, &all, "203.0.113.9", "insurer");
    for ((id, step), page) in found.iter().zip([
        "应用管理 -> 该应用 -> 企业可信 IP",
        "管理工具 -> 通讯录同步 -> 企业可信 IP",
        "客户联系 -> API -> 企业可信 IP",
        "基本配置 -> IP 白名单",
    ]) {
        assert_eq!(step["paste"][0]["value"], "203.0.113.9");
        let place = step["paste"][0]["place"]["zh"].as_str().unwrap();
        assert!(place.contains(page), "{id}: {place}");
        let advice = step["advice"]["zh"].as_str().unwrap();
        assert!(id == "platform-accounts" || advice.contains(page), "{id}: {advice}");
    }
    place.api.refuse_ip(None);
    // One secret in two places.
    let found = failed(&place, &[("{ file = \"customers\" }", "{ file = \"contacts\" }")]);
    only(&found, &["customers"], "the same as that of the contacts", "both");
    place.api.always("agent/get", Some(Misbehaviour::Body("<html>".to_owned())));
    only(&failed(&place, &[]), &["application-settings"], "agent/get", "vendor");
    place.api.always("agent/get", None);
    place.api.set_date(Some("Sat, 01 Jan 2000 00:00:00 GMT"));
    only(&failed(&place, &[]), &["clock"], "ahead of WeCom", "vendor");
}

#[test]
fn what_is_wrong_at_the_file_server_is_told_at_its_step_and_the_next_ones_are_not_come_to() {
    if !available("what_is_wrong_at_the_file_server_is_told_at_its_step") {
        return;
    }
    let place = Place::new();
    let port = format!("port = {}", place.ftp.port);
    let nowhere = format!("port = {}", crate::peers::free_port());
    let fingerprint = place.ftp.certificate.as_ref().unwrap().fingerprint.as_str();
    let pin = format!("pin_sha256 = \"{fingerprint}\"");
    let other = format!("pin_sha256 = \"{}\"", "00".repeat(32));
    let cases: [(&str, &str, &str, &str, &str); 6] = [
        (
            "\"127.0.0.1\"",
            "\"no-such-host.invalid\"",
            "source-name",
            "no-such-host.invalid",
            "insurer",
        ),
        (&port, &nowhere, "source-port", "127.0.0.1:", "insurer"),
        (&pin, &other, "source-security", fingerprint, "both"),
        (
            "kind = \"ftps\"",
            "kind = \"sftp\"\ntimeout = \"3s\"\nhost_key = \"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDGXYcm1gn2cKjhKpo\" #",
            "source-port",
            "SSH",
            "insurer",
        ),
        ("\"anonymous\"", "\"somebody\"", "source-login", "somebody", "insurer"),
        ("path = \"export\"", "path = \"other\"", "source-folder", "/other", "insurer"),
    ];
    for (from, to, id, words, who) in cases {
        let mut changes = vec![(from, to)];
        if to.starts_with("kind = \"sftp\"") {
            changes.push(("tls = {", "# tls = {"));
        }
        let found = failed(&place, &changes);
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, [id], "{found:#?}");
        if id != "source-port" {
            only(&found, &[id], words, who);
        }
        let mut job = place.job();
        for (from, to) in changes {
            job = job.replace(from, to);
        }
        let (steps, _) = place.steps(&job, &[]);
        assert_eq!(state(&steps, "agent-content"), "not-checkable", "{id}");
    }
}

#[test]
fn files_that_are_missing_old_or_of_another_form_are_told() {
    if !available("files_that_are_missing_old_or_of_another_form_are_told") {
        return;
    }
    let place = Place::new();
    let agent = place.ftp.root.join("export/temp_agent.txt");
    let right = fs::read(&agent).unwrap();
    fs::rename(&agent, place.ftp.root.join("export/temp_agent_20261124.txt")).unwrap();
    let found = failed(&place, &[]);
    only(&found, &["source-files"], "temp_agent.txt is not there", "insurer");
    assert_eq!(found[0].1["paste"][0]["value"], "files = { agent = \"temp_agent_20261124.txt\" }");
    for (content, words) in [
        (&b"<html><body>please log in</body></html>\n"[..], "no delimiter"),
        (b"\x00\x01\x02\x03\xff\xfe\x00\x00\x00\x01", "text"),
    ] {
        fs::write(&agent, content).unwrap();
        only(&failed(&place, &[]), &["agent-content"], words, "insurer");
    }
    fs::write(&agent, b"").unwrap();
    only(&failed(&place, &[]), &["source-files"], "temp_agent.txt is empty", "insurer");
    fs::write(&agent, &right).unwrap();
    // Files of this moment are fresh, those of a year ago are not.
    assert_eq!(
        failed(&place, &[("path = \"export\"", "path = \"export\"\nfreshness = \"1d\"")]),
        []
    );
    let year = std::time::Duration::from_secs(365 * 86_400);
    let old = std::time::SystemTime::now() - year;
    fs::File::options().write(true).open(&agent).unwrap().set_modified(old).unwrap();
    let found = failed(&place, &[("path = \"export\"", "path = \"export\"\nfreshness = \"1d\"")]);
    only(&found, &["source-files"], "365 days old", "insurer");
    only(&failed(&place, &[]), &["source-files"], "write freshness in [source]", "insurer");
}

#[test]
fn what_is_wrong_at_the_public_address_and_on_the_machine_is_told() {
    if !available("what_is_wrong_at_the_public_address_and_on_the_machine_is_told") {
        return;
    }
    let place = Place::new();
    let found = failed(&place, &[("\"*.insurer.example.com\"", "\"app.other.example.com\"")]);
    only(&found, &["referer-check"], "own domain app.other.example.com: status 403", "vendor");
    assert!(
        found[0].1.to_string().contains("valid_referers none server_names app.other.example.com;")
    );
    let found = failed(&place, &[("OTLPha66qJcN7Wpf", "XXXXXXXXXXXXXXXX")]);
    only(&found, &["domain-verification"], "WW_verify_XXXXXXXXXXXXXXXX.txt", "vendor");
    place.secret("token", "Another");
    let found = failed(&place, &[]);
    only(&found, &["contacts-callback", "customers-callback"], "which refused it", "vendor");
    let of_application = "secret = { file = \"application\" }";
    let callback = "token = { file = \"token\" }\naes_key = { file = \"aes_key\" }";
    let found = failed(&place, &[(of_application, &format!("{of_application}\n{callback}"))]);
    let pasted: Vec<&str> = found[0].1["paste"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["place"]["zh"].as_str().unwrap())
        .collect();
    assert!(pasted.len() == 2 && pasted[1].contains("应用 1000008"), "{pasted:?}");
    assert!(found[0].1["paste"][1]["value"].as_str().unwrap().ends_with("/1000008"));
    assert!(found[0].1["paste"][0]["value"].as_str().unwrap().contains("/wxCallBack/member/"));
    place.secret("token", TOKEN);
    let other = format!("localhost:{}", crate::peers::free_port());
    let found = failed(&place, &[(&format!("localhost:{}", place.nginx.port), &other)]);
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    let all = [
        "contacts-callback",
        "customers-callback",
        "domain-verification",
        "public-address",
        "trusted-domain",
    ];
    assert_eq!(ids, all, "nothing is there, and it is no trusted domain");
    // The machine.
    let found = failed(&place, &[("{ file = \"ftp\" }", "\"right\"")]);
    only(&found, &["permissions"], "job.toml", "vendor");
    let found = failed(&place, &[("{ file = \"ftp\" }", "{ env = \"NOT_SET_HERE\" }")]);
    only(&found, &["job-file", "source-login"], "NOT_SET_HERE", "vendor");
    fs::set_permissions(place.data(), Permissions::from_mode(0o755)).unwrap();
    only(&failed(&place, &[]), &["permissions"], "mode 755", "vendor");
    let found = failed(&place, &[("[schedule]", "[schedul]")]);
    only(&found, &["job-file"], "schedul", "vendor");
}

#[test]
fn a_site_that_is_broken_or_closed_to_everybody_is_not_said_to_be_protected() {
    for (status, state) in
        [("500 No", "failed"), ("404 No", "not-checkable"), ("401 No", "not-checkable")]
    {
        let page = Site::answering(&format!(
            "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ));
        let step = page.referer_check();
        assert_eq!(step["state"], state, "{status}: {step:#}");
    }
    let elsewhere = "HTTP/1.1 302 Found\r\nLocation: https://user:pa55@login.example.net/in?ticket=s3cret\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let step = Site::answering(elsewhere).referer_check();
    assert_eq!(step["state"], "not-checkable", "{step:#}");
    let said = step.to_string();
    assert!(said.contains("https://login.example.net/in"), "{said}");
    assert!(!said.contains("pa55") && !said.contains("s3cret"), "{said}");
}
