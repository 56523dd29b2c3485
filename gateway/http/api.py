"""FastAPI with one difference: its description says that every error is a problem."""

from typing import Any

from fastapi import FastAPI

from gateway.http.problems import MEDIA_TYPE, Problem

_SCHEMAS = "#/components/schemas/{model}"


class ProblemApi(FastAPI):
    """An application whose errors are problems; FastAPI would describe its own."""

    def openapi(self) -> dict[str, Any]:
        """Return the description, with every error a problem."""
        if self.openapi_schema is None:
            self.openapi_schema = _with_problems(super().openapi())
        return self.openapi_schema


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template=_SCHEMAS)
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["responses"] = {
        "Problem": {
            "description": "What went wrong (RFC 9457).",
            "content": {MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS.format(model="Problem")}}},
        }
    }
    for methods in document.get("paths", {}).values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    return document
