"""What HTTP itself refuses, before any service decides."""

from shared.refusal import Invalid, Refusal


class BodyUnreadable(Refusal):
    """The body is no JSON that can be read."""

    status = 400
    japanese = "本文がJSONとして読めません。"


class ApiKeyNeeded(Refusal):
    """An API key or a token is needed that opens here, now."""

    status = 401
    japanese = "ここで今有効なAPIキーまたはトークンが必要です。"


class MethodNotAllowed(Refusal):
    """The address does not answer that method."""

    status = 405
    japanese = "このアドレスでは、そのメソッドは使えません。"


class LengthRequired(Refusal):
    """A body must say how long it is."""

    status = 411
    japanese = "本文の長さ(Content-Length)を示してください。"


class TooLarge(Refusal):
    """More is sent than a request, or one event, may hold."""

    status = 413
    japanese = "一度に送れる大きさを超えています。"


class InvalidRequest(Invalid):
    """A field does not hold what it must."""

    japanese = "項目の値が正しくありません。"


class BrokenCursor(Invalid):
    """A cursor is used as it was given, or not at all."""

    japanese = "カーソルは、受け取ったままの形で使ってください。"


class Unexpected(Refusal):
    """Something is wrong on our side; it has been recorded."""

    status = 500
    japanese = "こちら側に問題が起きました。記録されています。"


class TooManyWriters(Refusal):
    """Others write here all the time; try again."""

    status = 503
    japanese = "書き込みが重なっています。もう一度お試しください。"


class DatabaseAway(Refusal):
    """Nothing was done; try again with the same key."""

    status = 503
    japanese = "何も行われていません。同じキーでもう一度お試しください。"
