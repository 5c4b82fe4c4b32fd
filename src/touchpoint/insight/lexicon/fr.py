"""French words for the analyser. Weights were set by hand, from no other lexicon, and tuned on no data."""

from typing import Final

from touchpoint.insight.lexicon.form import Lexicon

FR: Final = Lexicon(
    language="fr",
    endings="s e es",
    weights={
        4: "parfait+ parfaitement exceptionnel exceptionnelle exceptionnels exceptionnelles extraordinaire "
        "extraordinaires "
        "fantastique fantastiques formidable formidables magnifique magnifiques sublime sublimes impeccable "
        "impeccables "
        "irréprochable irréprochables incroyable incroyables",
        3: "excellent+ super génial+ géniaux adore adoré adorons adorable adorables délicieux délicieuse délicieuses "
        "merveilleux merveilleuse merveilleuses superbe superbes meilleur+ ravi+ enchanté+ top splendide splendides "
        "remarquable remarquables exquis exquise aime aimé aimons",
        2: "bon bons bonne bonnes bien mieux beau belle beaux belles agréable agréables gentil gentils gentille "
        "gentilles "
        "sympa sympas sympathique sympathiques aimable aimables accueillant+ souriant+ sourire propre propres frais "
        "fraîche fraîches content+ contente satisfait+ satisfaite recommande recommander recommandons professionnel "
        "professionnelle professionnels professionnelles professionnalisme efficace efficaces confortable confortables "
        "serviable serviables attentif attentive attentifs attentionné+ poli+ chaleureux chaleureuse chaleureuses "
        "plaisir plu apprécié apprécions apprécie fiable fiables facile facilement heureux heureuse bravo "
        "félicitations "
        "charmant+ généreux ponctuel ponctuelle compétent+ disponible disponibles",
        1: "correct+ merci rapide rapides rapidement pratique pratiques convenable calme moderne modernes utile utiles "
        "intéressant+ raisonnable raisonnables clair+ varié+ copieux résolu",
        -1: "lent+ lente lentement cher+ chère chères petit+ bruyant+ froid+ tiède moyen moyenne moyens attente "
        "attendu "
        "attendre retard retards tard limité+ compliqué+ dommage manque manquait manquent fade fades bondé+ vieux "
        "vieillot+ vétuste vétustes difficile difficiles sec sèche étroit+ sombre oublié oubliée confus+ file",
        -2: "mauvais mauvaise mauvaises mal pire sale sales saleté désagréable désagréables impoli+ déçu+ décevant+ "
        "déception mécontent+ insatisfait+ problème problèmes erreur erreurs cassé+ défectueux panne plainte "
        "réclamation "
        "inadmissible inacceptable inacceptables froide incompétent+ incompétence arrogant+ énervé+ énervant+ "
        "malpropre "
        "ignoré+ inconfortable inconfortables insuffisant+ immangeable immangeables médiocre médiocres malheureusement "
        "refusé refuse impossible regrettable abîmé+ inutile inutiles malpoli+ négligé+ fuir éviter trompeur bug bugs",
        -3: "horrible horribles affreux affreuse terrible terribles dégoûtant+ catastrophe catastrophique "
        "catastrophiques "
        "lamentable lamentables honteux honteuse honte scandaleux scandaleuse scandale arnaque nul nuls nulle nulles "
        "déteste détesté exécrable exécrables ignoble épouvantable épouvantables furieux furieuse ridicule dégueulasse "
        "cauchemar désastre désastreux désastreuse minable minables insultant escroc escrocs voleurs",
        -4: "abominable abominables infect infecte immonde",
    },
    phrases={
        4: ("rien à redire", "rien à dire", "rien à reprocher", "au top", "sans faute", "coup de coeur",
            "coup de cœur"),
        3: ("à recommander", "je reviendrai", "nous reviendrons", "on reviendra", "reviendrai avec plaisir",
            "cinq étoiles",
            "continuez comme ça", "aux petits soins", "un régal", "cinq étoiles", "grand merci"),
        2: ("pas mal", "pas de problème", "aucun problème", "sans problème", "pas de souci", "aucun souci",
            "rapport qualité prix", "ça marche", "tout va bien", "je vous en prie", "pas déçu", "pas déçue",
            "bonne surprise"),
        0: ("pas seulement", "non seulement", "bien sûr", "bien que", "ou bien", "aussi bien", "bonne journée",
            "bonne soirée", "bonne continuation", "eh bien", "si bien que", "d'attente", "à l'attention",
            "petit déjeuner",
            "petits déjeuners", "en bas", "bon courage", "pas plus", "en plus", "de plus", "bien à vous",
            "bon appétit"),
        -1: ("sans plus", "rien de spécial", "bof", "peut mieux faire", "trop petit", "trop cher", "trop long",
             "trop bruyant", "trop froid", "trop tard", "pas assez", "trop peu", "trop de", "trop chère"),
        -2: ("laisse à désirer", "laissent à désirer", "aucune réponse", "pas de réponse", "ne marche pas",
             "ne fonctionne pas", "marche pas", "fonctionne pas", "hors service", "en panne", "bien trop"),
        -3: ("plus jamais", "jamais plus", "perte de temps", "à fuir", "à éviter", "foutage de gueule",
             "se moque du monde",
             "ne reviendrai pas", "ne reviendrons pas", "n'y retournerai pas", "remboursez"),
    },
    negations="pas ne n manque manquait manquent jamais aucun aucune sans ni rien personne guère peu",
    negations_behind="pas plus guère jamais",
    strengths={
        1.5: "très extrêmement vraiment totalement absolument tellement si trop particulièrement complètement hyper "
        "franchement incroyablement tout toute",
        0.6: "assez plutôt relativement légèrement moyennement moins",
    },
    turns="mais cependant toutefois pourtant néanmoins malheureusement sauf hélas",
    wishes=("j'aimerais que", "j'aimerais voir", "j'aimerais avoir", "nous aimerions", "je souhaiterais",
            "je souhaite que",
            "nous souhaiterions", "il serait bien", "ce serait bien", "il serait bon", "ce serait bon",
            "ce serait super",
            "ce serait génial", "il serait agréable", "serait appréciable", "serait bien de", "serait bien que",
            "serait bien si", "il faudrait", "pourriez vous ajouter", "pouvez vous ajouter", "pourriez vous proposer",
            "merci d'ajouter", "ajoutez", "veuillez ajouter", "je suggère", "je propose", "une suggestion",
            "ma suggestion", "si seulement", "j'espère que vous", "vous devriez proposer", "vous devriez ajouter",
            "pourquoi ne pas", "dommage que vous ne"),
    questions="comment quand où qui pourquoi quel quelle quels quelles combien est pouvez pourriez avez peut puis",
    markers="le la les des un une et est était sont dans pour avec sur au aux du ce cette je nous vous il elle ils "
        "que qui "
    "ne pas très mais plus par été on ai avons votre vos mon ma mes son sa leur en",
)  # fmt: skip
