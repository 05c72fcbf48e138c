"""The register of organisations as a process."""

from typing import Final

from pydantic import SecretStr

from services.organisations import consumers
from services.organisations.api.keys import create_keys_router
from services.organisations.api.organisations import create_organisations_router
from services.organisations.api.parties import create_parties_router
from services.organisations.domain.keys import IssueKey
from services.organisations.domain.organisation import OPERATOR_ID, ORGANISATION, Register
from shared.access import register
from shared.access.keys import ApiKey, parse_key
from shared.contracts.organisations import OWNER
from shared.contracts.registry import HEARD
from shared.handling import Transactions
from shared.handling import run as run_command
from shared.recalling import Keeping
from shared.service import ServiceSettings, plumbing, settings_config, start
from shared.work import Cause, Work

KEEPING: Final = Keeping(project=register.project)


class Settings(ServiceSettings):
    model_config = settings_config(OWNER)

    operator_key: SecretStr
    """The key of whoever runs Yui: `yui_`, 16 hexadecimal digits, `_`, 43 characters."""


async def run(settings: Settings) -> None:
    key = parse_key(settings.operator_key.get_secret_value())
    if key is None:
        raise SystemExit(
            "YUI_ORGANISATIONS_OPERATOR_KEY is no key: yui_<16 hexadecimal>_<43 characters>"
        )
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        transactions = built.transactions
        # Its key opens nothing before; a service that was put back admits nobody anew.
        built.begin_with(lambda: admit_operator(transactions, key))
        built.listen(HEARD[OWNER], consumers.REACTIONS)
        await built.serve(
            create_organisations_router(transactions),
            create_keys_router(transactions),
            create_parties_router(transactions),
        )


async def admit_operator(transactions: Transactions, key: ApiKey) -> None:
    """Register whoever runs Yui, with this key; a second time changes nothing."""

    async def act(work: Work) -> None:
        operator = Register(organisation_id=OPERATOR_ID, sectors=frozenset(), operates_yui=True)
        await work.decide(ORGANISATION, OPERATOR_ID, operator)
        issue = IssueKey(key_id=key.key_id, secret_sha256=key.secret_sha256)
        await work.decide(ORGANISATION, OPERATOR_ID, issue)

    await run_command(transactions, Cause(correlation="operator-admitted"), act)


if __name__ == "__main__":
    start(OWNER, run, Settings)
