"""A plan with what AWS itself says: prices, the account's limit, zones. It only reads."""

from __future__ import annotations

from fastcompanion.server.cloud import ec2, market, plan, prices, quotas
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.plan import Market, Plan, Wanted


def asked(aws: Aws, wanted: Wanted) -> Plan:
    """Make the plan again with AWS's own answers."""
    table = prices.table()
    machine = table.machine(wanted.type) if wanted.type else table.with_gpu(wanted.gpu)
    types = (machine.type, *wanted.others)
    hours = {one: market.on_demand(aws, one) for one in types}
    spot = {one: market.spot(aws, one) for one in types} if wanted.spot else {}
    limit = quotas.asked(aws, quotas.of(machine, aws.region, spot=wanted.spot))
    told = Market(
        hours={one: hour for one, hour in hours.items() if hour is not None},
        spot_hours={one: hour for one, hour in spot.items() if hour is not None},
        quota=limit,
        zones=ec2.zones(aws, machine.type),
    )
    return plan.make(wanted, told)
