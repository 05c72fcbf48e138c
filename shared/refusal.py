"""What the rules do not allow: each refusal is a class that bears the rule's name."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar


class Refusal(Exception):
    """A command that a rule forbids. The class names the rule, its docstring states it."""

    status: ClassVar[int] = 409
    japanese: ClassVar[str] = ""
    """The same statement in Japanese, which is spoken to whoever asks for no language."""

    @classmethod
    def rule(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def statement(cls) -> str:
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]

    def beside(self) -> Mapping[str, Any]:
        """What is told beside the rule; a problem's own fields alone."""
        return {}


class NotAllowed(Refusal):
    """Your role, its scopes or your organisation's sectors do not allow this."""

    status = 403
    japanese = "あなたの役割、権限の範囲、または団体の分野では、行えません。"


class NotFound(Refusal):
    """There is nothing under this id that you may see."""

    status = 404
    japanese = "このIDで見られるものはありません。"

    # Whatever is missing, or is another's, is answered in the same bytes.
    def __init__(self, *_what: str) -> None:
        super().__init__()

    @classmethod
    def rule(cls) -> str:
        return "not-found"

    @classmethod
    def statement(cls) -> str:
        return str(NotFound.__doc__)


class Invalid(Refusal):
    """A field holds what it cannot hold."""

    status = 422
    japanese = "項目の値が正しくありません。"
