"""What the rules do not allow: each refusal is a class that bears the rule's name."""

import re


class Refusal(Exception):
    """A command that a rule forbids. The class names the rule, its docstring states it."""

    status = 409

    @classmethod
    def rule(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def statement(cls) -> str:
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


class NotAllowed(Refusal):
    """An organisation acts for itself alone, in its own sectors, for homes it is a party to."""

    status = 403


class NotFound(Refusal):
    """There is nothing under this id that you may see."""

    status = 404


class Invalid(Refusal):
    """A field holds what it cannot hold."""

    status = 422
