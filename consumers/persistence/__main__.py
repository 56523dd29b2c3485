"""`python -m consumers.persistence`."""

from consumers.delivery.process import run_process
from consumers.persistence.app import NAME, serve
from consumers.persistence.settings import PersistenceSettings

if __name__ == "__main__":
    run_process(NAME, PersistenceSettings.from_environment, serve)
