"""A gateway's plan over a real PostgreSQL that dies under it."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import sqlalchemy as sa

from proctor.plan import LedgerPlan
from registry.events import SlotAssigned
from registry.ledger import Ledger
from tests.proctor.test_plan import add, runs, stable
from tests.registry.relay import Relay
from tests.waiting import wait_until


@pytest.mark.integration
def test_a_database_that_is_killed_leaves_the_last_plan(postgres_server: str) -> None:
    """The way to a real PostgreSQL is cut under an open gateway's plan."""
    name = f"plan_{uuid4().hex[:12]}"
    server = sa.make_url(postgres_server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as admin:
        admin.exec_driver_sql(f"CREATE DATABASE {name}")
    relay = Relay(postgres_server)
    there = urlsplit(postgres_server)._replace(path=f"/{name}")
    ledger = Ledger(there.geturl())
    add(ledger, SlotAssigned(slot="stable", runs=runs("1")))
    port = urlsplit(relay.uri).port
    through = there._replace(netloc=f"proctor@127.0.0.1:{port}")
    with LedgerPlan(Ledger(through.geturl()), interval_seconds=0.05) as plan:
        add(ledger, SlotAssigned(slot="stable", runs=runs("2")))
        wait_until(lambda: stable(plan.current()) == "2", 5, "it follows")
        relay.cut()
        add(ledger, SlotAssigned(slot="stable", runs=runs("3")))
        wait_until(lambda: plan.age_seconds() > 0.5, 10, "it cannot read any more")
        assert stable(plan.current()) == "2"
