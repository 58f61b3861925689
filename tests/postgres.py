"""A real PostgreSQL for a test session, where one is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from tests.waiting import free_port


def postgres_programs() -> Path | None:
    """The folder with ``initdb`` and ``pg_ctl``, the newest first."""
    found = shutil.which("pg_ctl")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in (*([Path(found).parent] if found else []), *folders):
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    return None


def _owner() -> tuple[str, str] | None:
    """Whom the server runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return None
    return "postgres", "postgres"


@contextmanager
def running_postgres(programs: Path, home: Path) -> Iterator[str]:
    """URL of a server with its data in ``home``, ended afterwards."""
    owner = _owner()
    user, group = owner or (None, None)
    home.mkdir(mode=0o755)
    if owner:
        shutil.chown(home, *owner)
    data, port = home / "data", free_port()

    def call(program: str, *words: str) -> None:
        done = subprocess.run(
            [programs / program, *words],
            check=False,
            user=user,
            group=group,
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout

    call("initdb", "-D", str(data), "-U", "proctor", "-A", "trust", "--no-sync", "-E", "UTF8")
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {home}"
    call("pg_ctl", "-D", str(data), "-o", options, "-l", str(home / "log"), "-w", "start")
    try:
        yield f"postgresql://proctor@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """URL of a database of its own on ``server``, dropped afterwards."""
    url, name = sa.make_url(server), f"test_{uuid4().hex}"
    _administer(url, f"CREATE DATABASE {name}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(url, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: sa.URL, command: str) -> None:
    engine = sa.create_engine(
        server.set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=sa.NullPool,
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(command)
