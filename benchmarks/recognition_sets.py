"""Folders as people have them on their disks, each with the kind of data set that it holds.

Written by somebody who had not read the rules of fastcompanion/data, and frozen before they were
measured; benchmarks/recognition_tables.py holds the real tables. `target` is "" where no one column
with a name is the answer: class folders, file names, masks, several columns, tables without a header.
"""

from __future__ import annotations

import csv
import math
import wave
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw


@dataclass(frozen=True)
class Case:
    """A data set to be recognized: what writes it into a folder, and the one right answer."""

    name: str
    make: Callable[[Path], None]
    kind: str
    target: str
    about: str
    source: str


Writer = Callable[[Path, Random], None]
CASES: list[Case] = []
DIRT = {
    ".DS_Store": b"\0\0\0\1Bud1\0\0",
    "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "desktop.ini": b"[.ShellClassInfo]\r\n",
    "README.md": b"# Data\n\nSee the course page.\n",
    "LICENSE": b"CC BY-SA 4.0\n",
}
TINTS = ((200, 40, 40), (40, 170, 60), (40, 70, 200), (120, 120, 120), (220, 190, 120))
RED, GREEN, BLUE, GREY, SAND = TINTS

# One case stays on one screen.
# fmt: off


def case(name: str, kind: str, target: str, about: str, source: str) -> Callable[[Writer], Writer]:
    """Add what the function writes to the cases, with a random generator seeded by its name."""

    def add(writer: Writer) -> Writer:
        CASES.append(
            Case(name, lambda folder: writer(folder, Random(name)), kind, target, about, source)
        )
        return writer

    return add


def place(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def dirt(folder: Path, *names: str) -> None:
    for name in names:
        place(folder / name).write_bytes(DIRT[name])


def note(path: Path, text: str, encoding: str = "utf-8") -> None:
    place(path).write_bytes(text.encode(encoding))


def table(
    path: Path, header: str, rows: Iterable[Sequence[object]],
    sep: str = ",", encoding: str = "utf-8", end: str = "\n", quoted: bool = False,
) -> None:
    """Write a delimited table; the header is split at bars, and an empty one is left out."""
    with place(path).open("w", encoding=encoding, newline="") as file:
        dialect = "unix" if quoted else "excel"  # the first quotes everything
        writer = csv.writer(file, dialect, delimiter=sep, lineterminator=end)
        if header:
            writer.writerow(header.split("|"))
        writer.writerows(rows)


def picture(path: Path, rng: Random, tint: tuple[int, int, int] = GREY, size: tuple[int, int] = (32, 24)) -> None:
    noise = Image.frombytes("RGB", size, rng.randbytes(size[0] * size[1] * 3))
    Image.blend(noise, Image.new("RGB", size, tint), 0.6).save(place(path))


def mask(path: Path, rng: Random, values: Sequence[int], size: tuple[int, int] = (32, 24)) -> None:
    drawn = Image.new("L", size, values[0])
    for value in values[1:]:
        x, y = rng.randrange(4, size[0] - 12), rng.randrange(2, size[1] - 10)
        ImageDraw.Draw(drawn).rectangle((x, y, x + 9, y + 7), fill=value)
    drawn.save(place(path))


def tone(path: Path, rng: Random, pitch: float, seconds: float = 0.1) -> None:
    frames = [
        int(9000 * math.sin(step * pitch / 8000 * 2 * math.pi) + rng.randrange(-900, 900))
        for step in range(int(8000 * seconds))
    ]
    with wave.open(str(place(path)), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        file.writeframes(b"".join(frame.to_bytes(2, "little", signed=True) for frame in frames))


ENGLISH = "the a we it was very not this film place people story never again with of in good bad time long about night found great small think old".split()
GERMAN = "der die das ist nicht sehr wir haben seit gestern eine bestellung rechnung leider bitte über für möchte keine antwort buch sprache kapitel".split()


def prose(rng: Random, words: Sequence[str], low: int = 8, high: int = 30) -> str:
    said = rng.choices(words, k=rng.randrange(low, high))
    return " ".join(said).capitalize() + rng.choice([".", "!", ", you know."])


def comma(value: float, places: int = 2) -> str:
    """Spell a number as a German Excel does: 1.234,56."""
    return f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))


def hexes(rng: Random, length: int = 12) -> str:
    return rng.randbytes(length // 2).hex()


@case("playground-churn", "table-class", "Exited", "train, test without the answer, sample submission of chances", "as a Kaggle playground download")
def _(folder: Path, rng: Random) -> None:
    header = "id|CustomerId|Surname|CreditScore|Geography|Gender|Age|Tenure|Balance|EstimatedSalary"

    def row(number: int) -> list[object]:
        return [
            number, rng.randrange(15_000_000, 16_000_000),
            rng.choice(["Okwudili", "Hsueh", "Kao", "Chiemenam", "Hill", "Genovese"]),
            rng.randrange(400, 850), rng.choice(["France", "Spain", "Germany"]),
            rng.choice(["Male", "Female"]), float(rng.randrange(18, 80)), rng.randrange(11),
            rng.choice([0.0, round(rng.uniform(6e4, 2e5), 2)]), round(rng.uniform(1e4, 2e5), 2),
        ]

    table(folder / "train.csv", header + "|Exited", ([*row(i), rng.choice([0, 0, 0, 1])] for i in range(400)))
    table(folder / "test.csv", header, (row(i) for i in range(400, 550)))
    table(folder / "sample_submission.csv", "id|Exited", ([i, 0.5] for i in range(400, 550)))


@case("kundenliste", "table-class", "Gekündigt", "semicolons, decimal commas, cp1252, CRLF; the answer (ja/nein) in the middle", "as saved by a German Excel")
def _(folder: Path, rng: Random) -> None:
    rows = [
        [f"K-{10000 + i}", rng.choice(["Herr", "Frau", ""]), rng.randrange(19, 85),
         rng.choice(["Köln", "Münster", "Gießen", "Hamburg"]), comma(rng.uniform(20, 4000)),
         rng.choice(["ja", "nein", "nein", "nein"]),
         f"{rng.randrange(1, 29):02}.{rng.randrange(1, 13):02}.2023",
         rng.choice(["E-Mail", "Telefon", "Filiale"])]
        for i in range(260)
    ]
    header = "Kundennr.|Anrede|Alter|Ort|Umsatz (€)|Gekündigt|Letzter Kontakt|Kanal"
    table(folder / "Kundenliste Stand März.csv", header, rows, ";", "cp1252", "\r\n")
    dirt(folder, "desktop.ini", "Thumbs.db")


@case("mushrooms", "table-class", "class", "the answer in the first column, all cells letters, one of them '?'", "as the UCI archive's table of mushrooms")
def _(folder: Path, rng: Random) -> None:
    header = "class|cap-shape|cap-surface|cap-color|bruises|odor|gill-size|stalk-root|veil-type|population|habitat"
    letters = ("ep", "bcxfks", "fgys", "nbcgr", "tf", "alcyfmnps", "bn", "bcuer?", "p", "acnsvy", "glmpuwd")
    table(folder / "archive" / "mushrooms.csv", header, ([rng.choice(one) for one in letters] for _ in range(500)))


@case("home-loans", "table-class", "TARGET", "the answer second, prefixes before train and test, a second table and one of descriptions", "as a Kaggle competition of several tables")
def _(folder: Path, rng: Random) -> None:
    tail = "NAME_CONTRACT_TYPE|CODE_GENDER|CNT_CHILDREN|AMT_INCOME_TOTAL|AMT_CREDIT|DAYS_BIRTH|EXT_SOURCE_1"

    def row() -> list[object]:
        return [
            rng.choice(["Cash loans", "Revolving loans"]), rng.choice("MF"), rng.choice([0, 0, 1, 2]),
            round(rng.uniform(5e4, 4e5), 1), round(rng.uniform(1e5, 2e6), 1), -rng.randrange(8000, 25000),
            rng.choice(["", round(rng.random(), 9)]),
        ]

    rows = [[100002 + i, rng.choice([0] * 9 + [1]), *row()] for i in range(500)]
    table(folder / "application_train.csv", "SK_ID_CURR|TARGET|" + tail, rows)
    table(folder / "application_test.csv", "SK_ID_CURR|" + tail, ([200000 + i, *row()] for i in range(120)))
    bureau = [[rng.randrange(100002, 100502), 5_000_000 + i, rng.choice(["Closed", "Active"]), -rng.randrange(3000)] for i in range(800)]
    table(folder / "bureau.csv", "SK_ID_CURR|SK_ID_BUREAU|CREDIT_ACTIVE|DAYS_CREDIT", bureau)
    described = [[i, "application_{train|test}.csv", name, "What it says", ""] for i, name in enumerate(tail.split("|"))]
    table(folder / "columns_description.csv", "|Table|Row|Description|Special", described)
    table(folder / "sample_submission.csv", "SK_ID_CURR|TARGET", ([200000 + i, 0.5] for i in range(120)))


@case("cat-in-the-dat", "table-class", "target", "a fold column after the answer, in a folder named input, with gaps", "as made by those who write kfold into the table")
def _(folder: Path, rng: Random) -> None:
    rows = [
        [i, rng.choice([0.0, 1.0, ""]), rng.choice("TF"), rng.choice(["Red", "Blue", "Green", ""]),
         hexes(rng, 10), rng.choice(["Novice", "Expert", "Master"]), rng.randrange(1, 8),
         rng.choice([0, 0, 0, 0, 1]), i % 5]
        for i in range(500)
    ]
    table(folder / "input" / "train_folds.csv", "id|bin_0|bin_3|nom_0|nom_5|ord_1|day|target|kfold", rows)
    (folder / "models").mkdir()
    note(folder / "src" / "train.py", "import pandas as pd\n")


@case("grani", "table-class", "varietà", "three Italian parts (addestramento, convalida, prova), each with the answer", "as a university course hands out")
def _(folder: Path, rng: Random) -> None:
    sizes = {"Kama": 14.3, "Rosa": 18.3, "Canadese": 11.9}
    for name, count in (("addestramento", 150), ("convalida", 40), ("prova", 40)):
        rows = []
        for _ in range(count):
            kind, area = rng.choice(list(sizes.items()))
            area = rng.gauss(area, 0.9)
            rows.append([f"{area:.2f}", f"{area * 0.4 + 8.5:.2f}", f"{rng.gauss(0.87, 0.02):.4f}", f"{rng.gauss(5.6, 0.3):.3f}", kind])
        table(folder / f"{name}.csv", "area|perimetro|compattezza|lunghezza|varietà", rows, encoding="utf-8-sig")
    dirt(folder, "LICENSE")


@case("ames", "table-number", "SalePrice", "gaps spelled NA, a description as text, answers lacking in test", "as a Kaggle download")
def _(folder: Path, rng: Random) -> None:
    header = "Id|MSSubClass|MSZoning|LotFrontage|LotArea|Alley|Neighborhood|OverallQual|YearBuilt|GrLivArea|PoolQC|YrSold|SaleCondition"

    def row(number: int) -> list[object]:
        return [
            number, rng.choice([20, 60, 120]), rng.choice(["RL", "RM"]), rng.choice(["NA", 65, 80]),
            rng.randrange(2000, 20000), rng.choice(["NA", "NA", "NA", "Grvl"]),
            rng.choice(["NAmes", "CollgCr", "OldTown"]), rng.randrange(1, 11), rng.randrange(1890, 2010),
            rng.randrange(400, 4000), "NA", rng.randrange(2006, 2011), rng.choice(["Normal", "Abnorml"]),
        ]

    first = ([*row(i), rng.randrange(350, 7000) * 100] for i in range(1, 401))
    table(folder / "train.csv", header + "|SalePrice", first)
    table(folder / "test.csv", header, (row(i) for i in range(401, 701)))
    sample = ([i, round(rng.uniform(1.6e5, 2e5), 4)] for i in range(401, 701))
    table(folder / "sample_submission.csv", "Id|SalePrice", sample)
    note(folder / "data_description.txt", "MSSubClass: the type of dwelling\n\n   20\t1-STORY 1946\n")


@case("immobilier", "table-number", "prix", "UTF-16, tabs, decimal commas, French names, the price before the town", "as Excel's 'Unicode text'")
def _(folder: Path, rng: Random) -> None:
    rows = [
        [f"B{i:05}", comma(rng.uniform(18, 160), 1), rng.randrange(1, 7), rng.choice(["", 0, 1, 2, 5]),
         f"{rng.randrange(1, 96):02}{rng.randrange(1000):03}",
         f"{rng.uniform(60, 900) * 1000:.2f}".replace(".", ","),
         rng.choice(["Orléans", "Besançon", "Nîmes", "Lyon"])]
        for i in range(300)
    ]
    header = "id_bien|surface_m2|pièces|étage|code_postal|prix|ville"
    table(folder / "export_immobilier.txt", header, rows, "\t", "utf-16", "\r\n")


@case("auto-mpg", "table-number", "mpg", "the answer first, the car's name last, gaps spelled '?'", "as the UCI archive's table of cars")
def _(folder: Path, rng: Random) -> None:
    makes = ["ford pinto", "amc gremlin", "toyota corona", "buick skylark", "vw rabbit", "datsun"]
    rows = []
    for i in range(390):
        weight = rng.randrange(1600, 5100)
        mpg = round(60 - weight / 100 + rng.gauss(0, 2), 1)
        power = rng.choice([weight // 30, weight // 28, weight // 33, "?"])
        rows.append([mpg, rng.choice([4, 6, 8]), weight / 10, power, weight, round(rng.uniform(8, 24), 1), 70 + i // 32, rng.randrange(1, 4), f"{rng.choice(makes)} {rng.choice(['', 'dl', 'gt', 'sw', 'brougham'])}"])
    header = "mpg|cylinders|displacement|horsepower|weight|acceleration|model year|origin|car name"
    table(folder / "auto-mpg.csv", header, rows)
    note(folder / "Index", "Index of auto-mpg\n")


@case("hormigon", "table-number", "resistencia_MPa", "a Spanish split column (entrenamiento, prueba) after the answer", "as a research group's archive")
def _(folder: Path, rng: Random) -> None:
    rows = [
        [round(rng.uniform(100, 540), 1), rng.choice([0, 142.5, 190]), rng.choice([0, 118.3]),
         round(rng.uniform(120, 240), 1), round(rng.uniform(0, 32), 1), rng.randrange(800, 1140),
         rng.choice([1, 3, 7, 28, 90, 365]), round(rng.uniform(2, 82), 2),
         "prueba" if rng.random() < 0.2 else "entrenamiento"]
        for _ in range(420)
    ]
    header = "cemento|escoria|ceniza|agua|aditivo|grava|días|resistencia_MPa|conjunto"
    table(folder / "datos" / "hormigón.csv", header, rows)
    note(folder / "LEEME.txt", "Ensayos de resistencia a compresión, laboratorio, 2019.\n")
    place(folder / "artículo.pdf").write_bytes(b"%PDF-1.4\n")


@case("ml-small", "ratings", "rating", "ratings beside tables of films, tags and links", "as MovieLens")
def _(folder: Path, rng: Random) -> None:
    top = folder / "ml-latest-small"
    pairs = sorted(rng.sample([(user, film) for user in range(1, 41) for film in range(1, 81)], 900))
    rows = [[*pair, rng.randrange(1, 11) / 2, 964_980_000 + rng.randrange(10**7)] for pair in pairs]
    table(top / "ratings.csv", "userId|movieId|rating|timestamp", rows, end="\r\n")
    films = [[i, f"{prose(rng, ENGLISH, 2, 5)[:-1]} ({rng.randrange(1950, 2018)})", rng.choice(["Comedy|Drama", "Action", "Horror|Thriller"])] for i in range(1, 81)]
    table(top / "movies.csv", "movieId|title|genres", films)
    tags = [[u, f, rng.choice(["funny", "classic", "slow", "pixar"]), 1445714994] for u, f in pairs[::20]]
    table(top / "tags.csv", "userId|movieId|tag|timestamp", tags)
    table(top / "links.csv", "movieId|imdbId|tmdbId", ([i, f"{114000 + i:07}", 862 + i] for i in range(1, 81)))
    note(top / "README.txt", "Summary\n=======\n\nThis dataset describes 5-star ratings.\n")


@case("ml-100k", "ratings", "", "no header, tabs, suffixes .data .item .user, folds u1.base and u1.test", "as the older MovieLens")
def _(folder: Path, rng: Random) -> None:
    pairs = rng.sample([(user, film) for user in range(1, 61) for film in range(1, 101)], 1200)
    rows = [[*pair, rng.randrange(1, 6), 880_000_000 + rng.randrange(10**7)] for pair in pairs]
    table(folder / "u.data", "", rows, "\t")
    table(folder / "u1.base", "", rows[:960], "\t")
    table(folder / "u1.test", "", rows[960:], "\t")
    table(folder / "u.item", "", ([i, f"Amélie {i} (1995)", "01-Jan-1995", "", 0, 1, 0] for i in range(1, 101)), "|", "latin-1")
    table(folder / "u.user", "", ([i, rng.randrange(14, 70), rng.choice("MF"), "student", "85711"] for i in range(1, 61)), "|")
    note(folder / "u.info", "60 users\n100 items\n1200 ratings\n")
    note(folder / "README", "SUMMARY & USAGE LICENSE\n")


@case("book-crossing", "ratings", "Book-Rating", "semicolons, everything quoted, Latin-1, ISBNs as ids", "as the Book-Crossing download")
def _(folder: Path, rng: Random) -> None:
    books = [f"{rng.randrange(10**9):09}{rng.choice('0123456789X')}" for _ in range(70)]
    users = rng.sample(range(276_000, 279_000), 50)
    pairs = rng.sample([(user, book) for user in users for book in books], 800)
    rows = [[*pair, rng.choice([0, 0, 5, 6, 7, 8, 9, 10])] for pair in pairs]
    write = partial(table, sep=";", encoding="latin-1", quoted=True)
    write(folder / "BX-Book-Ratings.csv", "User-ID|ISBN|Book-Rating", rows)
    shelf = [[book, f"Die Bücher {i}", "José Müller", rng.randrange(1970, 2004)] for i, book in enumerate(books)]
    write(folder / "BX-Books.csv", "ISBN|Book-Title|Book-Author|Year-Of-Publication", shelf)
    write(folder / "BX-Users.csv", "User-ID|Location|Age", ([user, "köln, nrw, germany", rng.choice(["NULL", 31, 45])] for user in users))


@case("strom", "time-series", "Verbrauch [kWh]", "hours as 01.03.2022 00:00, numbers as 1.234,5, a column of nearly always one word", "as a German meter's export")
def _(folder: Path, rng: Random) -> None:
    start = datetime(2022, 3, 1)
    rows = [
        [f"{start + timedelta(hours=hour):%d.%m.%Y %H:%M}",
         comma(1100 + 400 * math.sin(hour / 24 * 2 * math.pi) + rng.gauss(0, 60), 1),
         rng.choice(["gemessen"] * 40 + ["Ersatzwert"])]
        for hour in range(24 * 50)
    ]
    header = "Zeitpunkt|Verbrauch [kWh]|Status"
    table(folder / "Lastgang_DE00056266802.csv", header, rows, ";", "utf-8-sig", "\r\n")


@case("airline", "time-series", "#Passengers", "two columns, months as 1949-01", "as the table of airline passengers that courses use")
def _(folder: Path, rng: Random) -> None:
    rows = [
        [f"{1949 + i // 12}-{i % 12 + 1:02}", int((110 + 2.6 * i) * (1 + 0.2 * math.sin(i / 12 * 2 * math.pi)) + rng.gauss(0, 5))]
        for i in range(144)
    ]
    table(folder / "AirPassengers.csv", "Month|#Passengers", rows)


@case("shop-sales", "time-series", "sales", "one shop by day; the test is the next eight weeks", "as a Kaggle competition in forecasting")
def _(folder: Path, rng: Random) -> None:
    start = datetime(2015, 1, 1)
    days = [[f"{start + timedelta(days=i):%Y-%m-%d}", rng.choice([0, 0, 1]), int(i % 7 == 3)] for i in range(956)]
    rows = [[day[0], round(300 + i / 5 + 60 * math.sin(i / 7 * 2 * math.pi) + rng.gauss(0, 20), 2), *day[1:]] for i, day in enumerate(days)]
    table(folder / "train.csv", "date|sales|onpromotion|holiday", rows[:900])
    table(folder / "test.csv", "date|onpromotion|holiday", days[900:])
    table(folder / "sample_submission.csv", "date|sales", ([day[0], 0.0] for day in days[900:]))


@case("sms-spam", "text-class", "v1", "the answer first, names that say nothing, three columns without a name, Latin-1", "as the SMS table on Kaggle")
def _(folder: Path, rng: Random) -> None:
    spam = [*ENGLISH, "free", "£1000", "prize", "txt", "call", "claim", "now"]
    rows = []
    for _ in range(500):
        bad = rng.random() < 0.15
        rows.append(["spam" if bad else "ham", prose(rng, spam if bad else ENGLISH, 5, 28), "", "", ""])
    table(folder / "archive (3)" / "spam.csv", "v1|v2|||", rows, encoding="latin-1", end="\r\n")


@case("aclImdb", "text-class", "", "a text file for each review in train/pos, train/neg, test/pos, test/neg; word lists beside", "as Stanford's film reviews")
def _(folder: Path, rng: Random) -> None:
    for part in ("train", "test"):
        for kind, stars in (("pos", (7, 10)), ("neg", (1, 4))):
            for i in range(25):
                name = f"{i}_{rng.randint(*stars)}.txt"
                note(folder / part / kind / name, prose(rng, ENGLISH, 40, 120) + "<br /><br />")
            urls = "".join(f"http://www.imdb.com/title/tt0{i:06}/usercomments\n" for i in range(25))
            note(folder / part / f"urls_{kind}.txt", urls)
        note(folder / part / "labeledBow.feat", "9 0:9 1:1 2:4 3:4\n" * 50)
    note(folder / "imdb.vocab", "\n".join(ENGLISH))
    note(folder / "README", "Large Movie Review Dataset v1.0\n")


@case("tickets", "text-class", "Abteilung", "German messages with id, day and subject; a column Teil says train, valid, test; byte order mark", "as a help desk's export")
def _(folder: Path, rng: Random) -> None:
    rows = [
        [f"T{20000 + i}", f"2024-0{rng.randrange(1, 10)}-{rng.randrange(1, 29):02}",
         prose(rng, GERMAN, 3, 6), prose(rng, GERMAN, 25, 70),
         rng.choice(["Rechnung", "Technik", "Versand", "Kündigung"]),
         rng.choice(["train"] * 7 + ["valid", "test"])]
        for i in range(300)
    ]
    header = "Ticket-ID|Eingang|Betreff|Nachricht|Abteilung|Teil"
    table(folder / "tickets_export.csv", header, rows, ";", "utf-8-sig", "\r\n")


@case("readability", "text-number", "target", "passages with a web address, a licence and the answer's standard error, which test lacks too", "as a Kaggle competition")
def _(folder: Path, rng: Random) -> None:
    def row() -> list[object]:
        return [hexes(rng, 8) + "f", rng.choice(["", "https://en.wikipedia.org/wiki/Ant"]), rng.choice(["", "CC BY-SA 3.0"]), "\n".join(prose(rng, ENGLISH, 30, 60) for _ in range(3))]

    rows = [[*row(), rng.gauss(-1, 1), rng.uniform(0.4, 0.6)] for _ in range(200)]
    tests = [row() for _ in range(7)]
    header = "id|url_legal|license|excerpt"
    table(folder / "train.csv", header + "|target|standard_error", rows)
    table(folder / "test.csv", header, tests)
    table(folder / "sample_submission.csv", "id|target", ([row[0], 0.0] for row in tests))


@case("rezensionen", "text-number", "Punkte", "two columns, points as 7,4 with a decimal comma", "as collected by a student for a thesis")
def _(folder: Path, rng: Random) -> None:
    rows = [[prose(rng, GERMAN, 30, 80), comma(rng.uniform(1, 10), 1)] for _ in range(220)]
    table(folder / "Daten" / "rezensionen_final_v2.csv", "Rezension|Punkte", rows, ";", "cp1252")
    place(folder / "Thesis.docx").write_bytes(b"PK\3\4")


@case("dogs-vs-cats", "images-class", "", "the class is in the file's name; test1 has numbers only", "as the Kaggle competition")
def _(folder: Path, rng: Random) -> None:
    for i in range(40):
        picture(folder / "train" / f"cat.{i}.jpg", rng, SAND, (rng.randrange(24, 48), 32))
        picture(folder / "train" / f"dog.{i}.jpg", rng, GREY, (32, rng.randrange(24, 48)))
    for i in range(1, 21):
        picture(folder / "test1" / f"{i}.jpg", rng)
    table(folder / "sampleSubmission.csv", "id|label", ([i, 0] for i in range(1, 21)))


@case("wiesenblumen", "images-class", "", "folders with umlauts, .JPG .jpeg .png .webp mixed, files of Windows and macOS", "as photos off a phone, sorted by hand")
def _(folder: Path, rng: Random) -> None:
    names = ("Löwenzahn", "Gänseblümchen", "Spitzwegerich", "Rotklee")
    for name, tint in zip(names, TINTS, strict=False):
        for _ in range(rng.randrange(12, 22)):
            suffix = rng.choice([".JPG", ".JPG", ".jpeg", ".png", ".webp"])
            picture(folder / name / f"IMG_{rng.randrange(1000, 9999)}{suffix}", rng, tint, (40, 30))
        dirt(folder / name, "Thumbs.db")
    dirt(folder, ".DS_Store", "desktop.ini")


@case("cassava", "images-class", "label", "a table of file names and class numbers, the names of the numbers as JSON", "as a Kaggle competition")
def _(folder: Path, rng: Random) -> None:
    rows = [(f"{rng.randrange(10**8, 10**9)}.jpg", rng.randrange(5)) for _ in range(80)]
    for name, label in rows:
        picture(folder / "train_images" / name, rng, TINTS[label], (40, 30))
    table(folder / "train.csv", "image_id|label", rows)
    picture(folder / "test_images" / "2216849948.jpg", rng)
    table(folder / "sample_submission.csv", "image_id|label", [["2216849948.jpg", 4]])
    names = '{"0": "Bacterial Blight", "1": "Brown Streak", "2": "Green Mottle", "3": "Mosaic", "4": "Healthy"}'
    note(folder / "label_num_to_disease_map.json", names)


@case("cnn-course", "images-class", "", "training_set/training_set/cats: folders twice over, and __MACOSX", "as the ZIP of an online course")
def _(folder: Path, rng: Random) -> None:
    for part, low, count in (("training_set", 1, 30), ("test_set", 4001, 10)):
        for name, tint in (("cat", SAND), ("dog", GREY)):
            for i in range(low, low + count):
                picture(folder / "dataset" / part / part / f"{name}s" / f"{name}.{i}.jpg", rng, tint)
            place(folder / "dataset" / part / part / f"{name}s" / "_DS_Store").write_bytes(b"\0Bud1")
            place(folder / "__MACOSX" / "dataset" / part / f"{name}s" / f"._{name}.{low}.jpg").write_bytes(b"\0\5\26\7")


@case("aoi", "images-class", "", "Chinese names: 训练 and 测试 hold 合格 (good) and 不良 (defect), as .bmp", "as a factory's camera stores them")
def _(folder: Path, rng: Random) -> None:
    for part, count in (("训练", 25), ("测试", 8)):
        for name, tint in (("合格", GREEN), ("不良", RED)):
            for i in range(count):
                picture(folder / "外观检查" / part / name / f"CAM1_{i:04}.bmp", rng, tint, (24, 24))
    note(folder / "外观检查" / "说明.txt", "第一条生产线\n", "gb18030")


@case("amazon-planet", "images-labels", "tags", "labels with blanks between, names without suffix", "as the Kaggle competition on satellite images")
def _(folder: Path, rng: Random) -> None:
    rows = []
    for i in range(70):
        more = rng.sample(["agriculture", "road", "water", "habitation", "cultivation"], rng.randrange(4))
        rows.append([f"train_{i}", " ".join([rng.choice(["clear", "haze", "cloudy"]), "primary", *more])])
        picture(folder / "train-jpg" / f"train_{i}.jpg", rng, GREEN)
    table(folder / "train_v2.csv", "image_name|tags", rows)
    for i in range(20):
        picture(folder / "test-jpg" / f"test_{i}.jpg", rng, GREEN)
    table(folder / "sample_submission_v2.csv", "image_name|tags", ([f"test_{i}", "primary clear"] for i in range(20)))


@case("chest-xray", "images-labels", "Finding Labels", "labels with bars between, patients, lists of the parts as text", "as the NIH's radiographs")
def _(folder: Path, rng: Random) -> None:
    findings = ["Cardiomegaly", "Effusion", "Infiltration", "Mass", "Emphysema"]
    rows = []
    for i in range(90):
        found = rng.sample(findings, rng.choice([0, 0, 1, 1, 2, 3])) or ["No Finding"]
        name = f"{i // 3 + 1:08}_{i % 3:03}.png"
        rows.append([name, "|".join(found), i % 3, i // 3 + 1, rng.randrange(20, 90), rng.choice("MF"), rng.choice(["PA", "AP"])])
        picture(folder / "images" / name, rng, GREY, (32, 32))
    header = "Image Index|Finding Labels|Follow-up #|Patient ID|Patient Age|Patient Gender|View Position"
    table(folder / "Data_Entry_2017.csv", header, rows)
    note(folder / "train_val_list.txt", "".join(f"{row[0]}\n" for row in rows[:66]))
    note(folder / "test_list.txt", "".join(f"{row[0]}\n" for row in rows[66:]))
    place(folder / "README_CHESTXRAY.pdf").write_bytes(b"%PDF-1.4\n")


@case("posters", "images-labels", "", "a column of 0 and 1 for each genre, ids of films as file names", "as a table made for multi-label courses")
def _(folder: Path, rng: Random) -> None:
    genres = "Action|Adventure|Animation|Comedy|Crime|Drama|Horror|Romance|Sci-Fi|Thriller"
    rows = [[f"tt{rng.randrange(10**6):07}", *(int(rng.random() < 0.25) for _ in range(10))] for _ in range(70)]
    for row in rows:
        picture(folder / "Multi_Label_dataset" / "Images" / f"{row[0]}.jpg", rng, BLUE, (24, 36))
    table(folder / "Multi_Label_dataset" / "train.csv", "Id|" + genres, rows)


@case("boneage", "images-number", "boneage", "ids without suffix, a column True/False after the answer, other names in the test's table", "as the RSNA's challenge")
def _(folder: Path, rng: Random) -> None:
    rows = [[1377 + i, rng.randrange(4, 220), rng.choice(["True", "False"])] for i in range(120)]
    for row in rows:
        picture(folder / "boneage-training-dataset" / f"{row[0]}.png", rng, GREY, (24, 32))
    table(folder / "boneage-training-dataset.csv", "id|boneage|male", rows)
    tests = [[4360 + i, rng.choice("MF")] for i in range(20)]
    for row in tests:
        picture(folder / "boneage-test-dataset" / f"{row[0]}.png", rng, GREY, (24, 32))
    table(folder / "boneage-test-dataset.csv", "Case ID|Sex", tests)


@case("pawpularity", "images-number", "Pawpularity", "a score for each photo after columns of 0 and 1 that are not the answer", "as the Kaggle competition")
def _(folder: Path, rng: Random) -> None:
    header = "Id|Subject Focus|Eyes|Face|Near|Action|Accessory|Group|Collage|Human|Blur"

    def row(part: str) -> list[object]:
        name = hexes(rng, 32)
        picture(folder / part / f"{name}.jpg", rng, SAND, (24, 32))
        return [name, *(int(rng.random() < 0.3) for _ in range(10))]

    table(folder / "train.csv", header + "|Pawpularity", ([*row("train"), min(100, max(1, int(rng.gauss(38, 20))))] for _ in range(140)))
    tests = [row("test") for _ in range(8)]
    table(folder / "test.csv", header, tests)
    table(folder / "sample_submission.csv", "Id|Pawpularity", ([row[0], round(rng.uniform(1, 100), 2)] for row in tests))


@case("gesichter", "images-points", "", "German names of columns, decimal commas, pictures in a folder Fotos", "as a label tool's export, opened and saved in Excel")
def _(folder: Path, rng: Random) -> None:
    rows = []
    for i in range(50):
        picture(folder / "Fotos" / f"Person {i:02}.jpeg", rng, SAND, (40, 48))
        spots = [(12, 18), (28, 18), (20, 27), (20, 36)]
        rows.append([f"Person {i:02}.jpeg", *(comma(value + rng.gauss(0, 1.5), 1) for spot in spots for value in spot)])
    header = "Datei|Auge links x|Auge links y|Auge rechts x|Auge rechts y|Nase x|Nase y|Mund x|Mund y"
    table(folder / "Punkte.csv", header, rows, ";", "cp1252", "\r\n")


@case("keypoints", "images-points", "", "columns named 0, 1, 2 and so on, first column without a name", "as an online course's facial keypoints")
def _(folder: Path, rng: Random) -> None:
    for part, count in (("training", 60), ("test", 20)):
        rows = []
        for i in range(count):
            name = f"{rng.choice(['Luis_Fonsi', 'Abdel_Aziz', 'Iman_Ali'])}_{i}{rng.randrange(10)}.jpg"
            picture(folder / "data" / part / name, rng, SAND, (48, 48))
            rows.append([name, *(float(rng.randrange(4, 44)) for _ in range(20))])
        header = "|" + "|".join(str(i) for i in range(20))
        table(folder / "data" / f"{part}_frames_keypoints.csv", header, rows)


@case("camvid", "segmentation", "", "labels with _P after the name, codes.txt, valid.txt", "as the street scenes of a course")
def _(folder: Path, rng: Random) -> None:
    names = [f"0016E5_{i * 30:05}" for i in range(40)]
    for name in names:
        picture(folder / "images" / f"{name}.png", rng, GREY, (48, 36))
        mask(folder / "labels" / f"{name}_P.png", rng, (21, 17, 4, 2), (48, 36))
    note(folder / "codes.txt", "Animal\nArchway\nBicyclist\nBridge\nBuilding\n")
    note(folder / "valid.txt", "\n".join(f"{name}.png" for name in names[30:]))


@case("carvana", "segmentation", "", "photos .jpg in train, masks _mask.gif in train_masks, test without masks", "as the Kaggle competition on cars")
def _(folder: Path, rng: Random) -> None:
    for _ in range(8):
        car = hexes(rng)
        for view in range(1, 5):
            picture(folder / "train" / f"{car}_{view:02}.jpg", rng, BLUE, (48, 32))
            mask(folder / "train_masks" / f"{car}_{view:02}_mask.gif", rng, (0, 255), (48, 32))
    for _ in range(10):
        picture(folder / "test" / f"{hexes(rng)}_01.jpg", rng, BLUE, (48, 32))
    dirt(folder, ".DS_Store")


@case("speech-commands", "audio-class", "", "a folder for each word, _background_noise_ among them, lists of the parts", "as Google's commands")
def _(folder: Path, rng: Random) -> None:
    held: dict[str, list[str]] = {"validation": [], "testing": []}
    for word, pitch in (("yes", 300), ("no", 500), ("up", 900), ("marvin", 1400)):
        for i in range(20):
            name = f"{hexes(rng, 8)}_nohash_{i % 3}.wav"
            tone(folder / word / name, rng, pitch)
            if i > 15:
                held["validation" if i % 2 else "testing"].append(f"{word}/{name}")
    tone(folder / "_background_noise_" / "doing_the_dishes.wav", rng, 60, 1.0)
    tone(folder / "_background_noise_" / "running_tap.wav", rng, 80, 1.0)
    for part, names in held.items():
        note(folder / f"{part}_list.txt", "\n".join(names))
    dirt(folder, "README.md", "LICENSE")


@case("vogelstimmen", "audio-class", "art", "recordings .WAV in one folder, the species in a list with place and day", "as a bird club's archive")
def _(folder: Path, rng: Random) -> None:
    kinds = {"Amsel": 400.0, "Kohlmeise": 800.0, "Zaunkönig": 1500.0}
    rows = []
    for i in range(60):
        kind = rng.choice(list(kinds))
        tone(folder / "aufnahmen" / f"XC{4400 + i}.WAV", rng, kinds[kind])
        rows.append([f"XC{4400 + i}.WAV", kind, rng.choice(["Wald", "Park", "Garten"]), f"{rng.randrange(1, 29)}.5.2021"])
    table(folder / "liste.csv", "datei|art|ort|datum", rows, ";")
    note(folder / "Lies mich.txt", "Aufgenommen mit dem Handy.\n")
