"""The log is made anew under an open socket: clients fetch, and go on without opening another."""

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from parley_client import Chat, ParleyClient, by_token
from parley_client.rest import Page
from tests.unit.edge_ws.stage import create_stage, running, until

if TYPE_CHECKING:
    from parley_client.frames import Frame


class Histories(ParleyClient):
    """Gives one page, whatever is asked."""

    def __init__(self) -> None:
        super().__init__("http://gateway")
        self.positions: list[str] = []

    async def history(self, conversation_id: UUID, **_: Any) -> Page:  # noqa: ANN401 - as asked
        del conversation_id
        return Page(items=[], positions=self.positions)


async def test_an_open_socket_goes_on_in_the_new_history() -> None:
    """Reset once, caught up once: positions of the page count under the epoch that was named."""
    heard: list[Frame] = []
    async with running(create_stage()) as stage, Histories() as rest:
        ada = uuid4()
        token = by_token(stage.url, stage.token(ada))
        async with Chat(token, rest=rest, on_frame=heard.append) as chat:
            conversation = await chat.start()
            await conversation.send("on the old log")
            await until(lambda: any(frame["type"] == "message" for frame in heard))
            # Whose it is was on the log that is gone: the tables have it.
            stage.directory.owners[conversation.id] = ada
            rest.positions = [str(heard[-1].get("at", "m0:0"))]
            stage.records.epoch = "another"
            stage.records.failure = OSError("topics were made anew")
            await until(lambda: any(frame["type"] == "caught_up" for frame in heard))
            await conversation.send("on the new log")
            await until(lambda: heard[-1].get("text") == "on the new log")
        assert [frame["type"] for frame in heard].count("reset") == 1
        assert chat.connections == 1
