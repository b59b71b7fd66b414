//! The part of HTTP/1.0 and 1.1 that is needed, at the level of bytes, because faults modify the bytes.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::{self, Read, Write as _};
use std::net::IpAddr;
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// Shorter bodies are not compressed.
const WORTH_COMPRESSING: usize = 1024;

/// An HTTP request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Address of the client.
    pub peer: IpAddr,
    pub method: String,
    pub path: String,
    /// Header fields by their lower-case names.
    pub headers: HashMap<String, String>,
    /// True if the connection ends with the response: requested by the client, or HTTP/1.0 without a request to keep
    /// it.
    pub closes: bool,
    /// Query and form or JSON combined: plex.tv accepts its parameters from any of them. `{"user":{"login":"a"}}`
    /// equals `user[login]=a`.
    pub params: HashMap<String, String>,
}

impl Request {
    /// A header, or the query parameter that plex.tv accepts instead.
    pub(crate) fn plex_header(&self, name: &str) -> Option<&str> {
        let header = self.headers.get(&name.to_ascii_lowercase()).or_else(|| self.params.get(name));
        header.map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Login name and password: from the fields of either API version, or HTTP basic authentication.
    pub(crate) fn credentials(&self) -> (Option<String>, Option<String>) {
        let field = |name: &str| self.params.get(name).or_else(|| self.params.get(&format!("user[{name}]"))).cloned();
        let basic = self.basic();
        let (login, password) = basic.as_ref().and_then(|text| text.split_once(':')).unzip();
        (field("login").or(login.map(str::to_owned)), field("password").or(password.map(str::to_owned)))
    }

    fn basic(&self) -> Option<String> {
        let value = self.headers.get("authorization")?.strip_prefix("Basic ")?;
        String::from_utf8(BASE64_STANDARD.decode(value).ok()?).ok()
    }

    /// True if the path ends in `.json`, which selects JSON at older endpoints.
    pub(crate) fn ends_in_json(&self) -> bool {
        self.path.rsplit('.').next() == Some("json")
    }

    fn accepts_gzip(&self) -> bool {
        let named =
            |accepted: &str| accepted.split(',').any(|one| one.split(';').next().map(str::trim) == Some("gzip"));
        self.headers.get("accept-encoding").is_some_and(|accepted| named(accepted))
    }

    /// True if the client requested JSON by its `Accept` header.
    pub(crate) fn wants_json(&self) -> bool {
        self.headers.get("accept").is_some_and(|accept| accept.contains("application/json"))
    }
}

/// An HTTP response.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type", content_type.into())], body: body.into() }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn html(status: u16, text: &str) -> Self {
        let body = format!("<html><head><title>{status}</title></head><body><h1>{text}</h1></body></html>");
        Self::new(status, "text/html", body)
    }

    /// Ends the connection after this response.
    pub(crate) fn close(&mut self) {
        if !self.closes() {
            self.headers.push(("Connection", "close".into()));
        }
    }

    pub(crate) fn closes(&self) -> bool {
        self.headers.iter().any(|(name, value)| *name == "Connection" && value == "close")
    }

    /// Compressed, if the client accepts gzip and the body is worth it.
    pub(crate) fn for_client(mut self, request: &Request) -> Self {
        if request.accepts_gzip() && self.body.len() > WORTH_COMPRESSING {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&self.body).unwrap();
            self.body = encoder.finish().unwrap();
            self.headers.push(("Content-Encoding", "gzip".into()));
        }
        self
    }

    /// The whole response as sent over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let date = httpdate::fmt_http_date(SystemTime::now());
        let mut head = format!("HTTP/1.1 {} Answer\r\nDate: {date}\r\n", self.status);
        if self.status != 204 {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

/// Reads the next request; `None` if the client sends no more.
pub(crate) fn read(stream: &mut impl Read, buffer: &mut Vec<u8>, peer: IpAddr) -> io::Result<Option<Request>> {
    loop {
        if let Some((mut request, head)) = parse(buffer, peer)? {
            let length = request.headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            while buffer.len() < head + length {
                if fill(stream, buffer)? == 0 {
                    return Ok(None);
                }
            }
            let body: Vec<u8> = buffer.drain(..head + length).skip(head).collect();
            if request.headers.get("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
                flatten("", serde_json::from_slice(&body).unwrap_or_default(), &mut request.params);
            } else {
                request.params.extend(form_urlencoded::parse(&body).into_owned());
            }
            return Ok(Some(request));
        }
        if fill(stream, buffer)? == 0 {
            return Ok(None);
        }
    }
}

/// Flattens a JSON object into form fields.
fn flatten(prefix: &str, value: Value, into: &mut HashMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = if prefix.is_empty() { name } else { format!("{prefix}[{name}]") };
                flatten(&name, value, into);
            }
        }
        Value::Null => {}
        Value::String(text) => drop(into.insert(prefix.to_owned(), text)),
        other => drop(into.insert(prefix.to_owned(), other.to_string())),
    }
}

fn fill(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut part = [0; 8192];
    let count = stream.read(&mut part)?;
    buffer.extend_from_slice(&part[..count]);
    Ok(count)
}

fn parse(buffer: &[u8], peer: IpAddr) -> io::Result<Option<(Request, usize)>> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut fields);
    let status = parsed.parse(buffer).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(head) = status else { return Ok(None) };
    let target = parsed.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let field = |f: &httparse::Header| (f.name.to_ascii_lowercase(), String::from_utf8_lossy(f.value).into_owned());
    let headers: HashMap<_, _> = parsed.headers.iter().map(field).collect();
    let connection = headers.get("connection").map(|value| value.to_ascii_lowercase()).unwrap_or_default();
    let says = |wanted| connection.split(',').any(|one| one.trim() == wanted);
    let request = Request {
        peer,
        closes: says("close") || (parsed.version == Some(0) && !says("keep-alive")),
        method: parsed.method.unwrap_or_default().into(),
        path: path.into(),
        headers,
        params: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
    };
    Ok(Some((request, head)))
}
