//! A lake in a bucket of an S3-compatible storage.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Client, Method, Response, StatusCode, Url};
use rusty_s3::actions::{DeleteObject, GetObject, ListObjectsV2, PutObject, S3Action};
use rusty_s3::{Bucket as Address, Credentials, UrlStyle};
use tokio::runtime::Runtime;

use crate::config::job::Secret;
use crate::disk::{create_private_dirs, create_private_file};
use crate::http::{self, ClientSettings};
use crate::tls::Trust;

use super::storage::{Listed, LocalCopy, Storage};

/// How long a signed address is valid.
const SIGNED_FOR: Duration = Duration::from_secs(600);
/// How long the storage may be silent.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Tries of a request that fails for now, and the wait before the second one, which doubles.
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Most bytes of an answer that is no data file: a page of a list, a publication.
const MOST_BYTES: usize = 64 << 20;
/// Most bytes of the text of a fault that are read.
const MOST_OF_A_FAULT: usize = 64 << 10;

/// A bucket and how it is reached.
#[derive(Debug)]
pub struct BucketAccess {
    /// Its name.
    pub name: String,
    /// What the names of the lake's objects begin with; empty for none.
    pub prefix: String,
    /// The address of the service; that of AWS in the region if there is none.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket is a part of the server's name.
    pub virtual_hosted: bool,
    /// The id of the key.
    pub access_key: Secret,
    /// The key.
    pub secret_key: Secret,
}

/// The bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    address: Address,
    credentials: Credentials,
    prefix: String,
    client: Client,
    runtime: Runtime,
    /// Where files are before they are uploaded and after they are downloaded. It goes with this value.
    scratch: PathBuf,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // What is left are copies; a folder of another name is used next time.
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

impl Bucket {
    /// The bucket; `scratch` is a folder of its own for files under way.
    pub(super) fn new(access: &BucketAccess, scratch: PathBuf) -> io::Result<Bucket> {
        let invalid = |error: String| io::Error::new(ErrorKind::InvalidInput, error);
        let endpoint = match &access.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => format!("https://s3.{}.amazonaws.com", access.region),
        };
        let endpoint = Url::parse(&endpoint).map_err(|error| invalid(error.to_string()))?;
        let style = if access.virtual_hosted { UrlStyle::VirtualHost } else { UrlStyle::Path };
        let address = Address::new(endpoint, style, access.name.clone(), access.region.clone());
        let settings = ClientSettings { timeout: Some(TIMEOUT), keep_connections: true };
        create_private_dirs(&scratch)?;
        Ok(Bucket {
            address: address.map_err(|error| invalid(error.to_string()))?,
            credentials: Credentials::new(access.access_key.expose(), access.secret_key.expose()),
            prefix: match access.prefix.as_str() {
                "" => String::new(),
                prefix => format!("{prefix}/"),
            },
            client: http::client(Trust::PublicRoots, settings).map_err(io::Error::other)?,
            runtime: http::runtime()?,
            scratch,
        })
    }

    fn object(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Sends a request until it is answered by anything but a fault that may go by itself.
    fn send(
        &self,
        method: Method,
        url: &dyn Fn() -> Url,
        body: Option<&[u8]>,
        headers: &[(&'static str, &str)],
        read: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<StatusCode> {
        let mut wait = FIRST_WAIT;
        for attempt in 1..=TRIES {
            let mut request = self.client.request(method.clone(), url());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            if let Some(body) = body {
                request = request.header("content-length", body.len()).body(body.to_vec());
            }
            // Timers are made when it is sent: inside the runtime.
            let answered = self.runtime.block_on(async { request.send().await });
            let is_last = attempt == TRIES;
            match answered {
                Ok(response) if is_for_now(response.status()) && !is_last => {}
                Ok(response) => return self.runtime.block_on(take(response, read)),
                Err(error) if is_last => return Err(io::Error::other(http::reason(error).en)),
                Err(_) => {}
            }
            self.runtime.block_on(async { tokio::time::sleep(wait).await });
            wait *= 2;
        }
        Err(ErrorKind::TimedOut.into())
    }

    /// Puts an object. `is_new` refuses it if there is one of its name: false then.
    fn put(&self, path: &str, content: &[u8], is_new: bool) -> io::Result<bool> {
        let object = self.object(path);
        let url = || {
            let mut action = PutObject::new(&self.address, Some(&self.credentials), &object);
            if is_new {
                action.headers_mut().insert("if-none-match", "*");
            }
            action.sign(SIGNED_FOR)
        };
        let condition = [("if-none-match", "*")];
        let headers = if is_new { &condition[..] } else { &[] };
        let status = self.send(Method::PUT, &url, Some(content), headers, &mut |_| Ok(()))?;
        match status {
            // The other one is that of a write at the same time.
            StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT if is_new => Ok(false),
            status => expect(status).map(|()| true),
        }
    }

    /// Reads an object bit by bit. False if it is not there.
    fn get(&self, path: &str, read: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<bool> {
        let object = self.object(path);
        let url =
            || GetObject::new(&self.address, Some(&self.credentials), &object).sign(SIGNED_FOR);
        match self.send(Method::GET, &url, None, &[], read)? {
            StatusCode::NOT_FOUND => Ok(false),
            status => expect(status).map(|()| true),
        }
    }
}

/// Whether an answer is one that may be another in a moment.
fn is_for_now(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// A fault if the answer is none of success.
fn expect(status: StatusCode) -> io::Result<()> {
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ErrorKind::PermissionDenied.into()),
        status => Err(io::Error::other(format!("the storage answers {status}"))),
    }
}

/// Reads the body of an answer of success, and what an answer of any other kind says of itself.
async fn take(
    mut response: Response,
    read: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<StatusCode> {
    let status = response.status();
    let broken = |error| io::Error::other(http::reason(error).en);
    if !status.is_success() {
        let text = http::body(&mut response, MOST_OF_A_FAULT).await.map_err(broken)?;
        tracing::debug!(%status, text = %String::from_utf8_lossy(&text), "the storage refuses");
        return Ok(status);
    }
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        read(&chunk)?;
    }
    Ok(status)
}

/// Takes bytes in, up to a limit.
fn bounded(content: &mut Vec<u8>) -> impl FnMut(&[u8]) -> io::Result<()> {
    |chunk| {
        if content.len() + chunk.len() > MOST_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        content.extend_from_slice(chunk);
        Ok(())
    }
}

impl Storage for Bucket {
    fn shown(&self, path: &str) -> String {
        format!("s3://{}/{}", self.address.name(), self.object(path))
    }

    fn scratch(&self, path: &str) -> io::Result<PathBuf> {
        Ok(self.scratch.join(path.replace('/', "_")))
    }

    fn keep(&self, path: &str, scratch: &Path) -> io::Result<()> {
        let content = fs::read(scratch)?;
        self.put(path, &content, false)?;
        fs::remove_file(scratch)
    }

    fn create(&self, path: &str, content: &[u8]) -> io::Result<bool> {
        if self.put(path, content, true)? {
            return Ok(true);
        }
        // A try whose answer was lost may have created it: what another one creates has other content.
        Ok(self.read(path)?.is_some_and(|there| there == content))
    }

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let mut content = Vec::new();
        let is_there = self.get(path, &mut bounded(&mut content))?;
        Ok(is_there.then_some(content))
    }

    fn local(&self, path: &str) -> io::Result<Option<LocalCopy>> {
        let copy = LocalCopy { path: Storage::scratch(self, path)?, is_temporary: true };
        let mut file: File = create_private_file(&copy.path)?;
        let is_there = self.get(path, &mut |chunk| file.write_all(chunk))?;
        Ok(is_there.then_some(copy))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let prefix = self.object(&format!("{folder}/"));
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let url = || {
                let mut action = ListObjectsV2::new(&self.address, Some(&self.credentials));
                action.with_prefix(prefix.clone());
                if let Some(token) = &token {
                    action.with_continuation_token(token.clone());
                }
                action.sign(SIGNED_FOR)
            };
            let mut page = Vec::new();
            let status = self.send(Method::GET, &url, None, &[], &mut bounded(&mut page))?;
            expect(status)?;
            let page = ListObjectsV2::parse_response(String::from_utf8_lossy(&page).as_ref())
                .map_err(|error| io::Error::new(ErrorKind::InvalidData, error.to_string()))?;
            for object in page.contents {
                let path = object.key.strip_prefix(&self.prefix).map(str::to_owned);
                // One of an unknown time is taken for one that was written just now: nothing is removed.
                let modified = object.last_modified.and_then(|time| time.parse().ok());
                let modified = modified.unwrap_or(DateTime::<Utc>::MAX_UTC);
                found.extend(path.map(|path| Listed { path, modified }));
            }
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let object = self.object(path);
        let url =
            || DeleteObject::new(&self.address, Some(&self.credentials), &object).sign(SIGNED_FOR);
        match self.send(Method::DELETE, &url, None, &[], &mut |_| Ok(()))? {
            StatusCode::NOT_FOUND => Ok(()),
            status => expect(status),
        }
    }
}
