"""``rubric.md`` → ``core.rubric.Rubric``, strictly: what is not understood is told with its line, never passed over.

The form, which people read as Markdown::

    # Rubric: tip-v1

    What the judge is to keep in mind.

    Scale: 1-5

    ## relevance (weight 2)

    Does the tip fit the person and the hour?

    - 1: It fits neither.
      Example: "Remember to file your taxes."
    - 2: ...

Every criterion has an anchor for every score of the scale. Either all criteria have a weight or none has.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from core.errors import BadInput
from core.rubric import Anchor, Criterion, Rubric

MOST_CHARS: Final = 200_000
MOST_CRITERIA: Final = 20

_TITLE = re.compile(r"# Rubric: (?P<version>\S.*)")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_SCALE = re.compile(r"Scale: (?P<low>\d{1,3})-(?P<high>\d{1,3})")
_HEAD = re.compile(r"## (?P<name>[^()]*?)(?: \(weight (?P<weight>[^()]*)\))?")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_WEIGHT = re.compile(r"\d{1,4}(\.\d{1,4})?")
_ANCHOR = re.compile(r"[-*] (?P<score>\d{1,3}): (?P<text>\S.*)")
_EXAMPLE = re.compile(r"\s+Example: (?P<text>\S.*)")


@dataclass(slots=True)
class _Draft:
    """A criterion while it is read."""

    name: str
    line: int
    weight: float | None
    question: list[str] = field(default_factory=list)
    anchors: dict[int, tuple[list[str], list[str]]] = field(default_factory=dict)
    """Score → its meaning's lines and its examples."""


def parse(text: str, where: str) -> Rubric:
    """The rubric of a file's text; ``where`` names the file. Raises BadInput with the line of what is wrong."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if len(plain) > MOST_CHARS:
        raise BadInput(f"{where}: has {len(plain):,} characters, and no judge reads more than {MOST_CHARS:,}; shorten "
                       "it")
    return _Reader(where).read(plain)


class _Reader:
    """Goes through the lines once."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.version = ""
        self.scale: tuple[int, int] | None = None
        self.instructions: list[str] = []
        self.drafts: list[_Draft] = []
        self.number = 0

    def bad(self, what: str, line: int | None = None) -> BadInput:
        """The error that names file and line."""
        return BadInput(f"{self.where}:{line or self.number or 1}: {what} (docs/judging.md)")

    def read(self, text: str) -> Rubric:
        for self.number, raw in enumerate(text.split("\n"), 1):
            self.take(raw.rstrip())
        if not self.version:
            raise self.bad("the file is empty; it begins with a line such as '# Rubric: tip-v1'", 1)
        if self.scale is None:
            raise self.bad("there is no scale; add a line such as 'Scale: 1-5' before the first criterion", 1)
        if not self.drafts:
            raise self.bad("there is no criterion; add one under a line such as '## relevance'")
        return Rubric(
            version=self.version,
            sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            text=text,
            lowest=self.scale[0],
            highest=self.scale[1],
            criteria=tuple(map(self.criterion, self.drafts)),
            instructions="\n".join(self.instructions).strip(),
            weighted=self.drafts[0].weight is not None,
        )

    def take(self, line: str) -> None:
        """One line, without what is blank at its end."""
        if not self.version:
            self.title(line)
        elif line.startswith("#"):
            self.head(line)
        elif not self.drafts:
            self.preface(line)
        elif line:
            self.inside(self.drafts[-1], line)

    def title(self, line: str) -> None:
        if not line:
            return
        found = _TITLE.fullmatch(line)
        if found is None:
            raise self.bad(f"{line[:50]!r} is no title; the file begins with a line such as '# Rubric: tip-v1'")
        if not _VERSION.fullmatch(found["version"]):
            raise self.bad(f"the version {found['version'][:50]!r} must be one word of letters, digits, '.', '_' and "
                           "'-', e.g. tip-v1")
        self.version = found["version"]

    def preface(self, line: str) -> None:
        if not line.lower().startswith("scale"):
            self.instructions.append(line)
            return
        found = _SCALE.fullmatch(line)
        if found is None:
            raise self.bad(f"{line[:50]!r} is no scale; write it as 'Scale: 1-5'")
        if self.scale is not None:
            raise self.bad("the scale is given twice; leave one out")
        low, high = int(found["low"]), int(found["high"])
        if not 0 <= low < high <= 10:
            raise self.bad(f"the scale {low}-{high} must rise, and lie within 0-10")
        self.scale = low, high

    def head(self, line: str) -> None:
        found = _HEAD.fullmatch(line)
        if found is None:
            raise self.bad(f"{line[:50]!r} is no criterion; write it as '## relevance' or '## relevance (weight 2)'")
        name, weight = found["name"], found["weight"]
        if not _NAME.fullmatch(name):
            raise self.bad(f"the criterion {name[:50]!r} must be one word of small letters, digits, '_' and '-'")
        if any(draft.name == name for draft in self.drafts):
            raise self.bad(f"the criterion {name!r} is given twice; rename one")
        if len(self.drafts) == MOST_CRITERIA:
            raise self.bad(f"there are more than {MOST_CRITERIA} criteria; leave some out")
        if self.scale is None:
            raise self.bad("there is no scale yet; add a line such as 'Scale: 1-5' before the first criterion")
        self.drafts.append(_Draft(name, self.number, self.weight(weight)))

    def weight(self, text: str | None) -> float | None:
        if self.drafts and (self.drafts[0].weight is None) != (text is None):
            raise self.bad("either all criteria have a weight or none has; write '(weight 1)' behind those without")
        if text is None:
            return None
        if not _WEIGHT.fullmatch(text) or float(text) == 0:
            raise self.bad(f"the weight {text[:20]!r} must be a number above 0, e.g. (weight 2)")
        return float(text)

    def inside(self, draft: _Draft, line: str) -> None:
        """A line of a criterion that is not empty."""
        anchor, example = _ANCHOR.fullmatch(line), _EXAMPLE.fullmatch(line)
        if anchor is not None:
            self.anchor(draft, int(anchor["score"]), anchor["text"])
        elif not draft.anchors:
            if line.startswith(("- ", "* ")):
                raise self.bad(f"{line[:50]!r} is no anchor; write it as '- 1: what a 1 means'")
            draft.question.append(line)
        elif example is not None:
            draft.anchors[max(draft.anchors)][1].append(example["text"])
        elif line.startswith("  "):
            meaning, examples = draft.anchors[max(draft.anchors)]
            (examples or meaning)[-1] += " " + line.strip()
        else:
            raise self.bad(f"{line[:50]!r} stands between anchors; set it in by two spaces if it belongs to the one "
                           "above, or move it up below the criterion's name")

    def anchor(self, draft: _Draft, score: int, text: str) -> None:
        low, high = self.scale or (0, 0)
        wanted = max(draft.anchors) + 1 if draft.anchors else low
        if not low <= score <= high:
            raise self.bad(f"the anchor {score} is not on the scale {low}-{high}")
        if score != wanted:
            raise self.bad(f"the anchor {score} comes where {wanted} is due; anchors go from {low} to {high}, each "
                           "once")
        draft.anchors[score] = [text], []

    def criterion(self, draft: _Draft) -> Criterion:
        low, high = self.scale or (0, 0)
        missing = [str(score) for score in range(low, high + 1) if score not in draft.anchors]
        if missing:
            raise self.bad(f"the criterion {draft.name!r} has no anchor for {', '.join(missing)}; say what each score "
                           "means, e.g. '- 1: ...'", draft.line)
        if not draft.question:
            raise self.bad(f"the criterion {draft.name!r} says nothing below its name; write what is judged",
                           draft.line)
        anchors = tuple(Anchor(score, " ".join(meaning), tuple(examples))
                        for score, (meaning, examples) in draft.anchors.items())
        return Criterion(draft.name, " ".join(draft.question), anchors, 1.0 if draft.weight is None else draft.weight)
