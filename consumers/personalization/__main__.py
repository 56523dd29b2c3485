"""`python -m consumers.personalization`."""

from consumers.delivery.process import run_process
from consumers.personalization.app import NAME, serve
from consumers.personalization.settings import PersonalizationSettings

if __name__ == "__main__":
    run_process(NAME, PersonalizationSettings.from_environment, serve)
