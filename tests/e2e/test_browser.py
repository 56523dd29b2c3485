"""The web apps in a real browser, against the whole stack; the stories stand in webapps/e2e."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import Stack

WEBAPPS = Path(__file__).parents[2] / "webapps"
STORIES = sorted(path.name for path in (WEBAPPS / "e2e").glob("*.test.mjs"))
SECONDS = 300

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(SECONDS + 10)]


@pytest.mark.parametrize("story", STORIES)
def test_a_story_holds_in_the_browser(story: str, stack: Stack) -> None:
    """Everything the story tells happens in a page of the running stack."""
    node = Path(sys.executable).with_name("node")
    done = subprocess.run(
        ["env", f"PARLEY_URL={stack.url}", node, "--test", f"e2e/{story}"],
        cwd=WEBAPPS,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]


def test_there_are_stories() -> None:
    """The stories are found; an empty folder would pass for nothing."""
    assert STORIES
