"""The database as a contract: one file per owning process; only the owner writes its tables."""

from schemas.tables import (
    analytics,
    audit,
    delivery,
    gateway,
    models,
    persistence,
    personalization,
)
from schemas.tables.base import METADATA

OWNED_TABLES: dict[str, tuple[str, ...]] = {
    "gateway": ("users", "sessions", "outbox"),
    "persistence": (
        "conversations",
        "conversation_changes",
        "conversation_handlers",
        "conversation_agents",
        "messages",
        "message_insights",
        "message_changes",
        "reactions",
        "feedback",
        "read_marks",
        "delivery_marks",
        "training_jobs",
        "ai_models",
        "model_promotions",
    ),
    "personalization": ("user_profiles",),
    "analytics": ("analytics_data",),
    "audit": ("admin_logs",),
}
"""Process name to the tables it writes; `consumer_offsets` and `counted_events` are shared, one
row set per group."""

__all__ = [
    "METADATA",
    "OWNED_TABLES",
    "analytics",
    "audit",
    "delivery",
    "gateway",
    "models",
    "persistence",
    "personalization",
]
