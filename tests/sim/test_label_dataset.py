"""The answers of the label service, without a socket."""

import base64
import json

import pytest

from edgedet.sim.label_dataset import Answer, LabelDataset, Request, read_parts

KEY = "k3y"
PICTURE = b"\xff\xd8\r\n--x\r\n\x00picture\xff\xd9"


def _dataset() -> LabelDataset:
    return LabelDataset("acme", "gates", KEY, max_bytes=1000)


def _upload(dataset: LabelDataset, content: bytes = PICTURE, more: str = "") -> Answer:
    target = f"/dataset/gates/upload?api_key={KEY}&name=a.jpg&split=valid&batch=b&tag=x&tag=y{more}"
    body = base64.b64encode(content)
    return dataset.answer(Request("POST", target, {"content-type": "text/plain"}, body))


def _annotate(dataset: LabelDataset, image_id: str, more: str = "") -> Answer:
    target = f"/dataset/gates/annotate/{image_id}?api_key={KEY}&name=a.txt{more}"
    body = json.dumps({"annotationFile": "0 0.5 0.5 1 1"}).encode()
    return dataset.answer(Request("POST", target, {}, body))


def test_upload_is_kept_byte_for_byte_and_found_again() -> None:
    dataset = _dataset()
    first, second = _upload(dataset), _upload(dataset)

    assert first.body["success"] is True
    assert second.body == {"duplicate": True, "id": first.body["id"]}
    image = dataset.images[first.body["id"]]
    assert (image.name, image.split, image.batch, image.tags) == ("a.jpg", "valid", "b", ("x", "y"))
    assert image.content == PICTURE
    found = dataset.answer(Request("GET", f"/acme/gates/images/{image.id}?api_key={KEY}", {}, b""))
    assert found.body["image"]["annotated"] is False


def test_multipart_upload_takes_file_and_fields() -> None:
    dataset = _dataset()
    body = b"".join(
        (
            b'--B0\r\nContent-Disposition: form-data; name="name"\r\n\r\nz.jpg\r\n',
            b'--B0\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"gate": 3}\r\n',
            b'--B0\r\nContent-Disposition: form-data; name="file"; filename="q.jpg"\r\n',
            b"Content-Type: image/jpeg\r\n\r\n",
            PICTURE,
            b"\r\n--B0--\r\n",
        )
    )
    kind = {"content-type": "multipart/form-data; boundary=B0"}
    answer = dataset.answer(
        Request("POST", f"/dataset/gates/upload?api_key={KEY}&split=train", kind, body)
    )

    image = dataset.images[answer.body["id"]]
    assert (image.content, image.name, image.metadata) == (PICTURE, "z.jpg", {"gate": 3})


def test_parts_of_nonsense_are_none() -> None:
    assert read_parts("multipart/form-data", b"--x") == []
    assert read_parts("multipart/form-data; boundary=x", b"--x\r\nno head") == []


def test_annotation_needs_its_image_and_is_not_overwritten_unasked() -> None:
    dataset = _dataset()
    assert _annotate(dataset, "nobody").status == 404
    image_id = _upload(dataset).body["id"]

    assert _annotate(dataset, image_id, "&prediction=true").body == {"success": True}
    again = _annotate(dataset, image_id)
    assert again.status == 409
    assert "already annotated" in again.body["error"]["message"]
    assert _annotate(dataset, image_id, "&overwrite=true").status == 200
    assert dataset.images[image_id].annotation == "0 0.5 0.5 1 1"


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("/dataset/gates/upload?api_key=wrong", b"eA==", 401),
        ("/dataset/gates/upload", b"eA==", 401),
        (f"/dataset/other/upload?api_key={KEY}", b"eA==", 404),
        (f"/dataset/gates/upload?api_key={KEY}", b"not base64!", 400),
        (f"/dataset/gates/upload?api_key={KEY}", b"", 400),
        (f"/dataset/gates/upload?api_key={KEY}", base64.b64encode(b"x" * 1001), 413),
        (f"/elsewhere/entirely/deep?api_key={KEY}", b"", 404),
    ],
)
def test_what_is_wrong_is_refused(target: str, body: bytes, status: int) -> None:
    answer = _dataset().answer(Request("POST", target, {}, body))

    assert answer.status == status
    assert answer.body["error"]["message"]


def test_workspace_and_project_answer_who_they_are() -> None:
    dataset = _dataset()
    _upload(dataset)

    root = dataset.answer(Request("GET", f"/?api_key={KEY}", {}, b""))
    project = dataset.answer(Request("GET", f"/acme/gates?api_key={KEY}", {}, b""))
    assert root.body["workspace"] == "acme"
    assert project.body["project"] == {"id": "acme/gates", "images": 1}
