//! The objects that an installation makes without any of them being written in the repository: the
//! gateways of Istio's `gateway` chart and of an IstioOperator.
//!
//! Only what decides something in a mesh is made: workload, Service, ServiceAccount. The templates
//! followed are those of Istio 1.30 (`manifests/charts/gateway`, `manifests/charts/gateways`). This
//! module must not know which tool asked for the installation (Flux, Argo, helmfile, kustomize).

mod istiod;
mod operator;
mod operator_gateways;
mod overlay;
mod release;

pub use istiod::{Istiod, istiod_release};
pub use operator::{InstallOutcome, istio_operator, istio_operator_install};
pub use release::{IstioChart, gateway_release, is_gateway_chart, istio_chart};
