"""What AWS itself says of prices now; the table that ships is for planning alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastcompanion.base import clock
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.refusals import Refused

_PRODUCT = "Linux/UNIX"
_OPERATING_SYSTEM = "Linux"


def on_demand(aws: Aws, machine: str) -> float | None:
    """Give the price of an hour in dollars; None where AWS does not tell us."""
    wanted = {
        "instanceType": machine,
        "regionCode": aws.region,
        "operatingSystem": _OPERATING_SYSTEM,
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
    }
    filters = [
        {"Type": "TERM_MATCH", "Field": key, "Value": value} for key, value in wanted.items()
    ]
    try:
        answer = aws.call("pricing", "get_products", ServiceCode="AmazonEC2", Filters=filters)
    except Refused:
        # The account may be allowed to run machines and not to read prices; the table stands in.
        return None
    found = [hour for text in answer.get("PriceList", ()) for hour in _hours(text)]
    return max(found) if found else None


def _hours(text: str | Mapping[str, Any]) -> Iterator[float]:
    """Read the dollars per hour out of one product of the price list."""
    try:
        product = json.loads(text) if isinstance(text, str) else text
        for term in product["terms"]["OnDemand"].values():
            for dimension in term["priceDimensions"].values():
                amount = float(dimension["pricePerUnit"]["USD"])
                if dimension["unit"] == "Hrs" and amount > 0:
                    yield amount
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def spot(aws: Aws, machine: str) -> float | None:
    """Give the dearest zone's price of a spot hour now; None where AWS does not tell us."""
    try:
        # From now on: that is the price of each zone as it is, however long ago it last changed.
        found = aws.pages(
            "ec2",
            "describe_spot_price_history",
            "SpotPriceHistory",
            InstanceTypes=[machine],
            ProductDescriptions=[_PRODUCT],
            StartTime=clock.now(),
        )
        return max((float(one["SpotPrice"]) for one in found), default=None)
    except Refused:
        return None
