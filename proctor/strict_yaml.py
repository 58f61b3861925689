"""YAML as people write it, turned into plain data: how every file here is read.

The keys of a mapping must differ (YAML 1.2, section 3.2.1.3), but PyYAML takes the last of
two without a word. Here a key that is given twice is refused with both lines: the one that
somebody sees and changes may not be the one that counts. Only plain data is made, as by
``yaml.safe_load``.

Source: https://yaml.org/spec/1.2.2/#3213-node-comparison
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from contracts.errors import ProctorError


class _GivenTwice(yaml.YAMLError):
    """Its text is the whole reason."""


class _StrictLoader(yaml.SafeLoader):
    """Looks at the nodes as they are written: later, merged keys (``<<``) stand among them,
    which may be given again."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                continue
            if (key.tag, key.value) in lines:
                before = lines[key.tag, key.value]
                raise _GivenTwice(
                    f"the key {key.value} is given twice, in line {before} and in line {line};"
                    " keep one."
                )
            lines[key.tag, key.value] = line
        return node


def parse_yaml(text: str, refusal: Callable[[str], ProctorError]) -> Any:
    """What ``text`` says. Raises ``refusal`` of the reason when it is not YAML, or when a
    mapping gives a key twice."""
    try:
        # A SafeLoader by descent: it makes plain data only.
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506
    except _GivenTwice as error:
        raise refusal(str(error)) from error
    # PyYAML says ValueError of a date that is none, and goes as deep as brackets do.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise refusal(f"not YAML: {error}") from error
