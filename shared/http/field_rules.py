"""What a field must hold, in words: pydantic's own in English, ours in Japanese."""

from collections.abc import Mapping
from typing import Any, Final

from shared.http.languages import Language

JAPANESE: Final[Mapping[str, str]] = {
    "missing": "必要な項目です",
    "extra_forbidden": "ここにない項目です",
    "json_invalid": "JSONとして読めません",
    "json_type": "JSONとして読めません",
    "model_attributes_type": "項目の集まり(オブジェクト)でなければなりません",
    "model_type": "項目の集まり(オブジェクト)でなければなりません",
    "dict_type": "項目の集まり(オブジェクト)でなければなりません",
    "list_type": "配列でなければなりません",
    "tuple_type": "配列でなければなりません",
    "set_type": "配列でなければなりません",
    "frozen_set_type": "配列でなければなりません",
    "string_type": "文字列でなければなりません",
    "string_unicode": "正しいUnicodeでなければなりません",
    "string_pattern_mismatch": "「{pattern}」の形でなければなりません",
    "string_too_short": "{min_length}文字以上でなければなりません",
    "string_too_long": "{max_length}文字以下でなければなりません",
    "too_short": "{min_length}個以上でなければなりません",
    "too_long": "{max_length}個以下でなければなりません",
    "int_type": "整数でなければなりません",
    "int_parsing": "整数でなければなりません",
    "int_parsing_size": "整数が大きすぎます",
    "int_from_float": "端数のない整数でなければなりません",
    "float_type": "数でなければなりません",
    "float_parsing": "数でなければなりません",
    "finite_number": "有限の数でなければなりません",
    "bool_type": "真偽値でなければなりません",
    "bool_parsing": "真偽値でなければなりません",
    "greater_than": "{gt}より大きくなければなりません",
    "greater_than_equal": "{ge}以上でなければなりません",
    "less_than": "{lt}より小さくなければなりません",
    "less_than_equal": "{le}以下でなければなりません",
    "literal_error": "{expected}のいずれかでなければなりません",
    "date_type": "日付でなければなりません",
    "date_parsing": "日付(例: 2026-04-01)でなければなりません",
    "date_from_datetime_parsing": "日付(例: 2026-04-01)でなければなりません",
    "date_from_datetime_inexact": "時刻のない日付でなければなりません",
    "datetime_type": "日時でなければなりません",
    "datetime_parsing": "日時(例: 2026-04-01T09:00:00+09:00)でなければなりません",
    "datetime_from_date_parsing": "日時(例: 2026-04-01T09:00:00+09:00)でなければなりません",
    "datetime_object_invalid": "暦にある日時でなければなりません",
    "timezone_aware": "時差を示さなければなりません",
    "uuid_type": "UUIDでなければなりません",
    "uuid_parsing": "UUIDでなければなりません",
    "value_error": "この項目に入り得ない値です",
}
ELSE: Final = "この項目に入り得ない値です"


def field_rule(error: Mapping[str, Any], language: Language) -> str:
    """The rule that a value broke; never the value itself."""
    if language == "en":
        return str(error["msg"])
    return JAPANESE.get(error["type"], ELSE).format(**error.get("ctx", {}))
