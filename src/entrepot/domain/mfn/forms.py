"""How a plain instance of an attribute is kept: what is added to it, found out once for all that are of the same form.

A file says the same few attributes of each of its rows; that their texts are right is all that is left to be seen. The
rules are those of `drafting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.domain.mfn.addressing import Scope
from entrepot.domain.mfn.attributes import SHAPES
from entrepot.domain.mfn.drafting import Draft
from entrepot.domain.mfn.shapes import Text
from entrepot.domain.papers import Instance


@dataclass(frozen=True, slots=True)
class Form:
    """members: those that an instance of this form has, each a text. limits: what some of them must be."""

    members: frozenset[str]
    added: Mapping[str, object]
    limits: tuple[tuple[str, Text], ...]

    def kept(self, instance: Instance) -> Instance | None:
        """The instance as it is kept; None: it is of another form, or there is something to say about it."""
        if instance.keys() != self.members or any("\0" in text for text in instance.values()):
            return None
        for member, text in self.limits:
            value = instance[member]
            if not text.shortest <= len(value) <= text.longest or (text.choices and value not in text.choices):
                return None
        return {**instance, **self.added}


def form_of(scope: Scope, name: str, sample: Instance) -> Form | None:
    """The form of instances like this one of texts; None: there is something to say about it."""
    draft = Draft(scope, {}, {}, {})
    draft.replace(name, [sample])
    if draft.issues or not all(isinstance(value, str) for value in sample.values()):
        return None
    [kept] = draft.attributes[name]
    if any(kept[member] != value for member, value in sample.items()):
        return None
    shapes = SHAPES[name].members if name in SHAPES else {}
    limits = [(member, shape) for member in sample if isinstance(shape := shapes.get(member), Text)]
    added = {member: value for member, value in kept.items() if member not in sample}
    return Form(frozenset(sample), added, tuple(limits))
