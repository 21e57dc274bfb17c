#!/usr/bin/env python3
"""Reduces what istiod sends a gateway workload to what decides whether Envoy takes it.

usage: reduce.py < config.json > envoy.json

config.json: {"listeners": […], "routes": […], "clusters": […]}, each as Envoy's own JSON (the parts of
`istioctl proxy-config all -o json`, or what istiod's code says). envoy.json: a bootstrap for
`envoy --mode validate`. Kept: addresses, filter chain matches, route tables, DNS clusters. Left out: Istio's own
filters, certificates and SDS, EDS clusters, statistics - nothing of that is what the cases here are about.
"""
import json
import sys

TYPE = "type.googleapis.com/envoy.extensions.filters.network."
CLUSTER_KEYS = {"name", "type", "connect_timeout", "load_assignment", "dns_lookup_family", "lb_policy"}
# The listeners that the bootstrap of every Istio proxy brings along.
BOOTSTRAP_PORTS = {"health": 15021, "metrics": 15090}


def address(host, port):
    return {"socket_address": {"address": host, "port_value": port}}


def without_istio(value):
    """Drops the settings of Istio's filters and the metadata, at any depth."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in ("typed_per_filter_config", "metadata")}
        return {k: without_istio(v) for k, v in kept.items()}
    if isinstance(value, list):
        return [without_istio(v) for v in value]
    return value


def tcp_proxy():
    return {
        "name": "tcp_proxy",
        "typed_config": {"@type": TYPE + "tcp_proxy.v3.TcpProxy", "stat_prefix": "t", "cluster": "nowhere"},
    }


def http(table):
    table = without_istio(table)
    table["validate_clusters"] = False
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    return {
        "name": "http_connection_manager",
        "typed_config": {
            "@type": TYPE + "http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "h",
            "http_filters": [{"name": "router", "typed_config": router}],
            "route_config": table,
        },
    }


def table_of(chain, tables):
    for filter in chain.get("filters", []):
        rds = filter.get("typed_config", {}).get("rds", {})
        if rds.get("route_config_name") in tables:
            return tables[rds["route_config_name"]]
    return None


def chain(whole, tables):
    table = table_of(whole, tables)
    kept = {"filters": [http(table) if table else tcp_proxy()]}
    if whole.get("filter_chain_match"):
        kept["filter_chain_match"] = whole["filter_chain_match"]
    return kept


def listener(whole, tables):
    inspector = {"@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"}
    return {
        "name": whole["name"],
        "address": whole["address"],
        "listener_filters": [{"name": "tls_inspector", "typed_config": inspector}],
        "filter_chains": [chain(c, tables) for c in whole.get("filter_chains", [])],
    }


def bootstrap(config):
    tables = {t["name"]: t for t in config.get("routes", [])}
    listeners = [
        {"name": name, "address": address("0.0.0.0", port), "filter_chains": [{"filters": [tcp_proxy()]}]}
        for name, port in BOOTSTRAP_PORTS.items()
    ]
    listeners += [listener(l, tables) for l in config.get("listeners", [])]
    clusters = [{"name": "nowhere", "type": "STATIC", "load_assignment": {"cluster_name": "nowhere"}}]
    for cluster in config.get("clusters", []):
        if cluster.get("type") in ("LOGICAL_DNS", "STRICT_DNS"):
            clusters.append(without_istio({k: v for k, v in cluster.items() if k in CLUSTER_KEYS}))
    return {"static_resources": {"listeners": listeners, "clusters": clusters}}


if __name__ == "__main__":
    json.dump(bootstrap(json.load(sys.stdin)), sys.stdout, indent=1, sort_keys=True)
    print()
