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


class MediaTypeUnknown(Refusal):
    """A body is JSON in UTF-8, and says so: `Content-Type: application/json`."""

    status = 415
    japanese = "本文はUTF-8のJSONで、Content-Type: application/json と示してください。"


class TooSlow(Refusal):
    """A body arrives within seconds, or not at all."""

    status = 408
    japanese = "本文が時間内に届きませんでした。"


class NameTwice(Invalid):
    """No name stands twice in one object: readers would disagree which one counts."""

    japanese = "一つのオブジェクトに同じ名前が二度あります。"


class TextUnsound(Invalid):
    """A text holds neither null characters nor halves of surrogate pairs."""

    japanese = "文字列にヌル文字や不完全なサロゲートは使えません。"


class NumberTooLarge(Invalid):
    """A whole number fits into 64 bits."""

    japanese = "整数は64ビットに収まらなければなりません。"


class TooDeep(Invalid):
    """A body is nested at most 16 deep."""

    japanese = "本文の入れ子は16段までです。"


class ArrayTooLong(Invalid):
    """An array holds at most 1,000 items."""

    japanese = "配列の要素は1,000個までです。"


class SheetUnreadable(Invalid):
    """A sheet is CSV in UTF-8 or Shift_JIS, at most 1,000 lines, with columns that are known."""

    japanese = "表はUTF-8かShift_JISのCSVで、1,000行まで、列名は決められたものです。"


class TooManyRequests(Refusal):
    """An organisation asks no more often than its limit; come again when `Retry-After` says."""

    status = 429
    japanese = "団体ごとの要求数の上限を超えました。Retry-After の秒数の後にお試しください。"


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
