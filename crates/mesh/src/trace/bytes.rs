//! The bytes of a call between two proxies: layers of TLS around a payload.

use super::call::{Call, Scheme};
use crate::envoy::Request;
use meshscope_manifest::Str;

/// What is on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bytes {
    /// TLS around the payload, innermost first.
    pub layers: Vec<Layer>,
    /// What is inside.
    pub payload: Payload,
    /// The request, when the payload is HTTP.
    pub request: Request,
    /// A server name that comes without TLS; only test files say so.
    pub bare_sni: Str,
}

/// One layer of TLS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Layer {
    /// The server name.
    pub sni: Str,
    /// The application protocol offered.
    pub alpn: Str,
    /// Whether the client shows a certificate.
    pub certificate: Shown,
    /// The SDS secret of the server that makes the handshake mutual TLS of the mesh.
    pub secret: Str,
}

/// The certificate a client shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shown {
    /// None.
    Nothing,
    /// The workload's.
    Istio,
    /// One of its own.
    Own,
}

/// What is inside all TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Payload {
    Http1,
    Http2,
    Other,
}

impl Bytes {
    /// The bytes a caller sends.
    pub fn of_call(call: &Call) -> Bytes {
        let payload = match call.scheme {
            Scheme::Http | Scheme::Https if call.alpn == "h2" => Payload::Http2,
            Scheme::Http | Scheme::Https => Payload::Http1,
            Scheme::Http2 => Payload::Http2,
            Scheme::Tls | Scheme::Tcp => Payload::Other,
        };
        let mut bytes = Bytes {
            layers: Vec::new(),
            payload,
            request: Request {
                authority: call.host.clone(),
                path: if call.path.is_empty() {
                    "/".into()
                } else {
                    call.path.clone()
                },
                method: call.method.clone(),
                scheme: if call.scheme.is_tls() {
                    "https"
                } else {
                    "http"
                }
                .into(),
                headers: call.headers.clone(),
            },
            bare_sni: Str::default(),
        };
        if call.scheme.is_tls() || call.mtls {
            let certificate = if call.mtls {
                Shown::Istio
            } else {
                Shown::Nothing
            };
            let alpn = if call.alpn.is_empty() {
                usual_alpn(payload, call.mtls)
            } else {
                call.alpn.clone()
            };
            bytes.layers.push(Layer {
                sni: call.sni.clone(),
                alpn,
                certificate,
                secret: if call.mtls_secret.is_empty() {
                    "default".into()
                } else {
                    call.mtls_secret.clone()
                },
            });
        } else {
            bytes.bare_sni = call.sni.clone();
        }
        bytes
    }

    /// The server name a TLS inspector sees.
    pub fn sni(&self) -> Str {
        match self.layers.last() {
            Some(layer) => layer.sni.clone(),
            None => self.bare_sni.clone(),
        }
    }

    /// Adds a layer of TLS.
    pub fn wrap(&mut self, sni: Str, certificate: Shown) {
        let mutual = certificate == Shown::Istio;
        let payload = if self.layers.is_empty() {
            self.payload
        } else {
            Payload::Other
        };
        self.layers.push(Layer {
            sni,
            alpn: usual_alpn(payload, mutual),
            certificate,
            secret: "default".into(),
        });
    }

    /// Whether HTTP can be read without ending any TLS.
    pub fn is_plain_http(&self) -> bool {
        self.layers.is_empty() && self.payload != Payload::Other
    }
}

/// What a client offers when nothing else is said (G:13).
fn usual_alpn(payload: Payload, mutual: bool) -> Str {
    match (payload, mutual) {
        (Payload::Http1, true) => "istio-http/1.1",
        (Payload::Http2, true) => "istio-h2",
        (Payload::Other, true) => "istio",
        (Payload::Http1, false) => "http/1.1",
        (Payload::Http2, false) => "h2",
        (Payload::Other, false) => "",
    }
    .into()
}
