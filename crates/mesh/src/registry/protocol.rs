//! Port protocols: parsing and classes (V:R1.5, O:0.4).

/// The protocol istiod gives a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // the protocols' names
pub enum Protocol {
    Tcp,
    Udp,
    Grpc,
    GrpcWeb,
    Http,
    HttpProxy,
    Http2,
    Https,
    Tls,
    Mongo,
    Redis,
    Mysql,
    Hbone,
    /// Unknown or not given: sniffed.
    Unsupported,
}

/// How a listener treats a protocol (O:0.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProtocolClass {
    /// HTTP family.
    Http,
    /// TCP family, TLS included.
    Tcp,
    /// Sniffed.
    Auto,
    /// UDP: ignored everywhere.
    Udp,
}

impl Protocol {
    /// Parses a protocol word, case-insensitively; anything unknown is sniffed.
    pub fn parse(text: &str) -> Protocol {
        match text.to_ascii_lowercase().as_str() {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "grpc" => Protocol::Grpc,
            "grpc-web" => Protocol::GrpcWeb,
            "http" => Protocol::Http,
            "http_proxy" => Protocol::HttpProxy,
            "http2" => Protocol::Http2,
            "https" => Protocol::Https,
            "tls" => Protocol::Tls,
            "mongo" => Protocol::Mongo,
            "redis" => Protocol::Redis,
            "mysql" => Protocol::Mysql,
            "hbone" => Protocol::Hbone,
            _ => Protocol::Unsupported,
        }
    }

    /// The protocol of a Kubernetes Service port (V:R1.5).
    pub fn of_service_port(
        port: u32,
        port_name: &str,
        l4_protocol: &str,
        app_protocol: Option<&str>,
    ) -> Protocol {
        if l4_protocol == "UDP" {
            return Protocol::Udp;
        }
        let token = match app_protocol {
            Some("kubernetes.io/h2c") => "http2",
            Some("kubernetes.io/ws") => "http",
            Some("kubernetes.io/wss") => "https",
            Some(other) => other,
            None => port_name,
        };
        if token
            .get(..8)
            .is_some_and(|head| head.eq_ignore_ascii_case("grpc-web"))
        {
            return Protocol::GrpcWeb;
        }
        let word = token.split_once('-').map_or(token, |(word, _)| word);
        match Protocol::parse(word) {
            Protocol::Unsupported if matches!(port, 25 | 53 | 3306 | 27017) => Protocol::Tcp,
            parsed => parsed,
        }
    }

    /// The class.
    pub fn class(self) -> ProtocolClass {
        match self {
            Protocol::Http
            | Protocol::Http2
            | Protocol::Grpc
            | Protocol::GrpcWeb
            | Protocol::HttpProxy => ProtocolClass::Http,
            Protocol::Tcp
            | Protocol::Https
            | Protocol::Tls
            | Protocol::Mongo
            | Protocol::Redis
            | Protocol::Mysql => ProtocolClass::Tcp,
            Protocol::Udp => ProtocolClass::Udp,
            Protocol::Hbone | Protocol::Unsupported => ProtocolClass::Auto,
        }
    }

    /// HTTP family.
    pub fn is_http(self) -> bool {
        self.class() == ProtocolClass::Http
    }

    /// HTTP family or sniffed.
    pub fn is_http_or_sniffed(self) -> bool {
        matches!(self.class(), ProtocolClass::Http | ProtocolClass::Auto)
    }

    /// HTTPS and TLS, which the outbound side treats alike.
    pub fn is_tls(self) -> bool {
        matches!(self, Protocol::Https | Protocol::Tls)
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol;

    #[test]
    fn the_table_of_the_specification() {
        let of = |port, name, app| Protocol::of_service_port(port, name, "TCP", app);
        assert_eq!(of(80, "http-web", None), Protocol::Http);
        assert_eq!(of(3306, "web", None), Protocol::Tcp);
        assert_eq!(of(8080, "web", None), Protocol::Unsupported);
        assert_eq!(of(80, "http", Some("kubernetes.io/h2c")), Protocol::Http2);
        assert_eq!(of(80, "httpfoo", None), Protocol::Unsupported);
        assert_eq!(of(80, "GRPC-WEB-x", None), Protocol::GrpcWeb);
        assert_eq!(of(80, "http", Some("postgres")), Protocol::Unsupported);
        assert_eq!(
            Protocol::of_service_port(53, "dns", "UDP", None),
            Protocol::Udp
        );
    }
}
