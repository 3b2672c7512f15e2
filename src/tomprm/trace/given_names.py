"""First names that English gives to women only, or to men only: whom "she" and "he" may mean.

A name that both bear (Avery, Jordan, Taylor, ...) is in neither list, and may be meant by either pronoun.
"""

from __future__ import annotations

from tomprm.trace.words import word_set

_WOMEN = word_set(
    """aaliyah abby abigail ada adalynn addison adele adelyn adriana agnes aisha alana alexa alexandra
    alexandria alice alicia alina alison allison alyssa amanda amber amelia amy ana anastasia andrea angela
    angelica angelina anita anna annabelle anne annie april aria ariana arianna ashley ashlyn astrid athena
    aubree audrey aurora autumn ava barbara beatrice bella bertha beth bethany betty beverly bianca brenda
    brianna bridget brittany brooke brooklyn caitlin camila camille carla carmen carol carolina caroline
    carolyn catherine cecilia celeste charlotte chelsea cheryl chloe christina christine cindy claire clara
    clarissa claudia cora courtney cynthia daisy daniela danielle deborah debra delilah denise destiny diana
    diane dolores donna dora doris dorothy edith eleanor elena eliana elise eliza elizabeth ella ellen elliana
    ellie eloise elsie emilia emily emma erica erika erin esme esther eva eve evelyn faith fatima felicity
    fiona flora florence frances francesca freya gabriela gabriella gabrielle gemma genesis genevieve georgia
    gianna gina giulia gladys gloria grace gracie greta gwen hailey haley hanna hannah harriet hazel heather
    heidi helen helena hilda holly ida imogen ines ingrid irene iris isabel isabella isabelle isla ivy
    jacqueline jada jane janet janice jasmine jeanette jennifer jenny jessica jill joan joanna jocelyn
    josephine joyce juanita judith judy julia juliana julie juliet june kaitlin kaitlyn kara karen karina
    kassidy kate katelyn katherine kathleen kathryn katie katrina kayla kaylee keira keisha kelsey kendra
    khloe kiara kimberly kirsten kristen kristina kylie lara latoya laura lauren layla lea leah leila lena
    lila lillian lilly lily linda lisa lola lorraine louise lucia lucy luna lydia mabel mackenzie madeline
    madelyn madison maggie makayla malia mandy margaret maria mariah mariana marie marilyn marina marissa
    marjorie martha mary matilda maya megan melanie melissa melody mercedes mia michelle mila millie mina
    miranda miriam molly monica nadia nancy naomi natalia natalie natasha nevaeh nicole nina nora norma olivia
    paige pamela patricia paula pauline penelope penny phoebe piper priya rachel rebecca regina renee rita
    rosa rosalie rose rosemary rosie ruby ruth sabrina sadie sally samantha sandra sara sarah savannah
    scarlett selena serena sharon sheila shirley sienna silvia sofia sonia sophia sophie stella stephanie sue
    susan suzanne sylvia tamara tanya tara teresa tessa thelma theresa tiffany tina trinity valentina valeria
    valerie vanessa vera veronica victoria viola violet virginia vivian wanda wendy willow ximena xiomara
    yasmin yolanda yvonne zara zoe zoey"""
)
_MEN = word_set(
    """aaron abel abraham adam adrian ahmed aidan aiden alan albert alejandro alexander alfred ali allan allen
    alvin andre andrew anthony antonio archie arnold arthur arturo asher austin axel barry ben benjamin
    bernard bill billy bob bobby brad bradley brandon brayden brendan brent brett brian brody bruce bruno
    bryan bryce bryson byron caleb callum calvin carl carlo carlos carter cesar chad charles chester christian
    christopher clarence clayton clifford clyde cole colin colton connor cooper craig curtis cyrus damian
    damon dan daniel darren dave david dean declan dennis derek derrick desmond diego dominic donald donovan
    douglas duane duncan dustin dwayne dwight dylan earl eddie edgar edmund eduardo edward edwin eli elias
    elijah elliot emil emilio emmanuel enrique eric erik ernest ethan eugene evan everett ezekiel ezra fabian
    felix fernando filip finn floyd francisco frank franklin fred frederick gabriel garrett gary gavin george
    gerald gerard gideon giovanni glen glenn gordon graham grant greg gregory gus gustav guy harold harry
    harvey hassan hector henrik henry herbert herman howard hugh hugo hunter ian isaac isaiah ivan jace jack
    jackson jacob jake james jared jason jasper javier jaxon jayden jeff jeffrey jeremiah jeremy jerome jerry
    jesus jim jimmy joaquin joe joel john johnny jonah jonas jonathan jorge jose joseph joshua josiah juan
    julian julio justin kaleb karl keith kenneth kevin kristopher kurt kyle lachlan landon larry lars lawrence
    leo leon leonard leonardo leroy levi liam lorenzo louis luca lucas luis lukas luke malcolm malik manuel
    marc marcel marco marcos marcus mario mark marshall martin marvin mason mateo matteo matthew maurice max
    maxwell michael miguel mike miles milo mitchell mohammed muhammad nathan nathaniel neil nelson nicholas
    nick nicolas noah nolan norman oliver omar orlando oscar otto owen pablo patrick paul pedro perry peter
    philip phillip preston rafael ralph ramon randall raul ray raymond reginald ricardo richard rick ricky
    robert roberto rodney roger roland roman ronald ross roy russell ryan salvador samuel santiago saul scott
    sean sebastian sergio seth shane shaun simon spencer stanley stefan stephen steve steven stuart tanner ted
    terrence theo theodore thomas tim timothy tobias todd tom tony travis trent trevor tristan tyler tyson
    ulysses vernon victor vincent walter warren wayne wesley william wyatt xander xavier zachary zane"""
)
SEXES = dict.fromkeys(_WOMEN, 1) | dict.fromkeys(_MEN, 3)  # as `words.PRONOUNS`
