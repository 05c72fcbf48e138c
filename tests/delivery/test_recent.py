"""What was found out lately is believed for a moment, and never longer than it is true here."""

from shared.access.recent import Recent


class Question:
    def __init__(self, answer: str | None) -> None:
        self.answer = answer
        self.asked = 0

    async def __call__(self) -> str | None:
        self.asked += 1
        return self.answer


async def test_what_was_found_is_not_asked_again() -> None:
    recent: Recent[str, str] = Recent(seconds=60)
    question = Question("company")
    assert [await recent.get("key", question) for _ in range(3)] == ["company"] * 3
    assert question.asked == 1


async def test_what_was_not_found_is_asked_each_time() -> None:
    recent: Recent[str, str] = Recent(seconds=60)
    question = Question(None)
    assert await recent.get("key", question) is None
    question.answer = "company"
    assert await recent.get("key", question) == "company"


async def test_what_may_have_changed_is_asked_again() -> None:
    recent: Recent[str, str] = Recent(seconds=60)
    question = Question("company")
    await recent.get("key", question)
    recent.forget()
    question.answer = None
    assert await recent.get("key", question) is None


async def test_what_nobody_told_of_is_asked_again_when_its_time_is_up() -> None:
    recent: Recent[str, str] = Recent(seconds=0)
    question = Question("company")
    for _ in range(3):
        await recent.get("key", question)
    assert question.asked == 3


async def test_what_changed_while_it_was_asked_is_not_kept() -> None:
    recent: Recent[str, str] = Recent(seconds=60)
    question = Question("company")

    async def overtaken() -> str | None:
        before = await question()
        recent.forget()
        return before

    assert await recent.get("key", overtaken) == "company"
    question.answer = None
    assert await recent.get("key", question) is None


async def test_what_is_kept_has_a_bound() -> None:
    recent: Recent[int, str] = Recent(seconds=60, size_max=2)
    question = Question("company")
    for number in range(5):
        await recent.get(number, question)
    assert len(recent._found) <= 2  # noqa: SLF001  what nobody sees from outside
