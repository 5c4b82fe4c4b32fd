"""English words for the analyser. Weights were set by hand, from no other lexicon.

A dozen idioms were added after a look at 75 public sentences of reviews; nothing was fitted to data.
"""

from typing import Final

from touchpoint.insight.lexicon.form import Lexicon

EN: Final = Lexicon(
    language="en",
    weights={
        4: "amazing awesome exceptional exceptionally outstanding superb perfect perfectly perfection fantastic "
        "fabulous phenomenal brilliant brilliantly flawless incredible marvellous marvelous magnificent",
        3: "excellent excellently wonderful wonderfully great lovely love loved loves loving beautiful beautifully "
        "delicious delightful delighted impeccable immaculate spotless thrilled terrific stunning exquisite gorgeous "
        "best superior splendid faultless seamless seamlessly impressed impressive gem yummy",
        2: "good nice nicely happy happily friendly helpful pleasant pleasantly pleased enjoy enjoyed enjoying "
        "enjoyable "
        "recommend recommended recommending clean fresh tasty kind kindly kindness caring attentive polite politely "
        "courteous professional professionally efficient efficiently comfortable comfy cosy cozy welcoming warm "
        "attractive relaxing relaxed generous smooth smoothly reliable easy easily effortless charming cheerful "
        "satisfied satisfying grateful appreciate appreciated thoughtful patient knowledgeable elegant stylish "
        "convenient conveniently prompt promptly smiling smile smiles smiled better improved responsive honest glad "
        "favourite favorite fun pleasure superbly spacious peaceful modern trustworthy accommodating hospitable",
        1: "fine ok okay decent adequate acceptable fair fairly reasonable reasonably fast quick quickly quiet bright "
        "calm airy tidy well thanks thank cheap affordable useful interesting improvement refreshing ample "
        "plentiful varied plenty solid correct like liked works worked solved fixed resolved",
        -1: "average mediocre slow slowly small tiny limited basic crowded busy noisy loud tired dated worn bland "
        "cold lukewarm pricey expensive hard tricky confusing confused complicated lacking lacks lack lacked cramped "
        "tight dull dark long unclear inconvenient awkward outdated shabby stale missing missed minimal hardly barely "
        "queue queues queuing waited waiting wait lukewarm sparse uninspiring forgot forgotten delay delays delayed "
        "late oily soggy dry greasy salty shame overcooked undercooked nothing poorer",
        -2: "bad badly poor poorly dirty unclean filthier unfriendly unhelpful rude impolite annoying annoyed annoys "
        "disappointed disappointing disappointment disappoints unhappy dissatisfied unsatisfactory uncomfortable "
        "problem problems issue issues complain complained complaint complaints wrong broken broke faulty damaged "
        "defective error errors mistake mistakes failed fails fail failure ignored ignoring ignore unprofessional "
        "overpriced unacceptable inadequate unreliable frustrating frustrated frustration smelly smelled stained "
        "sticky tasteless inedible stressful unpleasant worse impossible refused refuse refuses arrogant careless "
        "chaotic chaos mess messy neglected incompetent indifferent uninterested cancelled hate leaking mouldy moldy "
        "upset sad avoid overcharged misleading useless pointless weak substandard unimpressed underwhelming "
        "underwhelmed unwelcoming crashed crashes crash bug buggy",
        -3: "terrible terribly awful awfully horrible horribly dreadful dreadfully disgusting disgusted filthy gross "
        "hated hates appalling atrocious abysmal shocking shockingly pathetic disgraceful disgrace shameful joke "
        "ridiculous insulting insulted lied liar liars ripoff rubbish garbage crap lousy nightmare furious "
        "angry outrageous hopeless disaster ruined worthless dishonest aggressive hostile scam scammed",
        -4: "worst horrendous horrific despicable vile fraud fraudulent",
    },
    phrases={
        4: ("second to none", "could not be better", "couldn't be better", "couldn't be happier",
            "could not be happier",
            "over the moon", "blown away", "can not fault", "cannot fault", "can't fault", "couldn't fault"),
        3: ("top notch", "first class", "world class", "five star", "5 star", "above and beyond", "well done",
            "hats off",
            "nothing to complain", "no complaints", "can't complain", "cannot complain", "exceeded expectations",
            "exceeded my expectations", "exceeded our expectations", "will be back", "will come back", "will return",
            "come again", "thumbs up", "keep it up", "keep up the good work", "never had better", "can't wait"),
        2: ("no problem", "no problems", "no issue", "no issues", "no trouble", "no hassle", "good value", "not bad",
            "value for money", "worth it", "well worth", "worth every", "worth a visit", "wide range", "good range",
            "great range", "good choice", "no doubt", "well stocked", "well maintained", "well kept", "well appointed"),
        0: ("not only", "not just", "no wonder", "as well", "well as", "good morning", "good afternoon", "good evening",
            "good day", "best regards", "kind regards", "warm regards", "best wishes", "all the best", "at least",
            "at best", "a great deal", "a good deal", "like to", "would like", "looks like", "look like", "looked like",
            "felt like", "feel like", "feels like", "something like", "things like", "love to see", "love it if",
            "fine dining", "fast food", "cold drinks", "cold drink", "hard drinks", "like a", "like an", "like the",
            "as long as", "so long as", "how long", "long haul", "business class", "wait until", "fresh air",
            "no idea", "would love", "never had such", "never seen such", "could not believe how",
            "couldn't believe how", "can not believe how", "can't believe how"),
        -1: ("nothing special", "not worth", "so so", "could be better", "could have been better",
             "room for improvement",
             "needs improvement", "need improvement", "could do better", "run down", "worn out", "hit and miss",
             "not enough", "too few", "too small", "too long", "too many", "too much", "too expensive", "too hot",
             "too cold", "too loud", "too late", "too busy", "ran out", "run out", "needs updating", "no longer works"),
        -2: ("let down", "had better", "expect better", "expected better", "expected more", "no one", "nobody came",
             "fed up", "not good enough", "nothing works", "does not work",
             "doesn't work", "did not work", "didn't work", "not working", "out of order", "no reply", "no answer",
             "no response", "still waiting", "at worst"),
        -3: ("never again", "not be coming back", "won't be coming back", "won't be returning",
             "won't be going back", "not be going back", "not go back", "would not go again", "waste of time",
             "waste of money", "rip off", "stay away", "steer clear", "last time i",
             "will not be back", "won't be back", "will not return", "won't return", "not be returning",
             "not come back",
             "will not come back", "won't come back", "avoid at all costs", "complete joke", "money back",
             "thumbs down", "gone downhill"),
    },
    negations="not no never neither nor none nobody without hardly barely cannot can't cant don't dont doesn't doesnt "
    "didn't didnt isn't isnt wasn't wasnt aren't arent weren't werent won't wont wouldn't wouldnt couldn't couldnt "
    "shouldn't shouldnt haven't havent hasn't hasnt hadn't hadnt ain't aint lack lacked lacking lacks nothing",
    strengths={
        1.5: "very extremely incredibly absolutely totally completely utterly really exceptionally truly super so such "
        "highly most thoroughly insanely ridiculously particularly especially far",
        0.6: "quite rather somewhat slightly little bit pretty fairly relatively mostly kinda less partly",
    },
    turns="but however although though yet except unfortunately sadly",
    wishes=("it would be nice if", "it would be great if", "it would be good if", "it would be better if",
            "would be nice if", "would be great if", "would be nice to", "would be great to", "would be nice to have",
            "would be good to", "would be good to have", "would be great to have", "would be helpful if",
            "would be lovely if", "i wish you", "i wish there", "i wish it", "i wish the", "i wish we", "we wish there",
            "wish you had", "wish you would", "wish you could", "please add", "please bring back", "please offer",
            "please provide", "please consider", "can you add", "could you add", "could you offer",
            "i would like to see",
            "i'd like to see", "would like to have", "would love to see", "i'd love to see", "would love to have",
            "i'd love it if", "i would suggest", "i suggest", "i'd suggest", "my suggestion", "one suggestion",
            "suggestion for improvement", "why not offer", "how about", "if only you", "you should offer",
            "you should add", "maybe you could", "perhaps you could", "should consider", "i hope you will",
            "i was hoping you"),
    questions="how what when where who why which can could do does did is are will would should may have has",
    markers="the and is was were are it this that with for not very but they you your we our had have has there i my "
    "of to at on in if or by an do did can as me us he she be been which would from all so no just too never",
)  # fmt: skip
