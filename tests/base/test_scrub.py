"""What is taken out of a text before it is published, and what of ordinary code stays."""

from __future__ import annotations

import time
from pathlib import Path, PureWindowsPath
from typing import cast

import pytest

from fastcompanion.base.scrub import Known, known, marks, scrub

HERE = known(
    home=Path("/home/jo.smith"),
    root=Path("/home/jo.smith/My Studies/fast ai"),
    user="jo.smith",
    host="jos-laptop",
    environment={
        "KAGGLE_KEY": "plainwordvalue",
        "COURSE_FOLDER": "/srv/courses/x",
        "MY_TOKEN": "orange-banana",
        "LANG": "en_US.UTF-8",
    },
)
HEX = "0123456789abcdef" * 2
MIXED = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY"  # 32 letters and digits


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"login('hf_{MIXED}')", MIXED),
        (f"git clone https://ghp_{MIXED}abcd@github.com/a/b", MIXED),
        (f"TOKEN = 'github_pat_{MIXED}'", MIXED),
        (f"x = 'glpat-{MIXED}'", MIXED),
        ("key_id = 'AKIAIOSFODNN7EXAMPLE'", "AKIAIOSFODNN7"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtn"),
        ("print(client('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'))", "wJalrXUtn"),
        (f"openai.api_key = 'sk-proj-{MIXED}'", MIXED),
        ("sk-ant-api03-AbCdEfGhIjKlMnOp1234", "AbCdEfGh"),
        ("slack = 'xoxb-123456789012-abcdefABCDEF'", "xoxb-"),
        ("AIzaSyA-1234567890abcdefghijklmnopqrstu", "SyA-123"),
        ("KGAT_0123456789abcdef0123456789abcdef", "0123456789"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123_-x", "eyJzdWIi"),
        ("Authorization: Bearer abc.def-ghi_jkl123", "abc.def"),
        ("{'Authorization': 'Basic am86c2VjcmV0'}", "am86c2"),
        (f'{{"username":"josmith","key":"{HEX}"}}', "josmith"),
        (f'{{"username":"josmith","key":"{HEX}"}}', HEX),
        (f"wandb.login(key='{HEX}01234567')", HEX),
        ("KAGGLE_KEY=abc123def", "abc123def"),
        ("%env KAGGLE_USERNAME=josmith", "josmith"),
        ("!export HF_TOKEN=tiny1", "tiny1"),
        ("os.environ['KAGGLE_KEY'] = 'short'", "short"),
        ('os.environ["DB_PASSWORD"]="pa ss"', "pa ss"),
        ("os.environ.setdefault('MY_API_KEY', 'qwe rty')", "qwe rty"),
        ("os.getenv('WANDB_TOKEN', 'fallbackvalue')", "fallbackvalue"),
        ("password = 'hunter2'", "hunter2"),
        ("db_passwd: str = \"it's mine\"", "it's mine"),
        ("connect(user='jo', password='x')", "'x'"),
        ("client_secret='''abc'''", "abc"),
        ("auth_token=\"short\"", "short"),
        ("token='t0ken-value-123'", "t0ken-value"),
        ("Password: hunter2!", "hunter2"),
        ("username: josmith", "josmith"),
        ("postgresql://jo:s3cret@db.example/x", "s3cret"),
        ("https://s3cr3t@example.org/x.git", "s3cr3t"),
        ("https://x.example/y?sig=abcDEF%2F12&v=1", "abcDEF"),
        ("https://x.example/y?X-Amz-Credential=AB&X-Amz-Signature=0a1b2c", "0a1b2c"),
        ("!kaggle competitions download --token abcdef", "abcdef"),
        ("!curl -u jo:pw1 https://x.example", "pw1"),
        ("!mysql --password=pw1", "pw1"),
        ("machine api.wandb.ai login jo password abcdef", "abcdef"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----", "MIIEabc"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz", "b3BlbnNz"),
        ("environ({'HOME': '/x', 'A': 'secretish'})", "secretish"),
        (f"print('{MIXED}abcd')", MIXED),
        ("mail me: jo.smith+fast@uni-x.example.ac.uk, or not", "jo.smith"),
        ("# author: Jo <jo@mail.example.com>", "jo@mail"),
        ("ValueError: wrong key plainwordvalue", "plainwordvalue"),
        ("the orange-banana one", "orange-banana"),
        ("COURSE_FOLDER=/srv/courses/x", "/srv/courses/x"),
        ("'COURSE_FOLDER': '/srv/courses/x'", "/srv/courses/x"),
    ],
)  # fmt: skip
def test_secrets_go(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in scrub(text, HERE)
    assert "[removed]" in scrub(text, HERE)
    # Marks leave variables alone whose name is no secret's, and addresses that are examples.
    if "COURSE_FOLDER" not in text and "@mail.example" not in text:
        place = text.index(secret)
        assert any(one.start <= place < one.end for one in marks(text, HERE))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/home/jo.smith/My Studies/fast ai/lessons/05/x.ipynb", "./lessons/05/x.ipynb"),
        ("File '/home/jo.smith/My Studies/fast ai'", "File '.'"),
        ("file:///home/jo.smith/My%20Studies/fast%20ai/a", "file://./a"),
        ("cd /home/jo.smith/My\\ Studies/fast\\ ai/a", "cd ./a"),
        ("/home/jo.smith/.cache/fastai", "~/.cache/fastai"),
        ("/home/jo.smithson/x", "~/x"),
        ("/Users/anna/x.csv:3", "~/x.csv:3"),
        ("/root/.config", "~/.config"),
        (r"C:\Users\Jo Smith\study\a.csv", r"~\study\a.csv"),
        (r"'c:\\users\\Jo Smith\\study'", r"'~\\study'"),
        ("C:/Users/jo/study", "~/study"),
        ("/mnt/c/Users/jo/study", "~/study"),
        (r"\\server\home\jo\x", r"~\x"),
        ("/data/jo.smith/titanic", "/data/[user]/titanic"),
        ("jo.smith@jos-laptop:~$ ls", "[removed]:~$ ls"),
        ("on jos-laptop today", "on [machine] today"),
        ("/tmp/pytest-of-jo.smith/x", "/tmp/pytest-of-[user]/x"),
    ],
)
def test_places_and_people_go(text: str, clean: str) -> None:
    assert scrub(text, HERE) == clean
    if "jo.smith/titanic" not in text and "pytest-of" not in text:
        assert marks(text, HERE)


def test_a_windows_machine_knows_its_folders() -> None:
    home = cast("Path", PureWindowsPath(r"D:\people\Jo Smith"))
    folders = tuple(
        (spelt, instead)
        for path, instead in ((rf"{home}\fast ai", "."), (str(home), "~"))
        for spelt in (path, path.replace("\\", "\\\\"), path.replace("\\", "/"))
    )
    here = Known(folders, "Jo Smith")
    assert scrub(r"open('d:\people\jo smith\fast ai\x.csv')", here) == r"open('.\x.csv')"
    assert scrub(r"'D:\\people\\Jo Smith\\y'", here) == r"'~\\y'"
    assert scrub("D:/people/Jo Smith/z", here) == "~/z"


@pytest.mark.parametrize(
    "code",
    [
        "tokens = tokenizer(text, return_tensors='pt')",
        "key, value = query @ k.T, x@w.T",
        "loss = (x@w.to(device)).mean()",
        "y = x@w.grad; z = val@coeffs.sum(axis=1)",
        "MAX_TOKENS=1024; KEYS = sorted(d)",
        "TOKENS=tokenize(text)",
        "passengers = 'titanic.csv'",
        "df.sort_values(key=lambda s: s.str.lower())",
        "pad_token='[PAD]', sep_token='<|endoftext|>'",
        "df = df[['email', 'label', 'username']]",
        "def login(user: str, password: str) -> None: ...",
        "password = getpass('Password?')",
        "api_key = os.environ['KAGGLE_KEY']",
        "BATCH_SIZE = 64\nLR=0.01",
        "https://www.kaggle.com/code/jhoward/how-does-a-neural-net-really-work",
        "models/ResNet50/checkpoints/epoch12/best",
        "sk_logistic_regression_model = LogisticRegression()",
        "torch.manual_seed(442)  # same numbers",
        "File /usr/lib/python3.11/site-packages/torch/nn/modules/module.py:1511, in Module._call_impl(self)",
        "@decorator\ndef f(a): return a @ b",
        "a basic regression, a bearer of news",
    ],
)
def test_ordinary_code_stays(code: str) -> None:
    assert scrub(code, HERE) == code
    assert marks(code, HERE) == ()


def test_it_is_quick_on_long_texts() -> None:
    begun = time.process_time()
    for text in (
        "a.b-" * 20_000,
        "=" * 50_000,
        "key" * 20_000,
        "x@y." * 20_000,
        "A1" * 30_000,
        "://" * 20_000,
    ):
        scrub(text, HERE)
    assert time.process_time() - begun < 20


def test_twice_is_as_once() -> None:
    text = f"password = 'x'\nhf_{MIXED}\n/home/jo.smith/x jo@x.example.org KAGGLE_KEY=abcdef"
    assert scrub(scrub(text, HERE), HERE) == scrub(text, HERE)
