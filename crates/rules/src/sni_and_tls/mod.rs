//! Who takes which server name, who ends TLS and with what certificate.

pub mod ambiguous_sni;
