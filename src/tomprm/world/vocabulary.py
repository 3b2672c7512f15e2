"""Words for generated stories. Held-out names never occur in training stories.

All lists are tomprm's own choice of everyday words; colours and nouns combine into containers as in
Hi-ToM (`red_box`).
"""

from __future__ import annotations

from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TRAIN_NAMES = _words(
    "Ada Alba Alina Anna Arlo Astrid Ben Bianca Boris Bruno Carla Cora Cyrus Dalia Dario Dora Edith Elena "
    "Elias Emil Enzo Erin Esme Ezra Felix Fiona Flora Frida Gavin Gemma Greta Gus Hanna Hector Helga Hugo "
    "Ida Igor Ines Iris Ivan Jana Jasper Joel Jonas Julia Kai Karim Katia Kira Lara Lena Leo Linus Lola "
    "Luca Mara Marco Maya Milo Mona Nadia Nora Oscar Olga Otto Paula Pedro Petra Pia Quinn Rafael Rita Rosa "
    "Ruben Sara Selma Simon Stella Sven Tara Theo Tilda Tomas Ulla Uri Vera Viktor Viola Wanda Willa Xenia "
    "Yara Yusuf Zara Zeno"
)
HELD_OUT_NAMES = _words(
    "Agnes Amir Basil Brita Casper Clara Dana Dimitri Elsa Erik Fabio Freya Gina Gregor Heidi Henrik Ilse "
    "Isak Jorge Judith Klaus Lidia Lorenz Marta Mirko Nils Nina Oda Pavel Polly Ralf Ronja Silas Sonja Thea "
    "Tobias Ursula Vito Wilma Yana"
)
THINGS = _words(
    "apple ball book brush candle card clock coin comb cup drum egg fan flute glove hat jar key kite lamp "
    "lemon letter map mask melon mug onion orange peach pear pen plum potato purse ring rope scarf shell "
    "spoon stamp ticket tomato watch whistle"
)
COLOURS = ("red", "green", "blue", "black", "white", "yellow")
NOUNS = _words(
    "bag basket bin bowl box bucket cabinet case chest closet crate drawer jug pot sack shelf tin tray "
    "trunk vase"
)
ROOMS = _words(
    "attic barn basement bedroom cabin cellar den garage garden hall kitchen library loft lounge office "
    "pantry porch studio study tent workshop"
)
SIGHTS = ("bird", "cat", "dog", "horse", "monkey", "mouse")


@dataclass(frozen=True)
class Vocabulary:
    """The words of one family of stories; two vocabularies without a name in common cannot leak."""

    names: tuple[str, ...]
    things: tuple[str, ...] = THINGS
    places: tuple[str, ...] = tuple(f"{c}_{n}" for c in COLOURS for n in NOUNS)
    rooms: tuple[str, ...] = ROOMS


# "all" is for pretraining: it stands for a model that knows every word and none of the stories.
VOCABULARIES = {
    "train": Vocabulary(tuple(TRAIN_NAMES)),
    "held_out": Vocabulary(tuple(HELD_OUT_NAMES)),
    "all": Vocabulary((*TRAIN_NAMES, *HELD_OUT_NAMES)),
}
