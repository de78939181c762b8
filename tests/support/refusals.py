"""What a use case or a check finds wrong."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from pledge.campaigns.rules import BadFields, FieldFault
from pledge.files.faults import FileRefused


def faults_of(act: Callable[..., Any], *given: Any, **named: Any) -> dict[str, FieldFault]:
    """The faults of the fields for which a call is refused."""
    with pytest.raises(BadFields) as refused:
        act(*given, **named)
    return refused.value.faults


def fault_of(act: Callable[..., Any], *given: Any, **named: Any) -> Enum:
    """Why a file is refused."""
    with pytest.raises(FileRefused) as refused:
        act(*given, **named)
    return refused.value.fault
