"""Spanish words for the analyser. Weights were set by hand, from no other lexicon, and tuned on no data."""

from typing import Final

from touchpoint.insight.lexicon.form import Lexicon

ES: Final = Lexicon(
    language="es",
    endings="o a os as",
    weights={
        4: "perfect+ perfectamente excepcional excepcionales extraordinari+ fantástic+ increíble increíbles "
        "espectacular "
        "espectaculares magnífic+ impecable impecables insuperable insuperables inmejorable inmejorables fabulos+",
        3: "excelente excelentes genial geniales maravillos+ encanta encantan encantó encantaron encantad+ delicios+ "
        "estupend+ mejor mejores precios+ hermos+ exquisit+ super súper amo adoro riquísim+ buenísim+ sobresaliente "
        "impresionante impresionantes",
        2: "buen buen+ bien bonit+ agradable agradables amable amables amabilidad atent+ simpátic+ limpi+ fresc+ "
        "content+ "
        "satisfech+ recomiendo recomendamos recomendable recomendables recomendar profesional profesionales "
        "profesionalidad eficiente eficientes eficaz eficaces cómod+ gusta gustan gustó gustaron gustado ric+ feliz "
        "felices servicial serviciales acogedor acogedora educad+ fiable fiables fácil fáciles fácilmente disfrutamos "
        "disfruté disfrutar felicidades enhorabuena placer generos+ puntual puntuales cuidad+ sonriente sonrientes "
        "atención cariños+ alegre",
        1: "correct+ gracias rápid+ rápidamente aceptable aceptables razonable razonables barat+ tranquil+ modern+ "
        "útil "
        "útiles interesante interesantes práctic+ vari+ ampli+ clar+ solucionad+ resuelto vale",
        -1: "lent+ car+ pequeñ+ ruidos+ frí+ regular regulares esperar esperando espera esperamos retraso retrasos "
        "tarde "
        "limitad+ complicad+ lástima falta faltaba faltan faltó sos+ viej+ antiguo anticuad+ difícil difíciles sec+ "
        "estrech+ oscur+ olvidad+ olvidaron confus+ cola colas escas+ justit+ floj+",
        -2: "mal mal+ peor peores suci+ suciedad desagradable desagradables maleducad+ decepcionad+ decepcionante "
        "decepcionantes decepción decepcionó insatisfech+ problema problemas error errores rot+ defectuos+ averiad+ "
        "queja "
        "quejas quejar reclamación inaceptable inaceptables incompetente incompetentes arrogante arrogantes molest+ "
        "antipátic+ ignorad+ ignoran ignoraron incómod+ insuficiente insuficientes incomible mediocre mediocres "
        "desafortunadamente lamentablemente imposible grosero grosera groseros inútil inútiles caótic+ caos fallo "
        "fallos "
        "falló dañad+ descuidad+ enfadad+ evitar engañ+ poco",
        -3: "horrible horribles terrible terribles pésim+ asqueros+ asco fatal fatales desastre desastros+ lamentable "
        "lamentables vergüenza vergonzos+ estafa estafador estafadores odio odié espantos+ indignante indignad+ "
        "ridícul+ insultante basura nefast+ catastrófic+ robo timo pesadilla horroros+ furios+ malísim+",
        -4: "repugnante repugnantes deplorable deplorables abominable",
    },
    phrases={
        4: ("de diez", "nada que reprochar", "ninguna pega", "ni una pega", "sin peros", "no puede ser mejor"),
        3: ("volveré", "volveremos", "repetiré", "repetiremos", "muy recomendable", "cinco estrellas", "sigan así",
            "seguid así", "de lujo", "de primera", "una maravilla", "un encanto", "sin duda", "un placer"),
        2: ("no está mal", "nada mal", "sin problema", "sin problemas", "ningún problema", "no hay problema",
            "calidad precio", "todo bien", "vale la pena", "buena relación"),
        0: ("no solo", "no sólo", "no solamente", "buenos días", "buenas tardes", "buenas noches", "más bien", "o bien",
            "si bien", "mejor dicho", "por la tarde", "tal vez", "poco a poco", "sin embargo", "a menos que", "un poco",
            "por favor", "buen día", "o sea", "hace falta", "mal que bien", "a lo mejor"),
        -1: ("nada especial", "nada del otro mundo", "demasiado pequeño", "demasiado caro", "demasiado tarde",
             "demasiado ruido", "podría mejorar", "puede mejorar", "podría ser mejor", "mejorable", "sin más",
             "demasiado tiempo", "mucho tiempo", "mucho ruido", "muy poco", "muy pocos", "muy poca"),
        -2: ("deja mucho que desear", "dejan mucho que desear", "que desear", "no funciona", "no funcionaba",
             "no funcionó", "sin respuesta", "ninguna respuesta", "fuera de servicio", "mala educación",
             "no vale la pena", "no recomiendo", "no lo recomiendo", "no la recomiendo", "no es recomendable"),
        -3: ("nunca más", "jamás volveré", "no volveré", "no volveremos", "no vuelvo", "pérdida de tiempo",
             "tomadura de pelo", "una vergüenza", "ni loco", "ni se os ocurra", "no vayan", "no vayáis"),
    },
    negations="no falta faltaba nunca jamás sin ni ningún ninguno ninguna nada nadie tampoco apenas",
    strengths={
        1.5: "muy extremadamente realmente totalmente absolutamente tan completamente demasiado súper sumamente "
        "verdaderamente especialmente increíblemente muchísimo",
        0.6: "bastante algo relativamente ligeramente medio menos",
    },
    turns="pero aunque embargo desgraciadamente lamentablemente salvo excepto",
    wishes=("me gustaría que", "me gustaría ver", "me gustaría tener", "nos gustaría que", "nos gustaría tener",
            "ojalá",
            "desearía", "estaría bien que", "estaría bien", "estaría genial", "sería bueno", "sería genial",
            "sería estupendo", "sería mejor que", "sería ideal", "por favor añadan", "por favor añadid",
            "por favor agreguen",
            "por favor pongan", "podrían añadir", "podrían ofrecer", "podrían agregar", "podríais añadir",
            "podríais ofrecer", "podrían poner", "podríais poner", "sugiero", "sugeriría", "propongo", "una sugerencia",
            "mi sugerencia", "deberían ofrecer", "deberían añadir", "deberían poner", "echo de menos", "ojala"),
    questions="cómo cuándo dónde quién qué cuál cuáles cuánto cuánta puedo pueden podrían tienen hay es está",
    markers="el la los las un una unos y es era está son en para con por que de del al lo se me nos su sus muy pero no "
    "más fue como mi todo yo si le les este esta ha han hay cuando también",
    tells_apart="ano si mas te el se",
)  # fmt: skip
