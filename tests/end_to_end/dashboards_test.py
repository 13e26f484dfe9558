"""Runs every query of the dashboards and every rule on a real Prometheus that scraped `assay serve`.

usage: dashboards_test.py ASSAY DASHBOARDS RESULT.json

A query or rule without a series fails. Everything listens on the loopback address, lives in a temporary
directory, and is stopped at the end.
"""

import contextlib
import json
import math
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

START_SECONDS = 40  # for each program to answer, on a busy machine
RULES_SECONDS = 40  # for scrapes and two evaluations
STOP_SECONDS = 10
WATCHED_MODEL = "qwen3-1.7b"  # by the alert on the fleet's readiness


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url):
    # Never through a proxy: the addresses are on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return answer.read().decode()


def wait_for(what, limit, check):
    """The first true value of `check`; its errors count as not yet."""
    end = time.monotonic() + limit
    problem = "no answer"
    while time.monotonic() < end:
        try:
            value = check()
            if value:
                return value
        except (OSError, urllib.error.URLError, ValueError) as error:
            problem = str(error)
        time.sleep(0.2)
    raise SystemExit(f"{what}: not within {limit} s ({problem})")


@contextlib.contextmanager
def running(command, log, **options):
    """A program for as long as the block lasts."""
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)
    try:
        yield process
    except BaseException:
        sys.stderr.write(f"--- {log.name} ---\n{log.read_text(errors='replace')[-4000:]}\n")
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def store_result(assay, fixture, state):
    """Keeps the fixture as this machine's latest result, old and with a model that is not ready, so that both
    alerts have something to say."""
    result = json.loads(fixture.read_text())
    probed = subprocess.run([assay, "probe", "--json"], env={**os.environ, "ASSAY_STATE": str(state)},
                            capture_output=True, check=True, timeout=60)
    result["machine"]["id"] = json.loads(probed.stdout)["machine"]["id"]
    result["started_at"] = "2024-01-02T03:04:05Z"
    verdicts = result["verdicts"] + [one["verdict"] for one in result["recommendation"]["ranking"]]
    watched = [one for one in verdicts if one["model"] == WATCHED_MODEL]
    assert watched, f"{fixture}: no verdict on {WATCHED_MODEL}"
    for verdict in watched:
        verdict.update(verdict="no", limit="decode_speed")
    # The fixture is of a release that checked no prediction.
    result["checks"] = [{"figure": "decode_tokens_per_second", "model": "qwen3-4b", "format": "Q4_K_M", "layers": 36,
                         "full_layers": 36, "threads": 2, "depth": 512, "prompt_tokens": 0,
                         "predicted": {"low": 8.0, "expected": 10.0, "high": 12.0, "origin": "predicted",
                                       "basis": "this_machine"},
                         "measured": 11.0, "error_ratio": -0.09, "within": True, "calibration_run_id": "run-1",
                         "seen": False, "conditions_ratio": None, "reasons": []}]
    text = json.dumps(result)
    (state / "results").mkdir(parents=True)
    (state / "results" / "fixture.json").write_text(text)
    (state / "latest.json").write_text(text)


class Prometheus:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"

    def api(self, path, **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        answer = json.loads(get(f"{self.base}/api/v1/{path}?{query}"))
        assert answer["status"] == "success", answer
        return answer["data"]

    def values(self, expression):
        """The current values of an expression."""
        return [float(one["value"][1]) for one in self.api("query", query=expression)["result"]]

    def range_values(self, expression):
        now = time.time()
        series = self.api("query_range", query=expression, start=now - 60, end=now, step=1)["result"]
        return [float(value) for one in series for _, value in one["values"]]


def substitute(expression, variables):
    for name in sorted(variables, key=len, reverse=True):
        expression = expression.replace("${" + name + "}", variables[name]).replace("$" + name, variables[name])
    expression = expression.replace("$__rate_interval", "1m").replace("$__interval", "1m")
    left = re.search(r"\$\w+", expression)
    assert not left, f"unknown variable {left.group()} in {expression}"
    return expression


def is_sound(values):
    return bool(values) and all(math.isfinite(value) for value in values)


def check_variables(prometheus, dashboard):
    """Every list at the top has entries; returns what "All" stands for."""
    variables, failures = {}, []
    listed = [one for one in dashboard["templating"]["list"] if one["type"] == "query"]
    for variable in listed:
        variables[variable["name"]] = variable["allValue"]
    for variable in listed:
        selector, label = re.fullmatch(r"label_values\((.*), *(\w+)\)", variable["query"]["query"]).groups()
        series = prometheus.api("series", **{"match[]": substitute(selector, variables)})
        if not any(label in one for one in series):
            failures.append(f"variable {variable['name']}: no value of {label}")
    return variables, failures


def check_panels(prometheus, dashboard, variables):
    count, failures = 0, []
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            count += 1
            expression = substitute(target["expr"], variables)
            for kind, values in (("now", prometheus.values(expression)),
                                 ("over time", prometheus.range_values(expression))):
                if not is_sound(values):
                    failures.append(f"panel '{panel['title']}' ({kind}): {values or 'no series'}: {expression}")
    return count, failures


def rules_of(prometheus):
    return [rule for group in prometheus.api("rules")["groups"] for rule in group["rules"]]


def check_rules(prometheus):
    failures = []
    rules = rules_of(prometheus)
    for rule in rules:
        if rule["health"] != "ok":
            failures.append(f"rule {rule['name']}: {rule.get('lastError', rule['health'])}")
        elif rule["type"] == "recording" and not is_sound(prometheus.values(rule["name"])):
            failures.append(f"rule {rule['name']}: no series")
        elif rule["type"] == "alerting" and not rule["alerts"]:
            failures.append(f"alert {rule['name']}: neither pending nor firing")
    return len(rules), failures


def has_settled(prometheus):
    """Two evaluations later than the first scrape."""
    if prometheus.values("max(up)") != [1.0] or not prometheus.values("count(assay_build_info)"):
        return False
    rules = rules_of(prometheus)
    return rules and all(rule["health"] != "unknown" for rule in rules) and prometheus.values(
        "count_over_time(fleet:assay_model_ready:ratio[1m]) >= 2")


def configuration(dashboards, target):
    rules = [str(path) for path in sorted(dashboards.glob("*.rules.yml"))]
    return json.dumps({  # JSON is YAML
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": rules,
        "scrape_configs": [{"job_name": "assay", "static_configs": [{"targets": [target]}]}],
    })


def run(assay, dashboards, fixture, directory):
    state = directory / "state"
    store_result(assay, fixture, state)
    served = f"127.0.0.1:{free_port()}"
    port = free_port()
    (directory / "prometheus.yml").write_text(configuration(dashboards, served))
    server = [assay, "serve", "--listen", served]
    engine = ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
              f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with running(server, directory / "serve.log", env={**os.environ, "ASSAY_STATE": str(state)}):
        wait_for("assay serve", START_SECONDS, lambda: "assay_build_info" in get(f"http://{served}/metrics"))
        with running(engine, directory / "prometheus.log"):
            prometheus = Prometheus(port)
            wait_for("Prometheus", START_SECONDS, lambda: get(f"{prometheus.base}/-/ready"))
            wait_for("scrapes and rules", RULES_SECONDS, lambda: has_settled(prometheus))
            failures = []
            for path in sorted(dashboards.glob("*.json")):
                dashboard = json.loads(path.read_text())
                variables, failed = check_variables(prometheus, dashboard)
                failures += failed
                queries, failed = check_panels(prometheus, dashboard, variables)
                failures += failed
                print(f"{path.name}: {queries} queries")
            rules, failed = check_rules(prometheus)
            failures += failed
            print(f"{rules} rules")
            return failures


def main():
    assay, dashboards, fixture = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
    with tempfile.TemporaryDirectory(prefix="assay-dashboards-") as directory:
        failures = run(assay, dashboards, fixture, pathlib.Path(directory))
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
