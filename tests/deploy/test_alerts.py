"""deploy/prometheus: each alarm goes off for what it is about, none on an ordinary day, and all name metrics that exist."""

import json
import re
from pathlib import Path

from config import ROOT
from tests.support.metrics import documented, metrics_in, promtool

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"

#: Series by minute, over an hour of a good day. `time()` counts from 0, so timestamps are minutes times 60.
ORDINARY = {
    'up{job="pledge",instance="a"}': "1x60",
    'pledge_database_up{instance="a"}': "1x60",
    'pledge_archive_age_seconds{instance="a"}': "20x60",
    'pledge_requests_total{endpoint="public.sign_post",status="3xx"}': "0+600x60",
    'pledge_requests_total{endpoint="public.sign_post",status="5xx"}': "0+1x60",
    'pledge_request_seconds_bucket{kind="sign",le="0.2"}': "0+600x60",
    'pledge_request_seconds_bucket{kind="sign",le="2"}': "0+600x60",
    'pledge_request_seconds_bucket{kind="sign",le="+Inf"}': "0+600x60",
    'pledge_request_seconds_count{kind="sign"}': "0+600x60",
    'pledge_worker_step_success_timestamp_seconds{step="fold"}': "0+60x60",
    'pledge_worker_step_success_timestamp_seconds{step="retention"}': "0+60x60",
    'pledge_worker_step_failures_total{step="mail"}': "0 1x59",
    'pledge_fold_lag_seconds{instance="a"}': "1x60",
    'pledge_log_unsigned_entries{campaign="sky"}': "0 3 0x58",
    'pledge_log_set_aside_entries{campaign="sky"}': "0x60",
    'pledge_ledger_differences{campaign="sky"}': "0x60",
    'pledge_witness_other_size{campaign="sky",witness="embassy"}': "0x60",
    'pledge_mail_breaker_open{instance="a"}': "0x60",
    'pledge_held_oldest_seconds{campaign="sky"}': "7200x60",
    'pledge_outbox_oldest_due_seconds{class="awaited"}': "2x60",
    'pledge_outbox_oldest_due_seconds{class="first"}': "5x60",
    'pledge_outbox_oldest_due_seconds{class="last"}': "7200x60",
    'pledge_paused{what="mail"}': "0x60",
    'pledge_mail_requests_oldest_seconds{instance="a"}': "0x60",
    'pledge_mail_valve_closed{instance="a"}': "0x60",
    'pledge_mails_total{outcome="dead"}': "0 1x59",
    'pledge_limits_hit_total{limit="sign"}': "0+2x60",
    'pledge_database_connections_in_use{instance="a"}': "9x60",
    'pledge_clock_difference_seconds{instance="a"}': "0.01x60",
}

#: What is otherwise from the tenth minute on, and the alarms that are on at the fortieth; None: there is no such series.
FAULTS = [
    ({"up{job": "1x10 0x50"}, {"PledgeDown"}),
    ({"pledge_database_up": "1x10 0x50"}, {"PledgeDatabaseDown"}),
    ({'status="5xx"': "0+1x10 0+60x50"}, {"PledgeErrors"}),
    ({'le="0.2"': "0+600x10 6000x50"}, {"PledgeSigningSlow"}),
    ({'timestamp_seconds{step="fold"}': "0+60x10 600x50"}, {"PledgeWorkerAway"}),
    ({'timestamp_seconds{step="fold"}': None}, {"PledgeWorkerAway"}),
    ({"pledge_worker_step_failures_total": "0x10 0+12x50"}, {"PledgeStepFailing"}),
    ({"pledge_fold_lag_seconds": "1x10 0+60x50"}, {"PledgeCountLate"}),
    ({"pledge_log_unsigned_entries": "0x10 3x50"}, {"PledgeLogUnsigned"}),
    ({"pledge_log_set_aside_entries": "0x10 1x50"}, {"PledgeSetAside"}),
    ({"pledge_ledger_differences": "0x10 1x50"}, {"PledgeCountDiffers"}),
    ({"pledge_witness_other_size": "0x10 99x50"}, {"PledgeWitnessDisagrees"}),
    ({"pledge_mail_breaker_open": "0x10 1x50"}, {"PledgeBreakerOpen"}),
    ({"pledge_held_oldest_seconds": "7200x10 90000x50"}, {"PledgeHeldLong"}),
    ({"pledge_archive_age_seconds": "20x10 0+60x50"}, {"PledgeArchiveLate"}),
    ({'due_seconds{class="awaited"}': "0x10 0+60x50"}, {"PledgeMailLate"}),
    ({'due_seconds{class="first"}': "0x10 0+60x50"}, {"PledgeMailLate"}),
    ({'due_seconds{class="awaited"}': "0x10 0+60x50", "pledge_paused": "0x10 1x50"}, set()),
    ({"pledge_mail_requests_oldest_seconds": "0x10 0+60x50"}, {"PledgeRequestsLate"}),
    ({"pledge_mail_valve_closed": "0x10 1x50"}, set()),
    (
        {"pledge_mail_valve_closed": "0x10 1x50", 'due_seconds{class="first"}': "0x10 0+60x50"},
        {"PledgeFirstMailsHeldBack"},
    ),
    ({"pledge_mails_total": "0x10 0+2x50"}, {"PledgeMailsDead"}),
    ({"pledge_limits_hit_total": "0x10 0+120x50"}, {"PledgeLimitsHit"}),
    ({"pledge_database_connections_in_use": "9x10 55x50"}, {"PledgeConnectionsFull"}),
    ({"pledge_clock_difference_seconds": "0x10 -4x50"}, {"PledgeClockWrong"}),
]
#: Needs more than an hour of lateness.
LATE = ({'timestamp_seconds{step="retention"}': "0+60x10 600x290"}, {"PledgeRetentionLate"})


def alarms():
    return set(re.findall(r"- alert: (\w+)", RULES.read_text("utf-8")))


def scenario(changes, expected, *, minutes=40):
    series = []
    for name, values in ORDINARY.items():
        matches = [new for part, new in changes.items() if part in name]
        if matches != [None]:
            series.append(
                {"series": name, "values": matches[0] if matches else values.replace("x60", "x300")}
            )
    assert len(series) >= len(ORDINARY) - len(changes)
    firing = 'group by (alertname) (ALERTS{alertstate="firing"})'
    return {
        "interval": "1m",
        "name": ", ".join(sorted(changes)) or "an ordinary day",
        "input_series": series,
        "promql_expr_test": [
            {
                "expr": firing,
                "eval_time": f"{minutes}m",
                "exp_samples": [
                    {"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(expected)
                ],
            }
        ],
    }


def check(tests, folder):
    """What promtool says of these scenarios."""
    file = folder / "test.yml"
    file.write_text(
        json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}), "utf-8"
    )
    return promtool("test", "rules", str(file))


def test_promtool_finds_the_rules_and_the_configuration_right(tmp_path):
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr
    text = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8")
    file = tmp_path / "prometheus.yml"
    file.write_text(text.replace("/etc/prometheus/pledge-alerts.yml", str(RULES)))
    done = promtool("check", "config", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_fault_sets_off_its_alarm_alone_and_an_ordinary_day_none(tmp_path):
    tests = [scenario({}, set()), *(scenario(*fault) for fault in FAULTS), scenario(*LATE, minutes=280)]
    done = check(tests, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alarm_has_a_fault_that_sets_it_off():
    assert set.union(*(expected for _, expected in [*FAULTS, LATE])) == alarms()


def test_each_alarm_says_what_to_do_and_where_to_read_on():
    parts = re.split(r"\n      - alert: ", RULES.read_text("utf-8"))[1:]
    assert len(parts) == len(alarms())
    for part in parts:
        name = part.partition("\n")[0]
        assert re.search(r"severity: (page|ticket)\}", part), name
        assert re.search(r'summary: ".+"', part), name
        assert re.search(r'action: ".{20,}"', part), name
        document, _, anchor = re.search(r"runbook: (\S+)", part)[1].partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / document).read_text("utf-8"), re.MULTILINE)
        known = {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}
        assert anchor in known, f"{name}: {document} has no #{anchor}"


def test_each_alarm_asks_for_metrics_that_exist():
    named = metrics_in(RULES.read_text("utf-8"))
    assert len(named) > 15
    assert named - documented() == set()
    assert metrics_in(" ".join(ORDINARY)) <= documented()


def test_prometheus_reads_the_address_that_nginx_answers():
    text = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8")
    address = re.search(r'job_name: pledge\n.*\n.*targets: \["([\d.:]+)"\]', text)[1]
    assert f"listen {address};" in Path(ROOT / "deploy" / "nginx.conf").read_text("utf-8")
