"""First names that are nearly always a woman's or a man's: whom "she" and "he" cannot mean.

Names that both bear (Avery, Riley, Parker, Morgan, Taylor, ...) are left out: these may be meant by either.
"""

from __future__ import annotations

from tomprm.trace.words import word_set

_WOMEN = word_set(
    """abigail adalynn alexandra alice alicia alison amanda amber amelia amy andrea angela anita anna anne
    annie aria ariana ashley audrey ava barbara bella bethany betty brianna bridget brooklyn camila
    carla carmen carol caroline catherine charlotte chloe christina christine cindy claire clara
    clarissa courtney daisy danielle deborah diana donna dorothy eleanor elena elizabeth ella ellen
    emilia emily emma erica erin esther eva evelyn fatima fiona florence gabriella gabrielle gianna
    gloria grace gracie greta hailey hannah hazel heather helen holly ida ines ingrid irene iris
    isabel isabella isla ivy jane janet jasmine jennifer jessica joan joanna josephine judith judy
    julia juliana julie kaitlyn kara karen karina katherine kathleen katie katrina kayla kaylee
    kelsey kiara kimberly kristen laura lauren layla lea leah lena lillian lily linda lisa lucy
    lydia madeline madison makayla margaret maria marie marina martha mary maya megan melanie
    melissa mia michelle mila miriam molly monica nadia nancy naomi natalie natasha nicole nina nora
    olivia paige pamela patricia paula penelope priya rachel rebecca rosa rose ruby ruth sadie sally
    samantha sandra sara sarah selena sharon shirley sofia sonia sophia sophie stella stephanie
    susan suzanne tamara tanya tara teresa tessa tina valentina valeria vanessa vera veronica
    victoria violet virginia vivian wendy yasmin yvonne zara zoe zoey"""
)
_MEN = word_set(
    """aaron adam adrian ahmed aidan aiden alan albert alejandro alexander alfred andrew anthony antonio
    arthur austin ben benjamin bernard bobby brad brandon brian brody bruce bryce bryson caleb carl
    carlo carlos charles christian christopher clayton cole colin colton connor cooper craig damian
    daniel david dean dennis diego dominic donald douglas dylan eduardo edward edwin eli elias
    elijah emil eric erik ethan eugene evan felix fernando filip frank fred gabriel gary gavin
    george gerald graham gregory gustav harold harry hassan hector henrik henry howard hugo hunter
    ian isaac ivan jace jack jackson jacob jake james jason jaxon jeffrey jeremiah jeremy jerome
    jesus joaquin joe john jonah jonas jonathan jorge jose joseph joshua juan julian julio justin
    karl keith kenneth kevin kristopher kyle lachlan landon lars lawrence leo leon leonard levi liam
    louis luca lucas luis luke malik marco marcus mario marshall martin mason mateo matteo matthew
    max maxwell michael miguel mohammed nathan nathaniel neil nicholas noah oliver omar oscar otto
    owen pablo patrick paul pedro peter philip rafael ralph raymond ricardo richard robert roberto
    roger roland ronald ryan samuel scott sean sebastian sergio simon stefan stephen steven theo
    theodore thomas timothy tobias tom tristan tyler tyson victor vincent walter wesley william
    wyatt xavier zachary"""
)
_GENDER = {name: 1 for name in _WOMEN} | {name: 3 for name in _MEN}


def gender(name: str) -> int:
    """1 for a woman's name, 3 for a man's (as in `Group.pronoun`), 0 where it may be either."""
    return _GENDER.get(name.lower(), 0)
