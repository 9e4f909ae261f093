"""AWS on this machine: moto, and in front of it what moto does not do as AWS does.

It sits where botocore would send a request, so everything above is real: boto3, its retries, its
reading of answers. What goes nowhere is an error, never the network. In front of moto it

- gives the same machine to the same client token, and refuses the token with another question;
- keeps spot requests, which start their machine again while they are open;
- refuses to delete a firewall group in use, and a disk;
- knows the parameters of machine images, limits, prices and what a console shows;
- refuses as it is told to, shows new machines and new states late, loses answers, lets somebody press
  Ctrl-C, and dies before or after the n-th call.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import botocore.endpoint
import botocore.handlers
import botocore.loaders
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

# Three machine images in place of thirteen hundred, which would be made anew for every test.
os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).parent / "images.json")

from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.ec2.models import ec2_backends

_LOADER = botocore.loaders.create_loader()
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO9uh325ir3OV336n38yKn4pa5iCPw8X9RF1s5yz5TpM"
CONSOLE = f"""[   12.1] cloud-init[900]: booting
ci-info: no authorized keys
-----BEGIN SSH HOST KEY KEYS-----
ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGx0dXNh root@ip-10-0-0-1
{HOST_KEY} root@ip-10-0-0-1
-----END SSH HOST KEY KEYS-----
"""


REGIONS = ("eu-west-1", "us-east-1")


class Killed(BaseException):
    """What a client dies of that is killed at a call: nothing of ours may catch it."""


class FakeAws:
    """One account; the attributes set how it behaves."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.die_at: tuple[int, str] | None = None
        self.refusals: dict[str, list[tuple[str, str]]] = {}
        self.lost: dict[str, tuple[int, bool, BaseException | None]] = {}
        self.tokens: dict[str, tuple[str, bytes]] = {}
        self.spot: dict[str, str] = {}
        self.spot_state: dict[str, str] = {}
        self.spot_tags: dict[str, str] = {}
        self.quota: float | None = 8.0
        self.prices: dict[str, float] = {"g4dn.xlarge": 0.526, "g5.xlarge": 1.006}
        self.console = CONSOLE
        self.hide_new = 0
        self.stale = 0
        self.account = DEFAULT_ACCOUNT_ID
        self.parameters: tuple[str, ...] = ("24.04", "22.04")
        self._hidden: Counter[str] = Counter()
        self._own: dict[str, Callable[[dict[str, str], Any], AWSResponse | None]] = {
            "GetParameter": self._parameter,
            "GetServiceQuota": self._limit,
            "GetProducts": self._products,
            "GetConsoleOutput": self._console,
            "RunInstances": self._run,
            "DescribeInstances": self._describe,
            "DescribeSpotInstanceRequests": self._requests,
            "CancelSpotInstanceRequests": self._cancel,
            "DeleteSecurityGroup": self._delete_group,
            "TerminateInstances": self._terminate,
            "DescribeRegions": self._regions,
            "GetCallerIdentity": self._identity,
        }

    # --- what tests ask ---

    def machines(self, region: str = "us-east-1") -> list[Any]:
        """Every machine that is not gone."""
        found = [
            one
            for part in self._ec2(region).reservations.values()
            for one in part.instances
            if one.state != "terminated"
        ]
        return list(found)

    def left(self, region: str = "us-east-1") -> dict[str, int]:
        """Count what is left of ours in a region, but what an account has from its beginning."""
        ec2 = self._ec2(region)
        groups = [one for part in ec2.groups.values() for one in part.values()]
        counts = {
            "machines": len(self.machines(region)),
            "disks": len(ec2.volumes),
            "groups": len([one for one in groups if one.name != "default"]),
            "keys": len(ec2.describe_key_pairs([])),
            "alarms": len(self._alarms(region)),
            "spot": sum(state != "cancelled" for state in self.spot_state.values()),
        }
        return {name: count for name, count in counts.items() if count}

    def _ec2(self, region: str) -> Any:
        return ec2_backends[DEFAULT_ACCOUNT_ID][region]

    def _alarms(self, region: str) -> Any:
        from moto.cloudwatch.models import cloudwatch_backends

        return cloudwatch_backends[DEFAULT_ACCOUNT_ID][region].alarms

    def shown(self) -> None:
        """Show every machine in lists from now on."""
        self._hidden.clear()

    def refuse(self, action: str, *codes: str, words: str = "") -> None:
        """Refuse the next calls of an action with these codes, one each."""
        self.refusals.setdefault(action, []).extend(
            (code, words or f"the fake says {code}") for code in codes
        )

    def lose(self, action: str, *, done: bool = True, times: int = 4) -> None:
        """Let the next answers of an action never come, whether or not it was done; boto3 asks four times."""
        self.lost[action] = (times, done, ReadTimeoutError(endpoint_url="https://aws"))

    def interrupt(self, action: str, *, done: bool = True) -> None:
        """Let somebody press Ctrl-C while the next answer of an action is waited for."""
        self.lost[action] = (1, done, KeyboardInterrupt())

    def page(self, action: str, text: str) -> None:
        """Answer an action with a page of somebody else's, as the network of a hotel does."""
        self._own[action] = lambda fields, request: _xml(request, text)

    # --- where botocore sends ---

    def __call__(self, event_name: str, request: Any, **_: Any) -> AWSResponse:
        """Answer one request."""
        action, fields = _read(request)
        self.calls.append(action)
        self.asked.append((action, fields))
        if self.die_at == (len(self.calls), "before"):
            raise Killed(action)
        answer = self._refused(action, fields, request)
        if answer is None:
            self._lose(action, fields, request)
            answer = self._answer(action, fields, request)
        if self.die_at == (len(self.calls), "after"):
            raise Killed(action)
        return answer

    def _refused(self, action: str, fields: Mapping[str, str], request: Any) -> AWSResponse | None:
        waiting = self.refusals.get(action)
        if not waiting or fields.get("DryRun") == "true":
            return None
        code, message = waiting.pop(0)
        if "amz-target" in str(request.headers).lower():
            return _json(request, {"__type": code, "message": message}, 400)
        return _error(request, code, message)

    def _lose(self, action: str, fields: dict[str, str], request: Any) -> None:
        times, done, what = self.lost.get(action, (0, False, None))
        if not times or what is None or fields.get("DryRun") == "true":
            return
        self.lost[action] = (times - 1, done, what)
        if done:
            self._answer(action, fields, request)
        raise what

    def _answer(self, action: str, fields: dict[str, str], request: Any) -> AWSResponse:
        own = self._own.get(action)
        answer = own(fields, request) if own else None
        answer = answer or botocore_stubber("before-send", request)
        assert answer is not None, f"{action} would go to the network: {request.url}"
        return answer

    def _moto(self, request: Any) -> tuple[AWSResponse, str]:
        answer = botocore_stubber("before-send", request)
        assert answer is not None
        return answer, answer.text

    def _parameter(self, fields: dict[str, str], request: Any) -> AWSResponse | None:
        name = fields["Name"]
        if not any(release in name for release in self.parameters):
            told = {"__type": "ParameterNotFound", "message": "there is none"}
            return _json(request, told, 400)
        image = "ami-0aaaaaaaaaaaaaaa2" if "24.04" in name else "ami-0aaaaaaaaaaaaaaa1"
        if "canonical" in name:
            image = "ami-0aaaaaaaaaaaaaaa3"
        return _json(request, {"Parameter": {"Name": name, "Value": image}})

    def _regions(self, fields: dict[str, str], request: Any) -> AWSResponse:
        """Two: an account may have switched the others off, and each one takes time."""
        rows = "".join(f"<item><regionName>{one}</regionName></item>" for one in REGIONS)
        body = f"<DescribeRegionsResponse><regionInfo>{rows}</regionInfo></DescribeRegionsResponse>"
        return _xml(request, body)

    def _identity(self, fields: dict[str, str], request: Any) -> AWSResponse:
        inside = (
            f"<GetCallerIdentityResult><Account>{self.account}</Account></GetCallerIdentityResult>"
        )
        return _xml(request, f"<GetCallerIdentityResponse>{inside}</GetCallerIdentityResponse>")

    def _limit(self, fields: dict[str, str], request: Any) -> AWSResponse:
        if self.quota is None:
            told = {"__type": "NoSuchResourceException", "message": "no such limit"}
            return _json(request, told, 400)
        return _json(request, {"Quota": {"QuotaCode": fields["QuotaCode"], "Value": self.quota}})

    def _products(self, fields: dict[str, Any], request: Any) -> AWSResponse:
        filters = {one["Field"]: one["Value"] for one in fields["Filters"]}
        hour = self.prices.get(filters["instanceType"])
        dimension = {"unit": "Hrs", "pricePerUnit": {"USD": f"{hour}"}}
        product = {"terms": {"OnDemand": {"a": {"priceDimensions": {"b": dimension}}}}}
        return _json(request, {"PriceList": [json.dumps(product)] if hour else []})

    def _console(self, fields: dict[str, str], request: Any) -> AWSResponse:
        output = base64.b64encode(self.console.encode()).decode()
        return _xml(
            request,
            f"<GetConsoleOutputResponse><instanceId>{fields['InstanceId']}</instanceId>"
            f"<output>{output}</output></GetConsoleOutputResponse>",
        )

    def _run(self, fields: dict[str, str], request: Any) -> AWSResponse | None:
        token = fields.get("ClientToken", "")
        if fields.get("DryRun") == "true":
            return None
        same = json.dumps(fields, sort_keys=True)
        if token in self.tokens:
            before, body = self.tokens[token]
            if before != same:
                return _error(request, "IdempotentParameterMismatch", "another question")
            return _xml(request, self._as_now(body.decode()))
        answer, text = self._moto(request)
        for number in re.findall(r"<instanceId>(i-\w+)</instanceId>", text):
            if fields.get("InstanceMarketOptions.MarketType") == "spot":
                text = self._ask_spot(number, fields, text)
            self._hidden[number] = self.hide_new
        if answer.status_code == 200 and token:
            self.tokens[token] = (same, text.encode())
        return _xml(request, text, answer.status_code)

    def _ask_spot(self, number: str, fields: Mapping[str, str], text: str) -> str:
        request_id = f"sir-{number[2:]}"
        self.spot[request_id], self.spot_state[request_id] = number, "active"
        self.spot_tags[request_id] = json.dumps(fields)
        mark = f"<instanceId>{number}</instanceId>"
        return text.replace(
            mark, f"{mark}<spotInstanceRequestId>{request_id}</spotInstanceRequestId>"
        )

    def _as_now(self, body: str) -> str:
        """An answer of long ago with the state that the machine has by now."""
        number = re.findall(r"<instanceId>(i-\w+)</instanceId>", body)[0]
        state = next((one.state for one in self.machines() if one.id == number), "terminated")
        return re.sub(r"<name>(pending|running)</name>", f"<name>{state}</name>", body, count=1)

    def _describe(self, fields: dict[str, str], request: Any) -> AWSResponse | None:
        answer, text = self._moto(request)
        for number, looks in self._hidden.items():
            if looks and number in text:
                self._hidden[number] -= 1
                text = _without(text, number)
        if self.stale and "<name>running</name>" in text:
            self.stale -= 1
            text = text.replace("<name>running</name>", "<name>stopped</name>")
        for request_id, number in self.spot.items():
            mark = f"<instanceId>{number}</instanceId>"
            inside = f"{mark}<spotInstanceRequestId>{request_id}</spotInstanceRequestId>"
            text = text.replace(mark, inside)
        return _xml(request, text, answer.status_code)

    def _requests(self, fields: dict[str, str], request: Any) -> AWSResponse:
        wanted = {
            fields[f"Filter.{n}.Name"]: fields[f"Filter.{n}.Value.1"]
            for n in range(1, 4)
            if f"Filter.{n}.Name" in fields
        }
        rows = ""
        for number, machine in self.spot.items():
            tag = wanted.get("tag:fastcompanion:id", "")
            fits = tag in self.spot_tags[number] if tag else True
            fits = fits and wanted.get("instance-id", machine) == machine
            if fits and self.spot_state[number] == "active":
                rows += (
                    f"<item><spotInstanceRequestId>{number}</spotInstanceRequestId>"
                    f"<state>active</state><instanceId>{machine}</instanceId></item>"
                )
        return _xml(
            request,
            "<DescribeSpotInstanceRequestsResponse><spotInstanceRequestSet>"
            f"{rows}</spotInstanceRequestSet></DescribeSpotInstanceRequestsResponse>",
        )

    def _cancel(self, fields: dict[str, str], request: Any) -> AWSResponse:
        number = fields["SpotInstanceRequestId.1"]
        if number not in self.spot:
            return _error(request, "InvalidSpotInstanceRequestID.NotFound", "there is none")
        self.spot_state[number] = "cancelled"
        return _xml(
            request, "<CancelSpotInstanceRequestsResponse></CancelSpotInstanceRequestsResponse>"
        )

    def _delete_group(self, fields: dict[str, str], request: Any) -> AWSResponse | None:
        used = {
            group.id
            for machine in self.machines(_region(request))
            for group in machine.security_groups
        }
        if fields["GroupId"] in used:
            return _error(request, "DependencyViolation", "it has a dependent object")
        return None

    def _terminate(self, fields: dict[str, str], request: Any) -> AWSResponse | None:
        number = fields["InstanceId.1"]
        active = [one for one, state in self.spot_state.items() if state == "active"]
        if any(self.spot[one] == number for one in active):
            # A request that lasts starts its machine again: whoever ends it first pays on.
            return _error(request, "FakeWouldStartAgain", "its spot request is open")
        return None


def _read(request: Any) -> tuple[str, dict[str, Any]]:
    """Take apart what botocore sends: EC2's forms, and JSON of the others."""
    body = request.body or b""
    text = body if isinstance(body, str) else bytes(body).decode("utf-8", "replace")
    target = request.headers.get("X-Amz-Target")
    if target:
        name = target.decode() if isinstance(target, bytes) else target
        return name.rpartition(".")[2], json.loads(text or "{}")
    if "/operation/" in request.url:
        return request.url.rpartition("/operation/")[2], {}
    fields = {key: values[0] for key, values in parse_qs(text).items()}
    return fields.get("Action", request.url), fields


def _region(request: Any) -> str:
    found = re.search(r"\.([a-z]{2}-[a-z]+-\d)\.amazonaws", request.url)
    return found[1] if found else "us-east-1"


def _answered(request: Any, body: str, status: int, kind: str) -> AWSResponse:
    raw = _Raw(body.encode())
    return AWSResponse(request.url, status, {"Content-Type": kind}, raw)


class _Raw(BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        while data := self.read():
            yield data


def _xml(request: Any, body: str, status: int = 200) -> AWSResponse:
    return _answered(request, body, status, "text/xml")


def _json(request: Any, body: Mapping[str, Any], status: int = 200) -> AWSResponse:
    return _answered(request, json.dumps(body), status, "application/x-amz-json-1.1")


def _error(request: Any, code: str, message: str) -> AWSResponse:
    return _xml(
        request,
        f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        "<RequestID>fake</RequestID></Response>",
        400,
    )


def _without(text: str, number: str) -> str:
    """Take the reservation of a machine out of an answer."""
    parts = re.split(r"(?=<item>\s*<reservationId>)", text)
    head, *rest = parts
    kept = [one for one in rest if number not in one]
    if len(kept) == len(rest):
        return text
    tail = rest[-1][rest[-1].index("</reservationSet>") :]
    kept = [one.replace(tail, "") for one in kept]
    return head + "".join(kept) + tail


@contextmanager
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """Stand in for AWS: nothing of the developer's own account is looked at or used."""
    fake = FakeAws()
    with mock_aws():
        handlers = [
            ("before-send", fake) if handler is botocore_stubber else (name, handler, *rest)
            for name, handler, *rest in botocore.handlers.BUILTIN_HANDLERS
        ]
        monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", handlers)
        # The descriptions of the services are megabytes of JSON, read once for all tests.
        monkeypatch.setattr(botocore.session, "create_loader", lambda path=None: _LOADER)
        # Between two tries boto3 waits for seconds.
        monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
        yield fake
