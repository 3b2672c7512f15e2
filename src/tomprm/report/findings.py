"""The report's sentences, computed from a `Summary`: findings, what is missing, what the run cannot tell.

A sentence never claims more than its interval: where it holds zero, the sentence says so in the same words
for every arm, whichever arm one had hoped for.
"""

from __future__ import annotations

from collections.abc import Iterator

from tomprm.report.format import PERCENT, TOKENS, arm_name, count, estimate, gap, number, p_value, unit_of
from tomprm.report.records import BASELINE, Frame
from tomprm.report.stats import Difference
from tomprm.report.summary import SHORTCUT, SPLITS, Finding, Gap, Plan, Summary

_TONES = {1: "gain", -1: "loss", 0: "none"}
_ADJECTIVE = {"id": "in-distribution", "ood": "out-of-distribution"}


def find(summary: Summary) -> tuple[Finding, ...]:
    """Findings in the order in which a reader asks: accuracy, between arms, traces, length, shortcuts."""
    findings = [
        *_gains(summary, "id"),
        *_gains(summary, "ood"),
        *_between_arms(summary),
        *_traces(summary),
        *_collapse(summary),
        *_shortcuts(summary),
    ]
    if not any(g.over == BASELINE for g in summary.gaps):
        text = "No trained arm and the warm start have been evaluated on the same full suite yet."
        findings.insert(0, Finding("No comparison yet", text, "", "note"))
    return tuple(findings)


def _gains(summary: Summary, split: str) -> Iterator[Finding]:
    key = summary.headline.get(split, "")
    what = f"{_ADJECTIVE[split]} accuracy"
    for arm in summary.trained:
        own = summary.gap(key, arm, BASELINE, "correct", summary.main_decoding)
        if own is None or own.value.mean is None:
            continue
        over = f"over the warm start{_levels(summary, own)}"
        if own.value.sign > 0:
            text = f"{arm} gained {_points(own.value)} of {what} {over}"
        elif own.value.sign < 0:
            text = f"{arm} lost {what}: {_points(own.value)} {over}"
        else:
            text = f"No measurable change of {what} for {arm}: {_points(own.value)} {over}"
            text += f"; {_why_none(own.value)}"
        others = _other_decodings(summary, own)
        signs = {own.value.sign, *(g.value.sign for g in others)}
        detail = [_basis(own)]
        if len(summary.scope(key).suites) > 1:
            detail.append(_by_suite(summary, split, arm))
        tone = _TONES[own.value.sign] if len(signs) == 1 else "mixed"
        yield Finding(f"{_capital(what)}: {arm}", f"{text}. {_said(others)}".strip(), " ".join(detail), tone)


def _by_suite(summary: Summary, split: str, arm: str) -> str:
    parts = []
    for scope in summary.scopes:
        own = summary.gap(scope.key, arm, BASELINE, "correct", summary.main_decoding)
        if scope.split == split and not scope.pooled and own is not None:
            parts.append(f"{scope.key} {gap(own.value)}")
    return f"By suite: {'; '.join(parts)}."


def _between_arms(summary: Summary) -> Iterator[Finding]:
    reference = summary.reference or ""
    for split, key in summary.headline.items():
        what = f"{_ADJECTIVE[split]} accuracy"
        texts, details = [], []
        for arm in summary.trained:
            own = summary.gap(key, arm, reference, "correct", summary.main_decoding)
            if own is None or own.value.mean is None:
                continue
            numbers = f"{_points(own.value)}{_levels(summary, own)}"
            if own.value.sign:
                more = "higher" if own.value.sign > 0 else "lower"
                text = f"{arm} has a {more} {what} than {reference}: {numbers}."
            else:
                text = f"No measurable difference of {what} between {arm} and {reference}: {numbers}; "
                text += f"{_why_none(own.value)}."
            texts.append(f"{text} {_said(_other_decodings(summary, own))}".strip())
            details.append(f"{arm}: {_basis(own)}")
        if texts:
            title = f"Compared with {reference}, {SPLITS[split]}"
            yield Finding(title, " ".join(texts), " ".join(details), "note")


def _traces(summary: Summary) -> Iterator[Finding]:
    """What share of answers, and of right answers, rests on a sound trace."""
    reference = summary.reference or ""
    for split, key in summary.headline.items():
        shares, rights, between = [], [], []
        for arm in summary.arms:
            own = summary.score(key, arm, "sound", summary.main_decoding)
            if own is None or own.value.mean is None:
                continue
            shares.append(
                f"{estimate(own.value, percent_sign=True)} of {_possessive(arm)} (n = {own.value.n:,})"
            )
            fold = summary.fold(key, arm, summary.main_decoding)
            if fold is not None and fold.sound_if_right.mean is not None:
                right = fold.sound_if_right
                rights.append(f"{arm_name(arm)} {estimate(right, percent_sign=True)} (n = {right.n:,})")
            versus = summary.gap(key, arm, reference, "sound", summary.main_decoding)
            if versus is not None and versus.value.mean is not None:
                none = "" if versus.value.sign else f"; {_why_none(versus.value)}"
                between.append(
                    f"{arm} minus {reference}: {_points(versus.value)}{none} ({_basis(versus)[:-1]})."
                )
        if shares:
            text = f"Answers that rest on a sound trace, {SPLITS[split]}: {', '.join(shares)}."
            detail = [f"Among right answers only: {', '.join(rights)}."] if rights else []
            yield Finding(f"Sound traces, {SPLITS[split]}", text, " ".join(detail + between), "note")


def _collapse(summary: Summary) -> Iterator[Finding]:
    """Did training take the reasoning away, or shorten it? Said for each arm, against the warm start."""
    key = summary.headline.get("id") or summary.headline.get("ood") or ""
    for arm in summary.trained:
        sound = summary.gap(key, arm, BASELINE, "sound", summary.main_decoding)
        tokens = summary.gap(key, arm, BASELINE, "tokens", summary.main_decoding)
        if sound is None or tokens is None or sound.value.mean is None or tokens.value.mean is None:
            continue
        share = {1: "sound traces became more frequent", -1: "sound traces became rarer"}.get(
            sound.value.sign, "no measurable change in the share of sound traces"
        )
        length = {1: "traces became longer", -1: "traces became shorter"}.get(
            tokens.value.sign, "no measurable change in length"
        )
        text = (
            f"{arm} over the warm start, {SPLITS[summary.scope(key).split]}: {share}, {_points(sound.value)}"
            f"{_levels(summary, sound)}; {length}, "
            f"{gap(tokens.value, TOKENS).replace(' [', ' tokens [', 1)}"
            f"{_levels(summary, tokens)}."
        )
        detail = f"Sound traces: {_basis(sound)} Length: {_basis(tokens, TOKENS)}"
        yield Finding(f"What training did to the traces: {arm}", text, detail, _TONES[sound.value.sign])


def _shortcuts(summary: Summary) -> Iterator[Finding]:
    where = {1: "above it", -1: "below it", 0: "not measurably apart from it"}
    for split, key in summary.headline.items():
        best = summary.shortcut(key)
        gaps = [summary.gap(key, arm, SHORTCUT, "correct", summary.main_decoding) for arm in summary.trained]
        own = [g for g in gaps if g is not None and g.value.mean is not None]
        if best is None or best.value is None or not own:
            continue
        parts = [f"{g.arm} is {where[g.value.sign]}, {_points(g.value)}" for g in own]
        text = (
            f'The best shortcut {SPLITS[split]} is "{best.name}" with '
            f"{estimate(best.value, percent_sign=True)}; {'; '.join(parts)}."
        )
        some = f"{best.value.n:,} of " if best.value.n < best.items else ""
        detail = f"n = {some}{count(best.items, 'item')}. " + " ".join(f"{g.arm}: {_basis(g)}" for g in own)
        yield Finding(f"Shortcuts, {SPLITS[split]}", text, detail, "note")


def _points(value: Difference) -> str:
    """ "+18.2 points [12.1, 24.0]"."""
    return gap(value).replace(" [", " points [", 1)


def _why_none(value: Difference) -> str:
    return "one story gives no interval" if value.low is None else "the interval includes zero"


def _levels(summary: Summary, own: Gap) -> str:
    """ " (greedy, 62.1 % against 43.9 %)", or the decoding alone where one of the two is missing."""
    left, right = (summary.score(own.scope, a, own.metric, own.decoding) for a in (own.arm, own.over))
    if left is None or right is None or left.value.mean is None or right.value.mean is None:
        return f" ({own.decoding})"
    unit = unit_of(own.metric)
    sign = " %" if unit == PERCENT else ""
    levels = f"{number(left.value.mean, unit)}{sign} against {number(right.value.mean, unit)}{sign}"
    return f" ({own.decoding}, {levels})"


def _basis(own: Gap, unit: str = PERCENT) -> str:
    """ "greedy; n = 400 items, 200 stories, 2 seeds (+17.9, +18.5); p < 0.001."."""
    seeds = ", ".join(number(v, unit, plus=True) for v in own.by_seed.values())
    missing = f"; {count(own.value.missing, 'pair')} without a value" if own.value.missing else ""
    return (
        f"{own.decoding}; n = {count(own.items, 'item')}, {count(own.value.clusters, 'story')}, "
        f"{count(len(own.seeds), 'seed')} ({seeds}); {p_value(own.value.p)}{missing}."
    )


def _other_decodings(summary: Summary, own: Gap) -> list[Gap]:
    gaps = [summary.gap(own.scope, own.arm, own.over, own.metric, d) for d in summary.decodings[1:]]
    return [g for g in gaps if g is not None and g.value.mean is not None]


def _said(gaps: list[Gap]) -> str:
    return " ".join(f"{_capital(g.decoding)}: {_points(g.value)}, {p_value(g.value.p)}." for g in gaps)


def _possessive(arm: str) -> str:
    return "the warm start's" if arm == BASELINE else f"{arm}'s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def missing_parts(summary: Summary, df: Frame, plan: Plan) -> tuple[str, ...]:
    """What a finished run would have and this one has not, in words; empty for a whole run."""
    missing: list[str] = []
    policy = df[df.kind == "policy"]
    trained = policy[policy.arm != BASELINE]
    table = policy[policy.checkpoint.isin((BASELINE, "final"))]
    final = table[table.checkpoint == "final"]
    if BASELINE not in set(table.arm):
        missing.append("the warm start has no rows on the full suites: no gains can be computed")
    arms = [*summary.trained, *(arm for arm in plan.arms if arm not in summary.arms and arm != BASELINE)]
    seeds = sorted(set(summary.seeds) | set(plan.seeds))
    suites = [suite for scope in summary.scopes if not scope.pooled for suite in scope.suites]
    answers = table.groupby(["suite", "decoding", "arm", "seed"], observed=True).size()
    most = answers.groupby(["suite", "decoding"], observed=True).max()
    if not arms:
        missing.append("no trained arm has rows")
    for arm in arms:
        for seed in seeds:
            own = trained[(trained.arm == arm) & (trained.seed == seed)]
            done = final[(final.arm == arm) & (final.seed == seed)]
            if own.empty:
                missing.append(f"{arm}, seed {seed}: no rows")
            elif done.empty:
                missing.append(f"{arm}, seed {seed}: not finished, last measured at step {own.step.max()}")
            else:
                missing += _short(f"{arm}, seed {seed}", done, most)
    base = table[table.arm == BASELINE]
    if len(base):
        missing += _short("warm start", base, most)
    rules = df[df.kind == "heuristic"]
    missing += [f"{s}: no shortcut heuristic was measured" for s in suites if s not in set(rules.suite)]
    unknown = sorted(c for c in policy.checkpoint.unique() if not c.startswith("step-"))
    missing += [f"rows of checkpoint {c!r} are not used" for c in unknown if c not in (BASELINE, "final")]
    if len(summary.provenance["configs"]) > 1:
        missing.append(f"rows of {len(summary.provenance['configs'])} different configs are mixed")
    return tuple(missing)


def _short(who: str, rows: Frame, most: Frame) -> list[str]:
    """Suites (by decoding) on which `who` has no answers, or fewer than the others have."""
    own = rows.groupby(["suite", "decoding"], observed=True).size()
    found = []
    for (suite, decoding), size in most.items():
        have = int(own.get((suite, decoding), 0))
        if have == 0:
            found.append(f"{who}: no {decoding} answers on {suite}")
        elif have < size:
            found.append(f"{who}: {have:,} of {size:,} {decoding} answers on {suite}")
    return found


def limits(summary: Summary) -> tuple[str, ...]:
    """What this run cannot tell, whatever it found."""
    tests = sum(1 for g in summary.gaps if g.value.p is not None)
    seeds = count(len(summary.seeds), "seed")
    texts = [
        f"Whether another training run would end the same. There are {seeds} per arm; the intervals say how "
        "much the figures depend on the choice of stories, not of seeds. Each seed's own value stands beside "
        "the mean.",
        "Whether a larger policy, another model family or another warm start behaves the same: this is one "
        "policy, trained from one warm start.",
        "Whether reasoning in another form is sound: verdicts hold for claims that the checker can read; the "
        "share of uncheckable claims is in the reasoning table.",
        f"Which of many small differences are real: {tests:,} tests were computed and their p-values are not "
        "corrected for their number. An interval of zero width means that all stories gave one value, not "
        "certainty.",
        "How far a score is above every shortcut: only the listed ones were tried. The best one is chosen on "
        "the same items, which flatters it.",
    ]
    ood = [scope.key for scope in summary.scopes if scope.split == "ood" and not scope.pooled]
    if ood:
        texts.append(
            f"What happens out of distribution in general: the suites are {', '.join(ood)}. Where they are "
            "taken together every item weighs alike, so larger suites count for more."
        )
    else:
        texts.append("Anything about stories out of distribution: no such suite was measured.")
    return tuple(texts)
