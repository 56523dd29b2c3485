"""`python -m consumers.audit`."""

from consumers.audit.app import NAME, serve
from consumers.audit.settings import AuditSettings
from consumers.delivery.process import run_process

if __name__ == "__main__":
    run_process(NAME, AuditSettings.from_environment, serve)
