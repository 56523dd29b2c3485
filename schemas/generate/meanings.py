"""What the members of an enumeration mean: the docstrings under them, which Python forgets."""

import ast
import inspect
from enum import Enum
from itertools import pairwise


def meanings(codes: type[Enum]) -> dict[Enum, str]:
    """Return what each member means, in the words that stand under it.

    Raises:
        LookupError: under a member stands nothing.
    """
    [module] = ast.parse(inspect.getsource(codes)).body
    found: dict[str, str] = {}
    for member, below in pairwise(getattr(module, "body", [])):
        match member, below:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                found[name] = " ".join(words.split())
    unsaid = codes.__members__.keys() - found.keys()
    if unsaid:
        msg = f"{codes.__name__} does not say what it means by {', '.join(sorted(unsaid))}"
        raise LookupError(msg)
    return {member: found[member.name] for member in codes}


def glossary(codes: type[Enum]) -> str:
    """Return an enumeration's docstring, and a list of its values with what they mean."""
    listed = "\n".join(f"- `{code.value}`: {words}" for code, words in meanings(codes).items())
    return f"{inspect.getdoc(codes)}\n\n{listed}"
