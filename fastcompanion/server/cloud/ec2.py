"""The dozen things that are asked of EC2, each so that asking twice does no harm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.refusals import Refused

#: every resource of ours carries these: the launch that it belongs to, and the learner's name for it
ID_TAG, NAME_TAG = "fastcompanion:id", "fastcompanion:name"
ALIVE = ("pending", "running", "stopping", "stopped")
GONE = ("shutting-down", "terminated")
_IMAGES = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-{}/latest/ami-id"
_PLAIN = "/aws/service/canonical/ubuntu/server/{}/stable/current/amd64/hvm/ebs-gp3/ami-id"
_RELEASES = ("24.04", "22.04")
_AMAZON, _CANONICAL = "898082745236", "099720109477"
_RULE = "fastcompanion: ssh of the learner alone"
SSH = 22
#: filters for what belongs to any launch
OURS: list[dict[str, Any]] = [{"Name": "tag-key", "Values": [ID_TAG]}]


@frozen
class Image:
    """A machine image in one region: what it boots, the name of its first disk, its least size."""

    id: str
    name: str
    root: str
    gigabytes: int


@frozen
class Instance:
    """A machine as EC2 describes it; `address` is "" while it has no public one.

    `why` is what EC2 gives as the reason of its state, "" for none.
    """

    id: str
    state: str
    type: str
    zone: str
    address: str
    launch_id: str
    name: str
    spot_request: str
    volumes: tuple[str, ...]
    why: str = ""

    @property
    def alive(self) -> bool:
        """Whether it is there: running, stopped or on the way to either."""
        return self.state in ALIVE


def tags(launch_id: str, name: str) -> list[dict[str, str]]:
    """Give the tags of everything that belongs to one machine."""
    return [
        {"Key": "Name", "Value": f"fastcompanion {name}"},
        {"Key": ID_TAG, "Value": launch_id},
        {"Key": NAME_TAG, "Value": name},
    ]


def tag_specifications(kinds: Sequence[str], launch_id: str, name: str) -> list[dict[str, Any]]:
    """Give the tags in the form that goes along with a creation."""
    return [{"ResourceType": kind, "Tags": tags(launch_id, name)} for kind in kinds]


def image(aws: Aws, *, gpu: bool) -> Image:
    """Find today's machine image of Ubuntu, with NVIDIA's open driver where there is a GPU.

    Its number differs from region to region and changes every few weeks, so nothing is remembered.
    """
    for release in _RELEASES:
        try:
            name = (_IMAGES if gpu else _PLAIN).format(release)
            found = aws.call("ssm", "get_parameter", Name=name)["Parameter"]["Value"]
        except Refused as error:
            if error.not_found or error.reason.startswith("AccessDenied"):
                continue
            raise
        return _described(aws, ImageIds=[found])
    return _newest(aws, gpu=gpu)


def _newest(aws: Aws, *, gpu: bool) -> Image:
    """Look through the owner's images by name, as the parameters know none."""
    pattern = (
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu {})*"
        if gpu
        else "ubuntu/images/hvm-ssd*/ubuntu-*-{}-amd64-server-*"
    )
    # Of these releases alone: 20.04 still gets new images, and the setup refuses it.
    filters = [
        {"Name": "name", "Values": [pattern.format(one) for one in _RELEASES]},
        {"Name": "state", "Values": ["available"]},
        {"Name": "architecture", "Values": ["x86_64"]},
    ]
    owner = _AMAZON if gpu else _CANONICAL
    return _described(aws, Owners=[owner], Filters=filters)


def _described(aws: Aws, **asked: Any) -> Image:
    found = list(aws.pages("ec2", "describe_images", "Images", **asked))
    if not found:
        raise CompanionError(
            f"no machine image of Ubuntu was found in {aws.region}",
            hint="Another region: --region us-east-1",
            code=Exit.MISSING,
        )
    newest = max(found, key=lambda one: str(one.get("CreationDate", "")))
    root = str(newest.get("RootDeviceName") or "/dev/sda1")
    disks = [one for one in newest.get("BlockDeviceMappings", ()) if one.get("DeviceName") == root]
    size = int(disks[0].get("Ebs", {}).get("VolumeSize", 0)) if disks else 0
    return Image(str(newest["ImageId"]), str(newest.get("Name", "")), root, size)


def zones(aws: Aws, machine: str) -> tuple[str, ...]:
    """Give the zones of the region in which a type is offered."""
    filters = [{"Name": "instance-type", "Values": [machine]}]
    asked: dict[str, Any] = {"LocationType": "availability-zone", "Filters": filters}
    found = aws.pages("ec2", "describe_instance_type_offerings", "InstanceTypeOfferings", **asked)
    return tuple(sorted(str(one["Location"]) for one in found))


def network(aws: Aws) -> tuple[str, Mapping[str, str]]:
    """Give the account's default network and its subnet in each zone."""
    filters = [{"Name": "is-default", "Values": ["true"]}]
    found = list(aws.pages("ec2", "describe_vpcs", "Vpcs", Filters=filters))
    if not found:
        raise CompanionError(
            f"your account has no default network in {aws.region}",
            hint=f"aws ec2 create-default-vpc --region {aws.region}",
            code=Exit.MISSING,
        )
    vpc = str(found[0]["VpcId"])
    wanted = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "default-for-az", "Values": ["true"]},
    ]
    subnets = aws.pages("ec2", "describe_subnets", "Subnets", Filters=wanted)
    return vpc, {str(one["AvailabilityZone"]): str(one["SubnetId"]) for one in subnets}


def import_key(aws: Aws, key_name: str, line: str, ours: tuple[str, str]) -> dict[str, str]:
    """Keep the learner's public key at EC2; one of that name is there already where we asked twice."""
    try:
        aws.call("ec2", "import_key_pair", **key_parameters(key_name, line, ours))
    except Refused as error:
        if error.reason != "InvalidKeyPair.Duplicate":
            raise
    return {"key_name": key_name}


def key_parameters(key_name: str, line: str, ours: tuple[str, str]) -> dict[str, Any]:
    """Give what is told to EC2 of a key."""
    return {
        "KeyName": key_name,
        "PublicKeyMaterial": line.encode(),
        "TagSpecifications": tag_specifications(["key-pair"], *ours),
    }


def group_parameters(group_name: str, vpc: str, launch_id: str, name: str) -> dict[str, Any]:
    """Give what is told to EC2 of a firewall group."""
    return {
        "GroupName": group_name,
        "Description": f"fastcompanion {name}: ssh from one address",
        "VpcId": vpc,
        "TagSpecifications": tag_specifications(["security-group"], launch_id, name),
    }


def group(aws: Aws, group_name: str, vpc: str, launch_id: str, name: str) -> str:
    """Give the machine's own firewall group, made if it is not there."""
    known = groups(aws, launch_id)
    if known:
        return known[0]
    try:
        asked = group_parameters(group_name, vpc, launch_id, name)
        made = aws.call("ec2", "create_security_group", **asked)
        return str(made["GroupId"])
    except Refused as error:
        if error.reason != "InvalidGroup.Duplicate":
            raise
        filters = [
            {"Name": "group-name", "Values": [group_name]},
            {"Name": "vpc-id", "Values": [vpc]},
        ]
        found = list(_groups(aws, filters))
        if not found:
            # It was made a moment ago, and no list shows it yet.
            error.reason = "InvalidGroup.NotFound"
            raise
        return found[0]


def groups(aws: Aws, launch_id: str) -> tuple[str, ...]:
    """Give the firewall groups of a launch."""
    return tuple(_groups(aws, of_launch(launch_id)))


def _groups(aws: Aws, filters: list[dict[str, Any]]) -> Iterator[str]:
    found = aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)
    return (str(one["GroupId"]) for one in found)


def let_in(aws: Aws, group_id: str, cidr: str) -> tuple[str, ...]:
    """Let one address in through ssh and nobody else; give the addresses that were shut out."""
    found = aws.call("ec2", "describe_security_groups", GroupIds=[group_id])["SecurityGroups"]
    open_now = [
        str(one["CidrIp"])
        for rule in (found[0].get("IpPermissions", ()) if found else ())
        if rule.get("FromPort") == SSH
        for one in rule.get("IpRanges", ())
    ]
    if cidr not in open_now:
        _rule(
            aws, "authorize_security_group_ingress", group_id, cidr, "InvalidPermission.Duplicate"
        )
    old = tuple(one for one in open_now if one != cidr)
    for one in old:
        _rule(aws, "revoke_security_group_ingress", group_id, one, "InvalidPermission.NotFound")
    return old


def _rule(aws: Aws, operation: str, group_id: str, cidr: str, fine: str) -> None:
    ranges: dict[str, str] = {"CidrIp": cidr}
    if operation.startswith("authorize"):
        ranges["Description"] = _RULE
    rule = {"IpProtocol": "tcp", "FromPort": SSH, "ToPort": SSH, "IpRanges": [ranges]}
    try:
        aws.call("ec2", operation, GroupId=group_id, IpPermissions=[rule])
    except Refused as error:
        if error.reason != fine:
            raise


def instances(aws: Aws, launch_id: str, states: Sequence[str] = ALIVE) -> list[Instance]:
    """Give the machines of a launch in these states."""
    return _instances(aws, of_launch(launch_id), states)


def every_instance(aws: Aws) -> list[Instance]:
    """Give all machines of ours that are there."""
    return _instances(aws, OURS, ALIVE)


def _instances(aws: Aws, whose: list[dict[str, Any]], states: Sequence[str]) -> list[Instance]:
    filters = [*whose, {"Name": "instance-state-name", "Values": list(states)}]
    found = aws.pages("ec2", "describe_instances", "Reservations", Filters=filters)
    return [as_instance(one) for part in found for one in part["Instances"]]


def instance(aws: Aws, instance_id: str) -> Instance | None:
    """Give one machine by its number, None where EC2 knows none (any more)."""
    try:
        found = aws.call("ec2", "describe_instances", InstanceIds=[instance_id])
    except Refused as error:
        if error.not_found or error.reason == "InvalidInstanceID.Malformed":
            return None
        raise
    listed = [as_instance(one) for part in found["Reservations"] for one in part["Instances"]]
    return listed[0] if listed else None


def as_instance(found: Mapping[str, Any]) -> Instance:
    """Read one machine of EC2's answer."""
    known = {one["Key"]: one["Value"] for one in found.get("Tags", ())}
    disks = (one.get("Ebs", {}).get("VolumeId") for one in found.get("BlockDeviceMappings", ()))
    return Instance(
        id=str(found["InstanceId"]),
        state=str(found["State"]["Name"]),
        type=str(found["InstanceType"]),
        zone=str(found.get("Placement", {}).get("AvailabilityZone", "")),
        address=str(found.get("PublicIpAddress") or ""),
        launch_id=known.get(ID_TAG, ""),
        name=known.get(NAME_TAG, ""),
        spot_request=str(found.get("SpotInstanceRequestId") or ""),
        volumes=tuple(str(one) for one in disks if one),
        why=str(found.get("StateReason", {}).get("Message", "")),
    )


def console(aws: Aws, instance_id: str) -> str:
    """Give what the machine has written on its console; "" while there is nothing."""
    try:
        answer = aws.call("ec2", "get_console_output", InstanceId=instance_id, Latest=True)
    except Refused as error:
        if error.reason not in ("UnsupportedOperation", "InvalidParameterCombination"):
            raise
        answer = aws.call("ec2", "get_console_output", InstanceId=instance_id)
    return str(answer.get("Output") or "")


def spot_requests(aws: Aws, launch_id: str, instance_ids: Sequence[str] = ()) -> tuple[str, ...]:
    """Give the spot requests that would start a machine of this launch again."""
    whose = [*of_launch(launch_id)]
    if instance_ids:
        # The tag of a request is put on by us at the launch; its machine names it in any case.
        whose.append({"Name": "instance-id", "Values": list(instance_ids)})
    found = [
        str(one["SpotInstanceRequestId"])
        for theirs in whose
        for one in open_requests(aws, [theirs])
    ]
    return tuple(dict.fromkeys(found))


def open_requests(aws: Aws, filters: Sequence[dict[str, Any]]) -> Iterator[Any]:
    """Give the spot requests that can still bring a machine, or hold one."""
    asked = [*filters, {"Name": "state", "Values": ["open", "active", "disabled"]}]
    operation, key = "describe_spot_instance_requests", "SpotInstanceRequests"
    return aws.pages("ec2", operation, key, Filters=asked)


def volumes(aws: Aws, launch_id: str) -> tuple[str, ...]:
    """Give the disks of a launch that are still there."""
    found = aws.pages("ec2", "describe_volumes", "Volumes", Filters=of_launch(launch_id))
    return tuple(
        str(one["VolumeId"]) for one in found if one.get("State") not in ("deleting", "deleted")
    )


def of_launch(launch_id: str) -> list[dict[str, Any]]:
    """Filter for what belongs to one launch; without its number for nothing at all."""
    return [{"Name": f"tag:{ID_TAG}", "Values": [launch_id]}]


def delete(aws: Aws, operation: str, **asked: Any) -> bool:
    """Delete something; what is gone already is fine. Says whether there was something to delete."""
    try:
        aws.call("ec2", operation, **asked)
    except Refused as error:
        if error.not_found:
            return False
        raise
    return True


def keys(aws: Aws, launch_id: str) -> tuple[str, ...]:
    """Give the names of the key pairs of a launch."""
    found = aws.call("ec2", "describe_key_pairs", Filters=of_launch(launch_id)).get("KeyPairs", [])
    return tuple(str(one["KeyName"]) for one in found)
