"""`python -m consumers.analytics`."""

from consumers.analytics.app import NAME, serve
from consumers.analytics.settings import AnalyticsSettings
from consumers.delivery.process import run_process

if __name__ == "__main__":
    run_process(NAME, AnalyticsSettings.from_environment, serve)
