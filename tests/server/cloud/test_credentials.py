"""boto3's own ways to fail before AWS is asked: logins that ended, codes of devices, settings, the clock."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.tokens import SSOTokenProvider

from fastcompanion.server.cloud import boto
from tests.server.cloud.fake_aws import FakeAws

Runner = Callable[..., Any]
ASK = ("server", "plan", "--ask-aws", "--profile", "school", "--json")
_SSO = """[profile school]
sso_session = school
sso_account_id = 123456789012
sso_role_name = Learner
region = us-east-1
[sso-session school]
sso_region = us-east-1
sso_start_url = https://school.awsapps.com/start
"""


@pytest.fixture
def settings(fake: FakeAws, isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of AWS's settings; a profile that is named counts more than the credentials of the fake."""
    path = isolated / "aws-config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    return path


def test_a_login_that_ended(
    settings: Path, isolated: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.write_text(_SSO)
    cache = isolated / "sso-cache"
    cache.mkdir()
    # It looks for the home folder when it is imported.
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    token = {
        "startUrl": "https://school.awsapps.com/start",
        "region": "us-east-1",
        "accessToken": "planted-token",
        "expiresAt": "2020-01-01T00:00:00Z",
    }
    name = hashlib.sha1(b"school", usedforsecurity=False).hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(token))
    told = run(*ASK)
    assert told.code == 5
    error = told.errors[0]
    assert error["message"].startswith("AWS does not know you: ")
    assert "expired" in error["message"]
    assert "aws sso login" in error["hint"]
    assert "planted-token" not in told.out + told.err


def test_no_login_yet(settings: Path, run: Runner) -> None:
    settings.write_text(_SSO)
    told = run(*ASK)
    assert told.code == 5
    assert "aws sso login" in told.errors[0]["hint"]


@pytest.mark.filterwarnings("ignore::getpass.GetPassWarning")
def test_a_code_that_nobody_can_be_asked_for(settings: Path, run: Runner) -> None:
    settings.write_text(
        "[profile base]\naws_access_key_id = AKIAABCDEFGHIJKLMNOP\naws_secret_access_key = planted\n"
        "[profile school]\nsource_profile = base\nregion = us-east-1\n"
        "role_arn = arn:aws:iam::123456789012:role/learner\n"
        "mfa_serial = arn:aws:iam::123456789012:mfa/ada\n"
    )
    told = run(*ASK)
    assert told.code == 5, told.err
    assert "wants the code of your device (MFA)" in told.errors[0]["message"]
    assert "at a terminal" in told.errors[0]["hint"]


def test_last_words_of_a_program_that_gives_credentials_keep_no_secret(
    settings: Path, isolated: Path, run: Runner
) -> None:
    if os.name != "posix":
        pytest.skip("a program of POSIX")
    program = isolated / "giver"
    program.write_text("#!/bin/sh\necho 'no: token=planted-secret' >&2\nexit 1\n")
    program.chmod(0o700)
    settings.write_text(f"[profile school]\nregion = us-east-1\ncredential_process = {program}\n")
    told = run(*ASK)
    assert told.code == 5
    assert "custom-process" in told.errors[0]["message"]
    assert "planted" not in told.out + told.err
    assert "aws sso login" in told.errors[0]["hint"]


def test_a_profile_that_is_not_there(settings: Path, run: Runner) -> None:
    settings.write_text("[default]\nregion = us-east-1\n")
    told = run(*ASK)
    assert told.code == 2
    assert "school" in told.errors[0]["message"]


def test_settings_that_can_not_be_read(settings: Path, run: Runner) -> None:
    settings.write_text("[profile school\nregion us-east-1\n")
    told = run(*ASK)
    assert told.code == 5
    assert "AWS's own settings" in told.errors[0]["message"]
    assert "can't be reached" not in told.errors[0]["message"]


@pytest.mark.parametrize(
    ("code", "words", "hint"),
    [
        ("AuthFailure", "AWS was not able to validate", "is the region us-east-1 switched on"),
        ("OptInRequired", "You are not subscribed", "Switch the region us-east-1 on"),
        ("RequestExpired", "Request has expired.", "Is the clock of this computer right?"),
        ("InvalidSignatureException", "Signature not yet current: 20261122", "Is the clock"),
        ("ExpiredToken", "The security token is expired", "aws sso login"),
        ("PendingVerification", "Your request is being validated", "AWS looks at new accounts"),
        ("Blocked", "This account is currently blocked", "see Billing"),
        ("UnauthorizedOperation", "You are not authorized", "server iam-policy"),
        ("RequestLimitExceeded", "Request limit exceeded.", "in a minute"),
    ],
)
def test_what_aws_refuses_has_a_cure(
    fake: FakeAws, run: Runner, code: str, words: str, hint: str
) -> None:
    fake.refuse("DescribeInstanceTypeOfferings", *[code] * 4, words=words)
    told = run("server", "plan", "--ask-aws", "--json")
    assert told.code == 5
    assert words.rstrip(".") in told.errors[0]["message"]
    assert hint in told.errors[0]["hint"]


def test_a_page_of_a_hotel_instead_of_an_answer(fake: FakeAws, run: Runner) -> None:
    """A login page with status 200 where XML was to come; boto3 has an error of its own for it."""
    fake.page("DescribeInstanceTypeOfferings", "<html><body>Welcome to our wireless network<br>")
    told = run("server", "plan", "--ask-aws", "--json")
    assert told.code == 5
    assert "ec2 of AWS in us-east-1 can't be reached" in told.errors[0]["message"]


def test_the_price_of_a_region_that_the_table_does_not_know(fake: FakeAws, run: Runner) -> None:
    """AWS tells it; where it does not, the learner may."""
    told = run("server", "plan", "--ask-aws", "--region", "ap-south-1", "--json")
    assert told.code == 0, told.out
    assert (told.data["price_from"], told.data["at_most"]) == ("AWS", 0.526)
    fake.prices.clear()
    unknown = run("server", "plan", "--ask-aws", "--region", "ap-south-1", "--json")
    assert unknown.code == 2
    assert "--price" in unknown.errors[0]["hint"]


def test_a_region_that_can_not_be_reached_hides_no_other(fake: FakeAws, run: Runner) -> None:
    fake.lose("DescribeInstances")
    told = run("server", "status", "--all-regions", "--json")
    assert told.code == 0, told.out
    assert [(one["kind"], one["state"]) for one in told.data["resources"]] == [
        ("region", "not looked at")
    ]
    fake.lose("DescribeInstances", times=8)
    assert run("server", "status", "--all-regions").code == 5, "nothing was seen at all"


def test_what_waits_is_no_more_than_boto3s_own_patience() -> None:
    assert boto._ATTEMPTS <= 4
