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
# The words of the Hi-ToM release (Apache-2.0): a model that never saw a word cannot copy it.
HITOM_NAMES = _words(
    "Abigail Aiden Alexander Amelia Ava Avery Benjamin Carter Charlotte Chloe Elizabeth Ella Emily Emma "
    "Evelyn Hannah Isabella Isla Jack Jackson Jacob Liam Lily Logan Mila Nathan Noah Owen Sophia William"
)
HITOM_THINGS = _words(
    "apple asparagus banana beans cabbage carrot cherry corn cucumber eggplant grapes green_pepper lemon "
    "lettuce lime melon onion orange peach pear peas persimmon plum potato spinach sweet_potato tangerine "
    "tomato turnip watermelon"
)
HITOM_NOUNS = _words(
    "basket bathtub bottle box bucket chest container crate cupboard drawer envelope pantry suitcase "
    "treasure_chest"
)
HITOM_ROOMS = _words(
    "TV_room attic back_yard basement bathroom bedroom cellar closet crawlspace den dining_room front_yard "
    "garage garden hall hallway kitchen laundry living_room lounge master_bedroom office pantry patio "
    "playroom porch staircase study sunroom workshop"
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


def _union(*lists: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for words in lists for word in words))


# "all" is for pretraining: it stands for a model that knows every word and none of the stories.
VOCABULARIES = {
    "train": Vocabulary(tuple(TRAIN_NAMES)),
    "held_out": Vocabulary(tuple(HELD_OUT_NAMES)),
    "all": Vocabulary(
        _union(TRAIN_NAMES, HELD_OUT_NAMES, HITOM_NAMES),
        _union(THINGS, HITOM_THINGS),
        _union(Vocabulary.places, tuple(f"{c}_{n}" for c in COLOURS[:3] for n in HITOM_NOUNS)),
        _union(ROOMS, HITOM_ROOMS),
    ),
}
