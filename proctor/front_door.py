"""Starts a gateway: its plan from the ledger, its keys from their file, its traces and lines."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

from answerlog.recorder import open_answer_log
from answerlog.store import LogStore
from contracts.errors import BadParams
from gateway.app import create_app, random_request_id
from gateway.draining import Draining
from gateway.key_file import FileKeys
from gateway.keys import KeySource, OpenKeys
from gateway.log_lines import set_up_logs
from gateway.log_metrics import WRITE_SECONDS, LogMeters
from gateway.metrics import PrometheusMeters
from gateway.settings import GatewaySettings
from gateway.spans import Spans
from monitoring.telemetry import set_up_tracing
from proctor.plan import LedgerPlan
from proctor.serving import serve_gateway
from proctor.settings import Settings
from registry.ledger import Ledger

_SAID_TWICE: Final = 2
_log = logging.getLogger("gateway")


def check_open(host: str, open_to_all: int) -> None:
    """Raises ``BadParams`` when everybody would be let in from other machines, unless it was
    said twice."""
    if open_to_all and not _is_loopback(host) and open_to_all < _SAID_TWICE:
        raise BadParams(
            "--open",
            f"anybody who reaches {host} could ask without a key. Say it twice if that is meant.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _keys(
    settings: Settings, gateway: GatewaySettings, meters: PrometheusMeters, *, is_open: bool
) -> Iterator[KeySource]:
    """The keys in force. Raises ``KeysInvalid``."""
    if is_open:
        yield OpenKeys()
        return

    def told(sound: bool, keys: int) -> None:
        meters.put("proctor_gateway_keys_sound", float(sound))
        meters.put("proctor_gateway_keys", float(keys))

    with FileKeys(settings.keys_file, refresh_seconds=gateway.keys_seconds, told=told) as keys:
        yield keys


def serve_front_door(
    settings: Settings, gateway: GatewaySettings, *, host: str, port: int, open_to_all: int = 0
) -> None:
    """Serve until SIGTERM or SIGINT. Raises ``BadParams``, ``KeysInvalid``, ``PortBusy``."""
    check_open(host, open_to_all)
    set_up_logs(gateway.log_level)
    meters, draining = PrometheusMeters(), Draining()
    with ExitStack() as open_until_the_end:
        tracing = set_up_tracing("proctor-gateway")
        if tracing is not None:
            open_until_the_end.callback(tracing.end)
        plan = open_until_the_end.enter_context(LedgerPlan(Ledger(settings.ledger_url)))
        meters.watch("proctor_gateway_plan_age_seconds", plan.age_seconds)
        keys = open_until_the_end.enter_context(
            _keys(settings, gateway, meters, is_open=bool(open_to_all))
        )
        recorder = open_until_the_end.enter_context(
            open_answer_log(
                LogStore(settings.answer_log_url),
                keep_questions=gateway.log_questions,
                on_write=partial(meters.observe, WRITE_SECONDS),
            )
        )
        meters.before_page.append(LogMeters(meters, recorder.stats).publish)
        app = create_app(
            plan,
            keys=keys,
            recorder=recorder,
            settings=gateway,
            meters=meters,
            spans=Spans(tracing.tracer if tracing else None),
            draining=draining,
        )
        serve_gateway(
            app,
            host=host,
            port=port,
            settings=gateway,
            draining=draining,
            new_request_id=random_request_id,
        )
