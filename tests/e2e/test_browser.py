"""The web apps in a real browser, against the whole stack; the stories stand in webapps/e2e."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from cli.admin import change_role
from tests.stack import Stack

WEBAPPS = Path(__file__).parents[2] / "webapps"
STORIES = sorted(path.name for path in (WEBAPPS / "e2e").glob("*.test.mjs"))
NODE = Path(sys.executable).with_name("node")
SECONDS = 300

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(SECONDS + 10)]


@pytest.mark.parametrize("story", STORIES)
def test_a_story_holds_in_the_browser(story: str, stack: Stack) -> None:
    """Everything the story tells happens in a page of the running stack."""
    done = subprocess.run(
        ["env", f"PARLEY_URL={stack.url}", NODE, "--test", f"e2e/{story}"],
        cwd=WEBAPPS,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]


def test_an_answer_arrives_when_the_assistant_is_back(stack: Stack) -> None:
    """A question asked while NLP is stopped is accepted at once and answered, once, later."""
    stack.hold("nlp")
    try:
        page = subprocess.Popen(
            ["env", f"PARLEY_URL={stack.url}", NODE, "e2e/away.story.mjs"],
            cwd=WEBAPPS,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert page.stdout is not None
        first = page.stdout.readline()
    finally:
        stack.release("nlp")
    rest, _ = page.communicate(timeout=SECONDS)
    assert first == "waiting\n", first + rest
    assert page.returncode == 0, rest


def test_an_agent_answers_from_the_desk(stack: Stack) -> None:
    """A person is called, sees a colleague come, talks with them, and is handed back."""
    with subprocess.Popen(
        ["env", f"PARLEY_URL={stack.url}", NODE, "e2e/agent.story.mjs"],
        cwd=WEBAPPS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as page:
        assert page.stdin is not None
        assert page.stdout is not None
        email = page.stdout.readline().strip()
        if "@" in email:
            asyncio.run(change_role(stack.database_url(), email, "agent"))
            page.stdin.write("made an agent\n")
        page.stdin.close()
        rest = page.stdout.read()
    assert page.returncode == 0, email + rest


def test_there_are_stories() -> None:
    """The stories are found; an empty folder would pass for nothing."""
    assert STORIES
