"""What goes wrong for an operator, in one line: what, and how to mend it."""


class Problem(Exception):
    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}. {mend}")
        self.what = what
        self.mend = mend
