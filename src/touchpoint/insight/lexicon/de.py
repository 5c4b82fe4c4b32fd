"""German words for the analyser. Weights were set by hand, from no other lexicon, and tuned on no data."""

from typing import Final

from touchpoint.insight.lexicon.form import Lexicon

DE: Final = Lexicon(
    language="de",
    endings="e er es en em",
    weights={
        4: "hervorragend+ ausgezeichnet+ fantastisch+ phantastisch+ perfekt+ großartig+ grandios+ überragend+ "
        "sensationell+ phänomenal+ brillant+ makellos+ traumhaft+ unschlagbar+",
        3: "toll+ super wunderbar+ wunderschön+ herrlich+ liebe lieben liebt geliebt begeistert+ begeistern beste "
        "bester "
        "bestes besten bestens spitze klasse exzellent+ lecker+ köstlich+ vorbildlich+ tadellos+ erstklassig+ genial+ "
        "vorzüglich+ hammer mega prima",
        2: "gut+ gute besser+ schön+ schönste nett+ freundlich+ freundliche zufrieden+ hilfsbereit+ hilfreich+ "
        "angenehm+ "
        "sauber+ frisch+ empfehlen empfehle empfehlenswert+ herzlich+ höflich+ zuvorkommend+ kompetent+ professionell+ "
        "zuverlässig+ gemütlich+ bequem+ entspannt+ gefällt gefallen gefiel genossen genießen freue freut gefreut dank "
        "dankbar+ aufmerksam+ reibungslos+ unkompliziert+ einfach+ gerne liebevoll+ glücklich+ froh+ pünktlich+ "
        "charmant+ großzügig+ sympathisch+ lob gelungen+ leise+",
        1: "ok okay ordentlich+ danke schnell+ zügig+ günstig+ fair+ passt brauchbar+ solide+ interessant+ modern+ "
        "ruhig+ nützlich+ praktisch+ gern funktioniert geklappt gelöst hell+",
        -1: "langsam+ klein+ laut+ teuer+ teure teurer teures teuren kalt+ lange warten wartezeit wartezeiten gewartet "
        "mittelmäßig+ durchschnittlich+ eng+ voll+ verspätet+ verspätung kompliziert+ umständlich+ schade fehlt fehlte "
        "fehlen mäßig+ schwierig+ dunkel dunkle lauwarm+ unübersichtlich+ vergessen veraltet+ abgenutzt+ stickig+ "
        "zäh+ trocken+ warteschlange dauert dauerte schwach+",
        -2: "schlecht+ schlechter schmutzig+ dreckig+ unfreundlich+ unhöflich+ enttäuscht+ enttäuschend+ enttäuschung "
        "unzufrieden+ ärgerlich+ ärgern ärger geärgert problem probleme problemen fehler mangelhaft+ mängel kaputt+ "
        "defekt+ beschwerde beschweren beschwert reklamation falsch+ falsche überteuert+ inkompetent+ arrogant+ "
        "frech+ genervt nervig+ nervt unprofessionell+ unzuverlässig+ ignoriert unbequem+ ungenießbar+ geschmacklos+ "
        "chaotisch+ chaos unangenehm+ beschädigt+ stinkt stank überfordert+ lieblos+ leider verärgert+ unbrauchbar+ "
        "abgelehnt ungepflegt+ versagt",
        -3: "furchtbar+ schrecklich+ grauenhaft+ grauenvoll+ entsetzlich+ fürchterlich+ ekelhaft+ eklig+ miserabel "
        "miserable miserabler miserables unverschämt+ unverschämtheit frechheit katastrophe katastrophal+ unmöglich+ "
        "zumutung abzocke betrug wütend+ hasse peinlich+ lächerlich+ skandal+ wertlos+ widerlich+ beleidigt "
        "beleidigend+",
        -4: "schlimmste schlimmsten schlechteste schlechtesten schlechtester unterirdisch+ abartig+",
    },
    phrases={
        4: ("nichts zu meckern", "nichts auszusetzen", "besser geht es nicht", "besser geht's nicht",
            "geht nicht besser",
            "könnte nicht besser sein", "hellauf begeistert"),
        3: ("sehr empfehlenswert", "gerne wieder", "immer wieder gerne", "komme wieder", "kommen wieder",
            "kommen gerne",
            "weiter so", "alles bestens", "daumen hoch", "volle punktzahl", "nicht zu überbieten"),
        2: ("kein problem", "keine probleme", "nicht schlecht", "nicht verkehrt", "alles gut", "alles in ordnung",
            "hat geklappt", "keine beschwerden", "kann nicht klagen", "nur zu empfehlen"),
        0: ("nicht nur", "kein wunder", "guten tag", "guten morgen", "guten abend", "liebe grüße", "lieben gruß",
            "liebes team", "liebe kollegen", "liebe damen", "beste grüße", "viele grüße", "freundlichen grüßen",
            "freundliche grüße", "mfg", "im voraus", "so gut wie", "einfach nur", "einfach nicht", "nicht mehr lange",
            "schöne grüße", "lieber herr", "liebe frau"),
        -1: ("nichts besonderes", "geht so", "na ja", "zu klein", "zu groß", "zu teuer", "zu laut", "zu lange",
             "zu spät",
             "zu kalt", "zu wenig", "zu viel", "zu viele", "könnte besser sein", "luft nach oben",
             "verbesserungswürdig"),
        -2: ("lässt zu wünschen übrig", "zu wünschen übrig", "keine antwort", "funktioniert nicht", "geht nicht",
             "ging nicht", "hat nicht geklappt", "nicht funktioniert", "immer noch nicht", "nicht zu empfehlen",
             "nie angekommen", "nicht angekommen", "außer betrieb"),
        -3: ("nie wieder", "niemals wieder", "nie mehr", "finger weg", "geld zurück", "daumen runter",
             "zeitverschwendung", "geldverschwendung"),
    },
    negations="nicht kein keine keiner keines keinen keinem nie niemals niemand ohne weder noch kaum nichts nix "
    "wenig mangel "
    "nirgends",
    negations_behind="nicht nie niemals",
    strengths={
        1.5: "sehr extrem absolut total völlig wirklich äußerst besonders so unglaublich überaus richtig echt "
        "wahnsinnig "
        "höchst ausgesprochen komplett",
        0.6: "etwas ziemlich recht eher halbwegs teilweise relativ bisschen ganz einigermaßen bedingt weniger",
    },
    turns="aber jedoch allerdings doch trotzdem dennoch obwohl leider nur",
    wishes=("ich wünschte", "wir wünschten", "ich wünsche mir", "wir wünschen uns", "würde mir wünschen",
            "würde ich mir wünschen", "würden uns wünschen", "mein wunsch", "es wäre schön wenn", "es wäre toll wenn",
            "wäre schön wenn", "wäre toll wenn", "wäre gut wenn", "wäre super wenn", "wäre nett wenn",
            "wäre klasse wenn",
            "wäre hilfreich wenn", "wäre es möglich", "wäre schön", "könnten sie bitte", "könnt ihr bitte",
            "bitte bieten", "bitte führt", "bitte nehmt", "würde mich freuen wenn", "würden uns freuen wenn",
            "würde ich vorschlagen", "ich schlage vor", "mein vorschlag", "verbesserungsvorschlag", "hätte gerne",
            "hätte ich gerne", "hätten gerne", "wie wäre es mit", "schön wäre", "toll wäre", "gut wäre", "super wäre"),
    questions="wie was wann wo wer warum wieso weshalb welche welcher welches kann können könnte könnten gibt haben "
    "hat ist sind wird darf woher wohin",
    markers="der die das und ist war waren sind nicht ein eine einen mit auf für von zu den dem des im am ich wir sie "
        "es "
    "aber auch sehr bei wie noch nur man mir uns ihr zum zur als dass wenn hat haben schon kein keine immer",
    tells_apart="schon",
)  # fmt: skip
