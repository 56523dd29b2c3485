"""`python -m consumers.nlp` answers messages; with `--check` it checks the knowledge folder."""

import sys

import uvloop

from consumers.nlp.app import run
from consumers.nlp.check import check
from consumers.nlp.settings import NlpSettings
from runtime.errors import ConfigurationError
from runtime.logging import configure_logging


def main(arguments: list[str]) -> int:
    """Run the process; 2 means that it cannot start as it is set up."""
    settings = NlpSettings()
    configure_logging("nlp", settings.log)
    try:
        if arguments == ["--check"]:
            sys.stdout.write("\n".join(check(settings.nlp).lines()) + "\n")
        elif arguments:
            sys.stderr.write("usage: python -m consumers.nlp [--check]\n")
            return 2
        else:
            uvloop.run(run(settings))
    except ConfigurationError as error:
        sys.stderr.write(f"nlp cannot start: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
