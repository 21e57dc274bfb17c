//! WHO: the ways to name a proxy, and the proxy they lead to.

use super::Mesh;
use meshscope_manifest::Str;
use meshscope_mesh::index::namespace_and_name;
use meshscope_mesh::workloads::{Proxy, find_workload, proxy_of};
use std::fmt;
use std::str::FromStr;

/// A proxy by the name of its workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// What it is asked to be.
    pub role: Role,
    /// The namespace.
    pub namespace: Str,
    /// The workload's name.
    pub name: Str,
}

/// What a workload named is asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A workload with a sidecar.
    Workload,
    /// A gateway workload.
    Gateway,
    /// Whichever it is.
    Any,
}

/// Why a name leads to no proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhoError {
    /// It is not of the form `workload:NS/NAME`, `gateway:NS/NAME` or `NS/NAME`.
    Unreadable(String),
    /// The mesh has no such workload.
    Unknown(Who),
    /// The workload has no proxy; why not.
    NotInMesh(Who, Str),
    /// A gateway workload was asked for, and it has a sidecar, or the other way round.
    OtherRole(Who),
}

impl FromStr for Who {
    type Err = WhoError;

    fn from_str(text: &str) -> Result<Who, WhoError> {
        let (role, rest) = match text.split_once(':') {
            Some(("workload", rest)) => (Role::Workload, rest),
            Some(("gateway", rest)) => (Role::Gateway, rest),
            Some(_) => return Err(WhoError::Unreadable(text.into())),
            None => (Role::Any, text),
        };
        match namespace_and_name(rest) {
            Some((namespace, name)) if !name.is_empty() && !name.contains('/') => Ok(Who {
                role,
                namespace: namespace.into(),
                name: name.into(),
            }),
            _ => Err(WhoError::Unreadable(text.into())),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Role::Workload => "workload:",
            Role::Gateway => "gateway:",
            Role::Any => "",
        };
        write!(f, "{role}{}/{}", self.namespace, self.name)
    }
}

impl fmt::Display for WhoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WhoError::Unreadable(text) => write!(
                f,
                "{text:?} names no proxy: write workload:NAMESPACE/NAME, gateway:NAMESPACE/NAME or \
                 NAMESPACE/NAME"
            ),
            WhoError::Unknown(who) => write!(
                f,
                "no manifest holds a workload {}/{}",
                who.namespace, who.name
            ),
            WhoError::NotInMesh(who, why) => {
                write!(f, "{}/{} has no proxy: {why}", who.namespace, who.name)
            }
            WhoError::OtherRole(who) if who.role == Role::Gateway => write!(
                f,
                "{}/{} has a sidecar; it is no gateway workload",
                who.namespace, who.name
            ),
            WhoError::OtherRole(who) => write!(
                f,
                "{}/{} is a gateway workload; it has no sidecar",
                who.namespace, who.name
            ),
        }
    }
}

impl std::error::Error for WhoError {}

impl Mesh<'_> {
    /// The proxy that a name leads to.
    ///
    /// # Errors
    /// When there is none.
    pub fn proxy(&self, who: &Who) -> Result<Proxy, WhoError> {
        let workload = find_workload(self.db(), self.input(), &who.namespace, &who.name)
            .ok_or_else(|| WhoError::Unknown(who.clone()))?;
        let proxy = proxy_of(&workload)
            .ok_or_else(|| WhoError::NotInMesh(who.clone(), workload.injection.why.clone()))?;
        match who.role {
            Role::Workload if proxy.is_router() => Err(WhoError::OtherRole(who.clone())),
            Role::Gateway if !proxy.is_router() => Err(WhoError::OtherRole(who.clone())),
            _ => Ok(proxy),
        }
    }
}
