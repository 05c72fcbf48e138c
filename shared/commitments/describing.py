"""A commitment and its deliveries as they are told, whatever their sector calls them. Pure."""

from typing import Any

from shared.commitments.state import Commitment, Delivery


def describe(commitment: Commitment) -> dict[str, Any]:
    terms = commitment.terms
    assert terms is not None  # noqa: S101  only what was agreed is described
    return {
        **names(commitment),
        "resource": terms.resource,
        "agreed_on": terms.agreed_on.isoformat(),
        "notice_months": terms.notice_months,
        "lapse_days": terms.lapse_days,
        "cap": terms.cap,
        "fallback_sector": terms.fallback_sector,
        "publicity": terms.publicity,
        "withdrawn_from": commitment.withdrawn_from,
        "months": [
            {
                "month": month,
                "promised": commitment.promised[month],
                "delivered": commitment.fulfilled.get(month, 0),
                "outstanding": commitment.outstanding(month),
            }
            for month in sorted(commitment.promised)
        ],
    }


def names(commitment: Commitment) -> dict[str, Any]:
    terms = commitment.terms
    assert terms is not None  # noqa: S101  only what was agreed is named
    return {
        "commitment_id": terms.commitment_id,
        "home_id": terms.home_id,
        "organisation_id": terms.organisation_id,
    }


def describe_delivery(
    delivery_id: str, delivery: Delivery, *, confirmed: int, dispute_id: str | None
) -> dict[str, Any]:
    return {
        "delivery_id": delivery_id,
        "month": delivery.month,
        "quantity": delivery.quantity,
        "beyond_promise": delivery.beyond,
        "gift": delivery.gift,
        "evidence_sha256": delivery.evidence_sha256,
        "evidence_id": delivery.evidence_id,
        "confirmed": confirmed,
        "dispute_id": dispute_id,
    }
