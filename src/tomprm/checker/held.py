"""What is the case and what is believed, at a moment or in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product

from tomprm.belief.state import collapse
from tomprm.checker.telling import BEFORE, Telling, Verdicts, unclear
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.groups import Group
from tomprm.trace.statements import Statement, When
from tomprm.trace.steps import normalise
from tomprm.world.events import Fact, join_names


def belief(t: Telling, s: Statement) -> Verdicts:
    chains = _chains(t, s.chain)
    if not chains:
        return [unclear(s, "who is meant is not clear")]
    if s.relation == "known":
        if (mine := _asked_chain(t, s)) is not None:
            chains = [(mine, list[tuple[str, ...]]())]
        if s.thing != "it":
            t.topic = s.thing
            return [_known(t, s, chain, s.thing) for chain in chains]
        topics = list(dict.fromkeys([t.topic or t.item.question.fact.thing, t.item.question.fact.thing]))
        asked = [[_known(t, s, chain, topic) for topic in topics] for chain in chains]
        best = (Status.SUPPORTED, Status.UNCHECKABLE, Status.CONTRADICTED)
        return [min(made, key=lambda v: best.index(v.status)) for made in asked]
    if s.place == "there":
        return [unclear(s, "where is not clear")]
    if s.thing == "it" and t.item.question.fact.relation == "known":
        return [unclear(s, "what is believed is not clear")]
    if (mine := _asked_chain(t, s)) is not None:
        chains = [(mine, list[tuple[str, ...]]())]
    made: Verdicts = []
    for chain, options in chains:
        things = (
            [s.thing]
            if s.thing not in ("", "it")
            else list(dict.fromkeys([t.thing, t.item.question.fact.thing]))
        )
        verdict = _held(t, s, chain, things[0])
        if verdict.status is not Status.SUPPORTED:
            for other, thing in [*((o, things[0]) for o in options), *((chain, t) for t in things[1:])]:
                second = _held(t, s, other, thing, brief=True)
                if second.status is Status.SUPPORTED:
                    verdict = (
                        second
                        if thing != things[0]
                        else unclear(s, f"it may be {join_names(other)} who is meant")
                    )
                    break
        made.append(verdict)
    return made


def _asked_chain(t: Telling, s: Statement) -> tuple[str, ...] | None:
    """The question's chain, where a conclusion's pronouns may mean its people."""
    asked = t.item.question.chain
    ending = s.concludes or t.last_step or s.when is When.END
    if not ending or not any(g.pronoun for g in s.chain) or len(s.chain) != len(asked):
        return None
    fits = all(g.pronoun or (n,) == g.names for n, g in zip(asked, s.chain, strict=True))
    return collapse(asked) if fits else None


def _held(t: Telling, s: Statement, chain: tuple[str, ...], thing: str, brief: bool = False) -> ClaimVerdict:
    """`brief`: it only matters whether it is supported."""
    fact = Fact(thing, s.relation)
    if not t.checker.state.story.about(fact):
        return unclear(s, f"no {thing} has a {s.relation} in the story")
    asked = t.item.question
    moments = t.moments(s)
    conclusion = chain == collapse(asked.chain) and fact == asked.fact
    sure = 3
    if (
        conclusion
        and s.lines is None
        and (t.last_step or (s.concludes and s.when is not When.NOW and t.anchor is None))
    ):
        ending = (t.last_step or t.told_all) and not t.timed
        # One drawn while the story is still being told may be meant of anything told by then.
        sure = 2
        moments = [asked.line] if ending else [*moments[:1], asked.line, *moments[2:]]
    elif s.first and s.positive and s.lines is None:
        moments = list[int | None]([t.checker.state.story.about(fact)[0].line])
    elif len(moments) > 1 and s.positive and s.place:
        # What sets the belief may be told by telling the belief.
        soon = next((e.line for e in t.checker.state.story.about(fact) if e.line > t.cursor), None)
        moments = [moments[0], *([soon] if soon is not None else []), *moments[1:]]

    if brief and s.when is not When.PAST:
        moments = moments[:3]
    elif s.when is When.OPEN and t.anchor is None:  # a belief changes only where something happens about it
        changes = {e.line for e in t.checker.state.story.about(fact)}
        moments = [*moments[:3], *(m for m in moments[3:] if m in changes)]

    def at(moment: int | None) -> ClaimVerdict:
        claim = Claim(
            ClaimKind.BELIEF, s.text, chain, fact.thing, s.place, moment, s.positive, relation=s.relation
        )
        return t.checker.judge_belief(claim, fact, named=not brief and moment == moments[0])

    return t.decide(s, moments, at, sure=sure)


def _known(
    t: Telling, s: Statement, chain: tuple[tuple[str, ...], list[tuple[str, ...]]], topic: str
) -> ClaimVerdict:
    names, options = chain
    fact = Fact(topic, "known")
    if not t.checker.state.story.about(fact):
        return unclear(s, f"{topic} is not talked about in the story")

    def at(moment: int | None) -> ClaimVerdict:
        claim = Claim(ClaimKind.BELIEF, s.text, names, topic, s.place, moment, s.positive, relation="known")
        return t.checker.judge_belief(claim, fact)

    verdict = t.decide(s, t.moments(s), at)
    if verdict.status is Status.CONTRADICTED and options:
        return unclear(s, "who is meant is not clear")
    return verdict


def _chains(t: Telling, groups: Sequence[Group]) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Chains of names; for people named together one each. With each, what its pronouns may also mean."""
    if not groups or any(not g.names or g.kind != "some" for g in groups[1:]):
        return []
    several = next((i for i, g in enumerate(groups[1:], 1) if len(g.names) != 1), 0)
    if several:  # "thinks that Ann and Bob think": one chain each
        each = [replace(groups[several], names=(n,)) for n in groups[several].names]
        return [c for g in each for c in _chains(t, [*groups[:several], g, *groups[several + 1 :]])]
    first, rest = groups[0], tuple(n for g in groups[1:] for n in g.names[:1])
    outer = first.names
    if first.kind in ("all", "others"):
        there = t.time.present(t.anchor or t.cursor) or t.time.agents
        there = t.time.agents if first.count == len(t.time.agents) else there
        outer = tuple(sorted(there - set(first.but)))
    elif first.kind != "some":
        return []
    made: list[tuple[tuple[str, ...], list[tuple[str, ...]]]] = []
    named = {n for g in groups[1:] if not g.pronoun for n in g.names}  # "she thinks that Ann": she is not Ann
    options = [n for n in first.options if n not in named]
    for name in outer:
        chain = collapse((name, *rest))
        pools = [(name, *options), *((g.names[0], *g.options) for g in groups[1:])]
        others = [collapse(c) for c in islice(product(*pools), 40)]
        made.append((chain, [o for o in others if o != chain]))
    return made


def conclusion(t: Telling, s: Statement) -> Verdicts:
    """A bare place: what the question asks for, or what the person named believes."""
    asked = t.item.question
    if s.bare and not t.last_step:
        return [unclear(s, "whose belief is meant is not clear")]
    chain = asked.chain
    named = s.chain[0] if s.chain else None
    ending = s.concludes or t.last_step
    if named is not None and named.names and not (ending and named.pronoun):
        chain = named.names[:1]
    if not asked.fact.thing or asked.fact.relation != s.relation:
        return [unclear(s, "not what the question asks for")]
    return [_held(t, replace(s, concludes=s.concludes or t.last_step), collapse(chain), asked.fact.thing)]


def location(t: Telling, s: Statement) -> Verdicts:
    things = t.things(s.thing)
    if s.thing == "it" and t.item.question.fact.thing not in things:
        things = [*things, t.item.question.fact.thing]
    made = [_is_at(t, s, thing) for thing in things]
    return [next((v for v in made if v.status is Status.SUPPORTED), made[0])]


def _is_at(t: Telling, s: Statement, thing: str) -> ClaimVerdict:
    fact = Fact(thing, s.relation)
    if not t.checker.state.story.about(fact):
        return unclear(s, f"no {thing} has a {s.relation} in the story")
    about = t.checker.state.story.about(fact)
    if s.when is When.PAST and not any(e.line <= t.cursor for e in about):
        s = replace(s, when=When.OPEN)
    moments = t.moments(s)
    if s.first and s.lines is None:
        moments = list[int | None]([about[0].line])
    open_anchor = len(moments) > 1
    if open_anchor and s.positive:
        # The next moment at which it is there; telling so moves the reasoning on.
        moments = [
            moments[0],
            *[n for n in t.time.lines if n > t.cursor],
            *reversed([n for n in t.time.lines if n < t.cursor]),
        ]

    def at(moment: int | None) -> ClaimVerdict:
        claim = Claim(
            ClaimKind.LOCATION, s.text, (), fact.thing, s.place, moment, s.positive, relation=s.relation
        )
        return t.checker.judge_location(claim, fact, named=moment == moments[0])

    verdict = t.decide(s, moments, at, sure=len(moments))
    if verdict.status is Status.SUPPORTED and verdict.claim.line is not None and s.positive:
        if verdict.claim.line > t.cursor and (open_anchor or s.first) and s.joint not in BEFORE:
            t.cursor = verdict.claim.line
        # "The apple is in the box; Ann sees it" speaks of the line that put it there.
        line = verdict.line
        if line is not None and line >= t.cursor - 1:
            t.latest.append(line)
        t.also = [e.line for e in about if normalise(e.value(fact) or "") == normalise(s.place)]
    return verdict


def question(t: Telling, s: Statement) -> Verdicts:
    """What the question is said to ask."""
    chain = tuple(n for g in s.chain for n in g.names)
    asked = t.item.question.chain
    if chain == asked or set(chain) != set(asked) or len(chain) != len(asked) or not s.firm:
        return []
    claim = Claim(ClaimKind.QUESTION, s.text, chain)
    truth = f"it asks about {' about '.join(asked)}"
    return [t.wrong(s, claim, truth, None, ErrorKind.WRONG_PLACE, truth)]
