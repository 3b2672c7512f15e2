"""The English in which people reason about who saw what: phrase -> tag, one letter a tag.

A text becomes a string of tags, and `tomprm.trace.frames` reads claims off that string with regular
expressions. A phrase of several words wins over the words it is made of. Words that carry no claim are
dropped (`FILLER`); words that are not listed here nor in the story are `x`: what they say is not
understood, and a claim next to them is held back rather than guessed.

    P person or group   S possessor    T thing   C container   R room    K topic   L there
    M move   E enter   X leave   w stay   O see   Z miss   H hear   F search
    B think, know   A aware   N ignorant   Y say   U trust   D doubt   k a claim (noun)
    b be   h have   m modal, do   n not   V something that happened   z nothing   u unknown
    i in, to   f from   y by   W with   o of, about   s in front of   t that   r who, which   q where
    d distracted   g gone   p present   a alone   l last   1 only   c and   , : >   J conjunction   x other
"""

from __future__ import annotations

FILLER = ""


def word_set(words: str) -> frozenset[str]:
    """The words of a text in blanks."""
    return frozenset(words.split())


_GROUPS = {
    FILLER: """i_'m_sure i_'m_pretty_sure i_'m_fairly_sure i_'m_confident i_'m_fairly_confident
        i_'m_pretty_confident i_am_sure i_am_confident i_conclude i_'d_conclude it_seems it_seems_that
        it_follows_that this_means_that that_means_that that_means this_means which_means_that just_once
        only_once once_again once_in_the the a an then also again now still already finally later
        afterwards next thus therefore hence really actually simply both quite very basically too either
        eventually herself himself itself themselves own yet even exactly currently initially originally
        secretly privately publicly indeed clearly obviously presumably however well okay ok hmm alright
        right soon meanwhile subsequently consequently accordingly openly quietly directly immediately
        once_more as_well of_course at_least out_of_date goes_and go_and went_and i_guess i_think
        i_believe i_suppose i_assume i_mean i_'d_say i_would_say i_reckon as_it_happens
        for_this_reason for_that_reason anyway anymore
        any_more by_now by_then up_to_now up_to_then so_far until_then till_then at_this_point
        at_that_point at_this_moment at_that_moment at_that_time at_the_time at_this_time at_that_stage
        at_this_stage by_that_point by_that_time by_this_point by_this_time in_the_meantime one_by_one
        one_after_the_other one_after_another straight_away out_loud aloud in_private in_public
        in_secret on_her_own_initiative as_a_result in_turn in_the_end at_the_end at_the_very_end
        at_the_start at_the_beginning at_first in_the_beginning to_begin_with after_that after_this
        before_that from_then_on from_that_point_on from_there instead of_this overall ultimately
        last_of_all first_of_all mentally naturally certainly definitely surely probably likely together
        all_along throughout the_whole_time the_entire_time all_the_time ever recently previously
        earlier beforehand more_recently latest current correct final new old actual original fully
        completely entirely simultaneously though only_then over up down off away_from_there i.e.
        i_._e_. e_._g_. that_is_to_say in_other_words ~ * " “ ” ` ' ’ [ ] | _ ** back_to_paying_attention
        goes_back_to_paying_attention went_back_to_paying_attention going_back_to_paying_attention
        conclusion: step final:
        note: yes no""",
    "M": """touch touches touched pop pops popped stick_it move moves moved moving put puts putting place
        places placed placing shift shifts shifted shifting transfer transfers transferred transferring
        relocate relocates relocated relocating bring brings brought bringing carry carries carried
        carrying transport transports transported shuffle shuffles shuffled drop drops dropped stash
        stashes stashed stashing slip slips slipped tuck tucks tucked hide hides hid hidden stow stows
        stowed set sets deposit deposits deposited return_it take takes took taken taking switch
        switches switched store stores stored swap swaps swapped redirect get_moved gets_moved got_moved
        moves_over makes_a_move pop_it moved_over transferred_over leave_it""",
    "E": """enter enters entered entering re-enter re-enters re-entered reenter reenters reentered come_in
        comes_in came_in coming_in come_into comes_into came_into coming_into come_to comes_to came_to walk_in
        walks_in walked_in walking_in walk_into walks_into walked_into go_in goes_in went_in go_into goes_into
        went_into going_into go_to goes_to went_to go_back_to goes_back_to went_back_to go_back_into
        goes_back_into went_back_into gone_to come_back comes_back came_back coming_back go_back goes_back
        went_back going_back return returns returned returning join joins joined joining arrive arrives
        arrived arriving head_to heads_to headed_to head_back heads_back step_in steps_in stepped_in step_into
        steps_into stepped_into get_back gets_back walk_back walks_back walked_back come_along comes_along
        came_along show_up shows_up showed_up turn_up turns_up turned_up come_over comes_over came_over
        move_into moves_into moved_into walk_in_on get_to gets_to got_to re-entering gather_in gathers_in
        gathered_in gather gathers gathered meet meets met come_back_in comes_back_in came_back_in
        come_back_into comes_back_into came_back_into head_into heads_into headed_into pop_in pops_in
        popped_in pop_into pops_into popped_into pop_back pops_back popped_back pop_back_into pops_back_into
        popped_back_into nips_back nipped_back nips_in wander_in wanders_in wandered_in wanders_back stroll_in
        strolls_in strolled_in rejoin rejoins rejoined come_back_to comes_back_to came_back_to head_back_to
        heads_back_to headed_back_to head_back_into heads_back_into headed_back_into return_to returns_to
        returned_to move_to_the_room go_over_to goes_over_to went_over_to""",
    "X": """leave leaves left leaving exit exits exited exiting depart departs departed departing go_out
        goes_out went_out going_out walk_out walks_out walked_out walking_out step_out steps_out
        stepped_out step_outside steps_outside stepped_outside walk_away walks_away walked_away head_out
        heads_out headed_out go_away goes_away went_away get_out gets_out got_out go goes went walk_off
        walks_off walked_off slip_out slips_out slipped_out walk_out_of walks_out_of walked_out_of
        walking_out_of go_out_of goes_out_of went_out_of going_out_of step_out_of steps_out_of
        stepped_out_of get_out_of gets_out_of got_out_of head_out_of heads_out_of headed_out_of come_out_of
        comes_out_of came_out_of pop_out pops_out popped_out nips_out nipped_out wander_out wanders_out
        wandered_out slip_away slips_away slipped_away""",
    "w": """stay stays stayed staying remain remains remained remaining stay_behind stays_behind
        stayed_behind remain_behind remains_behind stay_on stays_on stick_around sticks_around
        stuck_around keep keeps kept sit sits sat sitting start start_in starts started starts_off
        start_off started_off starts_out begin begins began lie lies lay lying rest rests rested end_up
        ends_up ended_up wind_up winds_up stay_put stays_put stayed_put sits_put remain_in end ends
        stand stands standing""",
    "O": """see sees saw seen seeing notice notices noticed noticing witness witnesses witnessed witnessing
        watch watches watched watching observe observes observed observing perceive perceives perceived
        perceiving spot spots spotted catch catches caught find finds found finding look_at looks_at looked_at
        looking_on looks_on get_to_see gets_to_see got_to_see observes_this experience encounter encounters
        encountered pick_up picks_up picked_up clock clocks clocked paying_attention pay_attention
        pays_attention paid_attention take_it_in takes_it_in took_it_in taken_it_in take_this_in takes_this_in
        took_this_in take_that_in takes_that_in took_that_in take_any_of_it_in take_any_of_this_in""",
    "Z": """unseen unnoticed unobserved miss misses missed missing overlook overlooks overlooked fail_to_see
        fails_to_see failed_to_see fail_to_notice fails_to_notice missed_out miss_out_on misses_out_on
        missed_out_on""",
    "H": """hear hears heard hearing overhear overhears overheard overhearing listen listens listened
        listen_to listens_to listened_to listening catches_wind get_told gets_to_hear got_to_hear""",
    "B": """would_say would_answer 'd_say would_tell_you will_say stick_to stick_with sticks_to sticks_with
        stuck_with stuck_to sticking_to sticking_with hold_on_to holds_on_to keep_to keeps_to think
        thinks thought thinking believe believes believed believing know knows knew known knowing assume
        assumes assumed assuming expect expects expected expecting suppose supposes supposed reckon
        reckons reckoned figure figures figured guess guesses realise realises realised realize realizes
        realized realising realizing understand understands understood infer infers inferred conclude
        concludes concluded imagine imagines imagined have_in_mind has_in_mind had_in_mind picture
        pictures pictured presume presumes presumed remember remembers remembered recall recalls hold
        holds held hold_the_belief holds_the_belief suspect suspects suspected favour favours favoured
        favor favors have_it_down_as has_it_down_as has_it_in_mind keep_thinking keeps_thinking
        keeps_believing keep_believing continue_to_think continues_to_think continues_to_believe
        continued_to_believe go_on_thinking goes_on_thinking learn learns learned learnt learning
        find_out finds_out found_out discover discovers discovered attribute attributes
        is_under_the_impression has_the_belief still_has_in_mind have_found_out become_aware
        becomes_aware became_aware""",
    "A": """aware sure certain convinced informed confident under_the_impression of_the_opinion
        of_the_belief conscious well_aware fully_aware""",
    "N": """no_idea unaware ignorant oblivious in_the_dark no_clue no_knowledge no_way_of_knowing
        none_the_wiser no_information uninformed unknowing not_the_faintest_idea no_inkling""",
    "F": """search searches searched searching search_for searches_for look looks looked looking look_for
        looks_for looked_for looking_for look_in looks_in look_inside searches_in go_for goes_for go_look
        check checks checked checking go_straight_to goes_straight_to head_for heads_for go_looking
        go_and_look reach_for reaches_for point_to points_to say_it rummage_through rummages_through
        rummage_in rummages_in dig_through digs_through turn_to turns_to""",
    "Y": """say says said saying claim claims claimed claiming tell tells told telling announce announces
        announced announcing mention mentions mentioned mentioning declare declares declared inform informs
        informing state states stated talk talks talked talking speak speaks spoke spoken speaking report
        reports reported reporting assert asserts asserted pass_on passes_on passed_on share shares shared
        sharing let_know communicate communicates communicated discuss discusses discussed bring_up brings_up
        brought_up pass_this_on passes_this_on passed_this_on pass_it_on passes_it_on passed_it_on go_on_with
        goes_on_with went_on_with going_on_with goes_on_about went_on_about carries_on_with carry_on_with
        confide confides confided repeat repeats repeated relay relays relayed whisper whispers whispered
        message messages messaged lets let come_up comes_up came_up continues_with continued_with moves_on_to
        address addresses addressed cover covers covered""",
    "U": """trust trusts trusted trusting accept accepts accepted accepting buy buys bought take_her_word
        takes_her_word take_his_word takes_his_word took_her_word took_his_word take_her_word_for_it
        take_his_word_for_it takes_her_word_for_it takes_his_word_for_it go_along_with goes_along_with
        adopt adopts adopted fall_for falls_for fell_for falling_for""",
    "D": """doubt doubts doubted doubting distrust distrusts distrusted reject rejects rejected mistrust
        mistrusts disbelieve disbelieves disbelieved dismiss dismisses dismissed ignore ignores ignored
        disregard disregards disregarded discount discounts no_reason_to_believe no_reason_to_trust
        no_reason_for not_buy""",
    "b": """is are was were be been being am 're gets get got gotten""",
    "h": """has have had having 've""",
    "m": """able_to will would shall should must does do did 'll 'd can could goes_on go_on went_on going_to
        ought needs_to has_to have_to is_going_to are_going_to naturally_will cannot_but got_to continue_to
        continues_to continued_to seem_to seems_to seemed_to appears_to appear_to is_likely_to is_bound_to""",
    "n": """not never n't no_longer hardly without cannot neither nor isn doesn didn""",
    "i": """@ in inside into to at within onto on back_to back_into back_in back_inside over_to out_to""",
    "f": """from out_of outside_of away_from off_of""",
    "y": """by""",
    "W": """with alongside next_to along_with together_with beside""",
    "o": """of about for regarding concerning on_the_subject_of as_to around""",
    "s": """in_front_of right_in_front_of in_the_presence_of in_presence_of before_the_eyes_of with_only
        in_full_view_of in_view_of under_the_eyes_of""",
    "t": """that these those how the_fact_that about_how""",
    "r": """who which whom""",
    "q": """where what whether whereabouts whose when_exactly why""",
    "c": """and or & + nor as_well_as plus""",
    ",": """, ( ) – — - /""",
    ":": """: =""",
    ">": """> -> => → ⇒ --> ==>""",
    "V": """that_happen this_happen it_happen that_happening this_happening that_one the_lot the_move
        the_moves this_move that_move these_moves those_moves both_moves the_change this_change
        that_change these_changes any_of_it any_of_this any_of_that any_of_these any_of_those
        any_of_them_moves the_swap the_switch it_all all_of_it all_of_this all_of_that all_this all_that
        this_event that_event the_event the_transfer this_transfer these_events any_move any_moves
        any_change any_changes the_first_move the_second_move the_third_move the_last_move
        the_final_move the_relocation any_of_these_moves any_of_the_moves any_of_these_changes
        any_further_changes any_further_change any_later_move any_later_moves later_moves further_moves
        further_changes the_later_moves the_later_move everything_that_happens what_happens
        what_happened what_happens_next this_one either_move either_of_these_moves everything every_move
        the_rest_of_it that_part the_placement this_placement any_of_these_three_moves these_three_moves
        these_two_moves the_other_moves the_later_changes these_steps this_action that_action the_action
        the_whole_thing the_entire_thing""",
    "z": """nothing none_of_it none_of_this none_of_that none_of_these none_of_those none_of_these_moves
        none_of_the_moves neither_move neither_of_these none_of_that_move nothing_else nothing_more
        nothing_new none_of_them_moves neither_of_these_moves neither_of_those none_of_these_changes
        no_new_information no_new_info no_further_information no_move no_moves nothing_of_it nothing_of_this
        nothing_of_that""",
    "u": """null unknown nowhere nothing_known none undefined unspecified unclear not_known not_yet_known
        no_known_location n/a na ? no_belief not_sure""",
    "g": """gone out away absent outside elsewhere not_there out_of_the_room not_present out_of_there
        in_another_room in_a_different_room somewhere_else outside_the_room out_of_sight no_longer_there
        out_of_the_picture already_out""",
    "p": """present in_the_room in_the_same_room around_too still_around around_then anything""",
    "G": """as_far_as according_to judging_by to_the_best_of""",
    "L": """there here there_too there_as_well in_there in_here over_there the_same the_same_thing so_too""",
    "a": """alone on_her_own on_his_own by_herself by_himself all_alone all_by_herself all_by_himself""",
    "l": """last most_recently the_last the_last_time the_last_place the_last_location last_known_location
        last_place last_location last_spot last_position last_known_place the_last_spot
        the_last_known_location the_last_known_place""",
    "1": """only just solely""",
    "k": """claim_about claim's statement statements message messages_about announcement word remark news
        information whisper tip the_claim this_claim that_claim public_claim private_message
        conversation chat exchange_of_words""",
    "v": """mind view eyes perspective point_of_view side head viewpoint standpoint books understanding""",
    "d": """distracted inattentive lost_in_thought daydreaming zoned_out zones_out not_paying_attention
        n't_paying_attention paying_no_attention pays_no_attention paid_no_attention not_listening
        preoccupied""",
    "J": """but so because since while when after before once until till although if unless whereas as
        whilst then_when even_though given_that so_that as_soon_as by_the_time as_long_as; ; even_if
        later_than earlier_than longer_than sooner_than just_after right_after shortly_after just_before
        right_before during at_which_point upon despite with_the_result whereupon""",
}


def _english() -> dict[tuple[str, ...], str]:
    table: dict[tuple[str, ...], str] = {}
    for tag, phrases in _GROUPS.items():
        for phrase in phrases.split():
            words = phrase.split("_") if phrase.strip("_") else [phrase]
            table.setdefault(tuple(words), tag)
    return table


ENGLISH = _english()

PRONOUNS = {"she": 1, "they": 2, "them": 2, "he": 3, "him": 3}  # `Group.pronoun`
OWNERS = {"her": 1, "their": 2, "his": 3}
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5,
    "5th": 5, "last": -1, "final": -1,
}  # fmt: skip
TIMES = (
    "after",
    "before",
    "until",
    "once",
    "right after",
    "just after",
    "right before",
    "just before",
    "during",
)
ALL = ("everyone", "everybody")
NONE = ("nobody", "noone")
# What may follow a number or "all": "all five people", "the other two characters".
PEOPLE = frozenset({"people", "persons", "characters", "agents", "players", "participants", "friends"})
SUBORDINATE = (
    *TIMES,
    "when",
    "while",
    "as",
    "since",
    "because",
    "although",
    "though",
    "by the time",
    "whilst",
)
UNREAL = word_set(
    """if unless whether maybe perhaps might may possibly otherwise suppose supposing could
    hypothetically possible plausible conceivable assuming pretend imagine"""
)
