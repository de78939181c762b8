"""Image, compose.yaml and Kubernetes: what they name exists, and what runs has no more rights than it needs."""

import re
import shlex

import pytest
import yaml

from config import ROOT, Config
from tests.support import programs, units

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
FOLDER = ROOT / "deploy" / "kubernetes"
RECIPE = (ROOT / "Containerfile").read_text("utf-8")
RUN = (ROOT / "deploy" / "container" / "run").read_text("utf-8")
PORT = 8000

#: What the secrets of docs/containers.md hold.
SECRET = {
    "PLEDGE_DATABASE_URL": "postgresql://pledge@postgres/pledge",
    "PLEDGE_SMTP_URL": "smtps://mail.example",
    "PLEDGE_SECRET_KEYS": "Q7f0-a secret key of forty characters.",
    "PLEDGE_DATA_KEYS": "hW3x-another one for data of forty char",
    "PLEDGE_STORAGE_KEY_ID": "key",
    "PLEDGE_STORAGE_SECRET": "secret",
    "PLEDGE_METRICS_TOKEN": "pT5m-a token for Prometheus of forty ch",
}
OTHERS = {
    "pledge-worker": {
        "PLEDGE_LOG_KEY": "zR9k-and a third for the log as long.",
        "PLEDGE_DATABASE_URL": "postgresql://pledge_worker@postgres/pledge",
    },
    "pledge-owner": {"PLEDGE_DATABASE_URL": "postgresql://pledge_owner@postgres/pledge"},
}
ROLES = {"web": "pledge", "worker": "pledge_worker", "migrate": "pledge_owner"}


def resources():
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))["resources"]
    assert {f"{name}" for name in listed} | {"kustomization.yaml"} == {path.name for path in FOLDER.iterdir()}
    return [
        resource for name in listed for resource in yaml.safe_load_all((FOLDER / name).read_text("utf-8"))
    ]


def pods():
    """The pod of each workload, by name."""
    specs = {
        resource["metadata"]["name"]: resource["spec"]["template"]["spec"]
        for resource in resources()
        if resource["kind"] in ("Deployment", "Job")
    }
    assert specs.keys() == {"web", "worker", "migrate"}
    return specs


def ours():
    """The services of compose.yaml that run our image."""
    services = {
        name: service for name, service in COMPOSE["services"].items() if service["image"] == "pledge"
    }
    assert services.keys() == {"web1", "web2", "worker", "prepare"}
    return services


def environment(pod):
    """The variables of a pod, with the secrets filled in."""
    (settings,) = [resource["data"] for resource in resources() if resource["kind"] == "ConfigMap"]
    container, known = pod["containers"][0], {"pledge": SECRET, **OTHERS}
    variables = {}
    for source in container["envFrom"]:
        variables |= settings if "configMapRef" in source else known[source["secretRef"]["name"]]
    return variables | {resource["name"]: resource["value"] for resource in container.get("env", [])}


def started_with(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Config.load()  # refuses what is wrong or missing


def test_every_setting_that_is_named_exists():
    files = [ROOT / "Containerfile", ROOT / "compose.yaml", *FOLDER.glob("*.yaml")]
    named = set(re.findall(r"PLEDGE_[A-Z_]+", " ".join(file.read_text("utf-8") for file in files)))
    assert len(named) > 20
    assert named - {f"PLEDGE_{name.upper()}" for name in Config.model_fields} == set()


@pytest.mark.parametrize("name", ["web", "worker", "migrate"])
def test_a_pod_has_all_that_production_requires(monkeypatch, name):
    config = started_with(monkeypatch, environment(pods()[name]))
    assert f"//{ROLES[name]}@" in config.database_url, "each with its own role"
    assert config.is_production
    assert bool(config.log_signing_keys) == (name == "worker"), "only the worker signs the log"


@pytest.mark.parametrize("name", ["web1", "web2", "worker", "prepare"])
def test_a_container_of_compose_starts_with_its_settings(monkeypatch, name):
    config = started_with(monkeypatch, ours()[name]["environment"])
    assert config.problems() == []
    assert bool(config.log_signing_keys) == (name == "worker"), "only the worker signs the log"


def test_web_server_and_worker_are_started_as_by_the_units():
    words = units.web_service(1)[1:]
    for option, values in (("--uds", 2), ("--uds-permissions", 2)):
        at = words.index(option)
        del words[at : at + values]
    here = shlex.split(
        re.search(r"exec python (-m granian .*?)\n *;;", RUN, re.DOTALL)[1].replace("\\\n", " ")
    )
    for option in ("--host", "--port"):
        at = here.index(option)
        assert here[at + 1] in ("0.0.0.0", str(PORT))
        del here[at : at + 2]
    assert here == words
    assert units.line(units.WORKER, "ExecStart").rpartition("/")[2] in RUN
    arenas = units.variable(units.WEB, "MALLOC_ARENA_MAX")
    assert re.search(rf"^ +MALLOC_ARENA_MAX={arenas}$", RECIPE, re.MULTILINE)


def test_all_speak_of_one_port():
    assert f"EXPOSE {PORT}" in RECIPE
    assert f"127.0.0.1:{PORT}/healthz" in (ROOT / "deploy" / "container" / "healthy.py").read_text("utf-8")
    assert ours()["worker"]["environment"]["PLEDGE_WORKER_PORT"] == str(PORT)
    for name in ("web", "worker"):
        (container,) = pods()[name]["containers"]
        assert container["ports"] == [{"name": "http", "containerPort": PORT}]
    assert environment(pods()["worker"])["PLEDGE_WORKER_PORT"] == str(PORT)
    nginx = (ROOT / "deploy" / "container" / "nginx.conf").read_text("utf-8")
    assert set(re.findall(r"server (\w+):(\d+)", nginx)) == {("web1", str(PORT)), ("web2", str(PORT))}


@pytest.mark.sqlite_only
def test_what_a_probe_asks_is_answered_without_the_database(app_on):
    client = app_on("postgresql://nobody@127.0.0.1:1/nothing").test_client()
    probes = [
        probe["httpGet"]
        for name in ("web", "worker")
        for container in pods()[name]["containers"]
        for kind, probe in container.items()
        if kind.endswith("Probe")
    ]
    assert len(probes) == 5
    for probe in probes:
        assert probe["port"] == "http"
        assert client.get(probe["path"], headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_nothing_of_ours_runs_as_root_or_may_write_outside_its_two_folders():
    assert re.findall(r"^USER (.*)$", RECIPE, re.MULTILINE) == ["10001:10001"]
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/var/lib/pledge", "/tmp"}
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name
    for name, service in ours().items():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name


def test_an_upgrade_and_a_node_that_goes_leave_a_web_server():
    (web,) = [
        resource
        for resource in resources()
        if resource["kind"] == "Deployment" and resource["metadata"]["name"] == "web"
    ]
    (budget,) = [resource for resource in resources() if resource["kind"] == "PodDisruptionBudget"]
    assert web["spec"]["replicas"] >= 2
    assert web["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert budget["spec"]["minAvailable"] >= 1
    assert budget["spec"]["selector"] == web["spec"]["selector"]


def test_the_migration_goes_first_with_all_that_it_needs():
    first = {
        resource["kind"]
        for resource in resources()
        if resource["metadata"].get("labels", {}).get("stage") == "migrate"
    }
    assert first == {"Namespace", "ConfigMap", "Job"}


def test_what_compose_starts_waits_for_what_it_needs():
    waits = {name: service.get("depends_on", {}) for name, service in COMPOSE["services"].items()}
    assert waits["prepare"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("web1", "web2", "worker"):
        assert waits[name]["prepare"] == {"condition": "service_completed_successfully"}, name


def test_nginx_takes_its_file(tmp_path):
    text = (ROOT / "deploy" / "container" / "nginx.conf").read_text("utf-8")
    file = tmp_path / "nginx.conf"
    file.write_text(re.sub(r"server web\d:", "server 127.0.0.1:", text).replace("/tmp/pages", str(tmp_path)))
    done = programs.run(
        programs.installed("nginx-light"), "-t", "-p", tmp_path, "-c", file, "-g", f"pid {tmp_path}/pid;"
    )
    assert done.returncode == 0, done.stderr


def test_the_image_leaves_out_secrets_and_what_only_developers_need():
    ignored = (ROOT / ".containerignore").read_text("utf-8").splitlines()
    assert {"**/.git", "**/.venv", "instance", "tests"} <= set(ignored)
    assert (ROOT / ".dockerignore").readlink().name == ".containerignore"
    last = RECIPE.rpartition("\nFROM ")[2]
    assert "venv" not in re.search(r"install .*", last)[0], "pip and what builds stay in the first stage"
