"""English <-> actions. One table of templates writes stories and reads them back.

A register is a way of telling: `hitom` is the English of the Hi-ToM release, `inverted` says the
same in other sentences that RL never trains on. Reading tries every template of every register,
so that the two directions cannot drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from tomprm.world.events import Action, Fact, Kind, Question, Story, join_names, split_names
from tomprm.world.replay import HITOM_CLEAN, Profile, StoryError, replay

# The first template of a kind is the one that is written; the others are read as well.
REGISTERS: dict[str, dict[Kind, tuple[str, ...]]] = {
    "hitom": {
        Kind.ENTER: ("{names} entered the {room}.",),
        Kind.EXIT: ("{names} exited the {room}.",),
        Kind.PLACE: ("The {thing} is in the {place}.",),
        Kind.MOVE: ("{name} moved the {thing} to the {place}.",),
        Kind.STAY: ("{name} made no movements and stayed in the {room} for 1 minute.",),
        Kind.CLAIM: (
            "{name} publicly claimed that {thing} is in the {place}.",
            "{name} publicly claimed that {thing} is in the {place} now.",
        ),
        Kind.TELL: (
            "{name} privately told {listener} that the {thing} is in the {place}.",
            "{name} privately told {listener} that the {thing} is in the {place} now.",
        ),
        Kind.NOISE: (
            "{name} saw a {place}.",
            "{name} lost his {place}.",
            "{name} likes the {place}.",
            "{name} dislikes the {place}.",
        ),
    },
    "inverted": {
        Kind.ENTER: ("Into the {room} came {names}.",),
        Kind.EXIT: ("Out of the {room} went {names}.",),
        Kind.PLACE: ("In the {place} is the {thing}.",),
        Kind.MOVE: ("To the {place} the {thing} was moved by {name}.",),
        Kind.STAY: ("In the {room} for 1 minute stayed {name}.",),
        Kind.CLAIM: ("That the {thing} is in the {place} was publicly claimed by {name}.",),
        Kind.TELL: ("That the {thing} is in the {place} was privately told to {listener} by {name}.",),
        Kind.NOISE: ("A {place} was seen by {name}.",),
    },
}
# Remarks that follow a sentence on its line and change who perceived it.
SECRET = "{names} watched in secret."
DISTRACTED = "{names} did not notice."

_SLOTS = {
    "names": r"(?P<names>[A-Z]\w*(?:(?:, and |, | and )[A-Z]\w*)*)",
    "name": r"(?P<name>[A-Z]\w*)",
    "listener": r"(?P<listener>[A-Z]\w*)",
    "thing": r"(?P<thing>[\w'-]+(?: [\w'-]+){0,3}?)",
    "place": r"(?P<place>[\w'-]+(?: [\w'-]+){0,3}?)",
    "room": r"(?P<room>[\w'-]+(?: [\w'-]+){0,3}?)",
}


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", template)
    return re.compile("".join(_SLOTS[p] if i % 2 else re.escape(p) for i, p in enumerate(pieces)))


_READERS = [
    (kind, _pattern(template))
    for register in REGISTERS.values()
    for kind, templates in register.items()
    for template in sorted(templates, key=len, reverse=True)  # "... the box now." before "... the box."
]
_SECRET, _DISTRACTED = (re.compile(" " + _pattern(t).pattern + "$") for t in (SECRET, DISTRACTED))
_NUMBER = re.compile(r"(\d{1,9})[.:)]? +")
_END = re.compile(r"(?<=\.) +(?=[A-Z])(?![^.]* (?:watched in secret|did not notice)\.)")
_PROMPT = re.compile(r"Read the following story and answer")


def is_decoration(line: str) -> bool:
    """Is the line none of the story's: blank, `***`, or the prompt that Hi-ToM prints above?"""
    stripped = line.strip()
    return set(stripped) <= {"*"} or bool(_PROMPT.match(stripped))


def write_sentence(action: Action, register: str = "hitom", rng: np.random.Generator | None = None) -> str:
    """One action as English; with `rng`, noise picks among its templates."""
    templates = REGISTERS[register][action.kind]
    template = templates[0]
    if rng is not None and action.kind is Kind.NOISE:
        template = templates[int(rng.integers(len(templates)))]
    text = template.format(
        names=join_names(action.actors),
        name=action.actors[0] if action.actors else "",
        listener=action.listener,
        thing=action.thing,
        place=action.place,
        room=action.room,
    )
    if action.secret:
        text += " " + SECRET.format(names=join_names(action.secret))
    if action.distracted:
        text += " " + DISTRACTED.format(names=join_names(action.distracted))
    return text


def write_story(
    actions: Sequence[Action], register: str = "hitom", rng: np.random.Generator | None = None
) -> str:
    """The story as numbered lines, as Hi-ToM prints it."""
    return "\n".join(f"{a.line} {write_sentence(a, register, rng)}" for a in actions)


def read_sentence(text: str, line: int) -> Action | None:
    """The action of one sentence, None where no template fits."""
    remarks: list[tuple[str, ...]] = []
    for pattern in (_DISTRACTED, _SECRET):
        found = pattern.search(text)
        remarks.append(split_names(found["names"]) if found else ())
        text = text[: found.start()] if found else text
    distracted, secret = remarks
    for kind, pattern in _READERS:
        if found := pattern.fullmatch(text):
            slots = found.groupdict("")
            actors = split_names(slots.get("names") or slots.get("name", ""))
            thing, place, room, listener = (slots.get(k, "") for k in ("thing", "place", "room", "listener"))
            return Action(line, kind, actors, thing, place, room, listener, secret, distracted)
    return None


def read_actions(text: str) -> tuple[Action, ...]:
    """The actions of a story text. Prompt lines, blank lines and `***` are skipped.

    Raises:
        StoryError: a sentence that no template reads; the message names its line.
    """
    actions: list[Action] = []
    for position, raw in enumerate(text.splitlines(), 1):
        if is_decoration(raw):
            continue
        stripped = raw.strip()
        number = _NUMBER.match(stripped)
        body = stripped[number.end() :] if number else stripped
        # Copies of the release print a story as one paragraph, without numbers.
        for sentence in [body] if number else _END.split(body):
            line = int(number[1]) if number else (actions[-1].line + 1 if actions else 1)
            if set(sentence) <= {"*"}:
                continue
            action = read_sentence(sentence, line)
            if action is None:
                raise StoryError(
                    f"line {position}: unknown sentence {sentence!r}; "
                    "rewrite it in one of the registers of tomprm.world.grammar"
                )
            if actions and line <= actions[-1].line:
                raise StoryError(
                    f"line {position}: number {line} does not follow {actions[-1].line}; "
                    "number the sentences in increasing order"
                )
            actions.append(action)
    if not actions:
        raise StoryError("line 1: the story is empty; give at least one sentence")
    return tuple(actions)


def read_story(text: str, profile: Profile = HITOM_CLEAN) -> Story:
    """Text -> replayed story."""
    return replay(read_actions(text), profile)


def write_question(question: Question) -> str:
    """A question in Hi-ToM's English.

    >>> write_question(Question(("Ann", "Bob"), Fact("key")))
    'Where does Ann think Bob thinks the key is?'
    """
    thing = question.fact.thing
    if not question.chain:
        return f"Where is the {thing} really?"
    if question.order == 1:
        return f"Where does {question.chain[0]} really think the {thing} is?"
    rest = "".join(f" {name} thinks" for name in question.chain[1:])
    return f"Where does {question.chain[0]} think{rest} the {thing} is?"


_REALITY = re.compile(r"Where is the (?P<thing>.+?) really\?")
_BELIEF = re.compile(
    r"Where does (?P<first>[A-Z]\w*)(?: really)? think(?P<rest>(?: [A-Z]\w* thinks)*) the (?P<thing>.+?) is\?"
)


def read_question(text: str, choices: Sequence[str] = (), gold: str | None = None) -> Question:
    """Inverse of `write_question`.

    Raises:
        ValueError: a question of another form.
    """
    if found := _REALITY.fullmatch(text.strip()):
        return Question((), Fact(found["thing"]), tuple(choices), gold)
    if found := _BELIEF.fullmatch(text.strip()):
        chain = (found["first"], *re.findall(r"([A-Z]\w*) thinks", found["rest"]))
        return Question(chain, Fact(found["thing"]), tuple(choices), gold)
    raise ValueError(
        f"unknown question {text!r}; ask 'Where is the X really?' or 'Where does A think B thinks the X is?'"
    )


def read_choices(text: str) -> tuple[str, ...]:
    """`A. green_box, B. red_bag` -> the places."""
    return tuple(re.findall(r"[A-Z]\. ([^,]+)", text))
