from __future__ import annotations

import pytest

from listen_datasets.errors import RecipeError
from listen_datasets.inputs import InputProblem
from listen_datasets.stores.urls import CAREFUL, Policy, addresses, file_name, is_public, scrubbed, shown, split


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://example.org/a.tar", "https://example.org/a.tar"),
        ("https://me:pw@example.org:8443/a.tar?sig=1#x", "https://example.org:8443/a.tar"),
        ("https://me:p@ss@example.org/a", "https://example.org/a"),
        ("https://example.org?sig=1", "https://example.org"),
        ("s3://key:secret@bucket/a b.tar", "s3://bucket/a b.tar"),
        ("https://example.org/a\x1b[2J", "https://example.org/a\\x1b[2J"),
        ("https://example.org/a@b", "https://example.org/a@b"),
        ("no URL", "no URL"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, text: str) -> None:
    assert shown(url) == text


@pytest.mark.parametrize(
    "text",
    [
        "403 for url: https://me:hunter2@example.org/a?X-Amz-Signature=hunter2&b=hunter2",
        "Authorization: hunter2",
        "token=hunter2",
        "{'aws_secret_access_key': 'hunter2'}",
        "Bearer hunter2",
    ],
)
def test_messages_of_libraries_lose_their_secrets(text: str) -> None:
    assert "hunter2" not in scrubbed(text)


def test_messages_without_secrets_stay_as_they_are() -> None:
    text = "The specified bucket does not exist: https://example.org/a/b.tar (404)"
    assert scrubbed(text) == text


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104 - bound to nothing
        "255.255.255.255", "192.0.2.1", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "2002:c0a8:101::", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_of_the_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_outside_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0x7f.1", "2130706433", "::1"])
def test_hosts_of_the_inside_are_asked_only_if_that_is_allowed(host: str) -> None:
    with pytest.raises(InputProblem, match="no public address") as raised:
        addresses(host, 80, CAREFUL)

    assert raised.value.code == "input.forbidden_address"
    assert addresses(host, 80, Policy(private_hosts=(host,)))[0] in {"127.0.0.1", "::1"}


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, ""])
def test_a_host_that_is_not_there_is_unreadable(host: str) -> None:
    with pytest.raises(InputProblem) as raised:
        addresses(host or "\0", 80, CAREFUL)
    assert raised.value.code == "input.unreadable"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://me:hunter2@example.org/a", "user name or a password"),
        ("s3://hunter2@bucket/a", "user name or a password"),
        ("https:///a", "no host"),
        ("https://[hunter2/a", "cannot be understood"),
        ("https://example.org:99999/a", "cannot be understood"),
    ],
)
def test_urls_that_a_recipe_should_not_hold_are_refused(url: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says) as raised:
        split(url)
    assert "hunter2" not in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a.tar", "a.tar"),
        ("", "recording"),
        ("..", "recording"),
        ("a\\b", "recording"),
        (".x", "recording"),
        ("ä b", "ä b"),
    ],
)
def test_what_cannot_be_a_file_name_is_called_recording(text: str, name: str) -> None:
    assert file_name(text) == name
