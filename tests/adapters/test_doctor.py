"""The doctor finds every planted fault, names it and its remedy, and finds nothing in a healthy system."""

from collections.abc import Iterator

import pytest

from adapters.postgres.roles import role_of
from entrypoints.doctor.table import CHECKS
from entrypoints.doctor.verdicts import Finding, Severity
from tests.adapters.planted import faults_beyond, faults_here, faults_postgres
from tests.adapters.planted.table import Planted
from tests.adapters.planted.ward import PASSWORDS, Hospital, hospital

FAULTS = (*faults_here.FAULTS, *faults_postgres.FAULTS, *faults_beyond.FAULTS)
BAD = (Severity.FAULT, Severity.WARNING)


@pytest.fixture(scope="module")
def servers() -> Iterator[Hospital]:
    with hospital() as found:
        yield found


def bad(findings: tuple[Finding, ...]) -> list[tuple[str, Severity, str, str]]:
    return [(each.check, each.severity, each.found, each.remedy) for each in findings if each.severity in BAD]


def test_a_healthy_system_has_no_finding(servers: Hospital) -> None:
    with servers.ward(fresh=False) as ward:
        findings = ward.examine()
    assert bad(findings) == []
    assert {each.check for each in findings} == {check.id for check in CHECKS}
    unseen = {each.check: each.found for each in findings if each.severity is Severity.NOT_CHECKED}
    assert unseen == {}


def test_a_healthy_system_has_no_finding_for_its_owner_either(servers: Hospital) -> None:
    with servers.ward(fresh=True) as ward:
        ward.as_owner()
        ward.variables["OPENCLAW_REDIS_URL"] = ward.valkey.admin_url
        assert bad(ward.examine()) == []


@pytest.mark.parametrize("service", ["gateway", "brain", "sender", "scheduler"])
def test_in_a_services_own_room_nothing_is_found_and_what_it_may_not_see_is_not_checked(
    servers: Hospital, service: str
) -> None:
    with servers.ward(fresh=False) as ward:
        ward.variables["OPENCLAW_POSTGRES_URL"] = ward.login(role_of(service), PASSWORDS[service])
        ward.variables["OPENCLAW_REDIS_URL"] = ward.valkey.url(service, PASSWORDS[service])
        findings = ward.examine()
    assert bad(findings) == []
    fine = {each.check for each in findings if each.severity is Severity.OK}
    assert {"postgres.grants", "postgres.logins", "redis.rights", "telegram.token"} <= fine


@pytest.mark.parametrize("planted", FAULTS, ids=lambda planted: planted.what)
def test_a_planted_fault_is_named_with_its_remedy(servers: Hospital, planted: Planted) -> None:
    with servers.ward(fresh=planted.fresh) as ward:
        planted.plant(ward)
        findings = ward.examine()
    told = bad(findings)
    named = [each for each in told if each[0] == planted.check and each[1] is planted.severity]
    assert named, told
    assert any(planted.remedy in remedy for _, _, _, remedy in named), named
    assert {each[0] for each in told} - {planted.check} <= planted.also, told
    assert not [text for each in findings for text in (each.found, each.remedy) if "planted-word" in text]
