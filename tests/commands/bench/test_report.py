import json
from dataclasses import replace

from rich.console import Console

from edgedet.commands.bench.capacity import judge
from edgedet.commands.bench.figures import Findings, Question, TrtexecFigures
from edgedet.commands.bench.report import print_findings, to_json
from tests.commands.bench import made


def shown(findings: Findings) -> str:
    console = Console(width=80, file=None)
    with console.capture() as capture:
        print_findings(console, findings)
    return capture.get()


def test_every_row_has_its_figures() -> None:
    text = shown(made.findings(made.row(), made.row("openvino", 8, 90.0)))
    first, second = [
        line.split() for line in text.splitlines() if "nnxrun" in line or "openv" in line
    ][:2]
    assert first == ["onnxruntime", "1", "45.0", "22.2", "44.4", "40.0", "0.89", "1", "infer"]
    assert second[:2] == ["openvino", "8"]
    assert "…" not in text


def test_without_a_question_the_usual_rates_are_told() -> None:
    text = shown(made.findings(made.row(), made.row("openvino", 8, 90.0)))
    assert "cameras on openvino, batch 8" in text
    assert "16 at 5, 8 at 10, 5 at 15, 3 at 25, 2 at 30 images/s each" in text
    assert "Limiter: infer" in text


def test_an_answer_says_yes_or_why_not() -> None:
    findings = made.findings()
    row = findings.rows[0]
    good = judge(Question(4, 10.0, 200.0), row, made.whole(40.0, total=90.0))
    text = shown(replace(findings, answer=good))
    assert "4 cameras at 10 images/s within 200 ms on onnxruntime, batch 1: yes" in text
    bad = judge(Question(9, 10.0, 200.0), row, made.whole(40.0, total=90.0))
    assert "batch 1: no: 40.0 of 90.0 images/s are detected" in shown(replace(findings, answer=bad))


def test_trtexec_stands_beside_where_it_ran() -> None:
    rows = (made.row(), replace(made.row("tensorrt"), trtexec=TrtexecFigures(521.2, 7.16, 12.97)))
    text = shown(made.findings(*rows))
    beside = next(line for line in text.splitlines() if "trtexec" in line)
    assert beside.split() == ["trtexec", "1", "521.2", "7.2", "13.0", "11.58"]
    assert "…" not in text
    assert "trtexec" not in shown(made.findings())


def test_what_was_left_out_is_told() -> None:
    findings = replace(made.findings(), skipped={"tensorrt": "no engine"}, notes=("a note",))
    text = shown(findings)
    assert "tensorrt was left out: no engine" in text
    assert "a note" in text


def test_json_has_everything_and_no_more_digits_than_measured() -> None:
    findings = made.findings(made.row(images_per_s=40.123456))
    answer = judge(Question(4, 10.0, 200.0), findings.rows[0], made.whole(40.0, total=90.0))
    content = json.loads(to_json(replace(findings, answer=answer)))
    assert content["schema"] == "edgedet.bench/1"
    assert content["rows"][0]["whole"]["images_per_s"] == 40.123
    assert content["rows"][0]["whole"]["stages"]["infer"] == {
        "p50_ms": 1.0,
        "p99_ms": 2.0,
        "count": 100,
    }
    assert content["rows"][0]["bare"]["engine"] is None
    assert content["cameras"] == {"5": 7, "10": 3, "15": 2, "25": 1, "30": 1}
    assert content["answer"]["holds"] is True
    assert content["answer"]["question"] == {"cameras": 4, "fps": 10.0, "latency_ms": 200.0}
