# ruff: noqa: E501 (a case is one line)
"""Four own stories and single steps of reasoning about them, each with the statuses it may get.

A line is `STORY STATUSES: step`. Statuses: S supported, X contradicted, U uncheckable, N no claim; more
than one letter where abstaining is fine too (a copied line of the story is no
reasoning). ` // ` parts steps: the last one is judged, the ones before it
give the context and are right. `\\n` is a line break within a step. `- ` at a line's start: same story and
statuses as above.
"""

from __future__ import annotations

HITOM = """1 Mila, Oscar, Tara, Felix and Ruth entered the kitchen.
2 The melon is in the red_crate.
3 Mila moved the melon to the blue_basket.
4 Mila exited the kitchen.
5 Oscar made no movements and stayed in the kitchen for 1 minute.
6 Oscar exited the kitchen.
7 Tara moved the melon to the green_box.
8 Tara exited the kitchen.
9 Felix saw a dog.
10 Felix moved the melon to the white_drawer.
11 Felix exited the kitchen.
12 Ruth moved the melon to the red_crate.
13 Ruth exited the kitchen.
14 Mila, Oscar, Tara, Felix and Ruth entered the waiting_room.
15 Tara, Mila and Felix entered the garage.
16 The scarf is in the black_chest.
17 Tara moved the scarf to the tin_bucket.
18 Tara exited the garage.
19 Mila made no movements and stayed in the garage for 1 minute.
20 Mila exited the garage.
21 Felix moved the scarf to the black_chest.
22 Felix exited the garage.
23 Tara, Mila and Felix entered the waiting_room."""

# Two visits to one room, a public and a private tell between them (both false, both believed).
VISITS = """1 Nora, Paul and Iris entered the study.
2 The stamp is in the oak_chest.
3 Nora moved the stamp to the tin_box.
4 Nora exited the study.
5 Paul moved the stamp to the blue_bag.
6 Paul exited the study.
7 Iris made no movements and stayed in the study for 1 minute.
8 Iris exited the study.
9 Nora, Paul, Iris and Jonas entered the waiting_room.
10 Iris publicly claimed that stamp is in the old_suitcase now.
11 Paul privately told Nora that the stamp is in the oak_chest now.
12 Nora and Jonas entered the study.
13 Jonas moved the stamp to the tin_box.
14 Jonas exited the study.
15 Nora made no movements and stayed in the study for 1 minute.
16 Nora exited the study.
17 Nora and Jonas entered the waiting_room."""

EXPLORE = (
    "Lena entered the pantry. Lena moved the silver ring to the leather pouch, which is also located in the "
    "pantry. Theo entered the pantry. Lena left the pantry. Theo moved the silver ring to the glass jar, "
    "which is also located in the pantry. While this action was happening, Lena witnessed this action in "
    "secret (and only this action). Ivan entered the pantry. Ivan moved the silver ring to the wooden box, "
    "which is also located in the pantry. While this action was happening, Theo got distracted and did not "
    "realize what happened, without anyone noticing the brief lack of attention, and going back to paying "
    "attention immediately after the action was finished. Theo told privately to Ivan about the harvest "
    "festival. Theo left the pantry. Ivan moved the silver ring to the attic, leaving the wooden box in its "
    "original location."
)

TOMI = """1 Chloe entered the porch.
2 Jack entered the porch.
3 The onion is in the suitcase.
4 The suitcase is in the porch.
5 Chloe exited the porch.
6 Jack moved the onion to the crate.
7 The crate is in the porch.
8 Emma entered the porch.
9 Emma likes the pear.
10 Jack exited the porch.
11 Chloe entered the garden."""

ROWS = {
    "H": {
        "source": "hitom",
        "story": HITOM,
        "question": "Where does Ruth think Felix thinks Tara thinks the melon is?",
        "choices": "A. red_crate, B. blue_basket, C. green_box, D. white_drawer, E. black_chest",
        "answer": "green_box",
    },
    "V": {
        "source": "hitom",
        "story": VISITS,
        "question": "Where does Paul really think the stamp is?",
        "choices": "A. oak_chest, B. tin_box, C. blue_bag, D. old_suitcase",
        "answer": "old_suitcase",
    },
    "E": {
        "source": "exploretom",
        "story": EXPLORE,
        "question": "In which container does Ivan think that Theo will search for the silver ring?",
        "answer": "wooden box",
    },
    "T": {
        "source": "tomi",
        "story": TOMI,
        "question": "Where does Jack think that Chloe searches for the onion?",
        "choices": ["suitcase", "crate"],
        "answer": "suitcase",
    },
}

CASES = {
    "presence": """
H S: Mila, Oscar, Tara, Felix and Ruth are all in the kitchen at the start.
- When the melon was in the red_crate, all five of them were in the kitchen.
- Tara, Felix and Ruth were still in the kitchen when Tara moved the melon.
- Oscar was no longer in the kitchen when Felix moved the melon.
- At the time of line 7, only Tara, Felix and Ruth are in the kitchen.
- Ruth was alone in the kitchen when she moved the melon back to the red_crate.
- Oscar had already left by the time Tara moved the melon.
- Only Felix and Ruth remain in the kitchen after Tara leaves.
- Felix is not in the kitchen any more when Ruth moves the melon.
H SU: Oscar and Ruth never go to the garage.
H X: Oscar was still in the kitchen when Felix moved the melon to the white_drawer.
- Mila was present when Tara moved the melon to the green_box.
- Felix and Ruth were both in the kitchen when Ruth put the melon into the red_crate.
- Oscar was in the garage when Tara moved the scarf.
T S: Chloe and Jack are both on the porch when the onion is in the suitcase.
- Emma was not there yet when Jack moved the onion.
- Chloe was not in the porch when Jack moved the onion to the crate.
T X: Emma was on the porch when Jack moved the onion to the crate.
- Chloe was still in the porch when Jack moved the onion to the crate.
E SU: Theo was alone in the pantry when he moved the silver ring to the glass jar.
E S: Theo and Ivan were both in the pantry when Ivan moved the silver ring to the wooden box.
E X: Ivan was in the pantry when Theo moved the silver ring to the glass jar.
- Lena was in the pantry when Ivan moved the silver ring to the wooden box.
V S: Paul is not in the study during the second visit.
- Jonas was not in the study when Paul moved the stamp.
V X: Jonas was in the study when Nora moved the stamp to the tin_box.
""",
    "entering and leaving": """
H S: Everyone enters the kitchen together.
- Then Mila leaves the kitchen.
- Mila exits the kitchen right after moving the melon.
- Next, Oscar walks out of the kitchen without touching anything.
- Tara leaves before Felix moves the melon.
- Mila is the first to leave the kitchen.
- Afterwards everyone goes to the waiting_room.
- After that, Tara, Mila and Felix enter the garage.
- Felix leaves the kitchen after putting the melon in the white_drawer.
- First Mila leaves, then Oscar, then Tara.
H SUN: Oscar leaves after Mila.
- Ruth is the last one to leave the kitchen.
H XUN: Mila leaves the kitchen after Oscar.
- Felix is the last one to leave the kitchen.
H X: After that, Oscar, Mila and Felix enter the garage.
- Oscar goes into the garage together with Mila.
T S: Emma came in after Jack had moved the onion.
- Chloe left the porch before the onion was moved.
- Later, Chloe goes into the garden.
T SUN: Chloe never comes back to the porch.
T XUN: Jack left the porch before Chloe.
T X: Emma leaves the porch before Jack moves the onion.
E S: Lena leaves the pantry, so only Theo remains.
- Ivan entered the pantry after Theo had moved the silver ring.
- Theo comes into the pantry while Lena is still there.
V S: Nora and Jonas then go into the study.
""",
    "perception": """
H S: Mila did not see Tara move the melon to the green_box.
- Felix witnessed Tara's move.
- Oscar watched Mila put the melon into the blue_basket.
- Tara didn't notice that Felix moved the melon to the white_drawer.
- Only Felix and Ruth witnessed the melon being moved to the white_drawer.
- Since Oscar had left, he missed Tara's move to the green_box.
- Oscar was unaware that the melon had been moved to the green_box.
- Mila, Oscar, Tara, Felix and Ruth all see the melon in the red_crate.
- Mila never saw the melon in the white_drawer.
H SUN: Ruth saw every move of the melon.
- Neither Mila nor Oscar saw Tara's move.
- Nobody but Ruth saw the last move of the melon.
H X: Mila saw Tara move the melon to the green_box.
- Oscar witnessed Tara's move.
- Felix missed Tara's move to the green_box because he had left.
H XUN: Mila saw every move of the melon.
- Mila and Oscar both saw Tara move the melon.
T S: Chloe did not see the onion being moved to the crate.
- Emma did not witness Jack moving the onion, since she only came in afterwards.
E S: Lena secretly watched Theo move the silver ring to the glass jar.
- Theo was distracted and missed Ivan's move to the wooden box.
- Lena did not see Ivan move the silver ring to the wooden box.
E SUN: Theo didn't know that Lena was watching him.
E X: Lena did not see Theo move the silver ring to the glass jar.
- Theo saw Ivan move the silver ring to the wooden box.
- Ivan saw Theo move the silver ring to the glass jar.
- Lena secretly witnessed Ivan moving the silver ring to the wooden box.
V S: When Nora and Jonas enter the study, they see the stamp in the blue_bag.
- Nora sees Jonas move the stamp to the tin_box.
V X: When Nora and Jonas enter the study, they see the stamp in the oak_chest.
- Paul saw Jonas move the stamp to the tin_box.
""",
    "location": """
H S: The melon starts out in the red_crate.
- Initially, the melon is in the red_crate.
- After Mila's move, the melon is in the blue_basket.
- In the end, the melon is really in the red_crate.
- After Felix moved it, the melon was in the white_drawer.
- The melon is now in the green_box, and Mila and Oscar do not know that.
- The melon was in the white_drawer just before Ruth moved it.
- The scarf ends up back in the black_chest.
H SUN: The scarf is first in the black_chest.
- The melon's final location is the red_crate.
- The actual location of the melon at the end is the red_crate.
H XUN: After Mila's move the melon is in the green_box.
- The melon is in the tin_bucket.
- The scarf is first in the tin_bucket.
- The melon's final location is the green_box.
H X: In the end, the melon is really in the white_drawer.
T S: The onion is actually in the crate.
- The onion was originally in the suitcase.
- At first the onion is inside the suitcase.
T X: The onion is still in the suitcase at the end of the story.
T XUN: The onion is in the garden.
E S: The silver ring is now in the glass jar.
- At the end, the silver ring is in the attic.
E SUN: Lena first puts the ring in the leather pouch.
E X: At the end, the silver ring is in the pantry.
V SUN: After Paul's move the stamp is in the blue_bag.
V XUN: After Paul's move the stamp is in the tin_box.
V X: The stamp was in the old_suitcase when Iris left the study.
""",
    "who moved what": """
H SN: Mila moved the melon to the blue_basket.
H S: Tara took the melon out of the blue_basket and put it into the green_box.
- It was Felix who put the melon in the white_drawer.
- Ruth returned the melon to the red_crate.
- Felix moved the scarf back to the black_chest.
- Mila transfers the melon from the red_crate to the blue_basket.
H SUN: Oscar did not move the melon.
- Oscar made no moves and just stayed in the kitchen.
- The first person to move the melon was Mila.
- Ruth was the last to move the melon.
H X: Oscar moved the melon to the blue_basket.
- Mila moved the melon to the green_box.
- It was Ruth who put the melon in the white_drawer.
- Mila moved the scarf to the black_chest.
- Mila moved the melon to the tin_bucket.
- Ruth placed the melon in the white_drawer.
H XUN: Tara did not move the melon.
- The first person to move the melon was Tara.
- Felix was the last to move the melon.
T S: Jack put the onion in the crate.
- Jack moves the onion from the suitcase into the crate.
T X: Emma put the onion in the crate.
- Jack moved the onion from the crate to the suitcase.
- Chloe moves the onion to the crate.
E S: Theo transfers the silver ring to the glass jar.
- Ivan carries the silver ring to the attic and leaves the wooden box behind.
E X: Ivan transfers the silver ring to the glass jar.
- Theo carries the silver ring to the attic.
- Lena moved the silver ring to the wooden box.
V SN: Jonas moved the stamp to the tin_box.
V X: Iris moved the stamp to the blue_bag.
""",
    "belief": """
H S: Oscar thinks the melon is in the blue_basket.
- Felix thinks Oscar thinks the melon is in the blue_basket.
- Ruth believes that Felix believes the melon is in the white_drawer.
- From Tara's point of view, Ruth thinks the melon is in the green_box.
- Ruth thinks Felix thinks Tara thinks the melon is in the green_box.
- Ruth believes that Felix believes that Tara believes the melon is in the green_box.
- According to Ruth, Felix assumes Tara thinks that the melon is in the green_box.
- Ruth thinks Felix thinks Tara thinks Oscar thinks the melon is in the blue_basket.
- Ruth knows that Felix thinks the melon is in the white_drawer.
- For Mila, the melon is in the blue_basket.
- Therefore, Ruth thinks Felix thinks Tara thinks it is in the green_box.
H SUN: Tara's last known location of the melon is the green_box.
- Felix's belief about the melon is the white_drawer.
H X: Oscar thinks the melon is in the green_box.
- Felix thinks Oscar thinks the melon is in the white_drawer.
- At the end, Felix thinks that Ruth thinks the melon is in the red_crate.
- Ruth thinks Felix thinks Tara thinks the melon is in the white_drawer.
- Ruth believes that Felix believes that Oscar believes the melon is in the green_box.
- Felix thinks Ruth thinks Tara thinks Mila thinks the melon is in the green_box.
- According to Ruth, Felix assumes Tara thinks that the melon is in the white_drawer.
- For Mila, the melon is in the white_drawer.
- Therefore, Ruth thinks Felix thinks Tara thinks it is in the white_drawer.
H XUN: Felix's belief about the melon at the end of the story is the red_crate.
T S: Jack thinks Chloe will look for the onion in the suitcase.
- Chloe believes that Jack believes the onion is in the suitcase.
- Emma thinks Jack thinks the onion is in the crate.
- In Emma's mind, Jack believes the onion is in the crate.
T SUN: Jack believes Chloe has a false belief that the onion is in the suitcase.
T X: Jack thinks Chloe will look for the onion in the crate.
- Chloe believes that Jack believes the onion is in the crate.
- Emma thinks Jack thinks the onion is in the suitcase.
E S: Ivan believes that Theo thinks the silver ring is in the wooden box.
- Lena thinks that Theo believes the silver ring is in the glass jar.
- Theo believes the silver ring is in the glass jar.
E X: Ivan believes Theo thinks the silver ring is in the leather pouch.
- Ivan believes that Theo thinks the silver ring is in the glass jar.
- At the end Theo believes the silver ring is in the wooden box.
- Lena believes the silver ring is in the wooden box.
V S: In the end, Nora thinks the stamp is in the tin_box.
V X: In the end, Nora thinks the stamp is in the oak_chest.
- Jonas thinks Nora thinks the stamp is in the oak_chest.
""",
    "knowledge and ignorance": """
H S: Mila doesn't know that the melon was moved to the green_box.
- Tara has no idea that the melon is in the white_drawer.
- Felix is not aware that Ruth moved the melon back to the red_crate.
- Mila knows that the melon is in the blue_basket.
- Tara and Felix know that the melon is in the green_box.
- Felix knows that Tara moved the melon to the green_box.
H SUN: Mila has no idea where the melon went after she left.
- Nobody except Ruth knows that the melon is back in the red_crate.
- Only Ruth knows where the melon really is.
H XUN: Oscar knows where the melon really is at the end of the story.
H X: Oscar realizes that the melon is in the green_box.
- Mila and Oscar know that the melon is in the green_box.
T S: Chloe doesn't know the onion is in the crate.
- Emma knows the onion is in the crate.
- Chloe is unaware of Jack's move.
T X: Chloe knows the onion is in the crate.
T XUN: Chloe is aware of Jack's move.
E S: Theo and Ivan know about the harvest festival.
- Lena does not know about the harvest festival.
- Ivan learned about the harvest festival from Theo.
- Theo has no idea that the silver ring is in the wooden box.
- Lena doesn't know that the silver ring was moved to the wooden box.
E SUN: Ivan doesn't know that Theo was distracted.
E X: Lena knows about the harvest festival.
- Theo knows that the silver ring is in the wooden box.
""",
    "tells and trust": """
V S: Iris publicly claims that the stamp is in the old_suitcase.
- Paul privately tells Nora that the stamp is in the oak_chest.
- Nora trusts Paul because he left the study after her.
- After Iris's claim, Paul thinks the stamp is in the old_suitcase.
- After Paul's private message, Nora thinks that the stamp is in the oak_chest.
- Iris herself still believes the stamp is in the blue_bag.
- Paul trusts Iris since she left the study later than he did.
- Iris does not hear what Paul tells Nora.
- Nora was told by Paul that the stamp is in the oak_chest.
- Paul believes Iris, so now Paul thinks the stamp is in the old_suitcase.
- Iris announces to everyone that the stamp is in the old_suitcase.
V SUN: Jonas hears Iris's claim and believes the stamp is in the old_suitcase.
- Since Nora left before Paul, she believes him.
- Paul lies to Nora.
- Iris's claim is false.
V SU: Everybody hears Iris's public claim.
- Iris is lying, because the stamp is in the blue_bag.
V X: Iris publicly claims that the stamp is in the oak_chest.
- Paul publicly claims that the stamp is in the old_suitcase.
- Paul privately tells Iris that the stamp is in the oak_chest.
- Nora privately tells Paul that the stamp is in the oak_chest.
- Nora does not trust Paul, because she left the study after him.
- After Iris's claim, Paul still thinks the stamp is in the blue_bag.
- After Paul's private message, Nora thinks the stamp is in the old_suitcase.
- Paul does not believe Iris.
V XUN: Iris trusts Paul since he left the study later than she did.
E S: Theo privately told Ivan about the harvest festival.
- Ivan was told about the harvest festival by Theo.
E X: Ivan told Theo about the harvest festival.
- Theo told Lena about the harvest festival.
H X: Felix told Mila that the melon is in the white_drawer.
""",
    "would look, still, originally": """
T S: Chloe would look for the onion in the suitcase.
- Jack would search the crate.
- Chloe still thinks the onion is in the suitcase.
- Chloe will go to the suitcase to find the onion.
T SUN: If asked, Emma would look for the onion in the crate.
- Chloe still thinks the onion is where it was originally.
- The onion's original location is the suitcase.
T X: Chloe would look for the onion in the crate.
- Chloe will search for the onion inside the crate.
T XUN: The onion's original location is the crate.
- Emma thinks the onion is where it was originally.
H S: Mila would look for the melon in the blue_basket.
- Oscar still believes the melon is in the blue_basket.
H SUN: At the end the melon is back where it was originally.
- Ruth put the melon back where it was originally.
H X: Mila will look in the white_drawer for the melon.
H XUN: Tara still thinks the melon is in the blue_basket after her own move.
- Felix put the melon back where it was originally.
E S: Theo will search for the silver ring in the glass jar.
- Theo still thinks the silver ring is in the glass jar.
E X: Lena will search for the silver ring in the wooden box.
- Lena would look for the ring in the wooden box.
""",
    "ordinals": """
H SUN: The second move was made by Tara.
- Mila missed the second move.
- Tara saw the second move but not the third.
- Oscar only saw the first move.
- The last move of the melon was made by Ruth.
- The melon was moved four times.
H S: The second move of the melon was to the green_box.
- In the third move, Felix puts the melon in the white_drawer.
- After the first move, everyone thinks the melon is in the blue_basket.
H XUN: The second move was made by Oscar.
- Felix missed the second move.
- Tara saw the third move.
- Oscar saw the first two moves.
- The last move of the melon was made by Felix.
- The melon was moved only twice.
H X: After the second move, everyone thinks the melon is in the green_box.
""",
    "groups": """
H S: After line 4, everyone except Mila is in the kitchen.
- Mila and Oscar have left by then. // Both of them think the melon is in the blue_basket.
- All five agents know that the melon is in the blue_basket after Mila's move.
H SUN: Everyone but Ruth missed the final move to the red_crate.
- Nobody other than Felix and Ruth saw the move to the white_drawer.
- Only Felix and Ruth are left after Tara leaves. // Both of them see the melon go to the white_drawer.
- None of the others saw Ruth move the melon.
- All of them except Oscar moved the melon.
H X: Mila and Oscar have left by then. // Both of them think the melon is in the green_box.
- All five agents know that the melon is in the green_box after Tara's move.
H XUN: Only Felix and Ruth are left after Tara leaves. // Both of them missed the move to the white_drawer.
H SUN: Mila moves the melon to the blue_basket and leaves. Tara and Felix move it after that. // Mila did not see those.
- Mila moved the melon to the blue_basket and left, and she knew of no other move.
- Oscar leaves after Mila has moved it, and Mila is gone by then. // So neither of them knew of any other move.
- Tara moves the scarf to the tin_bucket. // The move to the green_box was not witnessed by Mila.
- Felix, Tara and Mila are later all in the garage, after Ruth has left the kitchen.
H XUN: Mila leaves before Oscar does. // They both saw the move to the green_box.
T S: Chloe and Jack both know the onion is in the suitcase.
- Chloe and Jack enter the porch. // Both of them see the onion in the suitcase.
T SU: In the end everyone except Chloe knows that the onion is in the crate.
T X: In the end everyone knows that the onion is in the crate.
""",
    "pronouns and ellipsis": """
H S: Mila moves the melon to the blue_basket. // She then leaves the kitchen.
- Mila moves the melon to the blue_basket. // So she thinks it is in the blue_basket.
- Oscar leaves the kitchen without moving anything. // So he doesn't see Tara move it to the green_box.
- Tara moves the melon to the green_box, then exits.
- Mila puts the melon in the blue_basket and Tara later in the green_box.
- Felix moves it to the white_drawer and leaves.
H SUN: Felix saw the move to the green_box. // Ruth did as well.
- Felix saw the move to the green_box. // Oscar didn't.
- Oscar thinks the melon is in the blue_basket. // Mila does too.
- Moves the melon to the green_box: Tara.
H XUN: Mila moves the melon to the blue_basket. // So she thinks it is in the green_box.
- Tara thinks the melon is in the green_box. // So does Mila.
- Felix saw the move to the green_box. // Ruth didn't.
H X: Tara moves the melon to the white_drawer, then exits.
T S: Jack moves the onion to the crate while Chloe is out. // He knows that she did not see it.
- Chloe leaves the porch. // Jack then moves the onion to the crate, and she doesn't see it.
- Jack moved the onion after Chloe left. // So she still thinks it is in the suitcase.
E SUN: Theo moves the silver ring to the glass jar. // Lena secretly watches him do it.
- Ivan moves the ring to the wooden box. // He thinks Theo saw it.
""",
    "passive voice": """
H S: The melon was moved to the green_box by Tara.
- The melon was put in the white_drawer by Felix.
- The melon was placed back in the red_crate by Ruth.
- Mila was not there when the melon was moved to the green_box.
H SUN: The move to the white_drawer was seen by Felix and Ruth only.
- The melon was never moved by Oscar.
H X: The melon was moved to the green_box by Felix.
- The melon was put in the white_drawer by Tara.
- The melon was moved to the blue_basket by Oscar.
- Mila was there when the melon was moved to the green_box.
H XUN: The move to the white_drawer was seen by Tara.
T S: The onion was moved to the crate by Jack while Chloe was away.
- The onion was moved after Chloe had left.
T SUN: Jack's move was not seen by Chloe.
T X: The onion was moved to the crate by Chloe.
T XUN: Jack's move was seen by Chloe.
E S: The silver ring was moved to the glass jar by Theo, which was secretly seen by Lena.
E X: The silver ring was moved to the glass jar by Lena.
V S: The stamp was moved to the blue_bag by Paul.
- The stamp is believed by Iris to be in the blue_bag.
V X: The stamp was moved to the blue_bag by Nora.
""",
    "no claim: conditionals, quotes, questions, plans": """
H NU: If Mila had seen it, she would think the melon is in the green_box.
- If Oscar had stayed, he would know that the melon is in the white_drawer.
- Suppose Mila had witnessed the move to the white_drawer.
- The question asks: "Where does Ruth think Felix thinks Tara thinks the melon is?"
- Where does Oscar think the melon is?
- Did Mila see Tara move the melon to the green_box?
- Does Ruth know that Mila moved the melon to the green_box?
- So what does Felix think Tara thinks?
- Who saw the move to the white_drawer?
- First, I need to find out who was in the kitchen.
- Let me work out where Ruth thinks the melon is.
- Let's track the location of the melon.
- I should check whether Mila saw Tara's move.
- Let me think about this.
- The possible answers are red_crate, blue_basket, green_box, white_drawer and black_chest.
- The key is who was present at each move.
T NU: If Chloe had come back to the porch, she would look in the crate.
- "Where does Jack think that Chloe searches for the onion?"
- Okay, so I need to figure out where Jack thinks Chloe will look for the onion.
- Would Chloe look in the crate?
E NU: If Theo had not been distracted, he would believe the silver ring is in the wooden box.
- We need to determine what Ivan believes about Theo.
V NU: Whether Nora believes that the stamp is in the old_suitcase depends on whom she trusts.
""",
    "hedges": """
H NU: Maybe Mila thinks the melon is in the green_box.
- Perhaps Oscar saw Tara's move.
- Oscar might still have been in the kitchen when Tara moved the melon.
- I am not sure whether Felix saw it.
- Mila could think the melon is in the white_drawer.
- Maybe Tara moved the melon to the green_box.
E NU: It is possible that Theo saw the ring go into the wooden box.
T NUX: Chloe probably thinks the onion is in the crate.
T NUS: I guess Chloe thinks the onion is in the suitcase.
""",
    "names of places and things": """
H S: The melon is in the red crate at first.
- Oscar thinks the melon is in the Blue Basket.
- Oscar thinks the melon is in the `blue_basket`.
- Felix moved the melon to the **white drawer**.
- Everyone goes to the waiting room.
- Tara put the melon into "green_box".
H SUN: Oscar thinks the melon is in the blue-basket.
H SN: MILA MOVED THE MELON TO THE BLUE_BASKET.
H X: Oscar thinks the melon is in the Green Box.
- Felix moved the melon to the **green box**.
- Oscar thinks the melon is in the `white_drawer`.
E S: Theo put the silver ring into the "glass jar".
- Theo put the ring into the jar.
- The silver_ring was moved to the glass_jar by Theo.
E X: Theo put the ring into the box.
- The silver_ring was moved to the wooden_box by Theo.
""",
    "typos, homoglyphs, strangers": """
H SU: Oscr thinks the melon is in the blue_basket.
- Felx moved the melon to the white_drawer.
- Taraa moves the melon to the green_box.
H SUN: Mila moved the mellon to the blue_basket.
- Mila moved the melon to the blue_baskett.
H XU: Felx moved the melon to the green_box.
- Oscr thinks the melon is in the green_box.
H XUN: Mila moved the melon to the gren_box.
T SU: Cloe still thinks the onion is in the suitcase.
- Jakc moved the onion to the crate.
T SUN: Chloe still thinks the onion is in the suitcse.
T XU: Cloe thinks the onion is in the crate.
H NU: O\u0455car thinks the melon is in the green_box.
- \u041cila saw Tar\u0430 move the melon to the green_box.
- Oscar thinks the mel\u043en is in the green_b\u043ex.
- Osc\u200bar thinks the mel\u200bon is in the gre\u200ben_box.
H XNU: Bob moved the melon to the green_box.
- The banana is in the green_box.
- Zoe thinks the melon is in the green_box.
""",
    "line numbers": """
H S: In line 4 Mila leaves the kitchen.
- In line 7, Tara moves the melon to the green_box.
- At line 6 Oscar still thinks the melon is in the blue_basket.
- Line 2 says that the melon is in the red_crate.
- Oscar left in line 6, before the move in line 7.
- By line 12 only Ruth is in the kitchen.
- Tara moves the melon to the green_box (line 7), which Mila cannot see because she left in line 4.
- Lines 4, 6 and 8: Mila, Oscar and Tara leave the kitchen.
H SU: Between lines 4 and 12 Mila is not in the kitchen.
H X: In line 4 Oscar leaves the kitchen.
- In line 10, Tara moves the melon to the white_drawer.
- At line 11 the melon is in the green_box.
- Line 3 says that the melon is moved to the green_box.
- Oscar left in line 8, after the move in line 7.
- At line 10, Oscar sees the melon being moved to the white_drawer.
- (line 12) The melon is in the white_drawer.
T S: Line 6: Jack moves the onion to the crate.
- As of line 5, Chloe believes the onion is in the suitcase.
- Chloe exits the porch (line 5) before Jack moves the onion (line 6).
T X: Line 6: Emma moves the onion to the crate.
- Chloe exits the porch (line 10) after Jack moves the onion (line 6).
H SN: (line 12) The melon is in the red_crate.
""",
    "time": """
H S: Ruth puts the melon in the red_crate. // Earlier, Felix had put it in the white_drawer.
- At the end, Tara thinks the melon is in the green_box.
- After Oscar left, Tara moved the melon to the green_box.
- Before Mila left, she moved the melon to the blue_basket.
- Right before Tara's move, the melon was in the blue_basket.
- When Mila left, the melon was in the blue_basket.
- Once Tara leaves, Felix moves the melon to the white_drawer.
- The scarf is moved to the tin_bucket. // Before all that, Mila had moved the melon to the blue_basket.
- Felix saw the melon in the blue_basket earlier, but then he saw Tara move it to the green_box.
- Before Felix moved it, the melon was in the green_box.
H SU: While Oscar was in the kitchen, nobody but Mila moved the melon.
H X: Ruth puts the melon in the red_crate. // Earlier, Oscar had put it in the white_drawer.
- At the end Tara thinks the melon is in the white_drawer.
- When Mila left the kitchen, the melon was in the red_crate.
- At the end Oscar thinks the melon is in the red_crate.
H XUN: Felix moved the melon before Tara did.
T S: After Chloe left, the onion was moved to the crate.
- By the time Emma came in, the onion was already in the crate.
T X: When Emma came in, the onion was still in the suitcase.
V S: When Nora came back, the stamp was in the blue_bag.
- On her second visit Nora finds the stamp in the blue_bag.
V X: Before Nora came back to the study, she thought the stamp was in the blue_bag.
E S: After Lena left, Theo moved the silver ring to the glass jar.
- Before Ivan came in, the silver ring was in the glass jar.
""",
    "self-correction and denial": """
H S: Wait, actually Oscar left before Tara's move.
- No, that's wrong: Mila did not see Tara's move.
- Actually, Felix was still in the kitchen when Tara moved the melon.
- Hold on, Tara moved the melon to the green_box, not Felix.
H SUN: It is not true that Mila saw Tara's move.
- It is not the case that Oscar thinks the melon is in the green_box.
- Wait, I said that Mila saw the move, but she had already left.
- Mila thinks the melon is in the blue_basket, not in the green_box.
H X: No, that's wrong: Felix did not see Tara's move.
- Hold on, so Oscar did see Tara move the melon to the green_box.
H XUN: Actually, it was Oscar who moved the melon to the green_box.
T S: Chloe does not think the onion is in the crate.
T SUN: One might think Chloe knows the onion is in the crate, but she left before the move.
- It's tempting to say crate, but Chloe never saw that.
""",
    "tables, blocks and arrows": r"""
H S: | Line | Event | Present | // | 3 | Mila moves melon to blue_basket | Mila, Oscar, Tara, Felix, Ruth |
- | Line | Event | Present | // | 7 | Tara moves melon to green_box | Tara, Felix, Ruth |
- | Person | Thinks the melon is in | // | Mila | blue_basket |
- ## Step 3 ## Mila moves the melon to the blue_basket. Observers: Mila, Oscar, Tara, Felix, Ruth.
- ## Step 7 ##\nEvent: Tara moves the melon to the green_box.\nObservers: Tara, Felix, Ruth.
- ## Step 10 ##\nEvent: Felix moves the melon to the white_drawer\nObservers: Felix, Ruth
- Mila: melon red_crate -> blue_basket
- Tara: melon -> green_box (seen by Felix and Ruth)
- Felix: melon -> white_drawer, Tara not there
- Mila out, Oscar out, then Tara: melon -> green_box
- 3. Tara moves the melon to the green_box; Felix and Ruth see it.
H SUN: - **Tara:** moves the melon to the green_box
- melon: red_crate -> blue_basket -> green_box -> white_drawer -> red_crate
- Mila -> blue_basket
- Mila out => still blue_basket
H X: | Line | Event | Present | // | 7 | Tara moves melon to white_drawer | Tara, Felix, Ruth |
- | Person | Thinks the melon is in | // | Mila | white_drawer |
- ## Step 7 ## Event: Tara moves the melon to the green_box. Observers: Mila, Tara, Felix, Ruth.
- ## Step 10 ##\nEvent: Felix moves the melon to the green_box\nObservers: Felix, Ruth
- Tara: melon -> green_box (seen by Mila and Felix)
- Felix: melon -> green_box
H XUN: - **Tara:** moves the melon to the white_drawer
- melon: red_crate -> green_box -> blue_basket -> white_drawer -> red_crate
H XU: Belief(Mila) = white_drawer
T S: Chloe leaves -> misses the move -> thinks suitcase
- Jack: onion -> crate, Chloe not there
- Chloe + Jack in porch, onion in suitcase -> both know suitcase
T X: Jack: onion -> crate, Chloe sees it
""",
    "conclusions": """
H S: So in line 7 the melon is in the green_box.
- So Oscar still thinks the melon is in the blue_basket.
- Mila moves the melon and leaves. // So for Mila, the melon is in the blue_basket.
H X: Tara moves the melon to the green_box. // So the melon is now in the white_drawer.
- Tara moves the melon to the green_box. // So Mila knows that the melon is in the green_box.
""",
    "companions and company": """
H S: Tara, Mila and Felix go to the garage together.
- Later Tara goes into the garage with Mila and Felix.
- Felix returns to the waiting_room with Mila and Tara.
- Mila enters the kitchen along with Oscar, Tara, Felix and Ruth.
- Tara moves the melon to the green_box. Only Felix and Ruth are in the kitchen with her.
- After Tara has left, Felix and Ruth are the only ones still in the kitchen.
- Ruth moves the melon to the red_crate, and she is alone in the kitchen.
- Felix moves the melon to the white_drawer with only Ruth in the room.
- Felix moves the melon to the white_drawer when only Ruth is still there with him.
H X: Later Tara goes into the garage with Mila and Ruth.
- Felix enters the garage together with Oscar.
- Oscar goes into the garage with Tara, Mila and Felix.
- Mila moves the melon to the blue_basket, and it's just her and Oscar in the kitchen.
- Felix moves the melon to the white_drawer, and he is alone in the kitchen.
- Felix moves the melon to the white_drawer while Oscar is in the kitchen with him.
- Tara moves the melon to the green_box, with only Felix in the room.
V S: Nora and Jonas go into the study.
- Jonas joins Nora, Paul and Iris in the waiting_room.
V X: All four of them leave the waiting_room. // Paul goes back to the study with Nora and Jonas.
- Jonas goes into the study with Iris.
E S: Theo joins Lena in the pantry.
- Ivan joins Theo in the pantry.
T S: Jack joins Chloe on the porch.
- Emma joins Jack on the porch.
T X: Emma joins Chloe on the porch.
""",
    "coming back": """
V S: Nora goes back to the study.
- Nora enters the study again, and Jonas comes with her.
- Nora and Jonas go into the study. // The stamp is in the blue_bag when they come in.
V X: Iris leaves the study. // Nora, Paul and Jonas come back to the study later.
- Paul enters the study again.
- Iris returns to the study.
T X: Chloe comes back to the porch.
- Chloe enters the porch again, so she sees the crate.
T S: Chloe goes to the garden.
""",
    "being there to see it": """
H S: Tara moves the melon to the green_box, and Ruth is there to see it.
- Tara moves the melon to the green_box. Oscar isn't there to see it.
- Felix moves the melon to the white_drawer, and Tara is no longer there to see it.
- Felix moves it to the white_drawer. Ruth is still around for that.
- Ruth was there to see Felix move the melon to the white_drawer.
- Mila moves the melon to the blue_basket. Oscar, Tara, Felix and Ruth are watching her.
- Oscar saw the melon go into the blue_basket.
- Ruth saw the melon go into the white_drawer.
H X: Tara moves the melon to the green_box, and Oscar is there to see it.
- Felix moves the melon to the white_drawer, and Tara is still around for that.
- Mila was there to see Felix move the melon to the white_drawer.
- Felix moves the melon to the white_drawer, and Tara and Ruth are watching him.
- Oscar saw the melon go into the green_box.
E S: Theo gets distracted when Ivan moves the ring to the wooden box.
- Ivan moves the ring to the wooden box, but Theo is distracted.
E X: Ivan moves the ring to the wooden box, and Theo takes it in.
""",
    "what was seen last": """
H S: The last move that Tara saw was her own move to the green_box.
- The last place that Mila saw together with Oscar and Tara is the blue_basket.
- The last place Tara, Felix and Ruth saw together = green_box
- Last known location of the melon for Oscar: the blue_basket
H X: The last place that Felix saw together with Ruth and Tara is the white_drawer.
- The last place Tara, Felix and Ruth saw together = white_drawer
- Last known location of the melon for Oscar: the green_box
""",
    "where she thinks it is": """
H S: Tara put the melon in the green_box, so that's where she thinks it is.
- Tara thinks the melon is in the green_box, and that's where Ruth thinks Tara will look.
- Tara still has the green_box in mind.
- The melon is thought by Felix to be believed by Tara to be in the green_box.
- Tara expects Ruth to look in the green_box.
- Ruth thinks that Mila and Oscar think that the melon is in the blue_basket.
- The green_box is where Tara is expected by Felix to look.
- Oscar thinks it's in the blue_basket, and he thinks that Mila believes it too.
H X: Tara moves the melon to the green_box, so that's where Oscar thinks it is.
- Oscar still has the green_box in mind.
- The melon is thought by Felix to be believed by Oscar to be in the green_box.
- Ruth expects Tara to look in the white_drawer.
- Ruth thinks that Mila and Oscar think that the melon is in the green_box.
- The white_drawer is where Tara is expected by Felix to look.
- Felix thinks it's in the white_drawer, and he thinks that Tara believes it too.
- I have to correct myself: in the end, Tara thinks the melon is in the red_crate.
- So I need to change my answer, Ruth thinks that Felix thinks that Tara thinks it is in the red_crate.
""",
    "before and after the move": """
T S: Chloe leaves the porch before the move.
- Jack moves the onion to the crate. // Emma comes in only after that.
- Jack moves the onion to the crate. // Chloe had already left, so she didn't notice anything.
- Jack moves the onion to the crate. // Jack leaves the porch after the move.
- Jack moves the onion to the crate while Chloe is out of the porch.
T X: Jack moves the onion to the crate. // Jack had left before the move.
- Jack moves the onion to the crate. // Emma had come in before the move.
- Jack moves the onion to the crate. // Chloe leaves only after the move.
- Chloe is there when Jack moves the onion to the crate.
- Jack moves the onion to the crate while he is out of the porch.
H S: Tara moves the melon to the green_box. // Oscar had already left the kitchen, so he missed it.
H X: Oscar leaves. // Tara moves the melon to the green_box. // Felix had already left, so he missed it.
- Mila moves the melon to the blue_basket. Oscar has already gone by then.
- Tara moves the melon to the green_box, and Ruth has already gone.
""",
    "nothing new": """
V S: Nora goes into the study with Jonas. // Paul is not there, so he gets no new information.
V SU: Nora and Jonas go back to the study. // Paul learns nothing new about the stamp.
V X: Nora and Jonas go back to the study. Nora learns nothing new about the stamp.
- Nora and Jonas go back to the study. Nora gets no new information on the stamp.
H S: Tara, Mila and Felix enter the garage. Mila learns nothing new about the melon.
""",
    "she and he": """
H S: Ruth stays in the kitchen with Felix. He moves the melon to the white_drawer.
- Tara and Felix are in the kitchen. // She moves the melon to the green_box, and he sees it.
- Tara moves the melon to the green_box, and she is still in the kitchen when she does it.
- Felix moves it to the white_drawer. // He leaves, and Ruth is alone in the kitchen.
H X: Tara and Felix are in the kitchen. // At the end, she thinks the melon is in the white_drawer.
- Felix and Ruth are still in the kitchen. // At the end, he thinks the melon is in the red_crate.
- Tara moves it to the green_box, and she is still in the kitchen when Felix moves it to the white_drawer.
H S: Oscar sees Mila move the melon to the blue_basket, and she leaves before he does.
H X: Felix moves the melon to the white_drawer while he is away.
- Tara moves the melon to the green_box while Felix is out of the kitchen.
H S: Tara moves the melon to the green_box while Oscar is out of the kitchen.
""",
    "British English": """
T S: Chloe hasn't got a clue that the onion is in the crate now.
- Whilst Chloe was away, Jack moved the onion to the crate.
- Chloe reckons the onion is in the suitcase.
- Emma realises that the onion is in the crate.
T X: Chloe reckons the onion is in the crate.
- Chloe realises that the onion is in the crate.
E S: Ivan learnt about the harvest festival from Theo.
E X: Lena learnt about the harvest festival from Theo.
H S: Oscar doesn't realise that the melon has been shifted to the green_box.
- Mila has gone by then, so she doesn't recognise that the melon is in the green_box.
H X: Oscar has realised that the melon is in the white_drawer.
""",
    "minds about acts": """
E S: Theo moves the silver ring to the glass jar. // Theo has no idea that Lena saw it.
E X: Theo moves the silver ring to the glass jar. // Theo knows that Lena saw it.
- Theo moves the silver ring to the glass jar. // Theo notices that Lena is watching.
- Theo moves the silver ring to the glass jar. // Theo thinks that Lena saw this move.
E S: Ivan moves the silver ring to the wooden box. // Ivan assumes that Theo saw it.
E X: Ivan moves the silver ring to the wooden box. // Ivan is aware that Theo missed it.
- Ivan moves the silver ring to the wooden box. // Ivan realises that Theo did not notice the move.
H S: Tara moves the melon to the green_box. // Felix knows that Ruth saw this move.
- Tara moves the melon to the green_box. // Felix is aware that Oscar missed it.
- Felix moves the melon to the white_drawer. // Tara has no idea that Ruth saw it.
H X: Tara moves the melon to the green_box. // Felix thinks that Oscar saw it.
- Tara moves the melon to the green_box. // Oscar knows that Felix saw it.
- Felix moves the melon to the white_drawer. // Tara knows that Ruth watched it.
- Felix moves the melon to the white_drawer. // Ruth believes that Tara noticed it.
T X: Jack moves the onion to the crate. // Jack knows that Chloe saw this.
T S: Jack moves the onion to the crate. // Jack knows that Chloe did not see it.
- Jack moves the onion to the crate. // This move is unknown to Chloe.
T X: Jack moves the onion to the crate. // This move is unknown to Jack.
- Jack moves the onion to the crate. // The move was not witnessed by Jack.
""",
    "distraction and secrets": """
E S: Theo was distracted when Ivan moved the silver ring to the wooden box.
- Theo gets distracted, so he misses Ivan's move to the wooden box.
E X: Ivan was distracted when Theo moved the silver ring to the glass jar.
- Lena isn't paying attention at all.
- It was Ivan who got distracted.
- Ivan notices that Theo's mind is elsewhere.
- Ivan watches Theo move the silver ring to the glass jar in secret.
- Theo secretly witnesses Ivan's move to the wooden box.
H X: Felix is distracted while Tara moves the melon to the green_box.
""",
    "what is known from whom": """
E S: Ivan heard about the harvest festival from Theo.
- The harvest festival is known to Ivan.
- The harvest festival is unknown to Lena.
- Ivan has been informed about the harvest festival by Theo.
E X: Theo heard about the harvest festival from Ivan.
- Lena has heard about the harvest festival from Theo.
- The harvest festival is known to Lena.
- Nobody ever mentions the harvest festival to Ivan.
- Theo never mentions the harvest festival to Ivan.
V S: Nora has heard this from Paul.
V X: Nora has heard this from Jonas.
- Jonas informed Nora that the stamp is in the tin_box.
V XU: Nora does not believe what Paul says.
""",
    "so that is where": """
T S: Chloe thinks the onion is in the suitcase, so that's where Jack thinks she will look.
- Chloe is expected by Jack to search in the suitcase.
- The onion is thought by Chloe to be in the suitcase.
- Jack has the crate in mind.
T X: Jack thinks the onion is in the crate, so that's where Jack thinks Chloe thinks it is.
- Jack knows the onion is in the crate, so Jack assumes that Chloe believes it too.
- Chloe is expected by Jack to search in the crate.
- The crate is where Chloe is expected to search by Jack.
- Jack expects Chloe to look in the crate.
- Chloe has the crate in mind.
- Chloe: Jack thinks the onion is in the crate.
- As Chloe sees it, Jack thinks the onion is in the crate.
H X: The melon is thought by Felix to be believed by Tara to be in the white_drawer.
- Felix thinks that Mila and Oscar think the melon is in the green_box.
H S: Felix thinks that Mila and Oscar think the melon is in the blue_basket.
- Felix takes Tara to believe: green_box.
H XU: Felix takes Tara to believe: white_drawer.
""",
    "what is meant by it": """
H SUN: The white_drawer was chosen by Felix, and this was seen by nobody but Ruth.
- The green_box was picked by Tara, which was noticed by Oscar's friends only.
- Felix moves it to the white_drawer. // Ruth then went for the red_crate, and that was witnessed by no one.
- Mila, Oscar, Tara, Felix and Ruth are in the kitchen, and the melon is in the red_crate. // The blue_basket was selected by Mila, which was seen by all of them.
- Mila moves the melon to the blue_basket and leaves. // The green_box was used by Tara after Oscar's exit, and this was not seen by Oscar.
- Mila left the kitchen. // The white_drawer was the choice of Felix, and only Ruth saw this.
- Mila moves the melon to the blue_basket. // Ruth, the last one, opted for the red_crate, and nobody saw that.
H X: The melon was seen by Mila in the green_box.
- The melon was seen by both Mila and Oscar in the white_drawer.
- The melon was seen in the white_drawer by Oscar.
H S: The melon was seen in the green_box by Tara.
H SUN: Tara, Mila and Felix entered the garage. // The scarf was seen by all three of them in the black_chest.
T SUN: Chloe entered the porch first and Jack after that. // The onion was seen by both of them in the suitcase.
- Chloe entered the porch first and Jack after that. // The onion was seen by both.
- Chloe entered the porch first and Jack after that. // The onion in the suitcase was seen by the two of them.
- Chloe entered the porch first and Jack after that. // In the suitcase the onion was seen by both of them.
T X: The onion was seen by Chloe in the crate.
V SUN: Nora and Jonas come back to the study, so Nora sees the later moves there.
- Nora and Jonas go back to the study, so both of them see the later changes, but Paul and Iris do not.
- Nora sees the later move there.
- Nora witnesses the remaining moves.
- Nora and Jonas return, and Nora watches the following moves.
- Nora moves the stamp to the tin_box. // Iris sees the next move as well.
- Nora moves the stamp to the tin_box and leaves. // Paul and Iris see the later moves.
V XU: Iris sees the later moves there.
E SUN: Theo is distracted while Ivan moves the ring to the wooden box. // Ivan did not notice that.
- Theo is distracted while Ivan moves the ring to the wooden box. // Ivan doesn't realise this, so he thinks that Theo knows about it.
- Ivan moves the ring to the wooden box and Theo misses it. // Ivan didn't see that.
- Ivan moves the ring to the wooden box, but Theo was not paying attention. Ivan was unaware of this.
- Ivan moves the ring to the wooden box, but Theo was not paying attention, which Ivan did not notice.
- Ivan moves the ring to the wooden box, but Theo was not paying attention. Nobody noticed that.
- Ivan moves the ring to the wooden box. Theo's mind was elsewhere, and this went unnoticed by Ivan.
- Theo moves the ring to the glass jar and Lena watches in secret. // Theo did not notice that.
- Theo moves the ring to the glass jar and Lena secretly sees it. // Theo is not aware of this.
- Theo moves the ring to the glass jar. Lena peeks in. // Theo doesn't notice it.
- Ivan moves the ring to the wooden box. // Theo didn't notice, and Ivan didn't notice that.
E X: Theo moves the ring to the glass jar. // Theo did not see that.
- Ivan moves the ring to the attic. // Ivan did not notice the move.
T SUN: Chloe: porch -> garden
- Chloe: porch → garden
- Chloe moves from the porch to the garden.
- Chloe: from the porch to the garden
- Chloe moves to the garden.
- Chloe: porch -> out -> garden
- Chloe -> garden
- Chloe: leaves porch -> garden
- Chloe, porch -> garden
- Emma: - -> porch
T X: Jack: porch -> garden
- Emma: porch -> garden
- Emma moves from the porch to the garden.
H SUN: Tara, Mila and Felix: waiting_room -> garage
- Mila: kitchen -> waiting_room -> garage -> waiting_room
- everyone: kitchen -> waiting_room
- all: kitchen -> waiting_room
- Mila: kitchen -> out
H X: Ruth: waiting_room -> garage
- Oscar and Ruth: waiting_room -> garage
E SUN: Ivan: ring -> wooden box -> attic
- Ivan: pantry -> attic (with the ring)
- Ivan: ring: pantry -> attic
- Ivan moves to the attic with the ring.
- Ivan takes the ring and moves to the attic.
- Ivan carries it from the pantry to the attic.
- ring: pantry -> attic
- ring: glass jar -> wooden box
- Lena: out of pantry
H SUN: Mila moves the melon to the blue_basket and leaves. // So Felix knew that Oscar believed it was in the blue_basket.
- Mila moves the melon to the blue_basket. // Tara moves it to the green_box. // So Felix believed that Tara thought it was in the green_box.
- Oscar made no movements and left. Then Felix and Ruth saw the rest. // So Ruth knew that Felix believed it was in the white_drawer.
V SUN: Iris publicly claims that the stamp is in the old_suitcase. // So she knew that Paul did not believe it.
- Iris publicly claims it is in the old_suitcase and Paul tells Nora that it is in the oak_chest. // So now Nora believes it is in the oak_chest.
H SUN: The melon was in the red_crate at first and was moved to the blue_basket by Mila, seen by all five.
- The kitchen was left by Mila, by Oscar and by Tara in this order.
- It is known to Felix that Tara moved the melon to the green_box.
- Felix remained unaware of Ruth's move.
- Felix was made aware of Tara's move by being there.
- Mila never came to know about any of the later moves.
- Ruth learned of each of the moves by watching it.
- Nothing after the blue_basket is known to Mila.
- What was done by Tara was seen by Felix and Ruth, but not by Oscar.
- What Felix did was noticed by Ruth alone.
- By the time the melon was put in the green_box by Tara, Mila and Oscar had left.
- Tara -> green_box (Felix, Ruth see) -> leaves
- Felix -> white_drawer; only Ruth sees
- Ruth -> red_crate, alone; leaves
- Mila out -> Oscar out -> Tara out -> Felix out -> Ruth out
- kitchen: Mila > Oscar > Tara > Felix > Ruth
- Mila > Oscar > Tara: blue_basket
- => Ruth > Felix > Tara: green_box
- Felix > Ruth: white_drawer
- garage: Tara, Mila and Felix
- waiting_room again: Tara, Mila, Felix
- back in the waiting_room: Tara, Mila, Felix
H X: => Mila > Oscar > Tara: green_box
- garage again: Oscar and Ruth
V SUN: study again: Nora and Jonas
- study again = Nora + Jonas, stamp in blue_bag
- study (again): Nora, Jonas -> Nora sees tin_box
- Iris: public claim, stamp in old_suitcase // It was believed by nobody who left after her.
- Iris publicly claims that the stamp is in the old_suitcase. // It was not believed by Iris herself.
- Iris publicly claims that the stamp is in the old_suitcase. // This was believed by Nora and Paul.
- Paul privately tells Nora that it is in the oak_chest. // It was believed by Nora, and nobody else heard it.
V XU: Paul privately tells Nora that it is in the oak_chest. // It was not believed by Nora.
E SUN: Theo: harvest festival -> Ivan
- Theo: harvest festival, with Ivan listening
- Theo: harvest festival (only Ivan hears it)
- Theo: harvest festival, private, to Ivan
- Ivan: hears about harvest festival
- Ivan: harvest festival known
- harvest festival: Theo -> Ivan
E XU: Ivan: harvest festival, with Theo listening
- Theo: harvest festival, with Lena listening
T SUN: Jack sees Chloe leave and knows that she has not seen the move.
- Emma sees Jack leave.
- Chloe sees Jack come in.
- Jack watches Chloe go out.
- Jack watches Emma come in after the move.
T X: Chloe sees Jack leave.
- Chloe watches Emma come in.
E SUN: Ivan watches Theo leave.
- Theo sees Ivan come in.
- Lena sees Theo take it out of the leather pouch.
- Lena does not see Ivan take it out of the pantry.
H SUN: The others left before Ruth, so the last move was witnessed by none of them.
- The fact that Mila was gone was known to Oscar, Tara, Felix and Ruth.
- Tara is believed by Mila to think that it is in the blue_basket.
- It can be known by Felix that Tara last saw it in the green_box.
- It was realised by nobody but Ruth that the melon went back to the red_crate.
- Oscar was still present when the melon was moved by Mila.
- After Tara's move had been seen by Felix and Ruth, Tara walked out.
- The scarf story in the garage is watched by Mila and Felix, but not by Ruth.
- Mila is in the garage later, but the melon is not there, so she learns nothing new about it.
- Tara, Mila and Felix are together again later, but only the scarf is moved there.
""",
    "right by construction": """
H SUN: It was seen by everybody that the melon had been moved to the blue_basket.
- The move to the green_box was only witnessed by Felix and Ruth.
- The move made by Tara could be seen by Felix and Ruth, who were still there.
- The kitchen had already been left by Mila and Oscar when the green_box was chosen.
- Nothing was seen by Mila after she had gone.
- Mila's exit was seen by Oscar, Tara, Felix and Ruth.
- It was not seen by Oscar that Tara moved it.
- The blue_basket is the last place seen by Oscar and Mila.
- The melon was last seen by Tara in the green_box.
- Felix assumes that nothing was seen by Oscar after the blue_basket.
- Ruth is aware that Felix saw only his own move after Tara's.
- Ruth realised that Mila could not have known of the white_drawer.
- Mila did not suspect that the melon would be moved again.
- Oscar took for granted that it would stay in the blue_basket.
- Tara is certain that Oscar has not learned about the green_box.
- Felix was sure that Mila still believed in the blue_basket.
- Oscar wasn't told about the green_box by anybody.
- Tara never doubted that the melon was in the green_box.
- Mila expected to find it in the blue_basket.
- Nobody but Ruth ever learned that it ended in the red_crate.
- Mila -> sees blue_basket -> leaves
- Mila: red_crate -> blue_basket, leaves
- melon: red_crate -> blue_basket -> green_box -> white_drawer -> red_crate
- Mila -> blue_basket / Oscar -> - / Tara -> green_box
- Oscar: nothing -> leaves
- Oscar: - -> out
- Tara -> green_box -> out (Felix + Ruth watching)
- after Tara: only Felix, Ruth
- all 5 -> waiting_room
- Tara + Mila + Felix -> garage (scarf)
- Felix sees: blue_basket, green_box, white_drawer
- Mila knows: blue_basket
- Oscar: blue_basket (last seen)
- Ruth: saw everything
- seen by Tara: red_crate, blue_basket, green_box
- left before green_box: Mila, Oscar
- Mila !see green_box
- Oscar x green_box
- Mila, Oscar: no green_box
- kitchen order: Mila -> Oscar -> Tara -> Felix -> Ruth
- Mila moves the melon to the blue_basket and leaves. // Oscar stays and does nothing, and Mila does not see that because she is out.
- Mila moves the melon to the blue_basket. // Oscar just waited for a minute. // It was seen by Tara, Felix and Ruth.
- Mila exits. // Oscar does not move it, which is seen by the rest.
- Tara moves the melon to the green_box. // Felix saw a dog, and nobody else noticed that.
- Felix saw a dog. // Tara did not notice it.
- Felix saw a dog. // Only he saw it.
- Felix saw a dog, but this doesn't matter. // Felix moves the melon to the white_drawer, and only Ruth sees this.
- Tara moves the melon to the green_box. // Mila and Oscar weren't there. Tara didn't miss that.
- Mila, Oscar, Tara, Felix and Ruth meet in the waiting_room. // Tara, Mila and Felix go on to the garage, and this is not seen by the others there.
- Tara, Mila and Felix enter the garage. // Mila sees the second move of the scarf? No, only the first one.
- Tara, Mila and Felix are in the garage. // Mila watches Tara's move there.
- Tara, Mila and Felix are in the garage. // Felix sees all the moves there.
- Tara, Mila and Felix go to the garage, so Felix sees the later moves there too, and Mila sees one of them.
V SUN: Nora and Jonas return to the study. // Jonas moves the stamp to the tin_box. // It was believed by Nora, too.
- Iris publicly claims that the stamp is in the old_suitcase. // It was heard by everyone.
- Iris publicly claims it is in the old_suitcase. // The claim was believed by Nora and Paul since Iris left last.
- Paul privately tells Nora about the oak_chest. // Only Nora was told this, and it is believed by her.
- Paul privately tells Nora about the oak_chest. // Iris and Jonas were not told, so nothing about it is known to them.
- Paul privately tells Nora about the oak_chest. // This was heard by nobody else.
- Paul privately tells Nora about the oak_chest. // Nobody else is aware of it.
E SUN: Theo moves the ring to the glass jar. Lena watched in secret, and no one else noticed that.
- Theo moves the ring to the glass jar. // Nobody was aware that Lena had seen it.
- Theo moves the ring to the glass jar. // Lena's watching was noticed by nobody.
- Theo moves the ring to the glass jar. // It was secretly seen by Lena, which Theo doesn't know.
- Theo moves the ring to the glass jar. // Theo believed that nobody had seen it.
- Theo moves the ring to the glass jar. // Theo thought that Lena did not know about it.
- Ivan moves the ring to the wooden box. // The move was missed by Theo, but this was noticed by nobody.
- Ivan moves the ring to the wooden box. // Ivan took it that Theo had seen this.
- Ivan moves the ring to the wooden box. // To Ivan it looked as if Theo had been watching.
- Theo: harvest festival -> told to Ivan
- Theo leaves pantry -> Ivan: ring -> attic
- Ivan: wooden box stays, ring -> attic
- Theo: pantry -> out
- Lena: pantry -> out, Theo in
- Ivan takes the ring from the pantry to the attic, and nobody sees this.
- The ring was taken to the attic by Ivan after the pantry had been left by Theo.
- Theo watches Ivan come in.
- Theo heard nothing about it from Ivan.
- Ivan: harvest festival, Theo: harvest festival
- Ivan moves from the pantry to the attic.
T SUN: Jack -> crate (Chloe gone) -> Emma comes
- Jack: onion -> crate; Emma: nothing -> Chloe: garden
- Emma moves into the porch.
- Emma saw the onion in the crate, and this was not seen by Chloe.
- The porch was entered by Emma after the onion had been moved.
- The onion was not seen by Chloe in the crate.
- The onion was never seen in the crate by Chloe.
- The onion was last seen by Chloe in the suitcase.
- The onion was seen in the suitcase by Chloe and Jack.
- The move to the crate was seen by nobody else.
- Jack moves the onion to the crate, which nobody else notices.
""",
    "back there, and out of it": """
V SX: Nora, Paul and Iris leave the study. // Nora and Jonas come back. // study again: Nora, Paul and Jonas
V SU: Nora, Paul and Iris leave the study. // Nora and Jonas come back. // study again: Nora + Jonas
E X: Theo watches Ivan take the ring out of the pantry.
""",
}

# Whole traces: a step a line, wrong steps marked by "! ".
WALKS = {
    "prose": (
        "H",
        """
First, all five of them enter the kitchen, where the melon is in the red_crate.
Mila moves the melon to the blue_basket while everyone is watching, and then she leaves.
Oscar does nothing and leaves as well, so both of them believe the melon is in the blue_basket.
Tara then moves the melon to the green_box. Only Felix and Ruth see this, since Mila and Oscar have gone.
After Tara leaves, Felix puts the melon in the white_drawer, which Ruth sees but Tara does not.
Finally Ruth, who is alone now, puts it back in the red_crate.
The second visit, to the garage, is about the scarf and does not matter here.
Tara's belief is the green_box, because that was the last thing she saw.
Felix was there when Tara moved it, and he knows that she missed his own move.
So Ruth thinks Felix thinks Tara thinks the melon is in the green_box.
""",
    ),
    "prose, wrong": (
        "H",
        """
First, all five of them enter the kitchen, where the melon is in the red_crate.
Mila moves the melon to the blue_basket and leaves the kitchen.
Oscar leaves the kitchen without moving anything.
! Tara then moves the melon to the white_drawer.
! Oscar sees Tara's move.
After Tara leaves, Felix puts the melon in the white_drawer.
! Tara sees Felix move the melon to the white_drawer.
! So Ruth thinks Felix thinks Tara thinks the melon is in the white_drawer.
""",
    ),
    "numbered lines": (
        "H",
        """
1. Line 1: all five enter the kitchen.
2. Line 2: the melon is in the red_crate, and everyone sees it.
3. Line 3: Mila moves the melon to the blue_basket; everyone sees it.
4. Line 4: Mila leaves. Line 6: Oscar leaves.
5. Line 7: Tara moves the melon to the green_box; Felix and Ruth see it.
6. Line 8: Tara leaves.
7. Line 10: Felix moves the melon to the white_drawer; only Ruth sees it besides him.
8. Line 12: Ruth moves the melon to the red_crate; nobody else sees it.
9. Lines 14-23 do not change anybody's belief about the melon.
10. Tara last saw the melon in the green_box, so she thinks it is there.
11. Felix knows that Tara left right after her own move.
12. Hence Ruth thinks Felix thinks Tara thinks the melon is in the green_box.
""",
    ),
    "rambling": (
        "H",
        """
Okay, let me see. So everyone is in the kitchen at first and the melon is in the red_crate.
Then Mila moves it to the blue_basket and leaves.
Hmm, Oscar just stays for a minute and leaves too.
Next Tara moves it to the green_box.
Wait, who is still there? Felix and Ruth are, but Mila and Oscar are not.
Then Tara leaves and Felix moves it to the white_drawer.
Does Tara know that? No, she has already left the kitchen.
So Tara still thinks it's in the green_box.
And Felix knows that Tara thinks so, because he saw her move it and then leave.
Ruth was there the whole time, so Ruth knows all of this too.
So the answer should be green_box.
""",
    ),
    "tells": (
        "V",
        """
Nora, Paul and Iris are in the study and see the stamp in the oak_chest.
Nora moves it to the tin_box and leaves.
Paul moves it to the blue_bag, seen only by Iris, and leaves.
Iris stays a while and is the last to leave, so she knows the stamp is in the blue_bag.
In the waiting_room Iris publicly claims that the stamp is in the old_suitcase.
Paul left before Iris, so he trusts her and now thinks the stamp is in the old_suitcase.
Then Paul tells Nora in private that the stamp is in the oak_chest.
Nora left before Paul, so she believes him.
Later Nora and Jonas go back into the study, where they find the stamp in the blue_bag.
Jonas moves it to the tin_box and Nora sees that.
Paul is not there, so he still thinks the stamp is in the old_suitcase.
""",
    ),
    "tells, wrong": (
        "V",
        """
Nora, Paul and Iris are in the study and see the stamp in the oak_chest.
Nora moves it to the tin_box and leaves.
! Paul moves it to the old_suitcase and leaves.
Iris is the last to leave the study.
! In the waiting_room Iris claims in front of everyone that the stamp is in the tin_box.
! Then Paul tells Iris in private that the stamp is in the oak_chest.
Later Nora and Jonas go back into the study.
! At the end Paul thinks the stamp is in the blue_bag.
""",
    ),
    "containers": (
        "E",
        """
Lena puts the silver ring into the leather pouch and leaves the pantry after Theo has come in.
Theo moves the ring to the glass jar, and Lena secretly watches this.
So Lena knows that the ring is in the glass jar, but Theo doesn't know that she saw it.
Ivan comes in and moves the ring to the wooden box.
Theo is distracted at that moment, so he still believes it is in the glass jar.
Ivan did not notice that Theo was distracted, so he thinks Theo saw the move.
Theo tells Ivan about the harvest festival, which does not change where the ring is.
Then Theo leaves and Ivan takes the ring to the attic.
Therefore Ivan thinks Theo will search for the silver ring in the wooden box.
""",
    ),
    "arrows": (
        "T",
        """
Chloe + Jack in porch, onion in suitcase -> both know
Chloe leaves
Jack: onion -> crate, Chloe not there
Emma comes in later -> sees the onion in the crate
Jack leaves, Chloe goes to the garden
Chloe never saw the move -> still thinks suitcase
Jack knows Chloe was gone -> Jack thinks Chloe searches in the suitcase
""",
    ),
    "wrong, short": (
        "T",
        """
Chloe and Jack are in the porch with the onion in the suitcase.
! Jack leaves and then Chloe moves the onion to the crate.
! Emma sees the onion being moved.
! So Jack thinks Chloe will look in the crate.
""",
    ),
    "block": (
        "T",
        """
## Step 1 ## Chloe enters the porch. Present: Chloe.
## Step 2 ## Jack enters the porch. Present: Chloe, Jack.
## Step 3 ## The onion is in the suitcase. Seen by: Chloe, Jack.
## Step 5 ## Chloe exits the porch. Present: Jack.
## Step 6 ## Jack moves the onion to the crate. Seen by: Jack.
## Step 8 ## Emma enters the porch and sees the onion in the crate.
## Step 10 ## Jack exits. Present: Emma.
## Result ## Jack thinks that Chloe thinks that the onion is in the suitcase.
""",
    ),
}
