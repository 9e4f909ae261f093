"""From a plan to an order: everything is asked and looked at, and nothing is made yet."""

from __future__ import annotations

import base64
import re
from typing import Any

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.server import registry
from fastcompanion.server.cloud import ec2, quotas, userdata
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.journal import Journal, Order
from fastcompanion.server.cloud.keys import Key
from fastcompanion.server.cloud.plan import Plan
from fastcompanion.server.cloud.refusals import Refused
from fastcompanion.server.setup.script import Options

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_REHEARSED = "DryRunOperation"


@frozen
class Prepared:
    """A launch that could begin: the order, and the plan that it was made of."""

    plan: Plan
    order: Order
    image_name: str
    zones: tuple[str, ...]


def name_of(text: str) -> str:
    """Refuse a name that can't be one, or that another server has."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise CompanionError(
            f"{text!r} is no name: small letters, digits and hyphens, at most 30",
            hint="fastcompanion server launch gpu1",
            code=Exit.USAGE,
        )
    journal = Journal(name)
    if journal.ending:
        raise CompanionError(
            f"the end of {name} has begun and is not done",
            hint=f"fastcompanion server terminate {name} goes on with it",
            code=Exit.CHECK_SAYS_NO,
        )
    known = any(one.name == name for one in registry.read())
    if journal.ready and not known:
        raise CompanionError(
            f"{name} was launched from here and is forgotten; it may still cost money",
            hint=f"fastcompanion server terminate {name} ends it",
            code=Exit.USAGE,
        )
    if journal.ready or (known and journal.order is None):
        raise CompanionError(
            f"there is a server {name} already",
            hint=f"Another name, or fastcompanion server start {name}",
            code=Exit.USAGE,
        )
    return name


def prepare(
    aws: Aws, name: str, plan: Plan, key: Key, cidr: str, *, timezone: str = ""
) -> Prepared:
    """Look at everything that may stand in the way, rehearse the calls, and write the order."""
    quotas.verify(plan.quota)
    image = ec2.image(aws, gpu=plan.machine.has_gpu)
    if plan.disk < image.gigabytes:
        raise CompanionError(
            f"the disk of {plan.disk} GB is smaller than the machine image, {image.gigabytes} GB",
            hint=f"--disk {image.gigabytes + 40}",
            code=Exit.USAGE,
        )
    vpc, subnets = ec2.network(aws)
    zones = tuple(one for one in ec2.zones(aws, plan.machine.type) if one in subnets)
    if not zones and not plan.others:
        raise CompanionError(
            f"{plan.machine.type} is not offered in {aws.region}",
            hint="Another region, or another type: fastcompanion server plan",
            code=Exit.MISSING,
        )
    options = Options(
        kind="cloud",
        user=userdata.USER,
        key=key.line,
        idle_minutes=plan.idle_minutes,
        max_hours=plan.max_hours,
        timezone=timezone,
    )
    packed = userdata.packed(options, keeps_key=key.for_ec2)
    order = _order(aws, name, plan, key, cidr, image, packed, timezone)
    if zones:
        rehearse(aws, order, vpc, zones[0], subnets[zones[0]])
    return Prepared(plan, order, image.name, zones)


def _order(
    aws: Aws,
    name: str,
    plan: Plan,
    key: Key,
    cidr: str,
    image: ec2.Image,
    user_data: bytes,
    timezone: str,
) -> Order:
    return Order(
        name=name,
        launch_id=clock.new_id(),
        region=aws.region,
        profile=aws.profile,
        types=(plan.machine.type, *(one.type for one in plan.others)),
        hours=(plan.hour, *(one.hour for one in plan.others)),
        at_most=plan.at_most,
        spot=plan.spot,
        disk=plan.disk,
        image=image.id,
        root=image.root,
        user=userdata.USER,
        key=key.line,
        identity=key.identity,
        cidr=cidr,
        user_data=base64.b64encode(user_data).decode(),
        idle_minutes=plan.idle_minutes,
        max_hours=plan.max_hours,
        budget=plan.budget,
        timezone=timezone,
        account=aws.account,
    )


def rehearse(aws: Aws, order: Order, vpc: str, zone: str, subnet: str) -> None:
    """Ask EC2 whether it would, without doing it: what is not allowed shows before anything is made.

    The questions are those of the launch itself, as leave depends on tags and types.
    """
    ours = (order.launch_id, order.name)
    questions: list[tuple[str, dict[str, Any]]] = [
        ("run_instances", parameters(order, order.types[0], zone, subnet, group="", token="")),
        ("create_security_group", ec2.group_parameters(order.resource_name, vpc, *ours)),
    ]
    if takes_key(order):
        questions.append(
            ("import_key_pair", ec2.key_parameters(order.resource_name, order.key, ours))
        )
    for operation, asked in questions:
        try:
            aws.call("ec2", operation, **asked, DryRun=True)
        except Refused as error:
            if error.reason != _REHEARSED:
                raise


def parameters(
    order: Order, machine: str, zone: str, subnet: str, *, group: str, token: str
) -> dict[str, Any]:
    """Give all that `run_instances` is told; the same order and token give the same."""
    disk = {
        "VolumeSize": order.disk,
        "VolumeType": "gp3",
        "Encrypted": True,
        "DeleteOnTermination": True,
    }
    kinds = ["instance", "volume", *(["spot-instances-request"] if order.spot else [])]
    asked: dict[str, Any] = {
        "ImageId": order.image,
        "InstanceType": machine,
        "MinCount": 1,
        "MaxCount": 1,
        "Placement": {"AvailabilityZone": zone},
        "SubnetId": subnet,
        "UserData": base64.b64decode(order.user_data),
        "InstanceInitiatedShutdownBehavior": "stop",
        "MetadataOptions": {
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
            "HttpEndpoint": "enabled",
        },
        "BlockDeviceMappings": [{"DeviceName": order.root, "Ebs": disk}],
        "TagSpecifications": ec2.tag_specifications(kinds, order.launch_id, order.name),
    }
    if group:
        asked["SecurityGroupIds"] = [group]
    if takes_key(order) and token:
        asked["KeyName"] = order.resource_name
    if token:
        asked["ClientToken"] = token
    if order.spot:
        asked["InstanceMarketOptions"] = _spot(order)
        # Left at its default, which is stop too: not every kind of spot request takes it.
        del asked["InstanceInitiatedShutdownBehavior"]
    return asked


def takes_key(order: Order) -> bool:
    """Whether EC2 keeps this kind of key; others reach the machine through cloud-init alone."""
    return Key(order.key, None, "").for_ec2


def _spot(order: Order) -> dict[str, Any]:
    """A request that lasts: a one-time one could not be stopped, and would lose the disk."""
    options = {
        "SpotInstanceType": "persistent",
        "InstanceInterruptionBehavior": "stop",
        "MaxPrice": f"{order.at_most:.4f}",
    }
    return {"MarketType": "spot", "SpotOptions": options}
