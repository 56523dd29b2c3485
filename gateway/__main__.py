"""Starts the gateway: `python -m gateway`."""

import signal
import sys

import uvicorn
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.app import build_app
from gateway.settings import GatewaySettings
from runtime.collector import calm_collector
from runtime.errors import ConfigurationError
from runtime.logging import configure_logging

_DRAIN_SECONDS = 10
_WRONG_SETTINGS = 2


def main() -> int:
    """Serve until told to stop; return the exit status."""
    try:
        # The environment is read here, so that a wrong value is one line and not a traceback.
        settings = GatewaySettings()
        configure_logging("gateway", settings.log)
        app = build_app(settings)
    except ValidationError as error:
        return _refuse("; ".join(map(_explain, error.errors(include_url=False))))
    except (ConfigurationError, ValueError) as error:
        return _refuse(str(error))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.http.host,
            port=settings.http.port,
            loop="uvloop",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
    )
    calm_collector()
    # Uvicorn stops in order at a signal and then raises it again; an orderly stop ends with 0.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: None)
    server.run()
    return 0 if server.started else 1


def _explain(error: ErrorDetails) -> str:
    name = "__".join(str(part) for part in error["loc"]).upper()
    return f"PARLEY_{name}: {error['msg']}"


def _refuse(reason: str) -> int:
    sys.stderr.write(f"gateway: wrong settings: {reason}\n")
    return _WRONG_SETTINGS


if __name__ == "__main__":
    sys.exit(main())
