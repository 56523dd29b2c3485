"""Creates the planned topics that are missing and compares the others with their plan."""

import asyncio
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, NoError, TopicAlreadyExistsError, for_code

from infra.kafka.plan import Drift, TopicPlan, compare

REQUEST_TIMEOUT_MS = 15_000
VISIBLE_SECONDS = 15.0
POLL_SECONDS = 0.05


async def apply(bootstrap_servers: str, plans: list[TopicPlan]) -> tuple[list[str], list[Drift]]:
    """Return the names of the topics made now, and how the others differ from their plan.

    Raises KafkaError when the broker refuses; running it twice changes nothing.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap_servers, request_timeout_ms=REQUEST_TIMEOUT_MS
    )
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        missing = [plan for plan in plans if plan.name not in existing]
        created = await _create(admin, missing)
        await _visible(admin, {plan.name for plan in plans})
        return created, await _drift(admin, plans)
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, plans: list[TopicPlan]) -> list[str]:
    if not plans:
        return []
    answer = await admin.create_topics(
        [
            NewTopic(plan.name, plan.partitions, plan.replication, topic_configs=plan.config)
            for plan in plans
        ]
    )
    created = []
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if error is NoError:
            created.append(name)
        elif error is not TopicAlreadyExistsError:
            raise error(name)
    return created


async def _visible(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    """Wait until the brokers name the new topics; creation is answered a moment earlier."""
    try:
        async with asyncio.timeout(VISIBLE_SECONDS):
            # A broker announces nothing: asking again is the only way.
            while not names <= set(await admin.list_topics()):  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        message = "new topics did not become visible"
        raise KafkaError(message) from error


async def _drift(admin: AIOKafkaAdminClient, plans: list[TopicPlan]) -> list[Drift]:
    names = [plan.name for plan in plans]
    topics = {topic["topic"]: topic for topic in await admin.describe_topics(names)}
    configs = await _configs(admin, names)
    drift: list[Drift] = []
    for plan in plans:
        partitions = topics[plan.name]["partitions"]
        replicas = min((len(partition["replicas"]) for partition in partitions), default=0)
        drift += compare(plan, len(partitions), replicas, configs[plan.name])
    return drift


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    answers: list[Any] = await admin.describe_configs(resources)
    for answer in answers:
        for _, _, _, name, entries in answer.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found
