import pytest


@pytest.fixture
def verify(runner):
    """`verify("--head", "…")`: what the command says."""

    def call(*arguments):
        return runner.invoke(args=["audit", "verify", *arguments])

    return call
