"""`python -m consumers.nlp` answers messages; with `--check` it checks the knowledge folder."""

import sys

from consumers.delivery.process import run_process
from consumers.nlp.app import NAME, serve
from consumers.nlp.check import report
from consumers.nlp.settings import NlpSettings


def main(arguments: list[str]) -> int:
    """Run what was asked for; 2 means that it cannot be run as it is set up."""
    if arguments == ["--check"]:
        run_process(NAME, NlpSettings, report)
        return 0
    if arguments:
        sys.stderr.write("usage: python -m consumers.nlp [--check]\n")
        return 2
    run_process(NAME, NlpSettings, serve)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
