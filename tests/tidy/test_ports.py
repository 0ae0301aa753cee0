"""Every port has a fake, a real adapter, and one contract suite that both pass."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import adapters
import adapters.memory
import application.books
import application.notices
import application.ports
from tests.tidy.sources import files, text_of

# Ports for which fake and real are not two adapters, and why.
EXEMPT = {
    "Tokens": "one line of randomness; what it must be cannot be tested by a contract",
    "Codec": "pure, so the real one serves in memory too",
    "Formatter": "pure, so the real one serves in memory too",
}
PORTS = {
    name: port
    for module in (application.ports, application.books, application.notices)
    for name, port in vars(module).items()
    if inspect.isclass(port) and getattr(port, "_is_protocol", False) and port.__module__ == module.__name__
}


def implementations(port: type[Any], package: Any) -> Iterator[type[Any]]:
    """Yield the classes under ``package`` that have all methods of ``port``."""
    methods = {name for name, value in vars(port).items() if inspect.isfunction(value) and name[0] != "_"}
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(found.name)
        for each in vars(module).values():
            if inspect.isclass(each) and each.__module__ == module.__name__ and methods <= vars_of(each):
                yield each


def vars_of(kind: type[Any]) -> set[str]:
    """Return the names of everything a class defines or inherits."""
    return {name for base in kind.__mro__ for name in vars(base)}


@pytest.mark.parametrize("name", sorted(PORTS.keys() - EXEMPT.keys()))
def test_a_port_has_a_fake_a_real_adapter_and_a_contract_suite_for_both(name: str) -> None:
    everything = {each.__name__: each.__module__ for each in implementations(PORTS[name], adapters)}
    fakes = {each for each, module in everything.items() if module.startswith("adapters.memory.")}
    reals = everything.keys() - fakes
    assert fakes, f"{name} has no fake under adapters/memory"
    assert reals, f"{name} has no real adapter"
    suites = [text_of(path) for path in files() if path.match("tests/contract/test_*_contract.py")]
    assert any(_names(suite, fakes) and _names(suite, reals) for suite in suites), (
        f"{name}: no suite in tests/contract runs one of {sorted(fakes)} and one of {sorted(reals)}"
    )


def _names(suite: str, classes: set[str]) -> bool:
    return any(each in suite for each in classes)


def test_the_exemptions_are_ports() -> None:
    assert EXEMPT.keys() <= PORTS.keys()
