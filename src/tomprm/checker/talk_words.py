"""The words by which traces about conversations speak of hearing, knowing and being there."""

from __future__ import annotations

import re

from tomprm.trace.claims import ClaimKind
from tomprm.trace.lexicon import Lexicon
from tomprm.world.events import Fact, Question, Story
from tomprm.world.items import Item
from tomprm.world.languages.fantom import KNOWN
from tomprm.world.languages.informing import stems

NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
COUNT = re.compile(
    r"\b(?:only|exactly|just|all|these|those|the) (?P<n>one|two|three|four|five|six|[1-6])\b(?: of them)?"
    r"(?: (?:people|persons|characters|participants|speakers))?\b[^.,;]{0,60}\bknows?\b",
    re.IGNORECASE,
)
QUOTE = re.compile(
    r"\b(?P<who>[A-Z]\w+)\b(?:\*\*)?[^.\"“”]{0,40}\b(?:says?|said|repl(?:ies|ied)|answers?|answered"
    r"|asks?|asked|adds?|added)"
    r"[^.\"“”]{0,30}[\"“](?P<words>[^\"“”]{15,})[\"”]"
)
KNOWS = re.compile(
    r"\b(?P<who>[A-Z]\w+)\b(?:\*\*)? (?:(?:does|do|can|must|will|would|be said|to|certainly|clearly"
    r"|also|really|therefore"
    r"|still|not|cannot|never|now|too|thus|surely|definitely|doesn['’]t|can['’]t"
    r"|didn['’]t) ){0,5}(?:to )?(?:knows?|learns?)"
    r" (?:about )?(?P<what>which|what|who|where|how|why|it\b(?! was| is)|the (?:precise |correct |full "
    r"|exact )*answer)"
)
THAT = re.compile(
    r"\b(?P<who>[A-Z]\w+|he|she)\b(?:\*\*)? (?:(?:also|therefore|must|have|has|been|close|by|and|really"
    r"|clearly|surely|then|is) ){0,5}"
    r"(?:knows?|heard|hears|learn(?:s|ed|t)|aware) (?:that|of|about|them|him|her|how)\b"
)
SO = re.compile(r"\W*(?:so|therefore|hence|thus|that means|this means|consequently)\b", re.IGNORECASE)
OPEN = re.compile(r"\b(?:if|whether|would|could|might|may|perhaps|maybe|unless|before)\b", re.IGNORECASE)
MIND = re.compile(r"\b(?:know|knows|think|thinks|believes?|aware|unaware)\b", re.IGNORECASE)
ANY = re.compile("")
MEANT = {  # the words that a claim of this kind has in traces about conversations; else it was misread
    ClaimKind.PRESENCE: re.compile(r"\b(?:there|here|present|away|absent|conversation|discussion|chat"
    r"|around|gone)\b", re.I),
    ClaimKind.EXIT: re.compile(r"\b(?:lea(?:ve|ves|ving)|left|exit\w*|depart\w*|go(?:es|ne)?|went"
    r"|head\w*|step\w*)\b", re.I),
    ClaimKind.PERCEPTION: re.compile(
        r"\b(?:hear\w*|listen\w*|miss\w*|overhear\w*|overheard|aware|unaware|know\w*|idea|clue|learn\w*"
        r"|caught|catch\w*"
        r"|oblivious|dark|informed)\b", re.I
    ),
}  # fmt: skip
WHOLE = re.compile(
    r"\b(?:whole|entire|throughout|all along|all of (?:it|this|that)|from the (?:very )?(?:start"
    r"|beginning|first)"
    r"|first line to the last|always|never leaves|the entire time)\b",
    re.IGNORECASE,
)
NOT = re.compile(
    r"\b(?:not|never|no|nothing|nobody|without|neither|nor|unmentioned)\b|n['’]t\b", re.IGNORECASE
)
YES = re.compile(r"(?:yes|✓|✔|x)\b|[✓✔✅]", re.IGNORECASE)
NO = re.compile(r"no\b|[✗✘❌]", re.IGNORECASE)
HEARING = re.compile(r"hear|know|present|there|aware|took part", re.IGNORECASE)
ASK = stems(
    "what which who whom whose how why when where did does was were are has have had the and that for "
    "from with during after before their his her they she know knows believe believes think thinks "
    "thought regarding discuss discussed discussing mention mentioned says said tells told talk talks "
    "talked talking conversation question answer precise correct characters list about into this part "
    "only joins join later there been being then also so because while just not all them than would could "
    "according hears heard hear listens aware unaware point"
)
PLACES = ("conversation", "discussion", "chat", "group", "talk", "exchange")
ANSWERS = (
    "answer", "precise answer", "correct answer", "precise correct answer", "full answer", "details",
    "information", "exact answer",
)  # fmt: skip
RARE = 3  # so many words that stand in at most so many lines: told again
STAY = 0.75  # of the conversation: whoever took part in more was "there for it"


def lexicon(item: Item) -> Lexicon:
    """People, "the conversation" as a room, and the words of the question as its topic."""
    topic = item.question.fact.thing
    people = Story((), (), item.story.agents)
    words = Lexicon(people, Question(item.question.chain, Fact("", KNOWN)), "")
    for place in PLACES:
        words.phrases[place,] = ("R", "conversation")
    for phrase in ANSWERS:
        words.phrases[tuple(phrase.split())] = ("K", topic)
    names = stems(" ".join(item.story.agents))
    for word in re.findall(r"[a-z]{4,}", topic.lower()):
        if not stems(word) & (ASK | names) and (word,) not in words.phrases:
            words.topic_words[word] = topic
    words.measure()
    return words
