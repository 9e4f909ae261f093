"""What names say in several languages: of a column, that it is the answer; of a value, the part of its row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_PARTS = {
    "train": "train training trn treino treinamento entrenamiento entrainement apprentissage addestramento trainieren "
    "trainingsdaten trein 训练",
    "valid": "valid val validation dev validierung validacion validacao convalida validazione validatie 验证",
    "test": "test testing tst testdaten prueba pruebas prova teste essai toets holdout heldout evaluation "
    "eval publictest privatetest 测试",
}
_PART = {word: part for part, words in _PARTS.items() for word in words.split()}
_SPLITS = frozenset(
    "split splits set subset partition part fold folds kfold usage datasplit dataset phase teil aufteilung datensatz faltung teilmenge conjunto particion subconjunto pliegue ensemble jeu partie pli "
    "repartition insieme partizione sottoinsieme particao dobra deel".split()
)
_FOLDS = re.compile(
    r"(?:(?:cv|k|val|valid|test)?folds?(?:no|id|number)?|faltung|pliegue|pli|dobra)"
)
#: of these the values may be numbers too
_NUMBERED = frozenset(("split", "splits", "partition", "subset", "datasplit"))
_FLAGS = frozenset(("isvalid", "isval", "istest", "istrain"))
#: what happened or was found: hardly ever anything but the answer
_EVENTS = frozenset(
    "survived uberlebt survecu sobrevivio outcome churn churned exited attrition abwanderung gekundigt kundigung fraud "
    "isfraud spam defaulted readmitted approved subscribed converted purchased finding findings label labels etikett "
    "etiqueta etiquette etichetta target ziel zielwert cible objetivo".split()
)
#: these and amounts, which may be told of a thing beside its answer
_TELLING = _EVENTS | frozenset(
    "species espece especie specie diagnosis diagnose diagnostico diagnosi dx prognosis sentiment stimmung sentimiento "
    "saleprice medv price prices prix preis precio preco prezzo prijs verkaufspreis kaufpreis mpg "
    "choice chosen strength resistencia festigkeit "
    "resistance quality qualitat calidad qualite qualita salary gehalt salaire salario sueldo sales umsatz absatz "
    "ventes ventas vendite disease cancer diabetes stroke breed".split()
)
#: names that often are; of longer names the last word
_LIKELY = frozenset(
    "class classes klasse clase classe category kategorie categoria categorie tags tag genre genres emotion sorte "
    "variedad varieta variete rating ratings bewertung score punkte punktzahl puntuacion grade stars sterne response "
    "result ergebnis resultado resultat risultato default status stadium income revenue profit charges cost kosten "
    "rent miete loyer alquiler wage wages lohn yield ertrag rendement demand consumption verbrauch consumo value val "
    "wert valeur valor amount type typ tipo condition severity died death deaths output cnt count wetter".split()
)
#: what German puts at the end of longer words
_COMPOUND = ("preis", "festigkeit", "umsatz", "absatz", "qualitat", "kundigung")
_UNITS = frozenset(
    "mpa gpa kpa kn kwh wh kw mw usd eur chf gbp kg g mg mm cm m km ml l s h min pct percent prozent euro dollar euros "
    "dollars usd1000 tsd".split()
)
#: what is told of a file beside its label: whose, when, where and how it was made
_ABOUT = frozenset(
    "age alter edad sex gender geschlecht sexo sexe male female mann frau view position orientation projection side "
    "laterality date day datum time year width height hoehe breite size spacing pixel pixels camera device scanner site "
    "hospital source url link license author photographer patient subject person followup follow up ethnicity race "
    "country city place ort lieu lugar latitude longitude lat lon location comment comments note notes path".split()
)
_NAMES = frozenset("name names nom nombre nome bezeichnung titel title titre titulo".split())


def folded(text: str) -> str:
    """Write a text in small letters without accents."""
    plain = unicodedata.normalize("NFKD", text.strip().lower().replace("ß", "ss"))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def words(name: str) -> list[str]:
    """Give the words of a column's name, without units at its end."""
    spaced = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", re.sub(r"[\[(].*?[\])]", " ", name))
    found = re.findall(r"[^\W\d_]+", folded(spaced))
    while len(found) > 1 and found[-1] in _UNITS:
        found.pop()
    return found


def answer(name: str) -> int:
    """Say how much a name speaks for the answer: 4 and 3 by itself, 2 by its last word, 1 a little, 0 not at all."""
    found = words(name)
    whole = "".join(found)
    if not found or found[-1] in _NAMES:
        return 0
    if whole in _EVENTS or found[-1] in _EVENTS:
        return 4
    if whole in _TELLING:
        return 3
    if found[-1] in _TELLING or found[-1].endswith(_COMPOUND):
        return 2
    return 1 if found[-1] in _LIKELY or found[0] in _TELLING else 0


def names_a_thing(name: str) -> bool:
    """Does it say that the column holds names, of which each row may have its own?"""
    found = words(name)
    return bool(found) and (found[-1] in _NAMES or "".join(found) in ("filename", "vorname"))


def about_the_file(name: str) -> bool:
    """Does it say whose, when or how, and not what a file shows?"""
    found = words(name)
    return bool(found) and (found[-1] in _ABOUT or found[0] in _ABOUT)


def part(cell: str) -> str:
    """Give the part that a value says a row is of: train, valid, test, or nothing."""
    plain = re.sub(r"[^\w]|_", "", folded(cell))
    return _PART.get(plain, "")


def says_split(name: str, values: Iterable[str]) -> bool:
    """Do a column's name and values say which rows are for training and which are not?"""
    whole = "".join(re.findall(r"[^\W\d_]+", folded(name)))
    some = [value.strip().lower() for value in values][:100]
    if not 2 <= len(some) <= 20:
        return False
    told = [part(value) for value in some]
    if all(told):
        return "train" in told and len(set(told)) > 1
    if whole in _FLAGS:
        return len(some) == 2
    fold = all(re.fullmatch(r"(?:fold)?[_ -]?\d{1,2}(?:\.0)?", value) for value in some)
    if _FOLDS.fullmatch(whole) or (whole in _NUMBERED and fold):
        return fold
    few = len([one for one in told if one]) >= 2 and "train" in told
    return whole in _SPLITS and few
