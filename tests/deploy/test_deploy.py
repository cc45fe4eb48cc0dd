"""What deploy/ holds is true of this server: settings, ports, metrics, paths; and its tools take it where they are."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from app.config import Settings, env_name
from app.ops.metrics.catalogue import METRICS, Metric
from tests.conftest import ROOT
from tests.tools import tool

DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
MANIFESTS = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
UNIT = (DEPLOY / "which-park.service").read_text(encoding="utf-8")


def manifest(kind: str) -> Any:
    [found] = [document for document in MANIFESTS if document["kind"] == kind]
    return found


def container() -> Any:
    [found] = manifest("Deployment")["spec"]["template"]["spec"]["containers"]
    return found


def environments() -> dict[str, dict[str, str]]:
    """What each way of running sets, a file of settings included."""
    settings_env = (DEPLOY / "settings.env").read_text(encoding="utf-8")
    of_kubernetes = {row["name"]: row["value"] for row in container()["env"]}
    of_unit = dict(re.findall(r"(WHICHPARK_\w+)=(\S+)", re.sub(r"(?m)^#.*", "", UNIT)))
    return {
        "compose": COMPOSE["services"]["app"]["environment"] | lines(settings_env),
        "kubernetes": of_kubernetes | lines(manifest("ConfigMap")["data"]["settings.env"]),
        "systemd": of_unit | lines(settings_env),
    }


def lines(text: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^(\w+)=(.*)$", text))


@pytest.mark.parametrize("way", ["compose", "kubernetes", "systemd"])
def test_settings_are_settings_of_this_server(way: str, tmp_path: Path) -> None:
    environ = {name: str(value) for name, value in environments()[way].items()}
    assert environ.pop("WHICHPARK_SETTINGS_FILE") == "/etc/which-park/settings.env"
    Settings.from_environ(environ)


@pytest.mark.parametrize("document", MANIFESTS, ids=lambda document: document["kind"])
def test_the_kubernetes_manifest_is_of_its_schema(document: Any) -> None:
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_the_schema_refuses_what_is_none_of_its_own() -> None:
    broken = json.loads(json.dumps(manifest("Deployment")))
    broken["spec"]["template"]["spec"]["containers"][0]["readinessprobe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)


def test_the_pod_is_what_the_image_is() -> None:
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    environ = environments()["kubernetes"]
    assert f"PORT={ports['http']} " in DOCKERFILE
    assert environ["WHICHPARK_METRICS"].endswith(f":{ports['metrics']}")
    assert manifest("Deployment")["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"] == "9464"
    pod = manifest("Deployment")["spec"]["template"]["spec"]
    assert f"--uid {pod['securityContext']['runAsUser']} " in DOCKERFILE
    assert container()["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_probes_ask_what_this_server_answers() -> None:
    asked = {name: container()[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
    assert asked == {"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}


def test_everything_of_kubernetes_means_the_same_pods() -> None:
    labels = manifest("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert manifest("Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("Service")["spec"]["selector"] == labels
    assert manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "which-park"


def test_every_end_waits_longer_than_the_server_drains() -> None:
    drain_s = Settings().max_drain_s
    pod = manifest("Deployment")["spec"]["template"]["spec"]
    pause_s = int(container()["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > drain_s + pause_s
    assert int(COMPOSE["services"]["app"]["stop_grace_period"].removesuffix("s")) > drain_s
    assert int(re.findall(r"TimeoutStopSec=(\d+)", UNIT)[0]) > drain_s


def test_compose_trusts_its_proxy_alone_and_publishes_it_alone() -> None:
    services = COMPOSE["services"]
    proxy_address = services["proxy"]["networks"]["front"]["ipv4_address"]
    assert services["app"]["environment"]["WHICHPARK_TRUSTED_PROXIES"] == proxy_address
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert services["app"]["read_only"] and services["app"]["cap_drop"] == ["ALL"]


def test_compose_mounts_what_is_there() -> None:
    mounts = [mount for service in COMPOSE["services"].values() for mount in service.get("volumes", ())]
    sources = [mount.split(":")[0] for mount in mounts]
    assert {"../models", ".", "./Caddyfile"} <= {*sources}
    named = {*COMPOSE["volumes"]}
    assert all(source in named or (DEPLOY / source).exists() for source in sources)


def test_the_proxy_keeps_connections_for_less_long_than_the_server() -> None:
    [proxy_s] = re.findall(r"keepalive (\d+)s", (DEPLOY / "Caddyfile").read_text(encoding="utf-8"))
    assert int(proxy_s) < float(environments()["compose"]["WHICHPARK_KEEPALIVE_S"])


def test_the_unit_starts_what_the_image_starts() -> None:
    command = json.loads(DOCKERFILE[DOCKERFILE.rindex("\nCMD ") + 5 :])
    [start] = re.findall(r"ExecStart=(.*)", UNIT)
    assert start == f"/opt/which-park/.venv/bin/{command[0]} " + " ".join(command[1:-1]) + f' "{command[-1]}"'


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    unit = tmp_path / "which-park.service"
    unit.write_text(UNIT.replace("/opt/which-park/.venv/bin/python", "/usr/bin/env"), encoding="utf-8")
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_caddy_takes_its_file() -> None:
    caddy = tool("caddy")
    command = [caddy, "validate", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"HOME": "/nonexistent"})
    assert "Valid configuration" in done.stdout + done.stderr, done.stderr


CHECKS = ("check config prometheus.yml", "test rules alerts_test.yml", "test rules drift_test.yml")


@pytest.mark.parametrize("check", CHECKS)
def test_prometheus_takes_its_files(check: str) -> None:
    promtool = tool("promtool")
    done = subprocess.run(
        [promtool, *check.split()], cwd=DEPLOY / "prometheus", capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def queries() -> Iterator[str]:
    """Every query of the dashboard and of the alerts."""
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    yield from (rule["expr"] for group in alerts["groups"] for rule in group["rules"])


def series_of(metric: Metric) -> set[str]:
    ends = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}.get(metric.kind, ("",))
    return {metric.name + end for end in ends}


@pytest.mark.parametrize("query", [*queries()])
def test_a_query_names_metrics_and_labels_that_exist(query: str) -> None:
    known = {series: metric for metric in METRICS for series in series_of(metric)}
    named = re.findall(r"\bwhichpark_\w+", query)
    assert named or query.startswith("up{")
    assert {*named} <= known.keys()
    labels = {label for series in named for label in known[series].labels} | {"job", "instance", "le"}
    used = re.findall(r"(\w+)\s*(?:=~|!=|!~|=)\s*\"", query)
    for group in re.findall(r"(?:by|on)\s*\(([^)]*)\)", query):
        used += [label.strip() for label in group.split(",")]
    assert {*used} <= labels


def test_every_metric_is_watched_by_somebody() -> None:
    text = " ".join(queries())
    assert [metric.name for metric in METRICS if metric.name not in text] == []


def test_every_panel_of_the_dashboard_is_its_own_and_fits() -> None:
    panels = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels) >= 10
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels) and all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_alert_is_explained() -> None:
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    names = [rule["alert"] for group in alerts["groups"] for rule in group["rules"]]
    assert len(names) == 10
    assert [name for name in names if f"`{name}`" not in OPERATIONS] == []


def test_settings_files_and_metrics_that_operators_are_told_of_exist() -> None:
    settings = {env_name(field) for field in dataclasses.fields(Settings)}
    assert {*re.findall(r"\bWHICHPARK_[A-Z_]+\b", OPERATIONS)} <= settings
    series = {name for metric in METRICS for name in (metric.name, *series_of(metric))}
    assert {*re.findall(r"\bwhichpark_\w+\b", OPERATIONS)} <= series
    named = re.findall(r"\bdeploy/[\w./-]+\w", OPERATIONS)
    assert named and all((ROOT / path).exists() for path in named)


def log_texts() -> list[str]:
    """What operators are told that the log says: the first column of the table of log lines."""
    table = OPERATIONS.split("## What the log says")[1].split("\n## ")[0]
    return re.findall(r"(?m)^\| `([^`]+)`", table)


@pytest.mark.parametrize("text", log_texts())
def test_a_line_of_the_log_that_is_explained_is_written_somewhere(text: str) -> None:
    assert text in " ".join(path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.py"))
