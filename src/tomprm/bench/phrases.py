"""The narrators' phrases: several paraphrases of each clause, one drawn for each step.

`[sees|see]` is the verb for one name or for several. Names fill {names}, {name} (who acts), {listener};
{belief} is a whole nested belief. No clause says more than the field of `Point` that it words.
"""

from __future__ import annotations

Bank = dict[str, tuple[str, ...]]

BASE: Bank = {
    # what happens
    "start": ("at first the {thing} is in the {place}", "the {thing} starts out in the {place}"),
    "place": ("the {thing} is in the {place}", "at this point the {thing} is in the {place}"),
    "move": (
        "{name} moves the {thing} to the {place}",
        "{name} puts the {thing} in the {place}",
        "{name} takes the {thing} and puts it into the {place}",
        "the {thing} goes into the {place}, moved by {name}",
    ),
    "enter": ("{names} [enters|enter] the {room}", "{names} [comes|come] into the {room}"),
    "found": (", where the {thing} is in the {place}", " and the {thing} is there in the {place}"),
    "exit": ("{names} [leaves|leave] the {room}", "{names} [exits|exit] the {room}"),
    "claim": (
        "{name} publicly claims that the {thing} is in the {place}",
        "{name} says out loud that the {thing} is in the {place}",
    ),
    "tell": (
        "{name} privately tells {listener} that the {thing} is in the {place}",
        "in private, {name} tells {listener} that the {thing} is in the {place}",
    ),
    # who takes it in
    "all": ("everyone sees this", "everybody witnesses it"),
    "nobody": ("nobody else sees this", "there is no other witness"),
    "saw": ("{names} [sees|see] it", "{names} [sees|see] this", "{names} [is|are] there and [watches|watch]"),
    "missed": (
        "{names} [does|do] not see it",
        "{names} [misses|miss] it",
        "{names} [doesn't|don't] see this",
    ),
    "gone": (
        "{names} [is|are] not in the {room} and [does|do] not see it",
        "{names}, not being in the {room}, [misses|miss] it",
        "since {names} [is|are] not in the {room}, {names} [doesn't|don't] see that",
    ),
    "lost": (
        "{names} [is|are] distracted and [misses|miss] it, but nobody notices that",
        "{names} [does|do] not notice, although the others assume that {names} saw it",
    ),
    "secret": (
        "{names} [watches|watch] in secret, so nobody else knows that {names} saw it",
        "{names} secretly [sees|see] it without the others knowing",
    ),
    "deaf": ("{names} [does|do] not hear it", "{names} [is|are] not part of that conversation"),
    "trust": ("{names} [believes|believe] {name}", "{names} [takes|take] {name}'s word for it"),
    "doubt": (
        "{names} [does|do] not believe {name}",
        "{names} [has|have] no reason to trust {name} and [doesn't|don't]",
    ),
    # what follows
    "later": (", because {name} left after {hearer}", ", since {name} stayed longer than {hearer}"),
    "earlier": (", because {name} left before {hearer}", ", since {hearer} stayed longer than {name}"),
    "now": ("so {belief}", "which means that {belief}", "as a result, {belief}"),
    "still": ("so {belief}", "nothing changes: {belief}", "this leaves the belief as it was: {belief}"),
    "idle": ("that does not change anything: {belief}", "meanwhile {belief}"),
    "exited": ("at that moment, {belief}", "so {belief}", "whatever comes next, for the moment {belief}"),
    "conclusion": (
        "So {belief}.",
        "Therefore, {belief}.",
        "Putting it together, {belief}.",
        "Hence {belief}.",
    ),
    "rest": (
        "Lines {line}-{until} are not about the {thing}.",
        "Lines {line} to {until} say nothing about the {thing}.",
    ),
    # fillers
    "plan": (
        "Let me go through the story step by step.",
        "I need to track the {thing} and who knows what about it.",
        "First, let me work out what the question asks.",
    ),
    "events": ("**Events**", "**What happens**", "**Step by step**"),
    "wrap": ("**Conclusion**", "**Answer**", "**Putting it together**"),
    "hm": ("Let me put that together.", "So what does this mean for the question?"),
}

NUMBERED: Bank = {
    **BASE,
    "plan": ("Let's break down the story step by step.", "Let's work through the events in order:"),
    "now": ("so {belief}", "this updates the belief: {belief}", "as a result, {belief}"),
}

TIMELINE: Bank = {
    **BASE,
    "plan": (
        "Timeline for the {thing}:",
        "Let me go through the timeline:",
        "What happens to the {thing}, in order:",
    ),
    "start": ("start: the {thing} is in the {place}", "the {thing} is in the {place}"),
    "missed": ("{names} [misses|miss] that", "{names} [doesn't|don't] see that"),
    "saw": ("{names} [sees|see] that", "{names} [notices|notice] that"),
}

RAMBLING: Bank = {
    **BASE,
    "plan": (
        "Okay, so I need to figure out where the {thing} is supposed to be in somebody's mind here.",
        "Alright, let me think about this one carefully.",
        "Okay, there is quite a lot going on in this story, so let me take it slowly.",
    ),
    "hm": (
        "Hmm, okay, let me think about what that adds up to.",
        "Right, so where does that leave us?",
        "Okay, I think I have all the pieces now.",
    ),
    "start": (
        "okay, the {thing} is in the {place} at first",
        "so it all starts with the {thing} in the {place}",
    ),
    "place": ("okay, the {thing} is in the {place}", "so the {thing} is sitting in the {place}"),
    "move": (
        "then {name} moves the {thing} to the {place}",
        "okay, so {name} goes and puts the {thing} in the {place}",
        "now {name} moves it, I mean the {thing}, to the {place}",
        "next up, {name} takes the {thing} over to the {place}",
    ),
    "enter": ("okay, {names} [comes|come] into the {room}", "so {names} [walks|walk] into the {room}"),
    "exit": ("then {names} [leaves|leave] the {room}", "and {names} [heads|head] out of the {room}"),
    "claim": (
        "hmm, {name} tells everyone that the {thing} is in the {place}",
        "and then {name} announces that the {thing} is in the {place}",
    ),
    "tell": ("oh, and {name} tells {listener} in private that the {thing} is in the {place}",),
    "saw": ("{names} [is|are] right there and [sees|see] it", "{names} definitely [sees|see] that"),
    "missed": ("{names} [doesn't|don't] get to see that", "{names} [misses|miss] that one"),
    "gone": (
        "{names} [isn't|aren't] in the {room}, so that one goes past {names}",
        "hmm, {names} [isn't|aren't] in the {room} at that moment and [misses|miss] it",
    ),
    "trust": ("I'd say {names} [buys|buy] what {name} says", "{names} [believes|believe] {name} on that"),
    "doubt": (
        "I don't think {names} [buys|buy] what {name} says",
        "{names} [doesn't|don't] believe {name} on that",
    ),
    "now": ("so, okay, {belief}", "so at this point {belief}", "and that means {belief}"),
    "still": ("so nothing new here, {belief}", "but hold on, that changes nothing, {belief}", "so {belief}"),
    "exited": ("so the way I see it, {belief}", "okay, so {belief}"),
    "conclusion": (
        "So I'm fairly confident that {belief}.",
        "Okay, so all in all {belief}.",
        "So it should be that one: {belief}.",
    ),
}

EPISTEMIC: Bank = {
    **BASE,
    "all": ("everyone is aware of this", "this is known to everybody"),
    "nobody": ("nobody else is aware of this",),
    "saw": (
        "{names} [is|are] aware of this",
        "{names} [knows|know] about that",
        "{names} [realises|realise] it",
    ),
    "missed": (
        "{names} [is|are] unaware of this",
        "{names} [has|have] no idea about that",
        "{names} [does|do] not know that this happened",
    ),
    "gone": (
        "{names} [is|are] not in the {room} and so [has|have] no idea about it",
        "not being in the {room}, {names} [remains|remain] unaware of it",
    ),
    "lost": ("{names} [is|are] distracted and [has|have] no idea about it, yet nobody else realises that",),
    "secret": ("{names} secretly [learns|learn] of it, but nobody else knows that {names} [does|do]",),
    "deaf": ("{names} [knows|know] nothing of what was said", "{names} [is|are] unaware of this message"),
    "trust": ("{names} [is|are] convinced by what {name} says", "{names} [is|are] ready to believe {name}"),
    "doubt": ("{names} [is|are] not convinced by what {name} says",),
    "now": ("so {belief}", "from what is known, {belief}"),
    "still": ("so {belief}", "no new knowledge reaches that belief: {belief}"),
    "exited": ("with what is known so far, {belief}", "as a consequence, {belief}"),
    "conclusion": ("So {belief}.", "Given who knows what, {belief}.", "It follows that {belief}."),
}

PASSIVE: Bank = {
    **BASE,
    "start": ("the {thing} was first kept in the {place}",),
    "place": ("the {thing} was found in the {place}", "the {thing} is kept in the {place}"),
    "move": (
        "the {thing} is moved to the {place} by {name}",
        "the {thing} is put into the {place} by {name}",
    ),
    "enter": ("the {room} is entered by {names}",),
    "found": (", where the {thing} is kept in the {place}",),
    "exit": ("the {room} is left by {names}",),
    "claim": ("it is publicly claimed by {name} that the {thing} is in the {place}",),
    "tell": ("{listener} is told in private by {name} that the {thing} is in the {place}",),
    "all": ("this is seen by everyone",),
    "nobody": ("this is not seen by anybody else",),
    "saw": ("this is seen by {names}", "it is witnessed by {names}"),
    "missed": ("this is missed by {names}", "it is not seen by {names}"),
    "gone": ("it is missed by {names}, who [is|are] not in the {room}",),
    "lost": ("it is missed by {names}, which is not noticed by anybody",),
    "secret": ("it is secretly seen by {names}, which is not known to the others",),
    "deaf": ("it is not heard by {names}",),
    "trust": ("{name} is believed by {names}",),
    "doubt": ("{name} is not believed by {names}",),
    "now": ("so {belief}", "as a result, {belief}"),
    "still": ("so {belief}", "nothing is changed by this: {belief}"),
    "exited": ("for now, {belief}",),
    "conclusion": ("So {belief}.", "Therefore, {belief}."),
}

PAST: Bank = {
    **BASE,
    "plan": ("Let me retrace what each of them saw.", "The question is about the {thing}, so I follow it."),
    "start": ("at first the {thing} was in the {place}", "the {thing} was in the {place}"),
    "place": ("at that time the {thing} was in the {place}", "the {thing} was in the {place}"),
    "move": ("{name} moved the {thing} to the {place}", "{name} put the {thing} into the {place}"),
    "enter": ("{names} came into the {room}", "{names} entered the {room}"),
    "found": (", where the {thing} was in the {place}",),
    "exit": ("{names} left the {room}",),
    "claim": ("{name} publicly claimed that the {thing} was in the {place}",),
    "tell": ("{name} privately told {listener} that the {thing} was in the {place}",),
    "all": ("everyone saw this",),
    "nobody": ("nobody else saw it",),
    "saw": ("{names} saw it", "{names} saw that happen"),
    "missed": ("{names} did not see it", "{names} missed that"),
    "gone": (
        "{names} [was|were] not in the {room} then and missed it",
        "{names} did not see it because {names} [was|were] not in the {room}",
    ),
    "lost": ("{names} [was|were] distracted and missed it, which nobody noticed",),
    "secret": ("{names} watched in secret, so the others did not know that {names} saw it",),
    "deaf": ("{names} did not hear that",),
    "trust": ("{names} believed {name}",),
    "doubt": ("{names} did not believe {name}",),
    "now": ("so after that {belief}", "so {belief}"),
    "still": ("so even then {belief}", "so {belief}"),
    "exited": ("so at that moment {belief}",),
}

CORRECTION: Bank = {
    **PAST,
    "recall": (
        "Wait, let me re-check that. ",
        "Wait, let me look at this again. ",
        "Hold on, let me double-check. ",
    ),
}

LINES: Bank = {**BASE, "place": ("the {thing} is in the {place}",), "recall": ("Looking at it again, ",)}

TERSE: Bank = {
    **PAST,
    "saw": ("{names} saw that", "{names} [was|were] there"),
    "missed": ("{names} missed it", "{names} didn't see it"),
    "conclusion": ("So {belief}.", "{belief}.", "Thus {belief}."),
}
