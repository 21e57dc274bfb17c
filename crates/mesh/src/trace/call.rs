//! A call: the bytes somebody sends and where to, before any proxy has seen them.
//!
//! It must not know meshes; URLs and the fields of case files become the same value here.

use meshscope_manifest::Str;
use std::fmt;

/// What the caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plaintext HTTP/1.1.
    Http,
    /// Plaintext HTTP/2 with prior knowledge.
    Http2,
    /// HTTP inside TLS.
    Https,
    /// Other bytes inside TLS.
    Tls,
    /// Plain bytes that are neither HTTP nor TLS.
    Tcp,
}

impl Scheme {
    /// The scheme as users write it.
    pub fn parse(text: &str) -> Option<Scheme> {
        Some(match text {
            "http" => Scheme::Http,
            "http2" | "h2c" | "grpc" => Scheme::Http2,
            "https" => Scheme::Https,
            "tls" => Scheme::Tls,
            "tcp" => Scheme::Tcp,
            _ => return None,
        })
    }

    /// The name users write.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Http2 => "http2",
            Scheme::Https => "https",
            Scheme::Tls => "tls",
            Scheme::Tcp => "tcp",
        }
    }

    /// Whether a request with a Host header is inside.
    pub fn is_http(self) -> bool {
        matches!(self, Scheme::Http | Scheme::Http2 | Scheme::Https)
    }

    /// Whether the caller itself encrypts.
    pub fn is_tls(self) -> bool {
        matches!(self, Scheme::Https | Scheme::Tls)
    }

    fn default_port(self) -> Option<u32> {
        match self {
            Scheme::Http | Scheme::Http2 => Some(80),
            Scheme::Https => Some(443),
            Scheme::Tls | Scheme::Tcp => None,
        }
    }
}

/// How the call reaches the first proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It leaves through the caller's sidecar.
    Outbound,
    /// It arrives at the sidecar's inbound port.
    Inbound,
    /// It arrives at a listener without redirection in front.
    Gateway,
}

impl Mode {
    /// The mode as case files write it.
    pub fn parse(text: &str) -> Option<Mode> {
        Some(match text {
            "outbound" => Mode::Outbound,
            "inbound" => Mode::Inbound,
            "gateway" => Mode::Gateway,
            _ => return None,
        })
    }
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// What the caller speaks.
    pub scheme: Scheme,
    /// The name the caller uses: resolved to the address, and the Host header.
    pub host: Str,
    /// The destination port; of a call from a gateway the port of its Service.
    pub port: u32,
    /// The path with its query, taken literally; empty means `/`.
    pub path: Str,
    /// The method; empty means `GET`.
    pub method: Str,
    /// Further headers.
    pub headers: Vec<(Str, Str)>,
    /// The server name in the TLS handshake; empty sends none.
    pub sni: Str,
    /// The ALPN offered; empty means what the scheme usually offers.
    pub alpn: Str,
    /// The destination IP; `None` is what the host resolves to.
    pub address: Option<Str>,
    /// The caller speaks Istio mutual TLS itself.
    pub mtls: bool,
    /// With `mtls`: the SDS secret under which the called proxy must show its certificate; empty
    /// means `default`.
    pub mtls_secret: Str,
    /// How it reaches the first proxy; `None` is what fits the proxy.
    pub mode: Option<Mode>,
    /// The IP the caller has, where authorization asks for it.
    pub source_ip: Option<Str>,
}

impl Call {
    /// A call with everything else left to defaults. TLS sends the host as server name.
    pub fn new(scheme: Scheme, host: impl Into<Str>, port: u32) -> Call {
        let host: Str = host.into();
        let sni = if scheme.is_tls() && !crate::names::is_ip(&host) {
            host.clone()
        } else {
            Str::default()
        };
        Call {
            scheme,
            host,
            port,
            path: Str::default(),
            method: Str::default(),
            headers: Vec::new(),
            sni,
            alpn: Str::default(),
            address: None,
            mtls: false,
            mtls_secret: Str::default(),
            mode: None,
            source_ip: None,
        }
    }

    /// Reads a URL: `https://httpbin.org/get`, `tcp://10.0.0.1:31400`, `tls://db.example.com:5432`.
    /// A host that is an IP is also the address.
    pub fn from_url(url: &str) -> Result<Call, CallError> {
        let (scheme, rest) = url.split_once("://").ok_or(CallError::NoScheme)?;
        let scheme = Scheme::parse(&scheme.to_ascii_lowercase())
            .ok_or_else(|| CallError::UnknownScheme(scheme.into()))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, a)| a);
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => {
                let (host, rest) = v6.split_once(']').ok_or(CallError::NoHost)?;
                (host, rest.strip_prefix(':'))
            }
            None => match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if host.is_empty() {
            return Err(CallError::NoHost);
        }
        let port = match port {
            Some(text) => text
                .parse::<u16>()
                .map_err(|_| CallError::BadPort(text.into()))?
                .into(),
            None => scheme.default_port().ok_or(CallError::NoPort)?,
        };
        let mut call = Call::new(scheme, host, port);
        if crate::names::is_ip(host) {
            call.address = Some(host.into());
        }
        let path = path.split('#').next().unwrap_or_default();
        call.path = if path.starts_with('?') {
            format!("/{path}").into()
        } else {
            path.into()
        };
        Ok(call)
    }

    /// The path without its query, `/` when none is given.
    pub fn path_only(&self) -> &str {
        let path = self.path.split('?').next().unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    /// The query parameters, undecoded.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.path.split_once('?').map_or("", |(_, q)| q);
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// The method, `GET` when none is given.
    pub fn method(&self) -> &str {
        if self.method.is_empty() {
            "GET"
        } else {
            &self.method
        }
    }
}

impl fmt::Display for Call {
    /// As the URL that reads back to it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.to_string()
        };
        write!(
            f,
            "{}://{host}:{}{}",
            self.scheme.name(),
            self.port,
            self.path
        )
    }
}

/// Why a text is not a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// No `://`.
    NoScheme,
    /// A scheme that is not one of http, http2, https, tls, tcp.
    UnknownScheme(Str),
    /// No host.
    NoHost,
    /// No port, and the scheme has no usual one.
    NoPort,
    /// A port that is no number up to 65535.
    BadPort(Str),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::NoScheme => f.write_str(
                "a call is a URL such as https://httpbin.org/get or tcp://10.0.0.1:5432",
            ),
            CallError::UnknownScheme(s) => {
                write!(
                    f,
                    "`{s}` is none of the schemes http, http2, https, tls, tcp"
                )
            }
            CallError::NoHost => f.write_str("the URL names no host"),
            CallError::NoPort => f.write_str("tcp and tls calls need a port"),
            CallError::BadPort(p) => write!(f, "`{p}` is not a port"),
        }
    }
}

impl std::error::Error for CallError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_become_calls() {
        let call = Call::from_url("https://httpbin.org/get?x=1&y").unwrap();
        assert_eq!((call.port, call.sni.as_str()), (443, "httpbin.org"));
        assert_eq!(call.path_only(), "/get");
        assert_eq!(call.query().collect::<Vec<_>>(), [("x", "1"), ("y", "")]);
        let call = Call::from_url("tcp://10.0.0.1:31400").unwrap();
        assert_eq!(call.address.as_deref(), Some("10.0.0.1"));
        assert_eq!(call.sni, "");
        let call = Call::from_url("http://[::1]:8080").unwrap();
        assert_eq!((call.host.as_str(), call.port), ("::1", 8080));
        assert_eq!(call.path_only(), "/");
        assert_eq!(call.to_string(), "http://[::1]:8080");
    }

    #[test]
    fn what_is_no_call_says_why() {
        assert_eq!(Call::from_url("httpbin.org"), Err(CallError::NoScheme));
        assert_eq!(
            Call::from_url("ftp://x"),
            Err(CallError::UnknownScheme("ftp".into()))
        );
        assert_eq!(Call::from_url("tls://x"), Err(CallError::NoPort));
        assert_eq!(
            Call::from_url("http://x:99999"),
            Err(CallError::BadPort("99999".into()))
        );
        assert_eq!(Call::from_url("http:///x"), Err(CallError::NoHost));
    }
}
