//! The public test vectors, each by GET and by POST, one tenant a vector.

use serde_json::Value;

use super::receiver::{Receiver, percent};

const VECTORS: &str = include_str!("../../fixtures/wecom/vectors.json");

#[test]
fn every_vector_by_get_and_by_post() {
    let document: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors: Vec<&Value> = document["vectors"]
        .as_array()
        .unwrap()
        .iter()
        // The seventh signs a page of the JS-SDK, which no callback does.
        .filter(|vector| vector["kind"] != "jsapi_signature")
        .collect();
    assert_eq!(vectors.len(), 6);
    let field = |vector: &Value, name: &str| vector[name].as_str().unwrap_or_default().to_owned();
    let jobs: Vec<String> = vectors
        .iter()
        .map(|vector| {
            let id = field(vector, "id");
            // The one negative vector is meant for another enterprise.
            let corp_id = match id.as_str() {
                "goworkwx-other-corp-same-key" => "ww6a112864f8022910".to_owned(),
                _ => field(vector, "receive_id"),
            };
            format!(
                "tenant = '{id}'\ncorp_id = '{corp_id}'\n[[wecom_app]]\nagent_id = 218\nsecret = 'x'\n\
                 token = '{}'\naes_key = '{}'\n",
                field(vector, "token"),
                field(vector, "encoding_aes_key")
            )
        })
        .collect();
    let receiver = Receiver::with(
        &jobs.iter().map(String::as_str).collect::<Vec<_>>(),
        orgsnap::web::server::Limits::default(),
    );
    for (vector, job) in vectors.iter().zip(&jobs) {
        let id = field(vector, "id");
        let corp_id = job.split('\'').nth(3).unwrap();
        let path =
            format!("/customer/work-weixin-integration/wxCallBack/member/{corp_id}/{id}/218");
        let encrypted = field(vector, "encrypt");
        let query = format!(
            "msg_signature={}&timestamp={}&nonce={}",
            field(vector, "msg_signature"),
            field(vector, "timestamp"),
            field(vector, "nonce")
        );
        let echo = match vector["encrypt_as_in_url"].as_str() {
            Some(echo) => echo.to_owned(),
            None => percent(&encrypted),
        };
        let body = match vector["post_body"].as_str() {
            Some(body) => body.to_owned(),
            None => format!("<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"),
        };
        let got = receiver.get(&format!("{path}?{query}&echostr={echo}"));
        let posted = receiver.post(&format!("{path}?{query}"), body.as_bytes());
        if id == "goworkwx-other-corp-same-key" {
            assert_eq!((got.status, posted.status), (403, 403), "{id}");
            assert_eq!(receiver.bodies(&id), Vec::<String>::new(), "{id}");
            continue;
        }
        let text = vector["expected_plaintext"]
            .as_str()
            .or_else(|| vector["plaintext_from_our_decryption"].as_str())
            .unwrap();
        assert_eq!((got.status, got.body.as_str()), (200, text), "{id}");
        assert!(got.head.contains("content-type: text/plain\r\n"), "{id}: {}", got.head);
        assert_eq!((posted.status, posted.body.as_str()), (200, ""), "{id}");
        assert_eq!(receiver.bodies(&id), [text], "{id}");
    }
}
